"""Who is leased to a request, or when somebody could be.

Shared state decides; the lanes only say whom to ask about first, so that no request looks at every account.
"""

from __future__ import annotations

import itertools
import secrets
from collections.abc import Awaitable, Callable, Hashable, Iterable

from ..errors import ProxyError
from ..shared_state import Block, Granted, SharedState
from ..shared_state.clock import Clock
from . import asking, refusal
from .account import Account
from .affinity import Affinity
from .lane import Lane
from .lanes import Lanes
from .lease import Lease
from .policy import KEYS
from .speed import FRESH
from .terms import Need, Terms, Want

#: When a refusal names no time, it is asked again after this. Seconds.
_ASK_AGAIN = 1.0
#: A request for more tokens than are left says nothing about smaller ones, so that it parks an account for so long only.
_PARK_FOR_TOKENS = 1.0


class Choice:
    """Over the accounts of one pool. `on_release` is called with every lease that is given back."""

    def __init__(self, state: SharedState, clock: Clock, on_release: Callable[[Lease], None]) -> None:
        self._state = state
        self._clock = clock
        self._on_release = on_release
        self._terms = Terms()
        self._lanes = Lanes((), KEYS[self._terms.policy], clock)
        self._affinity = Affinity()
        self._ids = itertools.count(1)
        #: Leases of several processes on one state must not share ids.
        self._owner = secrets.token_hex(4)
        self._used = itertools.count(1)
        #: When accounts were measured, the oldest first.
        self._measured: dict[str, tuple[float, Account]] = {}
        #: Until when the host is known to rest.
        self._host_until = 0.0

    def replace(self, accounts: Iterable[Account], terms: Terms) -> None:
        """Choose among these, in these terms."""
        self._terms = terms
        self._lanes.close()
        self._lanes = Lanes(accounts, KEYS[terms.policy], self._clock)

    def group(self, need: Need) -> Hashable:
        """Needs of one group are served by the same accounts."""
        return self._lanes.group(need)

    def take(self, want: Want) -> Lease | Awaitable[Lease | None] | None:
        """A lease on the best account that can serve now, if there is one."""
        return asking.run(self._steps(want))

    def can_serve(self, want: Want) -> bool:
        """Whether, as far as is known, an account could be leased now."""
        now = self._clock()
        return now >= self._host_until and self._lanes.of(want.need).first(want.excluded, now) is not None

    # -- what changes it ------------------------------------------------------------------------------------------------

    def moved(self, account: Account) -> None:
        """Its load has changed."""
        self._lanes.moved(account)

    def enable(self, account: Account) -> None:
        """It takes leases again, whatever was known to stand against it."""
        account.blocked_until, account.blocked_by = 0.0, ""
        self._host_until = 0.0
        self._lanes.enable(account)

    def disable(self, account: Account) -> None:
        """It takes no more."""
        self._lanes.disable(account)

    def recovered(self, account: Account) -> None:
        """The request that tried it after a rest was answered, or has ended: what stood against it is asked anew."""
        self._host_until = 0.0
        self._lanes.wake(account)

    def measured(self, account: Account) -> None:
        """Its speed was measured."""
        if self._terms.policy == "fastest":
            self._measured.pop(account.name, None)
            self._measured[account.name] = (self._clock(), account)
            self._lanes.moved(account)

    # -- when nobody can --------------------------------------------------------------------------------------------------

    def is_hopeless(self, want: Want) -> bool:
        """Whether no release can help, and no rest ends soon."""
        lane = self._lanes.of(want.need)
        if self._clock() >= self._host_until and not lane.is_waiting_useless(want.excluded):
            return False
        soonest = self.soonest(want)
        return soonest is None or soonest.seconds > self._terms.short_rest

    def soonest(self, want: Want) -> refusal.Return | None:
        """When the first account that is not excluded is back from its rest; `None` when none rests."""
        now = self._clock()
        if now < self._host_until:
            return refusal.Return(self._host_until - now, "unreachable")
        lane = self._lanes.of(want.need)
        lane.first(want.excluded, now)  # parks whoever is known to be blocked
        found = lane.next_return(want.excluded)
        return refusal.Return(max(0.0, found[0] - now), found[1].blocked_by) if found is not None else None

    def no_capacity(self, want: Want) -> ProxyError:
        """What the client is told."""
        return refusal.no_capacity(self.soonest(want), want, is_empty=not self._lanes.of(want.need).members)

    # -- steps ------------------------------------------------------------------------------------------------------------

    def _steps(self, want: Want) -> asking.Steps[Lease | None]:
        """Ask about one account after the other until one is granted or nobody is left."""
        self._forget_old_speeds()
        known = self._affinity.get(want.conversation) if want.conversation is not None else None
        amounts = {"requests": 1, "tokens": want.tokens}
        while True:
            now = self._clock()
            if now < self._host_until:
                return None
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
        lease = Lease(lease_id, account, want.need.model, is_probe, self._on_release)
        account.leases[lease_id] = lease
        account.last_used = next(self._used)
        account.passed += 1 / account.weight
        self._lanes.moved(account)
        if want.conversation is not None and self._terms.affinity:
            self._affinity.note(want.conversation, account.name)
        return lease

    def _refused(self, lane: Lane, account: Account, need: Need, block: Block) -> None:
        """Do not ask again before it makes sense: about the host, the account, or it with this model."""
        now = self._clock()
        until = max(block.until, now) if block.until is not None else now + _ASK_AGAIN
        if block.subject == account.host:
            self._host_until = until
            return
        account.blocked_by = refusal.why(block)
        if block.why == "tokens":
            lane.park(account, min(until, now + _PARK_FOR_TOKENS))
        elif block.subject == account.subject:
            account.blocked_until = until
            lane.park(account, until)
        else:
            own = lane if lane.model == need.model else self._lanes.of_model(need)
            (own or lane).park(account, until)

    def _forget_old_speeds(self) -> None:
        """An account that was slow long ago is tried again."""
        while self._measured:
            name, (at, account) = next(iter(self._measured.items()))
            if self._clock() - at <= FRESH:
                return
            del self._measured[name]
            self._lanes.moved(account)
