"""What is left of a key's limits, told as the vendor of the caller's dialect tells it."""

from __future__ import annotations

from collections.abc import Iterator

from ..asgi import Headers
from ..clock import format_moment
from ..shared_state import Look
from .admission import remaining
from .keys import Caller

#: The window slides: after this long nothing of now counts any more, and part of it earlier.
_WINDOW = 60


def limit_headers(dialect: str, caller: Caller, look: Look, now_ms: int) -> Headers:
    """`anthropic-ratelimit-*` for Anthropic's clients, `x-ratelimit-*` for all others."""
    style = _anthropic if dialect == "anthropic" else _openai
    return [pair for unit, limit, left in remaining(caller, look) for pair in style(unit, limit, left, now_ms)]


def _openai(unit: str, limit: int, left: int, now_ms: int) -> Iterator[tuple[bytes, bytes]]:
    reset = 0 if left == limit else _WINDOW
    yield f"x-ratelimit-limit-{unit}".encode(), b"%d" % limit
    yield f"x-ratelimit-remaining-{unit}".encode(), b"%d" % left
    yield f"x-ratelimit-reset-{unit}".encode(), b"%ds" % reset


def _anthropic(unit: str, limit: int, left: int, now_ms: int) -> Iterator[tuple[bytes, bytes]]:
    reset = now_ms if left == limit else now_ms + _WINDOW * 1000
    yield f"anthropic-ratelimit-{unit}-limit".encode(), b"%d" % limit
    yield f"anthropic-ratelimit-{unit}-remaining".encode(), b"%d" % left
    yield f"anthropic-ratelimit-{unit}-reset".encode(), format_moment(reset).encode()
