"""The time of day in the one form that is stored."""

from __future__ import annotations

import datetime
import time

DAY_MS = 86_400_000


def now_ms() -> int:
    """Whole milliseconds since 1970 (UTC)."""
    return time.time_ns() // 1_000_000


def parse_moment(text: str) -> int:
    """`2027-01-31T12:00:00Z`, or a date (its midnight, UTC), in milliseconds. Raises `ValueError`."""
    moment = datetime.datetime.fromisoformat(text)
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=datetime.UTC)
    return round(moment.timestamp() * 1000)


def format_moment(at: int) -> str:
    """The same, as RFC 3339."""
    moment = datetime.datetime.fromtimestamp(at / 1000, datetime.UTC)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def day_start(at: int) -> int:
    """Midnight (UTC) of a moment's day."""
    return at - at % DAY_MS


def month_start(at: int) -> int:
    """The first moment (UTC) of a moment's month."""
    moment = datetime.datetime.fromtimestamp(at / 1000, datetime.UTC)
    return round(moment.replace(day=1, hour=0, minute=0, second=0, microsecond=0).timestamp() * 1000)
