"""How long a client waits: what its SDK says, and never longer than the operator allows."""

from __future__ import annotations

import time

from ..asgi import Headers, header

#: Headers in which SDKs tell their own time-out, in seconds.
_TOLD = (b"x-stainless-timeout", b"x-stainless-read-timeout")
#: Left for the answer to travel: an error in time is worth more than one that nobody reads.
_SHARE = 0.95


class Deadline:
    """When the first byte of an answer must be on its way."""

    def __init__(self, headers: Headers) -> None:
        told = [seconds for name in _TOLD if (seconds := _seconds(header(headers, name))) is not None]
        self._at = time.monotonic() + min(told) * _SHARE if told else float("inf")

    def patience(self, most: float) -> float:
        """How long may be waited for a slot now."""
        return min(most, max(0.0, self._at - time.monotonic()))

    @property
    def is_past(self) -> bool:
        """Whether another attempt could only come too late."""
        return time.monotonic() >= self._at


def _seconds(text: str | None) -> float | None:
    try:
        value = float(text) if text is not None else 0.0
    except ValueError:
        return None
    return value if 0 < value < 1e6 else None
