"""The accounts of one upstream: choosing one, waiting for one, charging faults.

What is decided here is a plain call on memory; only a wait for a slot, or for a state that is elsewhere, awaits.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Iterable

from ..errors import ProxyError
from ..shared_state import MemoryState, SharedState, steady_clock
from ..shared_state.clock import Clock
from . import refusal
from .account import Account
from .choice import Choice
from .faults import cause_of, charge
from .hints import hints
from .lease import Lease
from .queue import Queue, Waiter
from .speed import Speeds
from .standing import Standing, standing
from .terms import Terms, Want


class Pool:
    """One per upstream; it outlives configurations."""

    def __init__(
        self, name: str, accounts: Iterable[Account] = (), terms: Terms | None = None,
        *, state: SharedState | None = None, clock: Clock | None = None,
    ) -> None:  # fmt: skip
        self.name = name
        self.terms = terms or Terms()
        self.accounts: dict[str, Account] = {}
        self._clock = clock or steady_clock()
        self._state: SharedState = state or MemoryState(self._clock)
        self._queue = Queue()
        self._alarm: asyncio.TimerHandle | None = None
        #: Answers of a remote state on their way to those who wait.
        self._handing: set[asyncio.Future[None]] = set()
        self._speeds = Speeds()
        self._choice = Choice(self._state, self._clock, self._released)
        self.replace(accounts, self.terms)

    # -- configuration and operators ------------------------------------------------------------------------------------

    def replace(self, accounts: Iterable[Account], terms: Terms) -> None:
        """Another configuration: accounts with the same name and key keep their leases, rests and pauses."""
        known, self.accounts, self.terms = self.accounts, {account.name: account for account in accounts}, terms
        for order, account in enumerate(self.accounts.values()):
            account.enter(self.name, order)
            old = known.get(account.name)
            if old is not None and old.key == account.key:
                account.adopt(old)
            elif old is not None:
                self._state.clear(account.subject)
        self._align(account for account in self.accounts.values() if account.name not in known)
        self._choice.replace(self.accounts.values(), terms)
        self._serve_waiting()

    def disable(self, name: str, why: str) -> None:
        """No new leases (`paused`, `draining`, a login's word); those that stand go on to their end."""
        account = self.accounts[name]
        account.disabled = why
        self._choice.disable(account)
        self._serve_waiting()

    def resume(self, name: str) -> None:
        """Leases again, at once: pauses, rests and what stood against it are forgotten."""
        account = self.accounts[name]
        account.disabled = ""
        self._align([account])
        self._state.clear(account.host)
        self._state.clear(account.subject)
        for model in account.known_models():
            self._state.clear(account.subject_of(model))
        self._choice.enable(account)
        self._serve_waiting()

    def _align(self, joined: Iterable[Account]) -> None:
        """Who joins late takes its share from now on, and does not make up for the time before."""
        least = min((account.passed for account in self.accounts.values() if account.passed), default=0.0)
        for account in joined:
            account.passed = max(account.passed, least)

    # -- leases ---------------------------------------------------------------------------------------------------------

    def in_flight(self) -> int:
        """Leases held now."""
        return sum(len(account.leases) for account in self.accounts.values())

    def waiting(self) -> int:
        """Requests that wait for one."""
        return len(self._queue)

    async def acquire(self, want: Want, *, patience: float = 0.0) -> Lease:
        """A lease, waiting in turn when every usable account is full.

        Raises `ProxyError`: `rate_limit` or `overloaded` with the soonest return when all rest, `overloaded` when the
        queue is full or the time is up.
        """
        if want.at_once or not self._queue.has(self._choice.group(want.need)):
            taken = self._choice.take(want)
            lease = taken if taken is None or isinstance(taken, Lease) else await taken
            if lease is not None:
                return lease
        if want.at_once or patience <= 0 or self._choice.is_hopeless(want):
            raise self._choice.no_capacity(want)
        if len(self._queue) >= self.terms.max_waiting:
            raise ProxyError("overloaded", "too many requests are waiting", source="proxy", retry_after_ms=1000)
        return await self._wait(want, patience)

    def can_serve(self, want: Want) -> bool:
        """Whether, as far as is known, an account could be leased now."""
        return self._choice.can_serve(want)

    def _released(self, lease: Lease) -> None:
        if lease.is_undone:
            self._state.cancel(lease.id)
        else:
            self._state.settle(lease.id, {} if lease.tokens is None else {"tokens": lease.tokens})
        account = lease.account
        account.leases.pop(lease.id, None)
        self._choice.moved(account)
        if lease.is_probe:
            self._choice.recovered(account)  # or not: shared state knows, and the next one asks
        self._serve_waiting()

    # -- waiting --------------------------------------------------------------------------------------------------------

    async def _wait(self, want: Want, patience: float) -> Lease:
        waiter = self._queue.join(want, self._choice.group(want.need))
        self._serve_waiting()
        granted = False
        try:
            async with asyncio.timeout(patience):
                lease = await waiter.lease
            granted = True
            return lease
        except TimeoutError:
            raise refusal.too_late(self._choice.soonest(want)) from None
        finally:
            if not granted:
                self._withdraw(waiter)

    def _withdraw(self, waiter: Waiter) -> None:
        """Late or cancelled, perhaps in the very moment of the grant: the lease must not leak."""
        self._queue.leave(waiter)
        if waiter.lease.done() and not waiter.lease.cancelled() and waiter.lease.exception() is None:
            waiter.lease.result().release()
        waiter.lease.cancel()

    def _serve_waiting(self) -> None:
        """A slot, a rest or the configuration has changed: grant what can be granted, in turn."""
        for group in self._queue.groups() if len(self._queue) else ():
            while any(self._serve(waiter) for waiter in self._queue.next_of(group)):
                pass
        self._set_alarm()

    def _serve(self, waiter: Waiter) -> bool:
        """Whether one waiter has gone, served or told that waiting is useless."""
        if waiter.lease.done():
            # Cancelled in this very turn of the loop: its task has not yet run to withdraw it.
            self._queue.leave(waiter)
            return True
        taken = self._choice.take(waiter.want)
        if taken is not None and not isinstance(taken, Lease):
            self._queue.leave(waiter, was_served=True)
            task = asyncio.ensure_future(self._hand_over(waiter, taken))
            self._handing.add(task)
            task.add_done_callback(self._handing.discard)
            return True
        if taken is not None:
            self._queue.leave(waiter, was_served=True)
            waiter.lease.set_result(taken)
            return True
        if self._choice.is_hopeless(waiter.want):
            self._queue.leave(waiter)
            waiter.lease.set_exception(self._choice.no_capacity(waiter.want))
            return True
        return False

    async def _hand_over(self, waiter: Waiter, taken: Awaitable[Lease | None]) -> None:
        """The answer of a state that is elsewhere: the waiter may be gone by now, or stand in line again."""
        try:
            lease = await taken
        except Exception as error:
            if not waiter.lease.done():
                waiter.lease.set_exception(error)
            return
        if waiter.lease.done():
            if lease is not None:
                lease.release()
        elif lease is not None:
            waiter.lease.set_result(lease)
        else:
            self._queue.rejoin(waiter)
            self._set_alarm()

    def _set_alarm(self) -> None:
        """Look again when the next rest ends: no release tells of that."""
        if self._alarm is not None:
            self._alarm.cancel()
            self._alarm = None
        if not len(self._queue):
            return
        heads = (self._queue.next_of(group)[0].want for group in self._queue.groups())
        returns = [soonest.seconds for want in heads if (soonest := self._choice.soonest(want)) is not None]
        if returns:
            self._alarm = asyncio.get_running_loop().call_later(min(returns), self._serve_waiting)

    # -- faults and measurements ------------------------------------------------------------------------------------------

    def charge(self, lease: Lease, error: ProxyError, *, was_sent: bool = True) -> None:
        """Charge a failed attempt to what caused it. `was_sent`: something of the request may have reached the upstream."""
        if error.upstream_status is not None:
            self._state.recover(lease.id, lease.account.host)  # whatever it said, it can be reached
        cause = cause_of(error, was_sent=was_sent)
        if cause is None:
            return
        wait = error.retry_after_ms / 1000 if error.retry_after_ms is not None else None
        account = lease.account
        has_own_way = account.proxy is not None
        charged = charge(cause, wait, self.terms, self.name, len(self.accounts), has_own_way=has_own_way)
        subjects = {"host": account.host, "account": account.subject, "model": account.subject_of(lease.model)}
        self._state.rest(subjects[charged.whom], charged.fault)

    def succeed(self, lease: Lease, *, ttft: float | None = None, tokens: int = 0, seconds: float = 0.0) -> None:
        """An answer came: earlier faults are forgotten, and its speed is remembered."""
        self._state.recover(lease.id)
        if lease.is_probe:
            self._choice.recovered(lease.account)
            self._serve_waiting()
        if ttft is not None:
            now = self._clock()
            lease.account.speed.note(ttft, tokens, seconds, now)
            self._speeds.of(lease.model).note(ttft, tokens, seconds, now)
            self._choice.measured(lease.account)

    def observe(self, lease: Lease, headers: Iterable[tuple[str, str]]) -> None:
        """Limits that the upstream told with its answer are believed downwards, at once."""
        account = lease.account
        subject = account.subject if self.terms.rate_limits == "account" else account.subject_of(lease.model)
        for hint in hints(headers, self._clock()):
            self._state.observe(subject, hint.unit, hint.left, hint.until)

    def seconds(self, model: str) -> float:
        """What an answer of this model takes here lately; 0: not known."""
        return self._speeds.of(model).seconds(self._clock())

    # -- what is told -----------------------------------------------------------------------------------------------------

    async def standings(self) -> list[Standing]:
        """How every account stands."""
        return [await standing(account, self._state, self._clock()) for account in self.accounts.values()]

    def soonest_return_ms(self, want: Want) -> int | None:
        """How long until the first of the resting accounts is back; `None` when none rests."""
        soonest = self._choice.soonest(want)
        return soonest.wait_ms if soonest is not None else None
