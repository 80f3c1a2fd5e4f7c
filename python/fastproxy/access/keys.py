"""Client keys: found wherever an SDK puts them, looked up by hash, compared in constant time."""

from __future__ import annotations

import hashlib
import hmac
import secrets
from collections.abc import Callable, Iterable
from urllib.parse import parse_qsl

import msgspec

from ..asgi import Headers, headers_named
from ..clock import now_ms, parse_moment
from ..config import Config
from ..errors import ProxyError
from ..patterns import matches
from .terms import Terms, terms_of

#: Headers that carry a bare key: Anthropic, Azure OpenAI, Gemini.
_KEY_HEADERS = (b"x-api-key", b"api-key", b"x-goog-api-key")


class Caller(msgspec.Struct, frozen=True, kw_only=True):
    """Who calls: a client key without its secret."""

    name: str
    terms: Terms = Terms()
    #: Milliseconds since 1970.
    expires_at: int | None = None

    @property
    def default_model(self) -> str | None:
        """What `default` means as the name of a model."""
        return self.terms.default_model

    @property
    def pin_accounts(self) -> bool:
        """May choose the account that serves, and is told which one did."""
        return self.terms.pin_accounts

    def may_use(self, model: str) -> bool:
        """Whether the key is for this model (exact names, `prefix-*`, `*`)."""
        models = self.terms.models
        return models is None or any(matches(pattern, model) for pattern in models)

    def may_reach(self, upstream: str) -> bool:
        """Whether this upstream may serve it."""
        return self.terms.upstreams is None or upstream in self.terms.upstreams


#: Bytes of a hash.
_HALF = 16

PREFIX = "sk-fp-"  # some clients insist on sk-
_RANDOM_BYTES = 32

ANYBODY = Caller(name="anonymous", terms=Terms(pin_accounts=True))

Known = dict[bytes, Caller]


def digest(secret: str) -> bytes:
    """What is kept of a key. Keys have at least 128 random bits, so a fast hash is right."""
    return hashlib.sha256(secret.encode()).digest()


def new_secret() -> str:
    """A client key of 256 random bits."""
    return PREFIX + secrets.token_urlsafe(_RANDOM_BYTES)


class KeyRing:
    """All client keys. While none was ever made everybody is let in, unless the settings say otherwise (the config
    refuses that for addresses beyond loopback)."""

    def __init__(
        self, keys: Iterable[tuple[bytes, Caller]], *, is_closed: bool = False, clock: Callable[[], int] = now_ms
    ) -> None:
        self.known: Known = dict(keys)
        self._by_half: dict[bytes, list[tuple[bytes, Caller]]] = {}
        for hashed, caller in self.known.items():
            self._by_half.setdefault(hashed[:_HALF], []).append((hashed, caller))
        self._is_open = not self.known and not is_closed
        self._clock = clock

    def callers(self) -> list[Caller]:
        """Everybody who has a key."""
        return list(self.known.values())

    @property
    def is_shared(self) -> bool:
        """Whether several clients call, who must not see each other's answers."""
        return len(self.known) > 1

    def authenticate(self, headers: Headers, query: bytes) -> Caller:
        """The caller, or `ProxyError` `auth`. Several different keys in one request are refused, not guessed about."""
        if self._is_open:
            return ANYBODY
        found = set(credentials(headers, query))
        if not found:
            raise ProxyError("auth", "no API key was sent", code="invalid_api_key")
        if len(found) > 1:
            raise ProxyError("auth", "the request carries different API keys", code="invalid_api_key")
        caller = self._find(digest(found.pop()))
        if caller is None:
            raise ProxyError("auth", "the API key is not valid", code="invalid_api_key")
        if caller.expires_at is not None and self._clock() >= caller.expires_at:
            raise ProxyError("auth", "the API key has expired", code="invalid_api_key")
        return caller

    def _find(self, hashed: bytes) -> Caller | None:
        """Found by half of the hash, whose timing tells nothing that helps: nobody can choose a hash. The other half is
        compared in constant time."""
        for known, caller in self._by_half.get(hashed[:_HALF], ()):
            if hmac.compare_digest(known, hashed):
                return caller
        return None


def configured_keys(config: Config) -> Known:
    """The keys of a configuration."""
    return {
        digest(key.key.reveal()): Caller(
            name=key.name,
            terms=terms_of(key),
            expires_at=parse_moment(key.expires) if key.expires is not None else None,
        )
        for key in config.keys
    }


def credentials(headers: Headers, query: bytes) -> list[str]:
    """Every key in the request: bearer tokens, key headers, `?key=`."""
    found = [value[7:].strip() for value in headers_named(headers, b"authorization") if value[:7].lower() == "bearer "]
    for name in _KEY_HEADERS:
        found.extend(value.strip() for value in headers_named(headers, name))
    if b"key=" in query:
        found.extend(value for name, value in parse_qsl(query.decode("latin-1")) if name == "key")
    return [value for value in found if value]
