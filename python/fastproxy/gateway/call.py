"""One client request on its way through the gateway: who asks what, and how they are answered."""

from __future__ import annotations

import asyncio
import random
import re
import time
from urllib.parse import parse_qsl

from .. import _core
from ..access.keys import ANYBODY, Caller
from ..asgi import Headers, Receive, Scope, Send, header, send_response
from ..errors import ProxyError

_REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{1,128}")
_JSON: tuple[bytes, bytes] = (b"content-type", b"application/json")
_TEXT: tuple[bytes, bytes] = (b"content-type", b"text/plain; charset=utf-8")


def new_request_id() -> str:
    """A UUIDv7: sorts by time, unique without coordination (RFC 9562 §5.7). An identifier, not a secret: it need not
    cost a system call."""
    stamp = time.time_ns() // 1_000_000
    high, low = random.getrandbits(12), random.getrandbits(62)
    value = (stamp & 0xFFFF_FFFF_FFFF) << 80 | 0x7 << 76 | high << 64 | 0b10 << 62 | low
    text = f"{value:032x}"
    return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"


def speaks(headers: Headers) -> str:
    """The dialect of a caller whose path does not tell: only Anthropic's clients send `anthropic-version`."""
    return "anthropic" if header(headers, b"anthropic-version") is not None else "openai_chat"


class Call:
    """State of one request. Lives from the first byte to the last."""

    def __init__(self, scope: Scope, receive: Receive, send: Send, *, dialect: str | None) -> None:
        self.scope = scope
        self.receive = receive
        self.send = send
        self.headers: Headers = scope["headers"]
        self.dialect = dialect or speaks(self.headers)
        self.request_id = self._request_id()
        self.caller: Caller = ANYBODY
        #: The rest of the path, for endpoints that take one.
        self.argument = ""
        #: Headers of every response to this request (CORS).
        self.extra: Headers = []
        self.started_at = time.perf_counter()
        self.status = 0
        self.is_client_gone = False
        self.is_cut = False
        #: Attempts under way: one, or two that race.
        self.exchanges: set[_core.Exchange] = set()
        self._task = asyncio.current_task()
        #: What the access log tells besides.
        self.notes: dict[str, object] = {}

    @property
    def query(self) -> dict[str, str]:
        """The query's last value per name."""
        return dict(parse_qsl(self.scope["query_string"].decode("latin-1")))

    @property
    def pinned(self) -> str:
        """The account that the caller wants to be served by. Raises `ProxyError` when it may not choose."""
        name = header(self.headers, b"x-fastproxy-account")
        if name is None or not name.strip():
            return ""
        if not self.caller.pin_accounts:
            raise ProxyError("permission", "this key may not choose an account (x-fastproxy-account)")
        return name.strip()

    def client_gone(self) -> None:
        """The client left: end whatever is done for it."""
        self.is_client_gone = True
        if self.exchanges:
            for exchange in self.exchanges:
                exchange.cancel("client_gone")
        elif self._task is not None:
            self._task.cancel()

    def cut(self) -> None:
        """The process ends: the client is told so, in an event when its answer has begun."""
        self.is_cut = True
        if self.exchanges:
            for exchange in self.exchanges:
                exchange.cancel("shutdown")
        elif self.status == 0 and self._task is not None:
            self._task.cancel()

    def head(self, *headers: tuple[bytes, bytes]) -> Headers:
        """Response headers: these, and those that every response has."""
        identity = self.request_id.encode()
        return [*headers, (b"x-request-id", identity), (b"request-id", identity), *self.extra]

    async def respond(self, status: int, body: bytes, *headers: tuple[bytes, bytes]) -> None:
        """A whole JSON response."""
        await self._respond(status, body, self.head(_JSON, *headers))

    async def respond_text(self, status: int, text: str) -> None:
        """One line of plain text."""
        await self._respond(status, text.encode(), self.head(_TEXT))

    async def respond_error(self, error: ProxyError) -> None:
        """An error in the caller's dialect."""
        status, body = _core.encode_error(
            self.dialect,
            kind=error.kind,
            source=error.source,
            message=error.message,
            request_id=self.request_id,
            pointer=error.pointer,
            code=error.code,
            retry_after_ms=error.retry_after_ms,
        )
        self.notes["error"] = error.kind
        await self._respond(status, body, self.head(_JSON, *error.headers()))

    def note_outcome(self, outcome: _core.Outcome) -> None:
        """What the access log tells of an answer."""
        self.notes.update(finish=outcome.finish, ttft_ms=outcome.ttft_ms, served=outcome.upstream_model)
        self.notes.update({f"tokens_{name}": count for name, count in outcome.usage.items() if count is not None})
        if outcome.losses:
            self.notes["answer_loss"] = [f"{code}={path}" for code, path, _ in outcome.losses]
        if outcome.error is not None:
            self.notes["error"] = outcome.error.kind

    async def finish_stream(self) -> None:
        """The end of a response whose bytes the exchange has sent."""
        await self.send({"type": "http.response.body", "body": b"", "more_body": False})

    async def _respond(self, status: int, body: bytes, headers: Headers) -> None:
        self.status = status
        await send_response(self.send, status, headers, body, is_head=self.scope["method"] == "HEAD")

    def _request_id(self) -> str:
        sent = header(self.headers, b"x-request-id")
        return sent if sent is not None and _REQUEST_ID.fullmatch(sent) else new_request_id()
