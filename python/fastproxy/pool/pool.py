"""The accounts of one upstream: choosing one, waiting for one, charging faults.

Shared state decides; the lanes only say whom to ask about first, so that no request looks at every account. What is
decided here is a plain call on memory; only a wait for a slot, or for a state that is elsewhere, awaits.
"""

from __future__ import annotations

import asyncio
import itertools
import secrets
from collections.abc import Awaitable, Iterable

from ..errors import ProxyError
from ..shared_state import Block, Granted, MemoryState, SharedState, steady_clock
from ..shared_state.clock import Clock
from . import asking, refusal
from .account import Account
from .affinity import Affinity
from .faults import cause_of, charge
from .hints import hints
from .lane import Lane
from .lanes import Lanes
from .lease import Lease
from .policy import KEYS
from .queue import Queue, Waiter
from .speed import FRESH, Speeds
from .standing import Standing, standing
from .terms import Need, Terms, Want

#: When a refusal names no time, it is asked again after this. Seconds.
_ASK_AGAIN = 1.0
#: A request for more tokens than are left says nothing about smaller ones, so that it parks an account for so long only.
_PARK_FOR_TOKENS = 1.0


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
        self._ids = itertools.count(1)
        #: Leases of several processes on one state must not share ids.
        self._owner = secrets.token_hex(4)
        self._affinity = Affinity()
        self._used = itertools.count(1)
        self._measured: dict[str, float] = {}
        self._speeds = Speeds()
        self._lanes = Lanes((), KEYS[self.terms.policy], self._clock)
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
        self._lanes.close()
        self._lanes = Lanes(self.accounts.values(), KEYS[terms.policy], self._clock)
        self._serve_waiting()

    def disable(self, name: str, why: str) -> None:
        """No new leases (`paused`, `draining`, a login's word); those that stand go on to their end."""
        account = self.accounts[name]
        account.disabled = why
        self._lanes.disable(account)
        self._serve_waiting()

    def resume(self, name: str) -> None:
        """Leases again, at once: pauses, rests and what stood against it are forgotten."""
        account = self.accounts[name]
        account.disabled = ""
        account.blocked_until, account.blocked_by = 0.0, ""
        self._align([account])
        self._state.clear(account.subject)
        for model in account.known_models():
            self._state.clear(account.subject_of(model))
        self._lanes.enable(account)
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
        group = self._lanes.group(want.need)
        if want.at_once or not self._queue.has(group):
            taken = asking.run(self._steps(want))
            lease = taken if taken is None or isinstance(taken, Lease) else await taken
            if lease is not None:
                return lease
        if want.at_once or patience <= 0 or self._is_hopeless(want):
            raise self._no_capacity(want)
        if len(self._queue) >= self.terms.max_waiting:
            raise ProxyError("overloaded", "too many requests are waiting", source="proxy", retry_after_ms=1000)
        return await self._wait(want, patience)

    def can_serve(self, want: Want) -> bool:
        """Whether, as far as is known, an account could be leased now."""
        return self._lanes.of(want.need).first(want.excluded, self._clock()) is not None

    def _steps(self, want: Want) -> asking.Steps[Lease | None]:
        """Ask about one account after the other until one is granted or nobody is left."""
        self._forget_old_speeds()
        known = self._affinity.get(want.conversation) if want.conversation is not None else None
        amounts = {"requests": 1, "tokens": want.tokens}
        while True:
            now = self._clock()
            lane = self._lanes.of(want.need)
            account = self._preferred(lane, known, want, now) or lane.first(want.excluded, now)
            if account is None:
                return None
            known = None
            lease_id = f"{self._owner}{next(self._ids):x}"
            try:
                answer = yield self._state.acquire(lease_id, (account.claim(want.need.model),), amounts)
            except BaseException:
                self._state.cancel(lease_id)
                raise
            if isinstance(answer, Granted):
                return self._granted(lease_id, account, want, answer.is_probe)
            self._refused(lane, account, want.need, answer.blocks[0])

    def _preferred(self, lane: Lane, name: str | None, want: Want, now: float) -> Account | None:
        if name is None or name in want.excluded or name in lane.parked:
            return None
        account = lane.members.get(name)
        return account if account and not account.is_full() and account.blocked_until <= now else None

    def _granted(self, lease_id: str, account: Account, want: Want, is_probe: bool) -> Lease:
        lease = Lease(lease_id, account, want.need.model, is_probe, self._released)
        account.leases[lease_id] = lease
        account.last_used = next(self._used)
        account.passed += 1 / account.weight
        self._lanes.moved(account)
        if want.conversation is not None and self.terms.affinity:
            self._affinity.note(want.conversation, account.name)
        return lease

    def _refused(self, lane: Lane, account: Account, need: Need, block: Block) -> None:
        """Do not ask again before it makes sense: about the account, or about it with this model."""
        now = self._clock()
        until = max(block.until, now) if block.until is not None else now + _ASK_AGAIN
        account.blocked_by = refusal.why(block)
        if block.why == "tokens":
            lane.park(account, min(until, now + _PARK_FOR_TOKENS))
        elif block.subject == account.subject:
            account.blocked_until = until
            lane.park(account, until)
        else:
            own = lane if lane.model == need.model else self._lanes.of_model(need)
            (own or lane).park(account, until)

    def _released(self, lease: Lease) -> None:
        if lease.is_undone:
            self._state.cancel(lease.id)
        else:
            self._state.settle(lease.id, {} if lease.tokens is None else {"tokens": lease.tokens})
        account = lease.account
        account.leases.pop(lease.id, None)
        self._lanes.moved(account)
        self._serve_waiting()

    # -- waiting --------------------------------------------------------------------------------------------------------

    async def _wait(self, want: Want, patience: float) -> Lease:
        waiter = self._queue.join(want, self._lanes.group(want.need))
        self._serve_waiting()
        granted = False
        try:
            async with asyncio.timeout(patience):
                lease = await waiter.lease
            granted = True
            return lease
        except TimeoutError:
            raise refusal.too_late(self._soonest(want)) from None
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
        taken = asking.run(self._steps(waiter.want))
        if taken is not None and not isinstance(taken, Lease):
            self._queue.leave(waiter, was_served=True)
            asyncio.ensure_future(self._hand_over(waiter, taken)).add_done_callback(_retrieve)
            return True
        if taken is not None:
            self._queue.leave(waiter, was_served=True)
            waiter.lease.set_result(taken)
            return True
        if self._is_hopeless(waiter.want):
            self._queue.leave(waiter)
            waiter.lease.set_exception(self._no_capacity(waiter.want))
            return True
        return False

    async def _hand_over(self, waiter: Waiter, taken: Awaitable[Lease | None]) -> None:
        """The answer of a state that is elsewhere: the waiter may be gone by now, or stand in line again."""
        lease = await taken
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
        heads = (self._queue.next_of(group)[0].want.need for group in self._queue.groups())
        returns = [soonest[0] for need in heads if (soonest := self._lanes.of(need).next_return()) is not None]
        if returns:
            pause = max(0.0, min(returns) - self._clock())
            self._alarm = asyncio.get_running_loop().call_later(pause, self._serve_waiting)

    # -- faults and measurements ------------------------------------------------------------------------------------------

    def charge(self, lease: Lease, error: ProxyError) -> None:
        """Charge a failed attempt to what caused it."""
        cause = cause_of(error)
        if cause is None:
            return
        wait = error.retry_after_ms / 1000 if error.retry_after_ms is not None else None
        charged = charge(cause, wait, self.terms, self.name, len(self.accounts))
        account = lease.account
        subject = account.subject_of(lease.model) if charged.is_models else account.subject
        self._state.rest(subject, charged.fault)

    def succeed(self, lease: Lease, *, ttft: float | None = None, tokens: int = 0, seconds: float = 0.0) -> None:
        """An answer came: earlier faults are forgotten, and its speed is remembered."""
        self._state.recover(lease.id)
        if lease.is_probe:
            self._lanes.wake(lease.account)
            self._serve_waiting()
        if ttft is not None:
            now = self._clock()
            lease.account.speed.note(ttft, tokens, seconds, now)
            self._speeds.of(lease.model).note(ttft, tokens, seconds, now)
            if self.terms.policy == "fastest":
                self._measured.pop(lease.account.name, None)
                self._measured[lease.account.name] = now
                self._lanes.moved(lease.account)

    def observe(self, lease: Lease, headers: Iterable[tuple[str, str]]) -> None:
        """Limits that the upstream told with its answer are believed downwards, at once."""
        account = lease.account
        subject = account.subject if self.terms.rate_limits == "account" else account.subject_of(lease.model)
        for hint in hints(headers, self._clock()):
            self._state.observe(subject, hint.unit, hint.left, hint.until)

    def _forget_old_speeds(self) -> None:
        """An account that was slow long ago is tried again."""
        while self._measured:
            name, at = next(iter(self._measured.items()))
            if self._clock() - at <= FRESH:
                return
            del self._measured[name]
            if name in self.accounts:
                self._lanes.moved(self.accounts[name])

    def seconds(self, model: str) -> float:
        """What an answer of this model takes here lately; 0: not known."""
        return self._speeds.of(model).seconds(self._clock())

    # -- what is told -----------------------------------------------------------------------------------------------------

    async def standings(self) -> list[Standing]:
        """How every account stands."""
        return [await standing(account, self._state, self._clock()) for account in self.accounts.values()]

    def soonest_return_ms(self, want: Want) -> int | None:
        """How long until the first of the resting accounts is back; `None` when none rests."""
        soonest = self._soonest(want)
        return soonest.wait_ms if soonest is not None else None

    def _soonest(self, want: Want) -> refusal.Return | None:
        now = self._clock()
        lane = self._lanes.of(want.need)
        lane.first(want.excluded, now)  # parks whoever is known to be blocked
        found = lane.next_return(want.excluded)
        return refusal.Return(max(0.0, found[0] - now), found[1].blocked_by) if found is not None else None

    def _is_hopeless(self, want: Want) -> bool:
        """Whether no release can help, and no rest ends soon."""
        lane = self._lanes.of(want.need)
        if not lane.is_waiting_useless(want.excluded):
            return False
        soonest = self._soonest(want)
        return soonest is None or soonest.seconds > self.terms.short_rest

    def _no_capacity(self, want: Want) -> ProxyError:
        lane = self._lanes.of(want.need)
        return refusal.no_capacity(self._soonest(want), want, is_empty=not lane.members)


def _retrieve(done: asyncio.Future[None]) -> None:
    """A failure of shared state is raised where somebody waits; here it only must not go unseen."""
    if not done.cancelled() and done.exception() is not None:
        asyncio.get_running_loop().call_exception_handler(
            {"message": "shared state failed", "exception": done.exception()}
        )
