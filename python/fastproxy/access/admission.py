"""A client key's limits, applied to one request: first that it may run, then that it may spend.

Both are leases of the shared state, so a limit holds whoever asks at the same moment: nothing is read first and taken
later. What a request will spend is not known before its end; a reservation stands for it and is settled then.
"""

from __future__ import annotations

import itertools
import time
from collections.abc import Iterator, Mapping

from ..errors import ProxyError
from ..shared_state import Block, Budget, Claim, Clock, Granted, Look, Refused, SharedState, answered
from .keys import Caller
from .terms import MONEY, TOKENS, subject_of

#: When to come again where nobody knows: when another request of the key has ended.
_SOON_MS = 1000
_COUNT = itertools.count()


class Admission:
    """One request of one caller. `enter`, `reserve` for each target, `leave` on every way out."""

    def __init__(self, state: SharedState, caller: Caller, request_id: str, *, clock: Clock = time.time) -> None:
        self.caller = caller
        self._state = state
        self._clock = clock
        self._subject = subject_of(caller.name)
        self._lease = f"{request_id}/{next(_COUNT)}"
        self._has_entered = False
        self._reserved: Mapping[str, int] | None = None

    async def enter(self) -> None:
        """Count the request against rate and concurrency. Raises `ProxyError`."""
        claim = self.caller.terms.on_entry(self.caller.name)
        if claim is None:
            return
        answer: Granted | Refused = await answered(self._state.acquire(f"{self._lease}/run", [claim], {"requests": 1}))
        if isinstance(answer, Refused):
            raise _refusal(answer.blocks[0], self._clock())
        self._has_entered = True

    async def reserve(self, amounts: Mapping[str, int]) -> None:
        """Set aside what the request may come to. A further target that may cost more sets aside more.
        Raises `ProxyError`."""
        claim = self.caller.terms.on_spending(self.caller.name)
        if claim is None or (self._reserved is not None and _covers(self._reserved, amounts)):
            return
        if self._reserved is not None:
            self._state.cancel(f"{self._lease}/spend")
            self._reserved = None
        answer: Granted | Refused = await answered(self._state.acquire(f"{self._lease}/spend", [claim], amounts))
        if isinstance(answer, Refused):
            amounts = await self._rest_of(claim, amounts, answer.blocks[0])
        self._reserved = amounts

    def leave(self, spent: Mapping[str, int] | None) -> None:
        """The request is over and came to this; `None`: no upstream was called."""
        if self._has_entered:
            self._state.settle(f"{self._lease}/run", {})
        if self._reserved is not None:
            if spent is None:
                self._state.cancel(f"{self._lease}/spend")
            else:
                self._state.settle(f"{self._lease}/spend", spent)
        self._has_entered, self._reserved = False, None

    async def _rest_of(self, claim: Claim, amounts: Mapping[str, int], block: Block) -> Mapping[str, int]:
        """What is left of a budget may be spent by one request that nobody competes with: else a key whose rest is
        smaller than its usual reservation could never use it up. Its cost beyond that is the most a budget is passed by."""
        if block.reason != "budget":
            raise _refusal(block, self._clock())
        look = await answered(self._state.look(self._subject))
        capped = dict(amounts)
        for budget in claim.budgets:
            spent, reserved = look.budgets.get((budget.unit, budget.period), (0, 0))
            if spent >= budget.limit:
                raise _exhausted(budget, block)
            if reserved:
                raise ProxyError(
                    "rate_limit", f"what is left of this key's {_named(budget)} is set aside for requests in flight",
                    retry_after_ms=_SOON_MS,
                )  # fmt: skip
            capped[budget.unit] = min(capped.get(budget.unit, 0), budget.limit - spent)
        answer: Granted | Refused = await answered(self._state.acquire(f"{self._lease}/spend", [claim], capped))
        if isinstance(answer, Refused):
            raise _refusal(answer.blocks[0], self._clock())
        return capped

    async def look(self) -> Look:
        """What the key has used."""
        return await answered(self._state.look(self._subject))


def _covers(reserved: Mapping[str, int], amounts: Mapping[str, int]) -> bool:
    return all(reserved.get(unit, 0) >= amount for unit, amount in amounts.items())


def _refusal(block: Block, now: float) -> ProxyError:
    wait = _SOON_MS if block.until is None else max(1, round((block.until - now) * 1000))
    if block.reason == "slots":
        return ProxyError("rate_limit", "this key has as many requests in flight as it may", retry_after_ms=wait)
    if block.reason == "budget":
        unit = "money" if block.why == MONEY else block.why
        return ProxyError("billing", f"this key's budget of {unit} is used up", code="insufficient_quota")
    return ProxyError("rate_limit", f"this key's {block.why} per minute are used up", retry_after_ms=wait)


def _exhausted(budget: Budget, block: Block) -> ProxyError:
    return ProxyError("billing", f"this key's {_named(budget)} is used up", code="insufficient_quota")


def _named(budget: Budget) -> str:
    unit = "money" if budget.unit == MONEY else TOKENS
    return f"budget of {unit}" + ("" if budget.period == "total" else f" of this {budget.period}")


def remaining(caller: Caller, look: Look) -> Iterator[tuple[str, int, int]]:
    """What is bounded per minute: unit, limit, what is left."""
    terms = caller.terms
    for unit, limit in (("requests", terms.requests_per_minute), ("tokens", terms.tokens_per_minute)):
        if limit is not None:
            yield unit, limit, max(0, limit - look.rates.get((unit, 60.0), 0))
