"""Client keys: found wherever an SDK puts them, looked up by hash, compared in constant time."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Iterable
from urllib.parse import parse_qsl

import msgspec

from ..asgi import Headers, headers_named
from ..errors import ProxyError
from ..patterns import matches

#: Headers that carry a bare key: Anthropic, Azure OpenAI, Gemini.
_KEY_HEADERS = (b"x-api-key", b"api-key", b"x-goog-api-key")


class Caller(msgspec.Struct, frozen=True, kw_only=True):
    """Who calls: a client key without its secret."""

    name: str
    models: tuple[str, ...] | None = None
    #: What `default` means as the name of a model.
    default_model: str | None = None
    #: May choose the account that serves, and is told which one did.
    pin_accounts: bool = False

    def may_use(self, model: str) -> bool:
        """Whether the key is for this model (exact names, `prefix-*`, `*`)."""
        if self.models is None:
            return True
        return any(matches(pattern, model) for pattern in self.models)


ANYBODY = Caller(name="anonymous", pin_accounts=True)


def digest(secret: str) -> bytes:
    """What is kept of a key. Keys have at least 128 random bits, so a fast hash is right."""
    return hashlib.sha256(secret.encode()).digest()


class KeyRing:
    """All client keys. An empty ring lets everybody in (refused by the config for addresses beyond loopback)."""

    def __init__(self, keys: Iterable[tuple[bytes, Caller]]) -> None:
        self._callers = dict(keys)

    def callers(self) -> list[Caller]:
        """Everybody who has a key."""
        return list(self._callers.values())

    def authenticate(self, headers: Headers, query: bytes) -> Caller:
        """The caller, or `ProxyError` `auth`. Several different keys in one request are refused, not guessed about."""
        if not self._callers:
            return ANYBODY
        found = set(credentials(headers, query))
        if not found:
            raise ProxyError("auth", "no API key was sent", code="invalid_api_key")
        if len(found) > 1:
            raise ProxyError("auth", "the request carries different API keys", code="invalid_api_key")
        hashed = digest(found.pop())
        caller = self._callers.get(hashed)
        # The lookup is by hash, so its timing says nothing about the key; the comparison keeps it so if that changes.
        known = next((key for key in self._callers if hmac.compare_digest(key, hashed)), None) if caller else None
        if caller is None or known is None:
            raise ProxyError("auth", "the API key is not valid", code="invalid_api_key")
        return caller


def credentials(headers: Headers, query: bytes) -> list[str]:
    """Every key in the request: bearer tokens, key headers, `?key=`."""
    found = [value[7:].strip() for value in headers_named(headers, b"authorization") if value[:7].lower() == "bearer "]
    for name in _KEY_HEADERS:
        found.extend(value.strip() for value in headers_named(headers, name))
    if b"key=" in query:
        found.extend(value for name, value in parse_qsl(query.decode("latin-1")) if name == "key")
    return [value for value in found if value]
