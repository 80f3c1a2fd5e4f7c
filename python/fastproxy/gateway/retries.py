"""When a failed attempt may be followed by another: the classes R0 to R3 and the budget.

R0 `safe`: the upstream did no work or said so itself; another account at once. R1 `ambiguous`: the request went out and
nothing is known; one more try at most. R2 `held_back`: the answer began but the client saw nothing. R3 `never`.
"""

from __future__ import annotations

from typing import Literal

from msgspec.structs import replace

from .. import _core
from ..errors import ProxyError
from ..pool import Account, Pool, Want
from .deadline import Deadline

Step = Literal["give_up", "other_account", "same_account"]

#: Share of requests that may be retries, and how many are allowed in a burst before the share counts.
_SHARE = 0.2
_BURST = 10.0
#: Attempts for one request, whatever the budget: beyond it the trouble is not one account's.
_MAX_ATTEMPTS = 6
#: Errors of the way to the upstream rather than of an account there.
_WAY = frozenset({"unreachable", "truncated"})


class RetryBudget:
    """At most a fifth of the traffic may be retries: a struggling upstream is not helped by twice the load."""

    def __init__(self) -> None:
        self._tokens = _BURST

    def deposit(self) -> None:
        """One first attempt."""
        self._tokens = min(self._tokens + _SHARE, _BURST)

    def withdraw(self) -> bool:
        """Whether one retry is allowed now."""
        if self._tokens < 1:
            return False
        self._tokens -= 1
        return True


class Attempts:
    """What was tried for one request."""

    def __init__(self, budget: RetryBudget, deadline: Deadline) -> None:
        self.count = 0
        #: Nothing more may be tried, at other upstreams neither.
        self.is_over = False
        self._budget = budget
        self._deadline = deadline
        self._repeated_way = False
        self._was_ambiguous = False
        budget.deposit()

    def after(self, outcome: _core.Outcome, error: ProxyError, *, has_other: bool) -> Step:
        """What to do after this failure. `has_other`: another account or another upstream could serve now."""
        step = self._step(outcome, error, has_other)
        self.is_over = step == "give_up"
        return step

    def _step(self, outcome: _core.Outcome, error: ProxyError, has_other: bool) -> Step:
        if outcome.retry_class == "never" or error.retry == "never" or self.count >= _MAX_ATTEMPTS:
            return "give_up"
        if self._deadline.is_past:
            return "give_up"
        if outcome.retry_class == "ambiguous":
            if self._was_ambiguous:
                return "give_up"
            self._was_ambiguous = True
        if not self._budget.withdraw():
            return "give_up"
        if error.kind in _WAY and not self._repeated_way and not (self._was_ambiguous and has_other):
            self._repeated_way = True
            return "same_account"
        return "other_account"


class Waits:
    """The waits that the accounts of one upstream named: a client is told the shortest, not the last one."""

    def __init__(self) -> None:
        self._named: dict[str, int] = {}

    def note(self, account: Account, error: ProxyError) -> None:
        """This account was refused with this error."""
        if error.retry_after_ms is not None:
            self._named[account.name] = error.retry_after_ms

    def told_in(self, error: ProxyError, pool: Pool, want: Want) -> ProxyError:
        """The error with the time at which the first account is back. One that named its own is believed, not the rest
        it was given: that may be capped."""
        if error.kind in ("rate_limit", "overloaded"):
            resting = pool.soonest_return_ms(replace(want, excluded=frozenset(self._named)))
            waits = [*self._named.values(), *([] if resting is None else [resting])]
            error.retry_after_ms = min(waits, default=None)
        return error


def public(error: ProxyError) -> ProxyError:
    """The failure as a client may see it. The operator's bad key or empty balance is not the client's: a client that
    is told 401 forgets its own key."""
    if error.source != "client" and error.kind in ("auth", "permission", "billing"):
        return ProxyError(
            "upstream", "no usable account: the upstream refuses the proxy's credentials",
            source="proxy", should_retry=False,
        )  # fmt: skip
    return error
