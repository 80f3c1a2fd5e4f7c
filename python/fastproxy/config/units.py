"""Durations and sizes as people write them: `30s`, `5m`, `64MiB`; plain numbers are seconds and bytes."""

import re
from collections.abc import Mapping
from math import isfinite
from typing import Annotated, Final

from msgspec import Meta

_SECONDS: Final = {"ms": 0.001, "s": 1, "m": 60, "h": 3600, "d": 86400}
_BYTES: Final = {"b": 1, "kb": 10**3, "mb": 10**6, "gb": 10**9, "kib": 2**10, "mib": 2**20, "gib": 2**30}
_PIECE: Final = re.compile(r"\s*(\d+(?:\.\d+)?)\s*([A-Za-z]+)")

# Above these a value is a slip of the pen, and no longer fits what the core and the server take.
MAX_SECONDS: Final = 10 * 365 * 86400
MAX_BYTES: Final = 2**40

DURATION_PATTERN: Final = r"^\s*(\d+(\.\d+)?\s*(ms|s|m|h|d)\s*)+$"
SIZE_PATTERN: Final = r"^\s*\d+(\.\d+)?\s*([KkMmGg][Ii]?)?[Bb]\s*$"

Seconds = Annotated[
    float, Meta(ge=0, le=MAX_SECONDS, extra={"unit": "duration"}, extra_json_schema={"unit": "duration"})
]
Timeout = Annotated[
    float, Meta(gt=0, le=MAX_SECONDS, extra={"unit": "duration"}, extra_json_schema={"unit": "duration"})
]
Bytes = Annotated[int, Meta(ge=64, le=MAX_BYTES, extra={"unit": "size"}, extra_json_schema={"unit": "size"})]


def parse_duration(value: object) -> float:
    """Seconds from `30`, `"30s"`, `"1h 30m"`; ValueError says what is accepted."""
    if isinstance(value, str):
        return _sum(value, _SECONDS, 'a number of seconds or a text like "30s", "5m", "1h30m"')
    if isinstance(value, int) and not isinstance(value, bool):
        return float(min(value, 2 * MAX_SECONDS))  # more digits than a float holds are refused by the bound, too
    if not isinstance(value, float) or not isfinite(value):
        raise ValueError(f'expected a number of seconds or a text like "30s", got {_kind(value)}')
    return value


def parse_size(value: object) -> int:
    """Bytes from `65536`, `"64KiB"`, `"1.5MB"`; ValueError says what is accepted."""
    if isinstance(value, str):
        return int(_sum(value.lower(), _BYTES, 'a number of bytes or a text like "64KiB", "32MiB"'))
    if isinstance(value, bool) or not isinstance(value, int):
        raise ValueError(f'expected a whole number of bytes or a text like "64MiB", got {_kind(value)}')
    return value


def format_duration(seconds: float) -> str:
    """The shortest exact spelling: `90` → `90s`, `300` → `5m`."""
    for unit in ("d", "h", "m"):
        if seconds and seconds % _SECONDS[unit] == 0:
            return f"{seconds / _SECONDS[unit]:.12g}{unit}"
    return f"{seconds:.12g}s"


def format_size(size: int) -> str:
    """The largest binary unit that divides evenly: `67108864` → `64MiB`."""
    for unit in ("GiB", "MiB", "KiB"):
        if size and size % _BYTES[unit.lower()] == 0:
            return f"{size // _BYTES[unit.lower()]}{unit}"
    return f"{size}B"


def _sum(text: str, units: Mapping[str, float], expected: str) -> float:
    total, at = 0.0, 0
    stripped = text.strip()
    while at < len(stripped):
        piece = _PIECE.match(stripped, at)
        if piece is None or piece[2] not in units:
            raise ValueError(f"expected {expected}, got {text!r}")
        total += float(piece[1]) * units[piece[2]]
        at = piece.end()
    if not stripped or not isfinite(total):
        raise ValueError(f"expected {expected}, got {text!r}")
    return total


def _kind(value: object) -> str:
    return {bool: "a boolean", float: f"{value}", list: "an array", dict: "a table"}.get(type(value), f"{value!r}")
