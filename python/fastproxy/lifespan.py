"""The life of a worker process: start, reload, drain, stop.

Granian tells an application of its end only after the last request (so `lifespan.shutdown` cannot start a drain), and
takes SIGTERM for itself. So the worker takes SIGTERM over: readiness turns to 503, after `pre_stop` the listener
closes (granian's own handler of SIGINT does that), requests in flight finish, and what still runs at
`drain_timeout` gets its dialect's error event and an abnormal close. A second SIGTERM cuts at once.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import signal
from collections.abc import Callable, Coroutine

from .asgi import Receive, Send
from .config.reload import Refused, Reloaded, Reloader
from .gateway import Gateway, Keeper, build_gateway, build_keeper
from .store.database import StoreError
from .telemetry import logs
from .worker import import_source

_LOG = logging.getLogger("fastproxy")
#: How often the configuration file's identity is looked at. Seconds.
_WATCH_EVERY = 1.0


class Lifespan:
    """Owns the gateway and the worker's background tasks."""

    def __init__(self, start: Callable[[], Gateway] | None) -> None:
        self._start = start or self._start_from_environment
        self._gateway: Gateway | None = None
        self._reloader: Reloader | None = None
        self._keeper: Keeper | None = None
        self._tasks: set[asyncio.Task[None]] = set()

    @property
    def gateway(self) -> Gateway:
        """The gateway; requests come only after start."""
        if self._gateway is None:
            self._gateway = self._start()
        return self._gateway

    async def run(self, receive: Receive, send: Send) -> None:
        """Answer the server's lifespan messages."""
        while True:
            message = await receive()
            if message["type"] == "lifespan.startup":
                await self._startup(send)
            else:
                for task in self._tasks:
                    task.cancel()
                if self._keeper is not None:
                    await self._keeper.save()
                await self.gateway.books.close()
                await send({"type": "lifespan.shutdown.complete"})
                return

    async def _startup(self, send: Send) -> None:
        try:
            gateway = self.gateway
            await gateway.books.open()
        except (ValueError, OSError, StoreError) as error:
            _LOG.error("cannot start", extra={"fields": {"reason": str(error)}})
            await send({"type": "lifespan.startup.failed", "message": str(error)})
            return
        self._keeper = build_keeper(gateway)
        self._keeper.restore()
        self._spawn(self._keeper.run())
        self._take_signals(gateway)
        if self._reloader is not None:
            self._spawn(self._watch(self._reloader))
        await send({"type": "lifespan.startup.complete"})

    def _start_from_environment(self) -> Gateway:
        loaded = import_source(os.environ).load()
        self._reloader = Reloader(loaded, self._apply)
        config = loaded.require()
        logs.configure(config.logging.level, config.logging.format)
        return build_gateway(config)

    def _take_signals(self, gateway: Gateway) -> None:
        loop = asyncio.get_running_loop()
        # Not on Windows, and not when the server runs in a thread: then the server's own way of stopping is all.
        with contextlib.suppress(NotImplementedError, RuntimeError, ValueError):
            loop.add_signal_handler(signal.SIGTERM, self._terminate, gateway)
            loop.add_signal_handler(signal.SIGHUP, self._hang_up)

    def _terminate(self, gateway: Gateway) -> None:
        if gateway.is_draining:
            gateway.cut_streams()
            return
        gateway.is_draining = True
        self._spawn(self._drain(gateway))

    async def _drain(self, gateway: Gateway) -> None:
        server = gateway.snapshot.config.server
        _LOG.info("draining", extra={"fields": {"in_flight": gateway.in_flight(), "timeout": server.drain_timeout}})
        await asyncio.sleep(server.pre_stop)
        os.kill(os.getpid(), signal.SIGINT)
        await asyncio.sleep(server.drain_timeout)
        if gateway.in_flight():
            _LOG.warning("cutting streams", extra={"fields": {"in_flight": gateway.in_flight()}})
        gateway.cut_streams()

    def _hang_up(self) -> None:
        if self._reloader is not None:
            self._reloader.request()
            self._look(self._reloader)

    async def _watch(self, reloader: Reloader) -> None:
        while True:
            await asyncio.sleep(_WATCH_EVERY)
            self._look(reloader)

    def _look(self, reloader: Reloader) -> None:
        """Serve by changed files; broken ones are refused with their reasons and the old settings stay."""
        try:
            outcome = reloader.check()
        except (ValueError, OSError) as error:
            _LOG.error("configuration refused", extra={"fields": {"reason": str(error)}})
            return
        if outcome is not None:
            self.gateway.books.metrics.reloads.add("refused" if isinstance(outcome, Refused) else "ok")
        if isinstance(outcome, Refused):
            for problem in outcome.problems:
                _LOG.error("configuration refused", extra={"fields": {"reason": str(problem)}})
        elif outcome is not None:
            changed = [change.path for change in outcome.changes]
            waiting = [change.path for change in outcome.waiting]
            _LOG.info("configuration reloaded", extra={"fields": {"changed": changed, "after_restart": waiting}})

    def _apply(self, outcome: Reloaded) -> None:
        self.gateway.reload(outcome.config)
        logs.configure(outcome.config.logging.level, outcome.config.logging.format)

    def _spawn(self, work: Coroutine[None, None, None]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
