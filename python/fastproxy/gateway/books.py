"""The books of the proxy: keys, journal, prices and counts, and the tasks that keep them."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Coroutine, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from prometheus_client.metrics_core import Metric

from .. import __version__
from ..access.keys import KeyRing, Known, configured_keys
from ..access.stored import ClientKeys
from ..clock import now_ms
from ..config import Config
from ..routing import Candidate
from ..shared_state import SharedState
from ..store.database import Store, StoreError, open_store
from ..telemetry.families import gauge
from ..telemetry.metrics import Metrics
from ..usage.checkpoints import checkpoint
from ..usage.entry import Entry
from ..usage.journal import Journal
from ..usage.pricing import price_book
from ..usage.retention import roll_up
from ..usage.spending import spending
from ..usage.writer import Writer
from .bill import Bill, Billed

if TYPE_CHECKING:
    from .call import Call

_LOG = logging.getLogger("fastproxy")
#: How often the store is asked whether keys changed. Seconds.
_WATCH_EVERY = 0.5
#: Counters of a turn of an agent.
_TYPICAL = (20_000, None, None, None, 5_000, None)
#: How often rows that are no longer kept are looked for. Seconds.
_ROLL_UP_EVERY = 3600.0


class Books:
    """One per process; `open` before the first request, `close` after the last."""

    def __init__(self, config: Config, state: SharedState) -> None:
        self.state = state
        self.metrics = Metrics(names=config.metrics.labels, version=__version__)
        self.metrics.add_source(self._gauges)
        #: Requests that have reached an upstream and are not over.
        self.live: dict[str, Entry] = {}
        self._opened: tuple[Store, Journal, Writer] | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self._stored: Known = {}
        self._had_keys = False
        self._revision = -1
        self._is_closed = False
        self._serve(config)

    # -- life -------------------------------------------------------------------------------------------------------

    async def open(self) -> None:
        """Connect, take over what processes that died left, and begin. Raises `StoreError`, `OSError`."""
        config = self._config
        folder = Path(config.server.data_dir) / "journal"
        journal = Journal(folder, limit=config.usage.journal_bytes)
        store = await open_store(config)
        writer = Writer(journal, store)
        await writer.recover(self.prices)
        self._opened = (store, journal, writer)
        self._keys = ClientKeys(store)
        await self.look_at_keys()
        self._spawn(writer.run(lambda: self.settings.flush))
        self._spawn(self._watch_keys())
        self._spawn(self._roll_up())
        self._spawn(checkpoint(journal, config.usage.checkpoint, is_durable=config.store.durability == "power"))

    async def close(self) -> None:
        """Move what is left into the store, and disconnect."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        if self._opened is None:
            return
        (store, journal, writer), self._opened = self._opened, None
        await writer.flush()
        journal.close()
        await store.close()

    def reload(self, config: Config) -> None:
        """Go by this configuration. New budgets of its keys are filled from the rows at the next look at keys."""
        self._serve(config)
        self._revision = -1
        if self._opened is not None:
            self._opened[1].limit = config.usage.journal_bytes

    def _serve(self, config: Config) -> None:
        self._config = config
        self.settings, self.access = config.usage, config.access
        self.prices = price_book(config)
        self._configured = configured_keys(config)
        self._make_ring()

    # -- what requests need -----------------------------------------------------------------------------------------

    @property
    def is_open(self) -> bool:
        """Whether requests can be noted."""
        return self._opened is not None

    @property
    def journal(self) -> Journal:
        """Where intents go."""
        if self._opened is None:
            raise RuntimeError("the books are not open")
        return self._opened[1]

    @property
    def store(self) -> Store:
        """The database."""
        if self._opened is None:
            raise RuntimeError("the books are not open")
        return self._opened[0]

    def degraded(self) -> str | None:
        """What does not work, while requests are served all the same."""
        if self._opened is not None and not self._opened[2].is_store_up:
            return "the store is unreachable; usage is kept in the journal"
        return None

    async def bill(self, call: Call, billed: Billed) -> Bill:
        """Begin a request. Raises `ProxyError` when its key may not make it now."""
        bill = Bill(self, call, billed)
        call.open_bill = bill
        await bill.enter()
        return bill

    def price_of(self, candidate: Candidate) -> int | None:
        """What tells cheap targets from dear ones: nano-USD of a typical turn."""
        moment = now_ms()
        return self.prices.cost(candidate.upstream, candidate.model, _TYPICAL, moment)

    # -- keys -------------------------------------------------------------------------------------------------------

    async def look_at_keys(self) -> bool:
        """Take over changed keys; whether there were any. Raises `StoreError`."""
        if self._opened is None:
            return False
        revision = await self._keys.revision()
        if revision == self._revision:
            return False
        stored, self._had_keys = await self._keys.callers()
        await self._opened[2].flush()
        self.state.seed(await spending(self.store, [*stored.values(), *self._configured.values()], now_ms()))
        self._stored, self._revision = stored, revision
        self._make_ring()
        return True

    def _make_ring(self) -> None:
        is_closed = self._config.access.require_key or self._had_keys
        # Of two keys that are the same secret, the one in the configuration holds.
        self.ring = KeyRing({**self._stored, **self._configured}.items(), is_closed=is_closed)

    async def _watch_keys(self) -> None:
        while True:
            await asyncio.sleep(_WATCH_EVERY)
            try:
                if await self.look_at_keys():
                    _LOG.info("client keys changed", extra={"fields": {"keys": len(self.ring.known)}})
            except StoreError as error:
                _LOG.debug("client keys could not be looked at", extra={"fields": {"reason": str(error)}})

    # -- the rest ---------------------------------------------------------------------------------------------------

    async def _roll_up(self) -> None:
        while True:
            try:
                await roll_up(self.store, self.settings, now_ms())
            except StoreError as error:
                _LOG.warning("old usage could not be added up", extra={"fields": {"reason": str(error)}})
            await asyncio.sleep(_ROLL_UP_EVERY)

    def _gauges(self) -> Iterator[Metric]:
        if self._opened is None:
            return
        _, journal, writer = self._opened
        yield gauge("fastproxy_in_flight_requests", "Requests at an upstream.", [((), len(self.live))])
        yield gauge("fastproxy_journal_bytes", "Usage that is not in the store yet.", [((), journal.size)])
        yield gauge("fastproxy_store_up", "Whether the store takes usage rows.", [((), int(writer.is_store_up))])
        yield gauge("fastproxy_usage_rows_written", "Usage rows written since the start.", [((), writer.written)])
        yield gauge(
            "fastproxy_usage_rows_recovered", "Unfinished requests of processes that died.", [((), writer.recovered)]
        )
        yield gauge("fastproxy_usage_rows_refused", "Rows the store refused. Must stay 0.", [((), writer.dropped)])

    def _spawn(self, work: Coroutine[None, None, None]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
