"""Time for shared state: seconds since 1970 that never jump."""

from __future__ import annotations

import datetime
import time
from collections.abc import Callable

from .protocol import Period

Clock = Callable[[], float]


def steady_clock() -> Clock:
    """The time of day at start, carried on by the monotonic clock: a corrected system clock neither frees nor blocks
    anybody. It is wrong by what the machine's clock was wrong when the process started."""
    offset = time.time() - time.monotonic()
    return lambda: time.monotonic() + offset


def period_of(period: Period, now: float) -> tuple[str, float]:
    """Which day or month this is (UTC), and when it ends."""
    if period == "total":
        return "", float("inf")
    moment = datetime.datetime.fromtimestamp(now, datetime.UTC)
    start = moment.replace(hour=0, minute=0, second=0, microsecond=0)
    if period == "day":
        return f"{start:%Y-%m-%d}", (start + datetime.timedelta(days=1)).timestamp()
    first = start.replace(day=1)
    following = (first + datetime.timedelta(days=32)).replace(day=1)
    return f"{first:%Y-%m}", following.timestamp()
