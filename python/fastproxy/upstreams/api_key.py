"""Upstreams that take a key in a header: every official API and every local server."""

from __future__ import annotations

import re
from urllib.parse import quote, urlencode
from weakref import WeakKeyDictionary

import msgspec

from .. import __version__, _core
from ..asgi import Headers, header
from ..config import Upstream as Configured
from ..pool import Account, Pool
from ..shared_state import SharedState
from .accounts import account_of, terms_of

#: Paths behind the base URL that the dialect's official SDK takes, by what is asked for; `stream` where a stream has
#: another than `generate`.
_PATHS = {
    "openai_chat": {
        "generate": "/chat/completions",
        "complete": "/completions",
        "embed": "/embeddings",
        "models": "/models",
    },
    "openai_responses": {
        "generate": "/responses",
        "compact": "/responses/compact",
        "count": "/responses/input_tokens",
        "embed": "/embeddings",
        "models": "/models",
    },
    "anthropic": {"generate": "/v1/messages", "count": "/v1/messages/count_tokens", "models": "/v1/models"},
    "gemini": {
        "generate": "/v1beta/{resource}:generateContent",
        "stream": "/v1beta/{resource}:streamGenerateContent?alt=sse",
        "count": "/v1beta/{resource}:countTokens",
        "embed": "/v1beta/{resource}:batchEmbedContents",
        "models": "/v1beta/models",
    },
    "ollama": {
        "generate": "/api/chat",
        # Its other operation, which only its own clients ask for.
        "generate:generate": "/api/generate",
        "embed": "/api/embed",
        "models": "/api/tags",
    },
}
_VERSION = re.compile(r"/v[0-9]+(?:(?:alpha|beta)[0-9]*)?$")
_ANTHROPIC_VERSION = "2023-06-01"
#: Until the first byte of a stream, where the configuration says nothing. Seconds.
_FIRST_BYTE = 120.0
#: Targets remembered: clients choose the names behind a pattern.
_MAX_TARGETS = 1000
#: Client headers that an upstream of the same dialect is shown. Nothing else of the client's is forwarded.
_FORWARDED = {
    "anthropic": (b"anthropic-beta",),
    "openai_chat": (b"openai-beta",),
    "openai_responses": (b"openai-beta",),
}

Pairs = list[tuple[str, str]]
Endpoints = WeakKeyDictionary[Account, _core.Endpoint]


class Upstream:
    """One configured upstream, ready to be called."""

    def __init__(
        self, client: _core.Client, configured: Configured, accounts: list[Account], pool: Pool, endpoints: Endpoints
    ) -> None:
        self.name = configured.name
        self.dialect = configured.dialect
        self.pool = pool
        self.pooling = configured.pool
        self._configured = configured
        self._accounts = accounts
        self._profile = msgspec.to_builtins(configured.profile)
        self._targets: dict[tuple[str, str | None], _core.Target] = {}
        base = configured.base_url.rstrip("/")
        if self.dialect == "ollama":
            # Beside its own API an Ollama has OpenAI's under `/v1`, which is what people have configured.
            base = base.removesuffix("/v1").removesuffix("/api")
        self._paths = {name: _behind(base, path) for name, path in _PATHS[self.dialect].items()}
        self._query = urlencode(configured.query)
        # By account and shared with the generations before, like the pool: a request that was routed by an earlier
        # configuration may be leased an account of this one, whose key must not go to the earlier address.
        self._endpoints = endpoints
        for account in accounts:
            endpoints[account] = self._endpoint(client, base, account)

    @classmethod
    def build(
        cls, client: _core.Client, configured: Configured, previous: Upstream | None, state: SharedState | None = None
    ) -> Upstream:
        """Build it, changing nothing yet. The pool of an upstream outlives reloads."""
        accounts = [account_of(entry) for entry in configured.accounts] or [Account("default")]
        if previous is None:
            pool = Pool(configured.name, state=state)
            return cls(client, configured, accounts, pool, WeakKeyDictionary())
        return cls(client, configured, accounts, previous.pool, previous._endpoints)

    def enter_service(self) -> None:
        """From now on its accounts are the pool's; those that were so before keep their leases and rests."""
        self.pool.replace(self._accounts, terms_of(self._configured))

    def target(self, model: str, client_dialect: str, client_headers: Headers) -> _core.Target:
        """What a request for this model is encoded for."""
        version = self._version(client_dialect, client_headers)
        target = self._targets.get((model, version))
        if target is None:
            target = _core.Target(
                dialect=self.dialect,
                model=model,
                origin=self._configured.origin or self.name,
                version=version,
                profile=self._profile,
                want_usage=True,
            )
            if len(self._targets) >= _MAX_TARGETS:
                self._targets.clear()
            self._targets[model, version] = target
        return target

    def can(self, purpose: str) -> bool:
        """Whether its dialect has this."""
        return purpose in self._paths

    def path(
        self,
        purpose: str,
        *,
        model: str = "",
        is_stream: bool = False,
        operation: str | None = None,
        below: str = "",
        query: str = "",
    ) -> str:
        """Where it is asked for this, behind the base URL. Gemini says model and streaming here; `operation`: which of
        the dialect's, where it has several and a client of its own asks."""
        path = self._paths.get(f"{purpose}:{operation}")
        if path is None and is_stream and purpose == "generate":
            path = self._paths.get("stream")
        path, _, own = (path or self._paths[purpose]).partition("?")
        parameters = "&".join(part for part in (own, self._query, query) if part)
        return f"{path.replace('{resource}', _resource(model))}{below}{'?' if parameters else ''}{parameters}"

    def extended(self, target: str) -> str:
        """A path and query that a client asked for, with the query that is always sent."""
        return f"{target}{'&' if '?' in target else '?'}{self._query}" if self._query else target

    def endpoint(self, account: Account) -> _core.Endpoint:
        """How connections for this account are made."""
        return self._endpoints[account]

    def seconds(self, is_stream: bool, max_stream: float) -> tuple[float, float, float, float]:
        """Timeouts of one attempt: connect, first byte, idle, total.

        The first byte of an answer that is not streamed comes when the model is done: unless the operator set a bound,
        only `total` bounds it.
        """
        limits = self._configured.timeouts
        total = min(limits.total, max_stream)
        first_byte = limits.first_byte or (_FIRST_BYTE if is_stream else total)
        return (limits.connect, first_byte, limits.idle, total)

    def passing_seconds(self, longest: float) -> tuple[float, float, float, float]:
        """Timeouts of what is only passed on: the client's upload is bounded by its own idleness."""
        limits = self._configured.timeouts
        return (limits.connect, longest, limits.idle, longest)

    def headers(
        self,
        account: Account,
        client_dialect: str,
        client_headers: Headers,
        request_id: str,
        *,
        has_body: bool = True,
    ) -> Pairs:
        """Headers of one call: the account's key, never the client's."""
        headers: Pairs = [
            *([("content-type", "application/json")] if has_body else []),
            ("user-agent", f"fastproxy/{__version__}"),
            ("x-client-request-id", request_id),
            *self._credential(account),
        ]
        if client_dialect == self.dialect:
            for name in _FORWARDED.get(self.dialect, ()):
                if (value := header(client_headers, name)) is not None:
                    headers.append((name.decode(), value))
        if (version := self._version(client_dialect, client_headers)) is not None:
            headers.append(("anthropic-version", version))
        return [*headers, *self._configured.headers.items()]

    def _version(self, client_dialect: str, client_headers: Headers) -> str | None:
        if self.dialect != "anthropic":
            return None
        sent = header(client_headers, b"anthropic-version") if client_dialect == "anthropic" else None
        return sent or self._configured.version or _ANTHROPIC_VERSION

    def _credential(self, account: Account) -> Pairs:
        style = self._configured.auth
        if account.key is None or style == "none":
            return []
        return [("authorization", f"Bearer {account.key}")] if style == "bearer" else [(style, account.key)]

    def _endpoint(self, client: _core.Client, base_url: str, account: Account) -> _core.Endpoint:
        configured = self._configured
        shared_proxy = configured.proxy.reveal() if configured.proxy is not None else None
        return client.endpoint(
            base_url,
            proxy=account.proxy or shared_proxy,
            ca_file=configured.ca_file,
            verify_tls=configured.verify_tls,
            allow_private=configured.allow_private,
        )


def _behind(base: str, path: str) -> str:
    """The path behind a base URL that may hold the version already, as Vertex AI's does (and more behind it)."""
    version, _, rest = path[1:].partition("/")
    has_version = _VERSION.search(base) is not None or "/publishers/" in base
    return f"/{rest}" if has_version and _VERSION.fullmatch(f"/{version}") else path


def _resource(model: str) -> str:
    """A model's name as a path. Tuned models are a collection of their own."""
    collection, slash, name = model.partition("/")
    if slash and collection in ("models", "tunedModels"):
        return f"{collection}/{quote(name, safe='')}"
    return f"models/{quote(model, safe='')}"
