"""The lanes of a pool: one for each set of accounts that some need is served by, made when first needed."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable

from .account import Account, serves
from .lane import Key, Lane
from .terms import Need

#: Models that have a lane of their own because some accounts rest for them alone. Each costs every lease a little.
_MAX_MODEL_LANES = 32
#: Needs remembered: clients choose the names of models.
_MAX_NEEDS = 1000

_NOBODY: Hashable = frozenset()

Kind = tuple[tuple[str, ...] | None, tuple[str, ...]]


class Lanes:
    """Finds the lane of a need without a look at every account."""

    def __init__(self, accounts: Iterable[Account], key: Key, clock: Callable[[], float]) -> None:
        self._key = key
        self._clock = clock
        self._by_name = {account.name: account for account in accounts}
        self._by_kind: dict[Kind, list[Account]] = {}
        for account in self._by_name.values():
            self._by_kind.setdefault(account.kind, []).append(account)
        self._groups: dict[tuple[str, tuple[str, ...]], frozenset[Kind]] = {}
        self._lanes: dict[Hashable, Lane] = {}
        self._by_model: dict[tuple[Hashable, str], Lane] = {}

    def group(self, need: Need) -> Hashable:
        """Needs of one group are served by the same accounts."""
        if need.pin:
            pinned = self._by_name.get(need.pin)
            fits = pinned is not None and serves(pinned.models, pinned.tags, need.model, need.tags)
            return need.pin if fits else _NOBODY
        found = self._groups.get((need.model, need.tags))
        if found is None:
            found = frozenset(kind for kind in self._by_kind if serves(*kind, need.model, need.tags))
            if len(self._groups) >= _MAX_NEEDS:
                self._groups.clear()
            self._groups[need.model, need.tags] = found
        return found

    def of(self, need: Need) -> Lane:
        """The lane of a need."""
        group = self.group(need)
        if self._by_model and (lane := self._by_model.get((group, need.model))) is not None:
            if lane.parked:
                return lane
            lane.close()
            del self._by_model[group, need.model]
        lane = self._lanes.get(group)
        if lane is None:
            lane = self._lanes[group] = Lane(self._members(group), self._key, self._clock())
        return lane

    def of_model(self, need: Need) -> Lane | None:
        """A lane for this model alone; `None` when too many models have one."""
        at = (self.group(need), need.model)
        lane = self._by_model.get(at)
        if lane is None and len(self._by_model) < _MAX_MODEL_LANES:
            lane = self._by_model[at] = Lane(self._members(at[0]), self._key, self._clock(), model=need.model)
        return lane

    def moved(self, account: Account) -> None:
        """Its place in the order has changed."""
        account.version += 1
        now = self._clock()
        for lane in account.lanes:
            lane.push(account, now)

    def enable(self, account: Account) -> None:
        """It takes leases again, unless the configuration says no."""
        if not account.is_enabled:
            return
        now = self._clock()
        for group, lane in [*self._lanes.items(), *((at[0], lane) for at, lane in self._by_model.items())]:
            is_for = account.kind in group if isinstance(group, frozenset) else group == account.name
            if is_for and account.name not in lane.members:
                lane.add(account, now)
            elif is_for:
                lane.unpark(account, now)
        self.moved(account)

    def wake(self, account: Account) -> None:
        """What it was parked for is over before its time."""
        account.blocked_until = 0.0
        now = self._clock()
        for lane in account.lanes:
            lane.unpark(account, now)

    def disable(self, account: Account) -> None:
        """It takes no more leases."""
        for lane in list(account.lanes):
            lane.remove(account)

    def close(self) -> None:
        """Another configuration has lanes of its own."""
        for lane in [*self._lanes.values(), *self._by_model.values()]:
            lane.close()

    def _members(self, group: Hashable) -> list[Account]:
        if isinstance(group, frozenset):
            return [account for kind in group for account in self._by_kind[kind]]
        return [self._by_name[str(group)]]
