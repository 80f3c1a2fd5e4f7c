"""Memory: of a process that does nothing, of each stream that it holds open, and what requests leave behind."""

from __future__ import annotations

import sys
import tempfile
import threading
from collections.abc import Sequence
from pathlib import Path

from msgspec import Struct, structs

from bench.load import process
from bench.load.contenders import Contender, Lane
from bench.load.loads import LOADS, Goal, Load, Scale
from bench.load.measure import Bench, measure
from bench.load.process import Memory
from bench.load.server import Running, settle, started

#: One event a second each: long enough open that what is measured is the stream and not its opening.
_OPEN_STREAMS = Load(
    name="open-streams",
    title="streams at 1/s",
    figure="cpu_per_event",
    goal=Goal(raw=0, transcoded=0),
    arguments=("--mode", "paced", "--interval", "1000000"),
    concurrency=1000,
)
_REQUESTS = next(load for load in LOADS if load.name == "whole")
#: Bytes that a request may leave behind. Allocators grow by a few hundred KB more; a request that is kept is 6 KB.
LEFT_LIMIT = 1024
#: LiteLLM needs seconds to open so many.
_PEER_STREAMS = 100


class Held(Struct, frozen=True):
    """Memory of one contender's process tree for one of its lanes."""

    lane: Lane
    streams: int
    idle: Memory
    open: Memory
    #: Bytes by which the process has grown per request, connections kept alive.
    left_per_request: float
    #: What went wrong while it was measured.
    failures: list[str]

    @property
    def faults(self) -> list[str]:
        """Failures, and requests that are never forgotten."""
        if self.left_per_request > LEFT_LIMIT:
            return [*self.failures, f"each request leaves {self.left_per_request:,.0f} bytes behind"]
        return self.failures

    @property
    def per_stream(self) -> float:
        """Bytes that each open stream added."""
        return (self.open.rss - self.idle.rss) / self.streams


def run(bench: Bench, contenders: Sequence[Contender], scale: Scale) -> list[Held]:
    """Each lane of each contender (in a smoke test the first), in a process that has done nothing before."""
    return [
        _held(bench, contender, lane, scale)
        for contender in contenders
        for lane in contender.lanes[: None if scale.is_thorough else 1]
    ]


def _held(bench: Bench, contender: Contender, lane: Lane, scale: Scale) -> Held:
    count = min(scale.streams, _PEER_STREAMS if lane.kind == "peer" else _OPEN_STREAMS.concurrency)
    scale = structs.replace(scale, seconds=2.0, streams=count)
    with (
        tempfile.TemporaryDirectory(prefix="bench-") as folder,
        started(contender, Path(folder), bench.mock, bench.cores.server) as server,
    ):
        settle(server)
        idle = process.tree_memory(server.pid)
        peak = _Peak(server)
        with peak:
            measurement = measure(bench, server, lane, _OPEN_STREAMS, scale)
        left, failures = _left(bench, server, lane, scale)
    faults = [*measurement.faults, *failures]
    held = Held(lane=lane, streams=count, idle=idle, open=peak.memory, left_per_request=left, failures=faults)
    shown = f"idle {idle.rss / 1e6:.1f} MB  {held.per_stream / 1024:.1f} KiB per stream  {left:.0f} B left per request"
    print(f"memory          {lane.title:26} {shown}", file=sys.stderr, flush=True)
    return held


def _left(bench: Bench, server: Running, lane: Lane, scale: Scale) -> tuple[float, list[str]]:
    """By how much requests make the process grow, the first of them aside."""
    warm = measure(bench, server, lane, _REQUESTS, structs.replace(scale, seconds=1.0))
    before = process.tree_memory(server.pid)
    measurement = measure(bench, server, lane, _REQUESTS, scale)
    grown = process.tree_memory(server.pid).rss - before.rss
    return grown / max(1, measurement.report.requests), [*warm.faults, *measurement.faults]


class _Peak:
    """The largest memory of a server while something goes on, looked at four times a second."""

    def __init__(self, server: Running) -> None:
        self.memory = Memory(rss=0, pss=0)
        self._server = server
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._watch)

    def __enter__(self) -> None:
        self._thread.start()

    def __exit__(self, *exception: object) -> None:
        self._over.set()
        self._thread.join()

    def _watch(self) -> None:
        while not self._over.wait(0.25):
            now = process.tree_memory(self._server.pid)
            if now.rss > self.memory.rss:
                self.memory = now
