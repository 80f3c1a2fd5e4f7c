"""Signs of life of long requests, so that a row of one that never ended tells how long it ran."""

from __future__ import annotations

import asyncio
import logging

from ..clock import now_ms
from .journal import Journal
from .records import Checkpoint

_LOG = logging.getLogger("fastproxy")
#: Written in one go: 1 ms.
_MOST = 500


async def checkpoint(journal: Journal, every: float, *, is_durable: bool) -> None:
    """Note all long requests for ever. `is_durable`: and bring the journal to the disk itself each time."""
    while True:
        await asyncio.sleep(every)
        try:
            await note_running(journal, every)
            if is_durable:
                await asyncio.to_thread(journal.sync)
        except OSError as error:
            _LOG.warning("the journal cannot be written", extra={"fields": {"reason": error.strerror}})


async def note_running(journal: Journal, every: float) -> int:
    """Note those that have run for that long; how many. Raises `OSError`."""
    before = now_ms() - round(every * 1000)
    running = [intent.id for intent in list(journal.open.values()) if intent.started_at <= before]
    for begin in range(0, len(running), _MOST):
        for each in running[begin : begin + _MOST]:
            if each in journal.open:
                journal.checkpoint(Checkpoint(each, now_ms()))
        await asyncio.sleep(0)
    return len(running)
