"""From the journal into the store, in batches, behind the requests' backs."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterator
from operator import itemgetter
from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection

from ..store.database import Store, StoreError
from ..store.tables import USAGE
from ..store.upsert import upsert
from .journal import Fold, Journal, Segment
from .pricing import PriceBook
from .records import UNKNOWN, Checkpoint, Intent, Settlement, row

_LOG = logging.getLogger("fastproxy")
#: After a failure, seconds until the store is asked again: doubled up to this.
_LONGEST_PAUSE = 30.0

Rows = list[dict[str, Any]]


class Writer:
    """The one that moves rows. `is_store_up` and the counts are for readiness and metrics."""

    def __init__(self, journal: Journal, store: Store) -> None:
        self.is_store_up = True
        self.written = 0
        self.recovered = 0
        #: Rows that the store refused, each told in the log. Must stay 0.
        self.dropped = 0
        self._journal = journal
        self._store = store
        self._fold = Fold()
        self._statement = _compiled(store)
        self._lock = asyncio.Lock()

    async def run(self, interval: Callable[[], float]) -> None:
        """Move rows for ever."""
        pause = interval()
        while True:
            await asyncio.sleep(pause)
            pause = interval() if await self.flush() else min(max(pause, 1.0) * 2, _LONGEST_PAUSE)

    async def flush(self) -> bool:
        """Move everything that is there; whether the store took it."""
        async with self._lock:
            self._journal.catch_up()
            try:
                while await self._step():
                    pass
            except StoreError as error:
                if self.is_store_up:
                    fields = {"reason": str(error), "journal_bytes": self._journal.size}
                    _LOG.error("the store takes no usage rows: the journal keeps them", extra={"fields": fields})
                self.is_store_up = False
                return False
            if not self.is_store_up:
                _LOG.info("the store takes usage rows again")
            self.is_store_up = True
            return True

    async def recover(self, prices: PriceBook) -> int:
        """Move what processes that died left behind; how many requests they never finished. Raises `StoreError`.

        Those become rows that say so, with what is known of them.
        """
        fold, segments = Fold(), self._journal.left_behind()
        for segment in segments:
            for lines in _chunks(segment):
                await self._save([row(*whole) for whole in fold.take(lines)])
        lost = [_recovered(intent, fold.checkpoints.get(intent.id), prices) for intent in fold.intents.values()]
        await self._save([row(*whole) for whole in lost])
        self.recovered += len(lost)
        for segment in segments:
            segment.discard()
        if lost or fold.damaged:
            fields = {"unfinished": len(lost), "damaged_lines": fold.damaged}
            _LOG.warning("usage of a process that died was recovered", extra={"fields": fields})
        return len(lost)

    async def _step(self) -> bool:
        segment = self._journal.segments[0]
        lines, end = segment.read(segment.stored)
        if not lines:
            is_last = len(self._journal.segments) == 1
            self._journal.leave(segment)
            return not is_last or len(self._journal.segments) > 1
        # Not taken into the fold until the store has the rows: a failure must leave no trace here.
        trial = self._fold.copy()
        await self._save([row(*whole) for whole in trial.take(lines)])
        self._fold = trial
        segment.stored = end
        return True

    async def _save(self, rows: Rows) -> None:
        if not rows:
            return
        try:
            await self._insert(rows)
        except StoreError as error:
            if not error.is_refusal:
                raise
            await self._save_one_by_one(rows)
        else:
            self.written += len(rows)

    async def _save_one_by_one(self, rows: Rows) -> None:
        for each in rows:
            try:
                await self._insert([each])
            except StoreError as error:
                if not error.is_refusal:
                    raise
                self.dropped += 1
                _LOG.error("the store refuses a usage row", extra={"fields": {"reason": str(error), "row": each}})
            else:
                self.written += 1

    async def _insert(self, rows: Rows) -> None:
        text, in_order = self._statement
        values = [in_order(each) for each in rows]

        async def work(connection: AsyncConnection) -> None:
            await connection.exec_driver_sql(text, values)

        await self._store.write(work)


def _compiled(store: Store) -> tuple[str, Callable[[dict[str, Any]], Any]]:
    """The statement and the order of its values, for the driver itself: SQLAlchemy's own handling of 27 columns costs as
    much as SQLite's (12 of 30 µs per row)."""
    dialect = store.engine.dialect
    # A recovered row is a guess that the real one replaces; the other way round it would destroy knowledge.
    statement = upsert(USAGE, dialect.name, where=USAGE.c.is_recovered)
    compiled: Any = statement.compile(dialect=dialect, column_keys=[str(column.name) for column in USAGE.columns])
    return str(compiled), itemgetter(*compiled.positiontup)


def _chunks(segment: Segment) -> Iterator[list[bytes]]:
    offset = 0
    while True:
        lines, offset = segment.read(offset)
        if not lines:
            return
        yield lines


def _recovered(intent: Intent, checkpoint: Checkpoint | None, prices: PriceBook) -> tuple[Intent, Settlement]:
    """The row of a request whose process died: its prompt was sent, and as much was answered as was last noted."""
    output = checkpoint.output_estimate if checkpoint is not None else None
    counters = (intent.input_estimate, *UNKNOWN[1:4], output, None)
    settlement = Settlement(
        id=intent.id,
        status="aborted",
        error="internal",
        duration_ms=checkpoint.at - intent.started_at if checkpoint is not None else None,
        ttft_ms=None,
        model_served=None,
        counters=counters,
        is_estimated=True,
        is_recovered=True,
        finish=None,
        loss=None,
        cost_nano_usd=prices.cost(intent.upstream, intent.model, counters, intent.started_at),
    )
    return intent, settlement
