"""The accounts that serve one kind of need, in the order of the policy. No step looks at all of them.

An account is in one of three places: in the heap, with one entry of its present version; parked until a time; or
nowhere, because it is full: its next release brings it back. Entries of earlier versions are dropped when they come up.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterable

from .account import Account

#: Priority first, then the policy's word, then who waits longest.
Key = Callable[[Account, float], float]
_Entry = tuple[int, float, int, int, int, Account]


class Lane:
    """One order over some accounts. `model`: only for requests for it, because some accounts rest for it alone."""

    def __init__(self, accounts: Iterable[Account], key: Key, now: float, *, model: str = "") -> None:
        self.model = model
        self.members = {account.name: account for account in accounts if account.is_enabled}
        self._key = key
        self._heap: list[_Entry] = [self._entry(account, now) for account in self.members.values()]
        heapq.heapify(self._heap)
        self.parked: dict[str, float] = {}
        #: Names only: two accounts may come back in one moment.
        self._returns: list[tuple[float, str]] = []
        for account in self.members.values():
            account.lanes.append(self)

    def close(self) -> None:
        """It is no longer told of changes."""
        for account in self.members.values():
            account.lanes.remove(self)

    def push(self, account: Account, now: float) -> None:
        """The account has changed: a new entry for it, unless it is parked or full."""
        if account.name in self.parked or account.is_full():
            return
        heapq.heappush(self._heap, self._entry(account, now))
        if len(self._heap) > 64 + 2 * len(self.members):
            self._heap = [entry for entry in self._heap if entry[4] == entry[5].version]
            heapq.heapify(self._heap)

    def park(self, account: Account, until: float) -> None:
        """Leave it alone until then."""
        self.parked[account.name] = until
        heapq.heappush(self._returns, (until, account.name))

    def unpark(self, account: Account, now: float) -> None:
        """It need not wait any longer."""
        if self.parked.pop(account.name, None) is not None:
            self.push(account, now)

    def add(self, account: Account, now: float) -> None:
        """One more account, or one that is no longer disabled."""
        self.members[account.name] = account
        account.lanes.append(self)
        self.push(account, now)

    def remove(self, account: Account) -> None:
        """It takes no more."""
        if self.members.pop(account.name, None) is not None:
            self.parked.pop(account.name, None)
            account.lanes.remove(self)

    def first(self, excluded: frozenset[str], now: float) -> Account | None:
        """The best account that nothing is known to stand against."""
        self._return(now)
        aside: list[_Entry] = []
        found = None
        heap = self._heap
        while heap:
            entry = heap[0]
            account = entry[5]
            if entry[4] != account.version or self.members.get(account.name) is not account:
                heapq.heappop(heap)
            elif account.name in self.parked or account.is_full():
                heapq.heappop(heap)
            elif account.blocked_until > now:
                heapq.heappop(heap)
                self.park(account, account.blocked_until)
            elif account.name in excluded:
                aside.append(heapq.heappop(heap))
            else:
                found = account
                break
        for entry in aside:
            heapq.heappush(heap, entry)
        return found

    def next_return(self, excluded: frozenset[str] = frozenset()) -> tuple[float, Account] | None:
        """The parked account that comes back first."""
        aside: list[tuple[float, str]] = []
        found = None
        while self._returns and found is None:
            until, name = self._returns[0]
            if self.parked.get(name) != until or name not in self.members:
                heapq.heappop(self._returns)
            elif name in excluded:
                aside.append(heapq.heappop(self._returns))
            else:
                found = (until, self.members[name])
        for entry in aside:
            heapq.heappush(self._returns, entry)
        return found

    def is_waiting_useless(self, excluded: frozenset[str]) -> bool:
        """Whether no release can help: everybody not excluded is parked."""
        usable = len(self.members) - len(self.parked)
        return usable <= sum(name in self.members and name not in self.parked for name in excluded)

    def _return(self, now: float) -> None:
        while (soonest := self.next_return()) is not None and soonest[0] <= now:
            heapq.heappop(self._returns)
            del self.parked[soonest[1].name]
            self.push(soonest[1], now)

    def _entry(self, account: Account, now: float) -> _Entry:
        return (-account.priority, self._key(account, now), account.last_used, account.order, account.version, account)
