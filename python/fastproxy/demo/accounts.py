"""Keys of the simulated accounts: which are known, and which of them always fail, so that failover between accounts shows."""

from collections.abc import Mapping, Sequence
from types import MappingProxyType

from fastproxy.demo.errors import Header, Kind, Refused

# How a key begins: the words that are added to the model's plan, and what it stands for.
BEHAVIOURS: Mapping[str, tuple[str, str]] = MappingProxyType(
    {
        "sk-bad": ("error-401", "the key is not valid"),
        "sk-poor": ("error-402", "the balance is used up"),
        "sk-banned": ("error-403", "the account may not use the model"),
        "sk-limited": ("rate-seconds", "rate limited, `retry-after: 7`"),
        "sk-quota": ("rate-quota", "the quota is used up"),
        "sk-broken": ("error-500", "the server has an error"),
        "sk-overloaded": ("error-529", "the service is overloaded"),
        "sk-event": ("error-event", "status 200, then the error event"),
        "sk-silent": ("silent", "no answer ever comes"),
        "sk-hasty": ("error-413", "413 before the body is read; the connection is half-closed"),
        "sk-reset": ("vanish-rst", "the connection is reset before any byte"),
    }
)


def behaviour(key: str | None, *, is_needed: bool = True) -> str | None:
    """The words that a key adds; None for a good key. A missing key is refused where one is needed."""
    if not key:
        if is_needed:
            raise Refused(Kind.AUTHENTICATION, "no API key was provided", code="missing_api_key")
        return None
    return next((words for start, (words, _) in BEHAVIOURS.items() if key.startswith(start)), None)


def of_key(refused: Refused) -> Refused:
    """A refusal that the key brought about. Some services tell a bad key from other failures to authenticate."""
    if refused.kind is Kind.AUTHENTICATION:
        refused.code = "invalid_api_key"
    return refused


def is_hasty(headers: Sequence[Header]) -> bool:
    """Does the key stand for a service that answers before it has read the body?"""
    return any(
        name in ("authorization", "x-api-key", "x-goog-api-key") and "sk-hasty" in value for name, value in headers
    )
