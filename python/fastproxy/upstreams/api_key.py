"""Upstreams that take a key in a header: every official API and every local server."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import urlencode

import msgspec

from .. import __version__, _core
from ..asgi import Headers, header
from ..config import Upstream as Configured
from ..pool import Account, Pool

#: Path behind the base URL that the dialect's official SDK takes.
_PATHS = {"openai_chat": "/chat/completions", "anthropic": "/v1/messages"}
_DEFAULT_AUTH = {"openai_chat": "bearer", "anthropic": "x-api-key"}
_ANTHROPIC_VERSION = "2023-06-01"
#: Client headers that an upstream of the same dialect is shown. Nothing else of the client's is forwarded.
_FORWARDED = {"anthropic": (b"anthropic-version", b"anthropic-beta"), "openai_chat": (b"openai-beta",)}


class Upstream:
    """One configured upstream, ready to be called."""

    def __init__(self, configured: Configured, pool: Pool) -> None:
        self.name = configured.name
        self.dialect = configured.dialect
        self.timeouts = configured.timeouts
        self.pool = pool
        self._configured = configured
        self._profile = msgspec.to_builtins(configured.profile)
        self._endpoints = {account.name: self._endpoint(account) for account in pool.accounts}

    @classmethod
    def from_config(cls, configured: Configured, previous: Upstream | None) -> Upstream:
        """Build it; accounts that the previous configuration had keep their leases and rests."""
        known = {account.name: account for account in previous.pool.accounts} if previous else {}
        accounts = []
        for entry in configured.accounts:
            key = entry.key.reveal() if entry.key is not None else None
            account = Account(
                entry.name, key=key, max_in_flight=entry.max_in_flight, weight=entry.weight, proxy=entry.proxy
            )
            if (old := known.get(entry.name)) is not None and old.key == key:
                account.adopt(old)
            accounts.append(account)
        return cls(configured, Pool(configured.name, accounts, max_cooldown=configured.max_cooldown))

    def target(self, model: str, client_dialect: str, client_headers: Headers) -> _core.Target:
        """What a request for this model is encoded for."""
        return _core.Target(
            dialect=self.dialect,
            model=model,
            origin=self._configured.origin or self.name,
            version=self._version(client_dialect, client_headers),
            profile=self._profile,
            want_usage=True,
        )

    def url(self, suffix: str = "") -> str:
        """Where requests go."""
        base = str(self._configured.base_url).rstrip("/")
        path = _PATHS[self.dialect]
        if base.endswith("/v1") and path.startswith("/v1/"):
            path = path[len("/v1") :]
        query = f"?{urlencode(self._configured.query)}" if self._configured.query else ""
        return f"{base}{path}{suffix}{query}"

    def endpoint(self, account: Account) -> _core.Endpoint:
        """How connections for this account are made."""
        return self._endpoints[account.name]

    def headers(self, account: Account, client_dialect: str, client_headers: Headers, request_id: str) -> Headers:
        """Headers of one call: the account's key, never the client's."""
        headers: Headers = [
            (b"content-type", b"application/json"),
            (b"user-agent", f"fastproxy/{__version__}".encode()),
            (b"x-client-request-id", request_id.encode()),
        ]
        headers += self._credential(account)
        if client_dialect == self.dialect:
            for name in _FORWARDED.get(self.dialect, ()):
                if (value := header(client_headers, name)) is not None and name != b"anthropic-version":
                    headers.append((name, value.encode("latin-1")))
        if (version := self._version(client_dialect, client_headers)) is not None:
            headers.append((b"anthropic-version", version.encode()))
        extra: Mapping[str, str] = self._configured.headers
        headers += [(name.lower().encode(), value.encode()) for name, value in extra.items()]
        return headers

    def _version(self, client_dialect: str, client_headers: Headers) -> str | None:
        if self.dialect != "anthropic":
            return None
        sent = header(client_headers, b"anthropic-version") if client_dialect == "anthropic" else None
        return sent or self._configured.version or _ANTHROPIC_VERSION

    def _credential(self, account: Account) -> Headers:
        if account.key is None:
            return []
        style = self._configured.auth or _DEFAULT_AUTH[self.dialect]
        if style == "none":
            return []
        if style == "bearer":
            return [(b"authorization", f"Bearer {account.key}".encode())]
        return [(style.encode(), account.key.encode())]

    def _endpoint(self, account: Account) -> _core.Endpoint:
        configured = self._configured
        return _core.Endpoint(
            proxy=account.proxy or configured.proxy,
            ca_file=configured.ca_file,
            verify_tls=configured.verify_tls,
            allow_private=configured.allow_private,
        )
