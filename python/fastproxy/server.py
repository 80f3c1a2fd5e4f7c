"""Running the application under granian, with the settings that granian needs from us.

`respawn_failed_workers`, or one killed worker ends the whole server; a kill timeout, or a stalled upload makes SIGTERM
hang for ever; backlog and backpressure raised, or streams queue at accept; never `task_impl = rust` (it leaks 2.7 KB
per request); ASGI, because RSGI ends a failed stream cleanly and has no bound (all measured on 2.8.7).
"""

from __future__ import annotations

import contextlib
import os
import signal

from granian.constants import HTTPModes, Interfaces, Loops
from granian.http import HTTP1Settings
from granian.server.mp import MPServer

from .config import Config
from .config.load import Source
from .worker import export_source

#: Added to the drain time before a worker is killed: the error events of the last streams need a moment.
_KILL_AFTER = 10


def run(config: Config, source: Source) -> None:
    """Serve until told to stop. The worker loads the same source again, so that it can reload it."""
    export_source(source, os.environ)
    settings = config.server
    if settings.workers > 1:
        raise ValueError("server.workers above 1 needs shared state, which this build does not have")
    server = MPServer(
        "fastproxy.app:create",
        address=settings.host,
        port=settings.port,
        interface=Interfaces.ASGI,
        factory=True,
        workers=1,
        runtime_threads=settings.runtime_threads,
        loop=Loops.auto,
        http=HTTPModes.auto,
        websockets=False,
        backlog=settings.backlog,
        backpressure=settings.backpressure,
        http1_settings=HTTP1Settings(max_buffer_size=max(8192, config.limits.header_bytes + config.limits.url_bytes)),
        log_enabled=True,
        log_access=False,
        respawn_failed_workers=True,
        workers_kill_timeout=int(settings.pre_stop + settings.drain_timeout + _KILL_AFTER),
    )

    @server.on_startup
    def take_signals() -> None:
        """Granian respawns its workers on SIGHUP, which would cut streams: the worker reloads its config instead."""
        if hasattr(signal, "SIGHUP"):
            signal.signal(signal.SIGHUP, lambda number, frame: _forward(server, number))
        for stop in (signal.SIGTERM, signal.SIGINT):
            signal.signal(stop, lambda number, frame: _stop(server))

    server.serve()


def _stop(server: MPServer) -> None:
    """The first signal ends the server by granian's way, which sends the workers one SIGTERM and waits for them. It
    tells them of no other, and the second one is to cut what still runs."""
    if server.interrupt_signal:
        _forward(server, signal.SIGTERM)
    else:
        server.interrupt_signal = True
        server.main_loop_interrupt.set()


def _forward(server: MPServer, number: int) -> None:
    for worker in server.wrks:
        if worker.inner.pid is not None:
            with contextlib.suppress(ProcessLookupError):
                os.kill(worker.inner.pid, number)
