"""Shared state of a single process: plain objects, called from its event loop only, so that every call is atomic."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from .clock import Clock, period_of, steady_clock
from .protocol import Amounts, Block, Budget, Claim, Fault, Granted, Kept, Look, Period, Rate, Refused
from .rests import Rests
from .window import Window


class _Purse:
    """What was spent and is reserved of one budget in one period."""

    __slots__ = ("ends_at", "of", "reserved", "spent")

    def __init__(self, of: str, ends_at: float) -> None:
        self.of = of
        self.ends_at = ends_at
        self.spent = 0
        self.reserved = 0


class _Cap:
    """What is left of a unit by somebody else's count."""

    __slots__ = ("left", "until")

    def __init__(self, left: int, until: float) -> None:
        self.left = left
        self.until = until


class _Held:
    """A lease that stands, with the purses that it reserved in: a period may end before it does."""

    __slots__ = ("amounts", "claim", "purses", "since")

    def __init__(self, claim: Claim, amounts: Amounts, since: float, purses: tuple[_Purse, ...]) -> None:
        self.claim = claim
        self.amounts = amounts
        self.since = since
        self.purses = purses


class MemoryState:
    """The `SharedState` of one process."""

    def __init__(self, clock: Clock | None = None) -> None:
        self.clock = clock or steady_clock()
        self._leases: dict[str, tuple[int, _Held]] = {}
        self._slots: dict[str, set[str]] = {}
        self._windows: dict[tuple[str, str, float], Window] = {}
        self._caps: dict[tuple[str, str], _Cap] = {}
        self._purses: dict[tuple[str, str, Period], _Purse] = {}
        #: Keys of windows and purses by subject, so that a look at one subject is none at the others.
        self._rates_of: dict[str, list[tuple[str, str, float]]] = {}
        self._budgets_of: dict[str, list[tuple[str, str, Period]]] = {}
        self._rests = Rests(self._leases.__contains__)

    # -- leases -----------------------------------------------------------------------------------------------------

    def acquire(self, lease_id: str, claims: Sequence[Claim], amounts: Amounts) -> Granted | Refused:
        """Grant the first claim that nothing stands against."""
        known = self._leases.get(lease_id)
        if known is not None:
            return Granted(known[0])
        now = self.clock()
        blocks: list[Block] = []
        for index, claim in enumerate(claims):
            block = self._block(claim, amounts, now)
            if block is None:
                return Granted(index, self._take(lease_id, index, claim, amounts, now))
            blocks.append(block)
        return Refused(tuple(blocks))

    def settle(self, lease_id: str, spent: Amounts) -> None:
        """End a lease with what was spent."""
        held = self._end(lease_id)
        if held is None:
            return
        now = self.clock()
        for rate in held.claim.rates:
            if rate.limit is not None and rate.unit in spent:
                window = self._windows[rate.subject, rate.unit, rate.per]
                window.correct(held.amounts.get(rate.unit, 0), spent[rate.unit], held.since, now)
        for budget, purse in zip(held.claim.budgets, held.purses, strict=True):
            reserved = held.amounts.get(budget.unit, 0)
            purse.reserved -= reserved
            purse.spent += spent.get(budget.unit, reserved)

    def cancel(self, lease_id: str) -> None:
        """End a lease as if it had never been."""
        known = self._leases.get(lease_id)
        if known is not None:
            self.settle(lease_id, dict.fromkeys(known[1].amounts, 0))

    def recover(self, lease_id: str, subject: str | None = None) -> None:
        """It went well for this lease."""
        known = self._leases.get(lease_id)
        if known is not None:
            for rested in known[1].claim.rested:
                if subject is None or rested == subject:
                    self._rests.recover(rested, lease_id)

    # -- rests and hints --------------------------------------------------------------------------------------------

    def rest(self, subject: str, fault: Fault) -> None:
        """Count a fault."""
        self._rests.add(subject, fault, self.clock())

    def clear(self, subject: str) -> None:
        """Forget faults, rest, and what others said is left."""
        self._rests.clear(subject)
        for key in [key for key in self._caps if key[0] == subject]:
            del self._caps[key]

    def observe(self, subject: str, unit: str, left: int, until: float) -> None:
        """Believe it when it is less than was known."""
        now = self.clock()
        cap = self._caps.get((subject, unit))
        if until <= now:
            return
        if cap is None or cap.until <= now:
            self._caps[subject, unit] = _Cap(max(0, left), until)
        elif left < cap.left:
            cap.left, cap.until = max(0, left), until

    # -- what stands --------------------------------------------------------------------------------------------------

    def seed(self, kept: Sequence[Kept]) -> None:
        """Facts from before a restart."""
        now = self.clock()
        for fact in kept:
            if fact.period is None:
                if fact.until > now:
                    self._rests.seed(fact.subject, fact.until, fact.why)
                continue
            purse = self._purse(fact.subject, fact.unit, fact.period, now)
            if purse.of == fact.of:
                purse.spent = max(purse.spent, fact.spent)

    def look(self, subject: str) -> Look:
        """What stands about a subject."""
        now = self.clock()
        rates = {}
        for key in self._rates_of.get(subject, ()):
            window = self._windows[key]
            window.slide(now)
            rates[key[1], key[2]] = window.used
        budgets = {}
        for of in self._budgets_of.get(subject, ()):
            purse = self._purses[of]
            if now < purse.ends_at:
                budgets[of[1], of[2]] = (purse.spent, purse.reserved)
        return Look(len(self._slots.get(subject, ())), self._rests.get(subject), rates, budgets)

    def snapshot(self, longer_than: float) -> list[Kept]:
        """What a restart must not forget."""
        return list(self._kept(longer_than))

    def _kept(self, longer_than: float) -> Iterator[Kept]:
        now = self.clock()
        for subject, rest in self._rests.all(now + longer_than):
            yield Kept(subject, until=rest.until, why=rest.why)
        for (subject, unit, period), purse in self._purses.items():
            if now < purse.ends_at and purse.spent:
                yield Kept(subject, unit=unit, period=period, of=purse.of, spent=purse.spent)

    # -- steps ------------------------------------------------------------------------------------------------------

    def _block(self, claim: Claim, amounts: Amounts, now: float) -> Block | None:
        for subject in claim.rested:
            if (block := self._rests.block(subject, now)) is not None:
                return block
        for slots in claim.slots:
            if slots.limit is not None and len(self._slots.get(slots.subject, ())) >= slots.limit:
                return Block("slots", slots.subject)
        for rate in claim.rates:
            if rate.limit is None and not self._caps:
                continue
            if (until := self._rate_ready_at(rate, amounts.get(rate.unit, 0), now)) is not None:
                return Block("rate", rate.subject, until, rate.unit)
        for budget in claim.budgets:
            purse = self._purse(budget.subject, budget.unit, budget.period, now)
            if purse.spent + purse.reserved + amounts.get(budget.unit, 0) > budget.limit:
                return Block("budget", budget.subject, _reset_of(purse, budget), budget.unit)
        return None

    def _rate_ready_at(self, rate: Rate, amount: int, now: float) -> float | None:
        cap = self._caps.get((rate.subject, rate.unit))
        if cap is not None and now < cap.until and cap.left < amount:
            return cap.until
        if rate.limit is None:
            return None
        window = self._windows.get((rate.subject, rate.unit, rate.per))
        if window is None:
            return None if rate.limit > 0 else float("inf")
        return window.ready_at(amount, rate.limit, now)

    def _take(self, lease_id: str, index: int, claim: Claim, amounts: Amounts, now: float) -> bool:
        is_probe = False
        for subject in claim.rested:
            is_probe |= self._rests.admit(subject, lease_id, now)
        for slots in claim.slots:
            self._slots.setdefault(slots.subject, set()).add(lease_id)
        for rate in claim.rates:
            if rate.limit is not None or self._caps:
                self._use(rate, amounts.get(rate.unit, 0), now)
        purses = tuple(self._purse(b.subject, b.unit, b.period, now) for b in claim.budgets)
        for budget, purse in zip(claim.budgets, purses, strict=True):
            purse.reserved += amounts.get(budget.unit, 0)
        self._leases[lease_id] = (index, _Held(claim, amounts, now, purses))
        return is_probe

    def _use(self, rate: Rate, amount: int, now: float) -> None:
        cap = self._caps.get((rate.subject, rate.unit))
        if cap is not None:
            cap.left -= amount
        if rate.limit is not None:
            key = (rate.subject, rate.unit, rate.per)
            window = self._windows.get(key)
            if window is None:
                window = self._windows[key] = Window(rate.per)
                self._rates_of.setdefault(rate.subject, []).append(key)
            window.add(amount, now)

    def _end(self, lease_id: str) -> _Held | None:
        known = self._leases.pop(lease_id, None)
        if known is None:
            return None
        for slots in known[1].claim.slots:
            holders = self._slots[slots.subject]
            holders.discard(lease_id)
            if not holders:
                del self._slots[slots.subject]
        return known[1]

    def _purse(self, subject: str, unit: str, period: Period, now: float) -> _Purse:
        """The purse of the present period; the one before is left to the leases that reserved in it."""
        key = (subject, unit, period)
        purse = self._purses.get(key)
        if purse is None:
            self._budgets_of.setdefault(subject, []).append(key)
        if purse is None or now >= purse.ends_at:
            purse = self._purses[key] = _Purse(*period_of(period, now))
        return purse


def _reset_of(purse: _Purse, budget: Budget) -> float | None:
    """When the next period begins; a reservation may be returned before, but nobody knows when."""
    may_return = purse.reserved > 0 and purse.spent < budget.limit
    return None if budget.period == "total" or may_return else purse.ends_at
