"""The accounts of one upstream: choosing one, waiting for one, charging faults.

Everything but the wait is a plain call on memory. Limits per minute, budgets, affinity and shared state belong to the
full pool; this one holds its place: leases, in-flight limits, rests and a fair queue.
"""

from __future__ import annotations

import asyncio
import itertools
import time
from collections import deque
from collections.abc import Callable, Iterable
from typing import NamedTuple

from ..errors import ProxyError
from .account import Account, Fault
from .lease import Lease

#: Requests that may wait for one pool: beyond this a wait is hopeless and only holds memory.
_MAX_WAITING = 1000


class _Waiter(NamedTuple):
    lease: asyncio.Future[Lease]
    excluded: frozenset[str]


class Pool:
    """One per upstream."""

    def __init__(
        self,
        name: str,
        accounts: Iterable[Account],
        *,
        max_cooldown: float,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.name = name
        self.accounts = list(accounts)
        self.max_cooldown = max_cooldown
        self._clock = clock
        self._waiting: deque[_Waiter] = deque()
        self._alarm: asyncio.TimerHandle | None = None
        self._serial = itertools.count()

    def in_flight(self) -> int:
        """Leases held now."""
        return sum(len(account.leases) for account in self.accounts)

    def replace(self, accounts: Iterable[Account], *, max_cooldown: float) -> None:
        """Another configuration: accounts with the same name and key keep their leases and rests."""
        known = {account.name: account for account in self.accounts}
        self.accounts = list(accounts)
        self.max_cooldown = max_cooldown
        for account in self.accounts:
            if (old := known.get(account.name)) is not None and old.key == account.key:
                account.adopt(old)
        self._serve_waiting()

    def try_acquire(self, *, excluded: frozenset[str] = frozenset()) -> Lease | None:
        """A lease on the least busy account that can serve now."""
        now = self._clock()
        ready = [a for a in self.accounts if a.name not in excluded and not a.is_full() and not a.is_resting(now)]
        return self._grant(min(ready, key=Account.load)) if ready else None

    async def acquire(self, *, excluded: frozenset[str], patience: float) -> Lease:
        """A lease, waiting in turn when every usable account is full.

        Raises `ProxyError`: `rate_limit` or `overloaded` with the soonest return when all rest, `overloaded` when the
        queue is full or the time is up.
        """
        if not self._waiting and (lease := self.try_acquire(excluded=excluded)) is not None:
            return lease
        if self._is_hopeless(excluded):
            raise self._no_capacity(excluded)
        if len(self._waiting) >= _MAX_WAITING:
            raise ProxyError("overloaded", "too many requests are waiting", source="proxy", retry_after_ms=1000)
        return await self._wait(excluded, patience)

    async def _wait(self, excluded: frozenset[str], patience: float) -> Lease:
        waiter = _Waiter(asyncio.get_running_loop().create_future(), excluded)
        self._waiting.append(waiter)
        self._set_alarm()
        granted = False
        try:
            async with asyncio.timeout(patience):
                lease = await waiter.lease
            granted = True
            return lease
        except TimeoutError:
            raise ProxyError(
                "overloaded", "no account became free in time", source="proxy", retry_after_ms=1000
            ) from None
        finally:
            if not granted:
                self._withdraw(waiter)

    def _withdraw(self, waiter: _Waiter) -> None:
        """Late or cancelled, perhaps in the very moment of the grant: the lease must not leak."""
        if waiter in self._waiting:
            self._waiting.remove(waiter)
        if waiter.lease.done() and not waiter.lease.cancelled() and waiter.lease.exception() is None:
            waiter.lease.result().release()

    def charge(self, account: Account, fault: Fault, retry_after_ms: int | None) -> None:
        """Charge a fault to the account that caused it."""
        account.fail(fault, now=self._clock(), retry_after_ms=retry_after_ms, max_cooldown=self.max_cooldown)

    def _grant(self, account: Account) -> Lease:
        lease = Lease(next(self._serial), account, self._released)
        account.hold(lease, self._clock())
        return lease

    def _released(self, lease: Lease) -> None:
        lease.account.leases.pop(lease.id, None)
        self._serve_waiting()

    def _serve_waiting(self) -> None:
        """A slot, a rest or the configuration has changed: grant what can be granted, in turn."""
        for waiter in list(self._waiting):
            if waiter.lease.done():
                # Cancelled in this very turn of the loop: its task has not yet run to withdraw it.
                self._waiting.remove(waiter)
            elif (granted := self.try_acquire(excluded=waiter.excluded)) is not None:
                self._waiting.remove(waiter)
                waiter.lease.set_result(granted)
            elif self._is_hopeless(waiter.excluded):
                self._waiting.remove(waiter)
                waiter.lease.set_exception(self._no_capacity(waiter.excluded))
        self._set_alarm()

    def _set_alarm(self) -> None:
        """Look again when the next rest ends: no release tells of that."""
        if self._alarm is not None:
            self._alarm.cancel()
            self._alarm = None
        if not self._waiting:
            return
        now = self._clock()
        pauses = [account.ready_at() - now for account in self.accounts if account.is_resting(now)]
        if pauses:
            self._alarm = asyncio.get_running_loop().call_later(min(pauses), self._serve_waiting)

    def soonest_return_ms(self, *, excluded: frozenset[str]) -> int | None:
        """How long until the first of the resting accounts is back; `None` when none rests."""
        now = self._clock()
        pauses = [a.rests_until - now for a in self.accounts if a.name not in excluded and now < a.rests_until]
        return max(1, round(min(pauses) * 1000)) if pauses else None

    def can_serve(self, *, excluded: frozenset[str]) -> bool:
        """Whether an account that is not excluded could be leased now."""
        now = self._clock()
        return any(a.name not in excluded and not a.is_full() and not a.is_resting(now) for a in self.accounts)

    def _is_hopeless(self, excluded: frozenset[str]) -> bool:
        """Whether no release can help: every account not excluded rests."""
        now = self._clock()
        usable = [a for a in self.accounts if a.name not in excluded]
        return all(now < a.rests_until for a in usable)

    def _no_capacity(self, excluded: frozenset[str]) -> ProxyError:
        now = self._clock()
        resting = [a for a in self.accounts if a.name not in excluded and now < a.rests_until]
        if not resting:
            return ProxyError("overloaded", "no account can serve this request", source="proxy")
        soonest = min(resting, key=lambda a: a.rests_until)
        wait_ms = max(1, round((soonest.rests_until - now) * 1000))
        if soonest.why == "rate_limit":
            return ProxyError("rate_limit", "every account is rate limited", source="proxy", retry_after_ms=wait_ms)
        if soonest.why in ("credential", "billing"):
            return ProxyError(
                "upstream", "no usable account: the upstream refuses the proxy's credentials",
                source="proxy", should_retry=False,
            )  # fmt: skip
        return ProxyError("overloaded", "every account rests after failures", source="proxy", retry_after_ms=wait_ms)
