"""Counters and histograms that cost a dictionary look-up each, read by prometheus-client when somebody asks.

Its own counters take a lock and 1 to 2 µs each, ten times per request; ours are changed on one event loop only.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator, Sequence
from itertools import accumulate

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily
from prometheus_client.metrics_core import Metric

Labels = tuple[str, ...]
#: Seconds: from a local model's first token to an agent's longest turn.
SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 120.0, 300.0, 600.0)
OTHER = "other"


class Names:
    """Bounds a label: the first so many values are told, what comes after them is `other`."""

    def __init__(self, most: int) -> None:
        self.most = most
        self._known: set[str] = set()

    def __call__(self, name: str) -> str:
        """The name as it is told."""
        if name in self._known:
            return name
        if len(self._known) >= self.most:
            return OTHER
        self._known.add(name)
        return name


class Counter:
    """Only grows."""

    def __init__(self, name: str, text: str, labels: Sequence[str] = ()) -> None:
        self._family = (name, text, labels)
        self._values: dict[Labels, float] = {}
        if not labels:
            self._values[()] = 0

    def add(self, *labels: str, amount: float = 1) -> None:
        """Count."""
        self._values[labels] = self._values.get(labels, 0) + amount

    def value(self, *labels: str) -> float:
        """So far."""
        return self._values.get(labels, 0)

    def collect(self) -> Iterator[Metric]:
        """For the reader."""
        name, text, labels = self._family
        family = CounterMetricFamily(name, text, labels=labels)
        for values, amount in self._values.items():
            family.add_metric(values, amount)
        yield family


class Histogram:
    """How often what took how long."""

    def __init__(self, name: str, text: str, labels: Sequence[str], bounds: Sequence[float] = SECONDS) -> None:
        self._family = (name, text, labels)
        self._bounds = bounds
        self._counts: dict[Labels, list[int]] = {}
        self._sums: dict[Labels, float] = {}

    def observe(self, value: float, *labels: str) -> None:
        """One more."""
        counts = self._counts.get(labels)
        if counts is None:
            counts = self._counts[labels] = [0] * (len(self._bounds) + 1)
        counts[bisect_left(self._bounds, value)] += 1
        self._sums[labels] = self._sums.get(labels, 0.0) + value

    def collect(self) -> Iterator[Metric]:
        """For the reader."""
        name, text, labels = self._family
        family = HistogramMetricFamily(name, text, labels=labels)
        edges = [*map(str, self._bounds), "+Inf"]
        for values, counts in self._counts.items():
            buckets = list(zip(edges, map(float, accumulate(counts)), strict=True))
            family.add_metric(values, buckets, self._sums[values])
        yield family


def gauge(name: str, text: str, rows: Sequence[tuple[Labels, float]], labels: Sequence[str] = ()) -> Metric:
    """What is now."""
    family = GaugeMetricFamily(name, text, labels=labels)
    for values, amount in rows:
        family.add_metric(values, amount)
    return family
