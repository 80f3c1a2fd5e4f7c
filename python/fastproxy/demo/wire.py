"""HTTP/1.1 by the byte: reads whole requests from one connection, writes exactly what it is told, knows when the client left.

A pump task reads the socket all the time, also while an answer is being written, so a client that goes away is noticed at once.
"""

import asyncio
import json
import re
import socket
import struct
import time
from collections.abc import Callable, Sequence
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

import msgspec

from fastproxy.demo.errors import Header

MAX_HEAD = 64 * 1024
MAX_BODY = 64 * 1024 * 1024
READ_SIZE = 64 * 1024
CHUNK_SIZE = re.compile(rb"[0-9a-fA-F]{1,16}")


class Malformed(Exception):
    """What arrived is not an HTTP/1.1 request; the answer is a 400 (or the status given) and a close."""

    def __init__(self, message: str, status: int = 400) -> None:
        super().__init__(message)
        self.status = status


class HttpRequest(msgspec.Struct, frozen=True, kw_only=True):
    """One request as it came: header names lower-cased, order and duplicates kept, the body untouched."""

    method: str
    target: str
    path: str
    query: dict[str, str]
    headers: tuple[Header, ...]
    body: bytes
    keep_alive: bool = True
    is_body_unread: bool = False
    """The answer is due although the body has not been read."""

    def header(self, name: str) -> str | None:
        """The first header called `name` (lower case)."""
        return next((value for key, value in self.headers if key == name), None)

    def json(self) -> Any:
        """The body as JSON; raises ValueError when it is not."""
        return json.loads(self.body)


class Connection:
    """One accepted connection. `gone` is set when the client closed, reset or half-closed it."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, serial: int) -> None:
        self.serial = serial
        self.gone = asyncio.Event()
        self.gone_at: float | None = None
        self._reader = reader
        self._writer = writer
        self._buffer = bytearray()
        self._news = asyncio.Event()
        self._room = asyncio.Event()
        self._pump = asyncio.create_task(self._read_all(), name=f"simulation-pump-{serial}")
        writer.transport.set_write_buffer_limits(high=0)  # drain() then means: handed to the kernel

    async def _read_all(self) -> None:
        try:
            while data := await self._reader.read(READ_SIZE):
                self._buffer += data
                self._news.set()
                while len(self._buffer) > MAX_HEAD + MAX_BODY:
                    self._room.clear()
                    await self._room.wait()
        except ConnectionError:
            pass  # a reset is a departure like any other
        # not in a `finally`: when we close first the pump is cancelled, and the client has not left
        self.gone_at = time.monotonic()
        self.gone.set()
        self._news.set()

    async def _more(self) -> bool:
        """Wait for further bytes; False when none will come."""
        if self.gone.is_set():
            return False
        self._news.clear()
        await self._news.wait()
        return True

    async def first_byte(self) -> bool:
        """Wait until a request begins to arrive; False when the client closed the connection instead."""
        while not self._buffer:
            if not await self._more():
                return bool(self._buffer)
        return True

    async def _line_block(self, end: bytes, limit: int) -> bytes:
        """Bytes up to and without `end`, which is consumed too."""
        while (at := self._buffer.find(end)) < 0 and len(self._buffer) <= limit:
            if not await self._more():
                raise Malformed("connection ended inside a request")
        if not 0 <= at <= limit:
            raise Malformed("head too large", 431)
        return self._take(at + len(end))[:at]

    def _take(self, count: int) -> bytes:
        taken = bytes(self._buffer[:count])
        del self._buffer[:count]
        self._room.set()
        return taken

    async def _exactly(self, count: int) -> bytes:
        while len(self._buffer) < count:
            if not await self._more():
                raise Malformed("connection ended inside a body")
        return self._take(count)

    async def read_request(self, is_hasty: Callable[[Sequence[Header]], bool]) -> HttpRequest:
        """One request. Raises `Malformed` for anything that HTTP/1.1 does not allow. `is_hasty` tells by the headers
        that the answer will not wait for the body."""
        head = await self._line_block(b"\r\n\r\n", MAX_HEAD)
        lines = head.split(b"\r\n")
        method, target, version = _request_line(lines[0])
        headers = tuple(_header_line(line) for line in lines[1:])
        named = dict(headers)
        if sum(name in ("content-length", "transfer-encoding") for name, _ in headers) > 1:
            raise Malformed("more than one statement of the body's length")
        hasty = is_hasty(headers)
        if version == "HTTP/1.1" and named.get("expect", "").lower() == "100-continue" and not hasty:
            await self.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        parts = urlsplit(target)
        wanted = named.get("connection", "").lower()
        return HttpRequest(
            method=method,
            target=target,
            path=unquote(parts.path),
            query=dict(parse_qsl(parts.query, keep_blank_values=True)),
            headers=headers,
            body=b"" if hasty else await self._body(named),
            keep_alive=wanted == "keep-alive" if version == "HTTP/1.0" else wanted != "close",
            is_body_unread=hasty,
        )

    async def _body(self, headers: dict[str, str]) -> bytes:
        coding, length = headers.get("transfer-encoding"), headers.get("content-length")
        if coding is not None:
            if coding.strip().lower() != "chunked":
                raise Malformed(f"unknown transfer-encoding {coding!r}", 501)
            return await self._chunked()
        if length is None:
            return b""
        if not length.isascii() or not length.isdigit():
            raise Malformed("content-length is not a number")
        if int(length) > MAX_BODY:
            raise Malformed("body too large", 413)
        return await self._exactly(int(length))

    async def _chunked(self) -> bytes:
        body = bytearray()
        while True:
            line = await self._line_block(b"\r\n", MAX_HEAD)
            match = CHUNK_SIZE.fullmatch(line.split(b";", 1)[0].strip())
            if match is None:
                raise Malformed("chunk size is not a hexadecimal number")
            size = int(match[0], 16)
            if len(body) + size > MAX_BODY:
                raise Malformed("body too large", 413)
            if size == 0:
                while await self._line_block(b"\r\n", MAX_HEAD):
                    continue  # trailers are read and dropped
                return bytes(body)
            body += await self._exactly(size)
            if await self._exactly(2) != b"\r\n":
                raise Malformed("chunk without its line end")

    async def write(self, data: bytes) -> None:
        """Write and wait until the kernel has it. A client that left raises ConnectionError."""
        if self._writer.transport.is_closing():
            raise ConnectionResetError("the client went away")
        self._writer.write(data)
        await self._writer.drain()

    async def half_close(self) -> None:
        """Send FIN but go on reading until the client closes too, so that what was written is not lost to a reset."""
        self._writer.write_eof()
        while not self.gone.is_set():
            self._take(len(self._buffer))
            await self._more()

    async def finish(self) -> None:
        """Close with FIN after what was written."""
        self._pump.cancel()
        self._writer.close()
        try:
            await self._writer.wait_closed()
        except ConnectionError:
            pass  # closing a connection that the client reset: nothing is left to do
        finally:
            await asyncio.gather(self._pump, return_exceptions=True)

    async def reset(self) -> None:
        """Close with RST: lingering for zero seconds makes the kernel send one instead of a FIN."""
        raw = self._writer.get_extra_info("socket")
        if raw is not None:
            raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self._writer.transport.abort()
        await self.finish()


def _request_line(line: bytes) -> tuple[str, str, str]:
    parts = line.decode("latin-1").split(" ")
    if len(parts) != 3 or parts[2] not in ("HTTP/1.1", "HTTP/1.0"):
        raise Malformed("not an HTTP/1.1 request line")
    return parts[0], parts[1], parts[2]


def _header_line(line: bytes) -> Header:
    name, colon, value = line.decode("latin-1").partition(":")
    if not colon or not name or name != name.strip():
        raise Malformed("not a header line")
    return name.lower(), value.strip()
