"""One credential at an upstream: ready, full, or resting after a fault."""

from __future__ import annotations

import random
from typing import Literal

from .lease import Lease

#: Rest after a rate limit that names no time, doubled with each one in a row. Seconds.
_FIRST_REST = 1.0
#: Failures in a row before an account is rested for the upstream's own errors: one 500 says little about a key.
_FAILURES_BEFORE_REST = 3
#: How long the first request after a rest goes alone. A refusal comes at once; an answer may stream for minutes.
_PROBE_SECONDS = 2.0

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
        self._probe: Lease | None = None
        self._probe_until = 0.0

    def adopt(self, old: Account) -> None:
        """Take over the leases and rests of the same account in an earlier configuration."""
        self.leases = old.leases
        self.rests_until = old.rests_until
        self.why = old.why
        self._in_a_row = old._in_a_row
        self._probe, self._probe_until = old._probe, old._probe_until

    def is_full(self) -> bool:
        """Whether every slot is taken (0 slots: no limit)."""
        return 0 < self.max_in_flight <= len(self.leases)

    def is_resting(self, now: float) -> bool:
        """Whether the account rests. When the time is up it is tried by one request first (half open)."""
        return now < self.ready_at()

    def ready_at(self) -> float:
        """When the account may serve (again), slots apart: after its rest, and its probe's time alone."""
        return max(self.rests_until, self._probe_until) if self._is_probing() else self.rests_until

    def _is_probing(self) -> bool:
        return self._probe is not None and self._probe.id in self.leases

    def hold(self, lease: Lease, now: float) -> None:
        """Note a lease. The first one after a rest is the probe; one that outlasts its time was not refused."""
        was_probing = self._is_probing()
        self.leases[lease.id] = lease
        if self.why is None:
            return
        if was_probing:
            self.why = None
        else:
            self._probe, self._probe_until = lease, now + _PROBE_SECONDS

    def load(self) -> float:
        """Leases per weight: what `least_busy` compares."""
        return len(self.leases) / self.weight

    def succeed(self, lease: Lease) -> None:
        """An answer came: forget earlier faults. What began before the fault says nothing about it."""
        if self.why is not None and lease is not self._probe:
            return
        self.why = None
        self._probe = None
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
        self._probe = None
        self.rests_until = now + min(rest, max_cooldown)
