"""What upstreams say of their limits with every answer: the rest of a window, and when it is full again.

OpenAI and those like it: `x-ratelimit-remaining-requests`, `x-ratelimit-reset-requests: 6m0s`; Anthropic:
`anthropic-ratelimit-tokens-remaining`, `anthropic-ratelimit-tokens-reset: 2026-11-20T19:04:34Z`. What cannot be read is as if
it were not there.
"""

from __future__ import annotations

import datetime
import re
from collections.abc import Iterable

import msgspec

#: A window that is said to be longer is not believed. Seconds.
_MAX_WINDOW = 86_400.0
_GO = re.compile(r"(\d+(?:\.\d+)?)(ms|us|µs|ns|h|m|s|d)")
_UNITS = {"d": 86400.0, "h": 3600.0, "m": 60.0, "s": 1.0, "ms": 1e-3, "us": 1e-6, "µs": 1e-6, "ns": 1e-9}
#: Window by the vendor's word for it, and the unit that it bounds.
_WINDOWS = {"requests": "requests", "tokens": "tokens", "input-tokens": "tokens", "output-tokens": "tokens"}
_REMAINING = {
    **{f"x-ratelimit-remaining-{word}": (word, f"x-ratelimit-reset-{word}") for word in ("requests", "tokens")},
    **{f"anthropic-ratelimit-{w}-remaining": (w, f"anthropic-ratelimit-{w}-reset") for w in _WINDOWS},
}


class Hint(msgspec.Struct, frozen=True):
    """So much of a unit is left until then (seconds since 1970)."""

    unit: str
    left: int
    until: float


def hints(headers: Iterable[tuple[str, str]], now: float) -> list[Hint]:
    """Every window that these headers tell the rest and the end of."""
    by_name = dict(headers)
    found = []
    for name, (word, reset_name) in _REMAINING.items():
        left, reset = by_name.get(name), by_name.get(reset_name)
        if left is None or reset is None or not left.isdecimal():
            continue
        seconds = _wait(reset.strip(), now)
        if seconds is not None and 0 < seconds <= _MAX_WINDOW:
            found.append(Hint(_WINDOWS[word], int(left), now + seconds))
    return found


def _wait(text: str, now: float) -> float | None:
    """`6m0s`, seconds, the unix time of the reset, or a date."""
    try:
        number = float(text)
    except ValueError:
        return _go(text) if text[:1].isdigit() and "T" not in text else _date(text, now)
    # No wait is as long as the years since 1970.
    return number - now if number >= 1e9 else number


def _go(text: str) -> float | None:
    pieces = _GO.findall(text)
    if "".join(amount + unit for amount, unit in pieces) != text:
        return None
    return sum(float(amount) * _UNITS[unit] for amount, unit in pieces)


def _date(text: str, now: float) -> float | None:
    try:
        moment = datetime.datetime.fromisoformat(text)
    except ValueError:
        return None
    return moment.timestamp() - now if moment.tzinfo is not None else None
