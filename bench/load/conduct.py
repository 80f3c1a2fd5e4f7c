"""What a proxy does with clients that misbehave: one leaves, one never reads."""

from __future__ import annotations

import socket
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from msgspec import Struct

from bench.load import process
from bench.load.contenders import CLIENT_KEY, Lane
from bench.load.rounds import Way
from bench.load.server import Running, stats

#: The upstream call must be closed this soon after the client has gone.
LEAVE_LIMIT_MS = 50.0
#: What a proxy may keep for a client that does not read, sockets aside.
UNREAD_LIMIT = 16 * 2**20

_GIVE_UP = 5.0
#: 40 MB, as fast as anybody takes them; and an event every 100 ms for a minute.
_FLOOD = "m-200000-0"
_TRICKLE = "m-600-100000"
_PATHS = {"openai_chat": "/v1/chat/completions", "anthropic": "/v1/messages"}


class Conduct(Struct, frozen=True):
    """How one lane behaved."""

    lane: Lane
    #: Milliseconds until the upstream call was closed; `None`: not within five seconds.
    left_ms: float | None
    #: Bytes that the process grew by.
    unread_bytes: int
    #: Why nothing could be found out.
    error: str = ""

    @property
    def faults(self) -> list[str]:
        if self.error:
            return [f"{self.lane.title}: {self.error}"]
        faults = []
        if self.left_ms is None or self.left_ms > LEAVE_LIMIT_MS:
            faults.append(
                f"{self.lane.title}: upstream still open {self.left_ms or _GIVE_UP * 1000:.0f} ms after the client left"
            )
        if self.unread_bytes > UNREAD_LIMIT:
            faults.append(
                f"{self.lane.title}: holds {self.unread_bytes / 2**20:.0f} MiB for a client that does not read"
            )
        return faults


def run(upstream: Running, ways: Sequence[Way]) -> list[Conduct]:
    """Try every lane."""
    found = [_conduct(upstream, way) for way in ways]
    for conduct in found:
        left = "never" if conduct.left_ms is None else f"{conduct.left_ms:.1f} ms"
        shown = conduct.error or f"left {left}  unread {conduct.unread_bytes / 2**20:.1f} MiB"
        print(f"conduct         {conduct.lane.title:26} {shown}", file=sys.stderr)
    return found


def _conduct(upstream: Running, way: Way) -> Conduct:
    try:
        return Conduct(lane=way.lane, left_ms=_leave(upstream, way), unread_bytes=_never_read(way))
    except OSError as error:
        return Conduct(lane=way.lane, left_ms=None, unread_bytes=0, error=f"no stream to misbehave on: {error}")
    finally:
        _await_streams(upstream, 0)


def _leave(upstream: Running, way: Way) -> float | None:
    with _asking(way, _TRICKLE) as client:
        client.recv(1)
        if not _await_streams(upstream, 1):
            return None
    left = time.monotonic()
    return (time.monotonic() - left) * 1000 if _await_streams(upstream, 0) else None


def _never_read(way: Way) -> int:
    before = process.tree_memory(way.server.pid).rss
    with _asking(way, _FLOOD) as client:
        client.recv(1)
        largest = before
        for _ in range(15):
            time.sleep(0.1)
            largest = max(largest, process.tree_memory(way.server.pid).rss)
    return largest - before


def _await_streams(upstream: Running, count: int) -> bool:
    deadline = time.monotonic() + _GIVE_UP
    while time.monotonic() < deadline:
        if stats(upstream).open_streams == count:
            return True
    return False


@contextmanager
def _asking(way: Way, model: str) -> Iterator[socket.socket]:
    """A client that has asked for a stream. It leaves without a word at the end."""
    lane = way.lane
    body = f'{{"model":"{lane.prefix}{model}","stream":true,"max_tokens":64,"messages":[{{"role":"user","content":"Hello."}}]}}'
    head = (
        f"POST {_PATHS[lane.dialect]} HTTP/1.1\r\nhost: {way.server.url.removeprefix('http://')}\r\n"
        f"authorization: Bearer {CLIENT_KEY}\r\nanthropic-version: 2023-06-01\r\ncontent-type: application/json\r\n"
        f"content-length: {len(body)}\r\n\r\n"
    )
    with socket.socket() as client:
        # small, so that a proxy cannot leave much to the kernel
        client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 64 * 1024)
        client.settimeout(_GIVE_UP)
        client.connect(("127.0.0.1", way.server.port))
        client.sendall((head + body).encode())
        yield client
