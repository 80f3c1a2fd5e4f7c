"""What is counted, under the names that Prometheus sees. No label holds an id or anything that a client can vary freely."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping

from prometheus_client import CollectorRegistry
from prometheus_client.exposition import choose_encoder
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector

from .families import Counter, Histogram, Names, gauge

Source = Callable[[], Iterable[Metric]]
_NANO = 10**9


class Metrics(Collector):
    """One per process."""

    def __init__(self, *, names: int, version: str) -> None:
        self.model = Names(names)
        self._version = version
        self._sources: list[Source] = []
        self._more: Iterable[Metric] = ()
        served = ("protocol", "model", "upstream")
        self.requests = Counter(
            "fastproxy_requests", "Requests for a generation, by how they were answered.",
            (*served, "status_class", "error_type", "stream"),
        )  # fmt: skip
        self.duration = Histogram("fastproxy_request_duration_seconds", "From the request's head to its end.", served)
        self.first_chunk = Histogram(
            "fastproxy_time_to_first_chunk_seconds", "From the call of the upstream to its first content.", served
        )
        self.overhead = Histogram(
            "fastproxy_overhead_seconds", "What a request took besides its upstreams, waiting for a slot included.",
            ("protocol",), (0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.05, 0.25, 1.0, 10.0),
        )  # fmt: skip
        self.attempts = Counter("fastproxy_upstream_attempts", "Calls of upstreams.", ("upstream", "status"))
        self.retries = Counter("fastproxy_retries", "Calls beyond a request's first.", ("upstream", "reason"))
        self.tokens = Counter("fastproxy_tokens", "Tokens, each counted once.", ("direction", "model", "origin"))
        self.cost = Counter("fastproxy_cost_usd", "What known prices make of them.", ("model", "upstream"))
        self.unpriced = Counter(
            "fastproxy_unpriced_requests", "Requests whose price is not known.", ("model", "upstream")
        )
        self.disconnects = Counter("fastproxy_client_disconnects", "Clients that left.", ("phase",))
        self.truncated = Counter(
            "fastproxy_stream_truncated", "Answers that were cut after they had begun.", ("upstream",)
        )
        self.limit_hits = Counter("fastproxy_limit_hits", "Requests that a client key's limit refused.", ("limit",))
        self.auth_failures = Counter("fastproxy_auth_failures", "Requests without a valid key.")
        self.reloads = Counter("fastproxy_config_reloads", "Configurations that were read again.", ("result",))
        self.dropped = Counter("fastproxy_usage_rows_dropped", "Usage rows that were lost. Must stay 0.", ("reason",))
        self._counted = [value for value in vars(self).values() if isinstance(value, Counter | Histogram)]
        self._registry = CollectorRegistry(auto_describe=False)
        self._registry.register(self)

    def add_source(self, source: Source) -> None:
        """Gauges that another part reads off itself when somebody asks."""
        self._sources.append(source)

    def spent(
        self, model: str, upstream: str, counters: Mapping[str, int | None], origin: str, nano_usd: int | None
    ) -> None:
        """Tokens and cost of a request."""
        for direction, count in counters.items():
            if count:
                self.tokens.add(direction, model, origin, amount=count)
        if nano_usd is None:
            self.unpriced.add(model, upstream)
        else:
            self.cost.add(model, upstream, amount=nano_usd / _NANO)

    def collect(self) -> Iterator[Metric]:
        """For prometheus-client."""
        for counted in self._counted:
            yield from counted.collect()
        yield gauge("fastproxy_build_info", "This build.", [((self._version,), 1)], ("version",))
        for source in self._sources:
            yield from source()
        yield from self._more

    def render(self, accept: str, more: Iterable[Metric] = ()) -> tuple[bytes, str]:
        """Body and content type in the form that the reader accepts. `more`: what had to be waited for."""
        encode, content_type = choose_encoder(accept)
        self._more = more
        try:
            return encode(self._registry), content_type
        finally:
            self._more = ()
