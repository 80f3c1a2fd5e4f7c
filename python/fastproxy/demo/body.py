"""One HTTP response on the wire: its head, its body in a transfer coding, and the oddities that servers are known for."""

import asyncio
from collections.abc import Sequence
from enum import StrEnum
from http import HTTPStatus

from fastproxy.demo.coding import Coder
from fastproxy.demo.errors import Header
from fastproxy.demo.wire import Connection

SHORT_BY = 128
BOMB_BLOCK = b" " * (1 << 20)  # blanks are no event in SSE and no value in JSON: only their number hurts


class Transfer(StrEnum):
    LENGTH = "length"
    CHUNKED = "chunked"
    CLOSE = "close"


class BodyWriter:
    """Writes one response. Each `write` is one chunk and one write on the socket."""

    def __init__(self, connection: Connection, coder: Coder, transfer: Transfer, oddities: frozenset[str]) -> None:
        self._connection = connection
        self._coder = coder
        self._transfer = transfer
        self._odd = oddities
        self.is_whole = False
        """All content was written; a client that leaves now has everything, as SDKs that stop reading at the terminator do."""

    def head(self, status: int, headers: Sequence[Header], length: int | None) -> bytes:
        """The response head; `length` is the size of a one-shot body that is not coded."""
        odd = self._odd
        version = "HTTP/1.0" if "http10" in odd else "HTTP/1.1"
        lines = [f"{version} {status} {_reason(status)}"]
        lines += [f"{name}: {value}" for name, value in headers if not (name == "content-type" and "no-type" in odd)]
        if self._coder.name:
            lines.append(f"content-encoding: {self._coder.name}")
        if self._transfer is Transfer.CHUNKED:
            lines.append("transfer-encoding: chunked")
        if self._transfer is Transfer.CLOSE:
            lines.append("connection: close")
        if length is not None and self._transfer is Transfer.LENGTH:
            lines.append(f"content-length: {length + (SHORT_BY if 'short-body' in odd else 0)}")
        lines += _odd_lines(odd)
        return _before(odd) + ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1")

    async def write(self, content: bytes) -> None:
        await self._send(self._coder.feed(content))

    async def _send(self, data: bytes) -> None:
        if not data:
            return
        if self._transfer is Transfer.CHUNKED:
            extension = b";note=simulated" if "chunk-extensions" in self._odd else b""
            data = b"%x%s\r\n%s\r\n" % (len(data), extension, data)
        await self._connection.write(data)

    async def bomb(self, megabytes: int) -> None:
        """So many MiB of blanks, which a compressing coder makes a thousand times smaller."""
        for _ in range(megabytes):
            await self.write(BOMB_BLOCK)
            await asyncio.sleep(0)
        if megabytes:
            await self.write(b"\n")

    async def bad_chunk(self) -> None:
        """A chunk size that is none."""
        await self._connection.write(b"0xZZ\r\nnot a chunk\r\n")

    async def finish(self) -> None:
        """End the content coding and the transfer coding properly."""
        self.is_whole = True
        await self._send(self._coder.finish())
        if self._transfer is Transfer.CHUNKED:
            trailers = b"x-trailer: simulated\r\n" if "trailers" in self._odd else b""
            await self._connection.write(b"0\r\n" + trailers + b"\r\n")
        if "extra-bytes" in self._odd:
            await self._connection.write(b"HTTP/1.1 200 OK\r\ncontent-length: 6\r\n\r\nforged")

    @property
    def ends_connection(self) -> bool:
        return self._transfer is Transfer.CLOSE or "short-body" in self._odd


def _reason(status: int) -> str:
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return "Site Overloaded"  # 529 is in no registry


def _before(odd: frozenset[str]) -> bytes:
    """Informational responses that precede the real one."""
    before = b"HTTP/1.1 100 Continue\r\n\r\n" if "continue" in odd else b""
    return before + (
        b"HTTP/1.1 103 Early Hints\r\nlink: </style.css>; rel=preload\r\n\r\n" if "early-hints" in odd else b""
    )


def _odd_lines(odd: frozenset[str]) -> list[str]:
    lines = []
    if "two-lengths" in odd:
        lines += ["content-length: 5", "content-length: 6"]
    if "length-and-chunked" in odd:
        lines += ["content-length: 5"]
    if "header-bomb" in odd:
        lines += [f"x-bomb-{number}: {'x' * 100}" for number in range(10_000)]
    return lines
