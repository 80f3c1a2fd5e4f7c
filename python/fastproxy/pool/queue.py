"""Requests that wait for a slot: in turn, and fair between those who ask.

Who asks much waits in a line of its own: lines take turns, so one client key's thousand requests delay another key's
single one by one turn. Needs that different accounts serve are kept apart: nobody waits behind somebody else's lack.
"""

from __future__ import annotations

import asyncio
import itertools
from collections import OrderedDict, deque
from collections.abc import Hashable, Iterator

from .lease import Lease
from .terms import Want

#: How many are looked at behind one that cannot be served: it may have tried the only free account already.
_LOOK_AHEAD = 8


class Waiter:
    """One request that waits."""

    __slots__ = ("group", "lease", "serial", "want")

    def __init__(self, want: Want, group: Hashable, serial: int) -> None:
        self.want = want
        self.group = group
        self.serial = serial
        self.lease: asyncio.Future[Lease] = asyncio.get_running_loop().create_future()


class _Lines:
    """The waiters of one group: a line for each caller."""

    def __init__(self) -> None:
        self.by_caller: OrderedDict[str, deque[Waiter]] = OrderedDict()

    def in_turn(self) -> Iterator[Waiter]:
        """The heads of the lines in turn, then those behind them."""
        lines = [iter(line) for line in self.by_caller.values()]
        for row in itertools.zip_longest(*lines):
            yield from (waiter for waiter in row if waiter is not None)


class Queue:
    """All who wait for one pool."""

    def __init__(self) -> None:
        self._groups: dict[Hashable, _Lines] = {}
        self._serial = itertools.count()
        self._length = 0

    def __len__(self) -> int:
        return self._length

    def has(self, group: Hashable) -> bool:
        """Whether anybody waits in this group."""
        return group in self._groups

    def join(self, want: Want, group: Hashable) -> Waiter:
        """Stand at the end of the caller's line."""
        waiter = Waiter(want, group, next(self._serial))
        lines = self._groups.setdefault(group, _Lines())
        lines.by_caller.setdefault(want.caller, deque()).append(waiter)
        self._length += 1
        return waiter

    def rejoin(self, waiter: Waiter) -> None:
        """Stand at the head of the caller's line again."""
        lines = self._groups.setdefault(waiter.group, _Lines())
        lines.by_caller.setdefault(waiter.want.caller, deque()).appendleft(waiter)
        self._length += 1

    def leave(self, waiter: Waiter, *, was_served: bool = False) -> None:
        """Go, served or not. After a turn the caller's line goes behind the others."""
        lines = self._groups.get(waiter.group)
        line = lines.by_caller.get(waiter.want.caller) if lines is not None else None
        if lines is None or line is None or waiter not in line:
            return
        line.remove(waiter)
        self._length -= 1
        if not line:
            del lines.by_caller[waiter.want.caller]
        elif was_served:
            lines.by_caller.move_to_end(waiter.want.caller)
        if not lines.by_caller:
            del self._groups[waiter.group]

    def groups(self) -> list[Hashable]:
        """Groups, the one whose head has waited longest first."""
        return sorted(self._groups, key=self._eldest)

    def next_of(self, group: Hashable) -> list[Waiter]:
        """Those whose turn it is, and a few behind them."""
        lines = self._groups.get(group)
        return list(itertools.islice(lines.in_turn(), _LOOK_AHEAD)) if lines is not None else []

    def _eldest(self, group: Hashable) -> int:
        return min(line[0].serial for line in self._groups[group].by_caller.values())
