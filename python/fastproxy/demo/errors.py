"""What a simulated service refuses, before a dialect words it: a kind, a message and the path of the field at fault."""

from collections.abc import Mapping, Sequence
from enum import StrEnum
from types import MappingProxyType

Path = tuple[str | int, ...]
Header = tuple[str, str]


class Kind(StrEnum):
    """The classes of refusal that the dialects have names for."""

    INVALID = "invalid"
    AUTHENTICATION = "authentication"
    BILLING = "billing"
    PERMISSION = "permission"
    NOT_FOUND = "not_found"
    NO_MODEL = "no_model"
    METHOD = "method"
    CONFLICT = "conflict"
    TOO_LARGE = "too_large"
    UNPROCESSABLE = "unprocessable"
    CONTEXT = "context"
    FILTERED = "filtered"
    RATE = "rate"
    QUOTA = "quota"
    SERVER = "server"
    BAD_GATEWAY = "bad_gateway"
    UNAVAILABLE = "unavailable"
    TIMEOUT = "timeout"
    OVERLOADED = "overloaded"


STATUS: Mapping[Kind, int] = MappingProxyType(
    {
        Kind.INVALID: 400,
        Kind.AUTHENTICATION: 401,
        Kind.BILLING: 402,
        Kind.PERMISSION: 403,
        Kind.NOT_FOUND: 404,
        Kind.NO_MODEL: 404,
        Kind.METHOD: 405,
        Kind.CONFLICT: 409,
        Kind.TOO_LARGE: 413,
        Kind.UNPROCESSABLE: 422,
        Kind.CONTEXT: 400,
        Kind.FILTERED: 400,
        Kind.RATE: 429,
        Kind.QUOTA: 429,
        Kind.SERVER: 500,
        Kind.BAD_GATEWAY: 502,
        Kind.UNAVAILABLE: 503,
        Kind.TIMEOUT: 504,
        Kind.OVERLOADED: 529,
    }
)


class Refused(Exception):
    """A request that the service answers with an error. `path` names the field, `code` is the dialect's own fine print."""

    def __init__(
        self,
        kind: Kind,
        message: str,
        *,
        path: Path = (),
        code: str | None = None,
        status: int | None = None,
        headers: Sequence[Header] = (),
        exhausted: float | None = None,
    ) -> None:
        super().__init__(message)
        self.kind = kind
        self.message = message
        self.path = path
        self.code = code
        self.status = STATUS[kind] if status is None else status
        self.headers = tuple(headers)
        self.exhausted = exhausted
        """Seconds until the rate limit window opens again; the dialect words it in its own reset headers."""
