"""ASGI as the proxy needs it: reading a body within limits, answering, noticing that a client left."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

from .errors import ProxyError

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Headers = list[tuple[bytes, bytes]]


class ClientDisconnected(Exception):
    """The client closed its connection before its request was complete: there is nobody to answer."""


def header(headers: Headers, name: bytes) -> str | None:
    """The first header of this (lower-case) name."""
    for key, value in headers:
        if key == name:
            return value.decode("latin-1")
    return None


def headers_named(headers: Headers, name: bytes) -> list[str]:
    """Every header of this (lower-case) name."""
    return [value.decode("latin-1") for key, value in headers if key == name]


class Body:
    """A request body, piece by piece within limits.

    `next` raises `ProxyError` `too_large` past `limit` bytes (by Content-Length before anything is read),
    `request_timeout` after `idle_timeout` seconds without progress (granian has no such limit), and
    `ClientDisconnected`.
    """

    def __init__(self, scope: Scope, receive: Receive, *, limit: int, idle_timeout: float) -> None:
        self.declared = _content_length(scope["headers"])
        self.is_over = False
        self._receive = receive
        self._limit = limit
        self._idle_timeout = idle_timeout
        self._size = 0

    async def next(self) -> bytes:
        """The next piece, which may be empty; `is_over` tells whether it was the last."""
        if self.declared is not None and self.declared > self._limit:
            raise _too_large(self._limit)
        try:
            async with asyncio.timeout(self._idle_timeout):
                message = await self._receive()
        except TimeoutError:
            raise ProxyError("request_timeout", "the request body stopped arriving", close=True) from None
        if message["type"] == "http.disconnect":
            raise ClientDisconnected
        piece = bytes(message.get("body", b""))
        self._size += len(piece)
        if self._size > self._limit:
            raise _too_large(self._limit)
        # With a Content-Length the end is known without another trip through the server's queue (17 µs on granian).
        self.is_over = not message.get("more_body", False) or self._size == self.declared
        return piece


async def read_body(scope: Scope, receive: Receive, *, limit: int, idle_timeout: float) -> bytes:
    """The whole request body. Raises what `Body.next` raises."""
    body = Body(scope, receive, limit=limit, idle_timeout=idle_timeout)
    pieces: list[bytes] = []
    while not body.is_over:
        pieces.append(await body.next())
    return pieces[0] if len(pieces) == 1 else b"".join(pieces)


def _content_length(headers: Headers) -> int | None:
    value = header(headers, b"content-length")
    return int(value) if value is not None and value.isdecimal() else None


def _too_large(limit: int) -> ProxyError:
    return ProxyError("too_large", f"the request body is larger than {limit} bytes", close=True)


class DisconnectWatch:
    """Calls back once when the client goes away.

    Granian neither cancels the task nor fails `send` when a client leaves; only `receive()` tells. Its awaitables have
    `add_done_callback`, which saves a task per request; other servers hand out coroutines, which need one.
    """

    def __init__(self, receive: Receive, on_gone: Callable[[], None]) -> None:
        self._receive = receive
        self._on_gone = on_gone
        self._is_over = False
        self._pending: Any = None
        self._listen()

    def stop(self) -> None:
        """Watch no longer. The callback is not called after this."""
        self._is_over = True
        # Granian's awaitable is invisible to the garbage collector: holding it while it holds our callback keeps both,
        # and with them the whole request, for ever (measured: 6.5 KB per request on a kept-alive connection).
        pending, self._pending = self._pending, None
        if pending is not None:
            pending.cancel()

    def _listen(self) -> None:
        waiting = self._receive()
        if not hasattr(waiting, "add_done_callback"):
            waiting = asyncio.ensure_future(waiting)
        self._pending = waiting
        waiting.add_done_callback(self._received)

    def _received(self, done: Any) -> None:
        if self._is_over or done.cancelled():
            return
        if done.exception() is None and done.result()["type"] != "http.disconnect":
            self._listen()
            return
        self._is_over = True
        self._on_gone()


class SendPump:
    """Sends messages in order on the event loop, for servers other than granian. Rust pushes, one at a time."""

    def __init__(self, send: Send, ready: Callable[[bool], None]) -> None:
        self.loop = asyncio.get_running_loop()
        self._send = send
        self._ready = ready
        self._task: asyncio.Task[None] | None = None

    def push(self, message: Message) -> None:
        """Send this; `ready` is called with whether the client is still there. Called on the loop."""
        self._task = self.loop.create_task(self._run(message, self._task))

    async def _run(self, message: Message, before: asyncio.Task[None] | None) -> None:
        if before is not None:
            await before
        try:
            await self._send(message)
        except OSError:
            # What servers raise for a client that left (ASGI 2.4): the exchange ends as cancelled.
            self._ready(False)
        else:
            self._ready(True)


async def send_response(send: Send, status: int, headers: Headers, body: bytes, *, is_head: bool = False) -> None:
    """One complete response; for HEAD without its body, but with the length it would have."""
    headers = [*headers, (b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    if is_head:
        body = b""
    await send({"type": "http.response.body", "body": body, "more_body": False})


async def send_text(send: Send, status: int, text: str) -> None:
    """One line of plain text."""
    await send_response(send, status, [(b"content-type", b"text/plain; charset=utf-8")], text.encode())


async def send_json(send: Send, status: int, body: bytes, headers: Headers | None = None) -> None:
    """JSON that is already bytes."""
    await send_response(send, status, [(b"content-type", b"application/json"), *(headers or [])], body)
