"""Who rests after faults, and who may try them again."""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterator

from .protocol import Block, Fault, Rest

#: How long the lease that tries a subject after its rest goes alone. A refusal comes at once; an answer may stream for
#: minutes, and one that has outlasted this was not refused.
PROBE_SECONDS = 2.0
#: Doubling stops here, before numbers do.
_MAX_DOUBLINGS = 30
#: Records beyond which those that say nothing any more are dropped: clients choose names of models.
_MANY = 10_000


class _Record:
    __slots__ = ("group", "in_a_row", "probe", "probe_until", "until", "why")

    def __init__(self) -> None:
        self.group: _Group | None = None
        self.in_a_row = 0
        self.until = 0.0
        #: Empty: faults were counted, but nothing rests.
        self.why = ""
        self.probe = ""
        self.probe_until = 0.0


class _Group:
    """Those of a group that rest now. Joining and leaving cost no look at the others."""

    def __init__(self) -> None:
        self._resting: dict[str, float] = {}
        self._ends: list[tuple[float, str]] = []

    def enter(self, subject: str, until: float, limit: int, now: float) -> bool:
        """Whether one more may rest."""
        while self._ends and self._ends[0][0] <= now:
            end, name = heapq.heappop(self._ends)
            if self._resting.get(name) == end:
                del self._resting[name]
        if subject not in self._resting and len(self._resting) >= limit:
            return False
        self._resting[subject] = until
        heapq.heappush(self._ends, (until, subject))
        return True

    def leave(self, subject: str) -> None:
        """It recovered before its time."""
        self._resting.pop(subject, None)


class Rests:
    """All rests. `is_held` tells whether a lease still stands."""

    def __init__(self, is_held: Callable[[str], bool]) -> None:
        self._is_held = is_held
        self._records: dict[str, _Record] = {}
        self._groups: dict[str, _Group] = {}

    def block(self, subject: str, now: float) -> Block | None:
        """What stands against leasing this subject."""
        record = self._records.get(subject)
        if record is None or not record.why:
            return None
        until = record.until
        if now >= until:
            if now >= record.probe_until or not self._is_held(record.probe):
                return None
            until = record.probe_until
        return Block("resting", subject, until, record.why)

    def admit(self, subject: str, lease_id: str, now: float) -> bool:
        """Note a lease on a subject that nothing stands against: whether it is the one that tries it."""
        record = self._records.get(subject)
        if record is None or not record.why:
            return False
        if record.probe and self._is_held(record.probe):
            self.clear(subject)  # the one before has outlasted its time: the subject is well
            return False
        record.probe, record.probe_until = lease_id, now + PROBE_SECONDS
        return True

    def recover(self, subject: str, lease_id: str) -> None:
        """A lease went well. One that began before the fault says nothing about it."""
        record = self._records.get(subject)
        if record is not None and (not record.why or record.probe == lease_id):
            self.clear(subject)

    def add(self, subject: str, fault: Fault, now: float) -> None:
        """Count a fault. One that comes while the subject rests is of a lease from before: it is the same fault."""
        if len(self._records) >= _MANY:
            self._forget(now)
        record = self._records.setdefault(subject, _Record())
        if record.why and now < record.until:
            if fault.stated is not None:
                record.until = max(record.until, now + _length(fault, 0))
            return
        record.in_a_row += 1
        if record.in_a_row < fault.after or fault.cap <= 0:
            return
        rest = _length(fault, record.in_a_row - fault.after)
        until = now + rest
        if fault.group:
            group = self._groups.setdefault(fault.group, _Group())
            if not group.enter(subject, until, fault.group_limit, now):
                return
            record.group = group
        record.probe = ""
        record.why, record.until = fault.why, until

    def clear(self, subject: str) -> None:
        """Forget everything about a subject."""
        record = self._records.pop(subject, None)
        if record is not None and record.group is not None:
            record.group.leave(subject)

    def seed(self, subject: str, until: float, why: str) -> None:
        """A rest from before a restart."""
        record = self._records.setdefault(subject, _Record())
        if until > record.until:
            record.until, record.why, record.in_a_row = until, why, 1

    def get(self, subject: str) -> Rest | None:
        """The rest of a subject, half-open ones included."""
        record = self._records.get(subject)
        return Rest(record.until, record.why) if record is not None and record.why else None

    def all(self, after: float) -> Iterator[tuple[str, Rest]]:
        """Rests that end after this time."""
        for subject, record in self._records.items():
            if record.why and record.until > after:
                yield subject, Rest(record.until, record.why)

    def _forget(self, now: float) -> None:
        self._records = {name: record for name, record in self._records.items() if record.why and record.until > now}


def _length(fault: Fault, doublings: int) -> float:
    if fault.stated is not None:
        return min(fault.stated, fault.cap)
    grown: float = min(fault.base * 2.0 ** min(doublings, _MAX_DOUBLINGS), fault.cap)
    return grown * fault.jitter
