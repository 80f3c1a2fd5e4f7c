"""How much was used in the last so many seconds: an upper bound that never lets more through than was allowed.

The window is kept in sixty slices, so its memory does not grow with the traffic. A slice counts until the youngest
moment in it has left the window: in *any* window of that length the sum is at most the limit, and what was used becomes free
up to a sixtieth of the window late. (A bucket that refills lets twice its size through in some window of its length.)
"""

from __future__ import annotations

from collections import deque

_SLICES = 60


class Window:
    """Use of one unit by one subject over `per` seconds."""

    __slots__ = ("_per", "_slices", "used")

    def __init__(self, per: float) -> None:
        self._per = per
        #: Slice number and its amount, oldest first.
        self._slices: deque[list[int]] = deque()
        self.used = 0

    def slide(self, now: float) -> None:
        """Drop what has left the window."""
        first = self._number(now) - _SLICES
        while self._slices and self._slices[0][0] < first:
            self.used -= self._slices.popleft()[1]

    def ready_at(self, amount: int, limit: int, now: float) -> float | None:
        """When this amount fits; `None`: now. More than the whole limit fits an empty window, or it never would."""
        self.slide(now)
        excess = self.used + min(amount, limit) - limit
        if excess <= 0:
            return None
        for number, held in self._slices:
            excess -= held
            if excess <= 0:
                return (number + _SLICES + 1) * self._per / _SLICES
        return now + self._per

    def add(self, amount: int, now: float) -> None:
        """Use it now."""
        number = self._number(now)
        if self._slices and self._slices[-1][0] >= number:
            self._slices[-1][1] += amount
        else:
            self._slices.append([number, amount])
        self.used += amount

    def correct(self, reserved: int, spent: int, taken_at: float, now: float) -> None:
        """What was reserved then was spent otherwise: more counts from now, less is given back where it was taken."""
        self.slide(now)
        if spent >= reserved:
            if spent > reserved:
                self.add(spent - reserved, now)
            return
        number = self._number(taken_at)
        for held in reversed(self._slices):
            if held[0] <= number:
                if held[0] == number:
                    held[1] -= reserved - spent
                    self.used -= reserved - spent
                return

    def _number(self, at: float) -> int:
        return int(at * _SLICES // self._per)
