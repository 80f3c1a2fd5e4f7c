"""What a client is told when no account can serve it: the right error, and the soonest honest return."""

from __future__ import annotations

import msgspec

from ..errors import ProxyError
from ..shared_state import Block
from .terms import Want

#: SDKs come again after at most a minute: beyond it they are told not to.
_WORTH_WAITING = 60.0


def why(block: Block) -> str:
    """What keeps an account away, in the words of its state."""
    if block.reason == "resting":
        return block.why
    return {"budget": "exhausted", "rate": "rate_limit", "slots": "busy"}[block.reason]


class Return(msgspec.Struct, frozen=True):
    """When the first account is back, and what keeps it away."""

    seconds: float
    why: str

    @property
    def wait_ms(self) -> int:
        """At least a millisecond: now would not be a wait."""
        return max(1, round(self.seconds * 1000))


def too_late(soonest: Return | None) -> ProxyError:
    """The time of the wait is up."""
    wait_ms = soonest.wait_ms if soonest is not None else 1000
    return ProxyError("overloaded", "no account became free in time", source="proxy", retry_after_ms=wait_ms)


def no_capacity(soonest: Return | None, want: Want, *, is_empty: bool) -> ProxyError:
    """Nobody can serve, and waiting is useless or not wanted."""
    if is_empty:
        if want.need.pin:
            message = f"there is no account {want.need.pin!r} that can serve this request"
            return ProxyError("not_found", message, retry="other_account", code="account_not_found")
        return ProxyError(
            "overloaded", "no account in service is for this request", source="proxy", retry="other_account"
        )
    if soonest is None:
        return ProxyError("overloaded", "every account is busy", source="proxy", retry="other_account",
                          retry_after_ms=1000)  # fmt: skip
    if soonest.why in ("credential", "permission"):
        return ProxyError(
            "upstream", "no usable account: the upstream refuses the proxy's credentials",
            source="proxy", retry="other_account", should_retry=False,
        )  # fmt: skip
    wait = {"retry_after_ms": soonest.wait_ms, "should_retry": False if soonest.seconds > _WORTH_WAITING else None}
    if soonest.why == "unreachable":
        return ProxyError("unreachable", "the upstream cannot be reached", source="upstream",
                          retry="other_account", **wait)  # type: ignore[arg-type]  # fmt: skip
    if soonest.why in ("failure", "overloaded"):
        return ProxyError("overloaded", "every account rests after failures", source="proxy",
                          retry="other_account", **wait)  # type: ignore[arg-type]  # fmt: skip
    text = "the quota of every account is used up" if soonest.why == "exhausted" else "every account is rate limited"
    return ProxyError("rate_limit", text, source="proxy", retry="other_account", **wait)  # type: ignore[arg-type]
