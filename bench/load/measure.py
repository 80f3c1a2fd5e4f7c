"""One measurement: one load through one lane, with what the server used for it."""

from __future__ import annotations

import os
import subprocess
import time
from pathlib import Path
from threading import Timer

import msgspec
from msgspec import Struct

from bench.load import process
from bench.load.contenders import CLIENT_KEY, Lane
from bench.load.loads import Load, Scale
from bench.load.server import Cores, Running, pinned, stats

#: Beyond the measured seconds: opening, warm-up, reading streams to their ends, stalls.
_PATIENCE = 60.0
#: Above this share of its core the load programs themselves are the limit of a rate.
SATURATED = 0.85


class Summary(Struct, frozen=True):
    """A distribution, in microseconds."""

    count: int
    min: float
    p10: float
    p50: float
    p99: float
    max: float
    mean: float


class Faults(Struct, frozen=True):
    """Wrong answers."""

    total: int
    by_kind: dict[str, int]
    first: list[str]


class Report(Struct, frozen=True):
    """What `loadkit load` reports."""

    seconds: float
    requests: int
    events: int
    bytes: int
    reconnects: int
    streams: int
    errors: Faults
    request_us: Summary | None
    ttft_us: Summary | None
    event_us: Summary | None
    gap_us: Summary | None


class Line(Struct, frozen=True):
    """A line that `loadkit load` prints."""

    kind: str
    report: Report | None = None


class Sample(Struct, frozen=True):
    """Clocks at one moment."""

    at: int
    server: int
    mock: int
    load: int
    own: int
    busy: int


class Measurement(Struct, frozen=True):
    """One load through one lane; CPU times in nanoseconds over the window."""

    report: Report
    server_ns: int
    #: Of the core that mock and client share, and of all cores: what neither we nor the server used.
    generators: float
    foreign: float
    #: What is wrong with it, in words; empty when it counts.
    faults: list[str]

    @property
    def is_saturated(self) -> bool:
        return self.generators > SATURATED

    def figure(self, load: Load) -> float | None:
        """The number that this load is about; `None` when nothing was answered."""
        report = self.report
        if load.figure == "cpu_per_event":
            return self.server_ns / report.events / 1000 if report.events else None
        if load.figure == "cpu_per_request":
            return self.server_ns / report.requests / 1000 if report.requests else None
        summary = report.request_us if load.figure == "request_p50" else report.ttft_us
        return summary.p50 if summary else None


class Bench(Struct, frozen=True):
    """What every measurement needs."""

    loadkit: Path
    cores: Cores
    mock: Running


def measure(bench: Bench, server: Running, lane: Lane, load: Load, scale: Scale) -> Measurement:
    """Run a load and sample the clocks at the edges of its window."""
    line = [*pinned(bench.cores.load), str(bench.loadkit), "load", "--url", server.url, "--dialect", lane.dialect]
    line += ["--prefix", lane.prefix, "--key", CLIENT_KEY, *load.command(scale)]
    before = stats(bench.mock)
    samples: dict[str, Sample] = {}
    report: Report | None = None
    with subprocess.Popen(line, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as child:
        watchdog = Timer(scale.seconds + _PATIENCE, child.kill)
        watchdog.start()
        for text in child.stdout or ():
            parsed = msgspec.json.decode(text, type=Line)
            if parsed.report is not None:
                report = parsed.report
            else:
                samples[parsed.kind] = _sample(bench, server, child.pid)
        errors = child.stderr.read() if child.stderr else ""
        watchdog.cancel()
    if report is None:
        raise RuntimeError(f"loadkit ended without a report: {errors.strip() or child.returncode}")
    after = stats(bench.mock)
    sent = (after.requests - before.requests, after.events - before.events)
    return _measurement(report, samples, load, sent, is_mock=lane.kind == "mock")


def _sample(bench: Bench, server: Running, load: int) -> Sample:
    return Sample(
        at=time.monotonic_ns(),
        server=process.tree_cpu_ns(server.pid),
        mock=process.cpu_ns(bench.mock.pid),
        load=process.cpu_ns(load),
        own=process.cpu_ns(os.getpid()),
        busy=process.busy_ns(),
    )


def _measurement(
    report: Report, samples: dict[str, Sample], load: Load, sent: tuple[int, int], *, is_mock: bool
) -> Measurement:
    faults = [f"{report.errors.total} wrong answers, first: {report.errors.first[0]}"] if report.errors.total else []
    start, stop = samples.get("start"), samples.get("stop")
    if start is None or stop is None:
        faults.append("the run ended before its window")
        return Measurement(report=report, server_ns=0, generators=0, foreign=0, faults=faults)
    # a paced window leaves out what was sent before and after it
    if not load.is_paced and not faults and sent != (report.requests, report.events):
        faults.append(
            f"the mock was asked {sent} times for answers and events, the client saw {report.requests, report.events}"
        )
    window = stop.at - start.at
    server, upstream, client = stop.server - start.server, stop.mock - start.mock, stop.load - start.load
    ours = upstream + client + (stop.own - start.own) + (0 if is_mock else server)
    return Measurement(
        report=report,
        server_ns=server,
        generators=(upstream + client) / window,
        foreign=max(0.0, (stop.busy - start.busy - ours) / window),
        faults=faults,
    )
