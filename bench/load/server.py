"""Programs of a benchmark while they run: the mock, and a proxy in front of it, each pinned to its core."""

from __future__ import annotations

import http.client
import os
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Literal

import msgspec

from bench.load import process
from bench.load.contenders import Command, Contender, Lane

_READY_TIMEOUT = 90.0
_STOP_TIMEOUT = 10.0


class Cores(msgspec.Struct, frozen=True):
    """Where what runs: two cores, or everything on one and the figures with that caution."""

    server: int
    load: int


class Stats(msgspec.Struct, frozen=True):
    """What the mock has done (`GET /stats`)."""

    requests: int
    events: int
    open_streams: int
    cut_streams: int
    connections: int


class NotReady(Exception):
    """A server did not come up; the text ends with what it wrote."""


class Running(msgspec.Struct, frozen=True):
    """A server that serves."""

    name: str
    pid: int
    port: int
    lanes: tuple[Lane, ...]

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"


@contextmanager
def mock(loadkit: Path, core: int) -> Iterator[Running]:
    """The mock upstream."""
    line = [*pinned(core), str(loadkit), "mock"]
    with subprocess.Popen(line, stdout=subprocess.PIPE, text=True) as child:
        try:
            address = child.stdout.readline() if child.stdout else ""
            if not address:
                raise NotReady("the mock printed no address")
            lane = Lane(title="mock alone", dialect="openai_chat", kind="mock")
            yield Running(name="mock", pid=child.pid, port=int(address.rpartition(":")[2]), lanes=(lane,))
        finally:
            child.kill()


def stats(upstream: Running) -> Stats:
    """What the mock has done so far."""
    status, body = _get(upstream.port, "/stats")
    if status != 200:
        raise NotReady(f"the mock answered {status} to /stats")
    return msgspec.json.decode(body, type=Stats)


@contextmanager
def started(contender: Contender, folder: Path, upstream: Running, core: int) -> Iterator[Running]:
    """A proxy in front of the mock, once it is ready; stopped, with all its children, at the end."""
    folder.mkdir(parents=True, exist_ok=True)
    port = free_port()
    command = contender.command(folder, port, upstream.port)
    log = folder / "output.log"
    with log.open("wb") as output:
        child = subprocess.Popen(
            [*pinned(core), *command.line],
            stdout=output,
            stderr=subprocess.STDOUT,
            env={**os.environ, **command.environment},
            # a group of its own: no child of it outlives the measurement
            start_new_session=True,
        )
    try:
        _wait_until_ready(child, port, command, log)
        yield Running(name=contender.name, pid=child.pid, port=port, lanes=contender.lanes)
    finally:
        _stop(child)


def pinned(core: int) -> list[str]:
    """What to put before a command so that it runs on this core, and no longer than we do.

    A harness that is killed runs no `finally`; what it had started would go on and disturb every later measurement.
    """
    return ["setpriv", "--pdeathsig", "TERM", "taskset", "--cpu-list", str(core)]


def free_port() -> int:
    """A port that was free a moment ago."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
        return port


def _wait_until_ready(child: subprocess.Popen[bytes], port: int, command: Command, log: Path) -> None:
    deadline = time.monotonic() + _READY_TIMEOUT
    while time.monotonic() < deadline:
        if child.poll() is not None:
            raise NotReady(f"{command.line[0]} ended with {child.returncode}: {_tail(log)}")
        try:
            if _get(port, command.ready)[0] == 200:
                return
        except OSError:
            pass  # nobody listens yet: that is what is waited for
        time.sleep(0.05)
    raise NotReady(f"{command.line[0]} is not ready after {_READY_TIMEOUT:.0f} s: {_tail(log)}")


def _get(port: int, path: str) -> tuple[int, bytes]:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
    try:
        connection.request("GET", path)
        response = connection.getresponse()
        return response.status, response.read()
    finally:
        connection.close()


def _tail(log: Path) -> str:
    return log.read_text(errors="replace")[-2000:].strip() or "it wrote nothing"


def _stop(child: subprocess.Popen[bytes]) -> None:
    _signal(child, signal.SIGTERM)
    try:
        child.wait(_STOP_TIMEOUT)
    except subprocess.TimeoutExpired:
        pass  # the next signal cannot be ignored
    _signal(child, signal.SIGKILL)
    child.wait()


def _signal(child: subprocess.Popen[bytes], number: Literal[signal.Signals.SIGTERM, signal.Signals.SIGKILL]) -> None:
    try:
        os.killpg(child.pid, number)
    except ProcessLookupError:
        pass  # all of the group have ended


def settle(server: Running, longest: float = 5.0) -> None:
    """Wait until a server that has just started does nothing any more."""
    deadline = time.monotonic() + longest
    while time.monotonic() < deadline:
        before = process.tree_cpu_ns(server.pid)
        time.sleep(0.25)
        if process.tree_cpu_ns(server.pid) - before < 2_500_000:
            return
