"""One credential at an upstream: ready, full, or resting after a fault."""

from __future__ import annotations

import random
from typing import Literal

from .lease import Lease

#: Rest after a rate limit that names no time, doubled with each one in a row. Seconds.
_FIRST_REST = 1.0
#: Failures in a row before an account is rested for the upstream's own errors: one 500 says little about a key.
_FAILURES_BEFORE_REST = 3

Fault = Literal["rate_limit", "credential", "billing", "failure"]


class Account:
    """State of one account. Its slots are the leases that stand in `leases`; there is no counter to drift."""

    def __init__(self, name: str, *, key: str | None, max_in_flight: int, weight: float, proxy: str | None) -> None:
        self.name = name
        self.key = key
        self.max_in_flight = max_in_flight
        self.weight = weight
        self.proxy = proxy
        self.leases: dict[int, Lease] = {}
        self.rests_until = 0.0
        self.why: Fault | None = None
        self._in_a_row = 0

    def adopt(self, old: Account) -> None:
        """Take over the leases and rests of the same account in an earlier configuration."""
        self.leases = old.leases
        self.rests_until = old.rests_until
        self.why = old.why
        self._in_a_row = old._in_a_row

    def is_full(self) -> bool:
        """Whether every slot is taken (0 slots: no limit)."""
        return 0 < self.max_in_flight <= len(self.leases)

    def is_resting(self, now: float) -> bool:
        """Whether the account rests. When the time is up it is tried by one request first (half open)."""
        if now < self.rests_until:
            return True
        return self.why is not None and len(self.leases) > 0

    def load(self) -> float:
        """Leases per weight: what `least_busy` compares."""
        return len(self.leases) / self.weight

    def succeed(self) -> None:
        """An answer came: forget earlier faults."""
        self.why = None
        self.rests_until = 0.0
        self._in_a_row = 0

    def fail(self, fault: Fault, *, now: float, retry_after_ms: int | None, max_cooldown: float) -> None:
        """Note a fault that is the account's. A rest never lasts longer than `max_cooldown` seconds; 0: no rests."""
        self._in_a_row += 1
        if fault == "failure" and self._in_a_row < _FAILURES_BEFORE_REST:
            return
        if max_cooldown <= 0:
            return
        if retry_after_ms is not None:
            rest = retry_after_ms / 1000
        elif fault in ("credential", "billing"):
            rest = max_cooldown
        else:
            grown = min(_FIRST_REST * 2.0 ** min(self._in_a_row - 1, 16), max_cooldown)
            rest = grown * random.uniform(0.5, 1.0)  # noqa: S311 - jitter, not a secret
        self.why = fault
        self.rests_until = now + min(rest, max_cooldown)
