"""One client request on its way through the gateway: who asks what, and how they are answered."""

from __future__ import annotations

import asyncio
import random
import re
import time
from collections.abc import Mapping
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl

from .. import _core
from ..access.keys import ANYBODY, Caller
from ..asgi import Headers, Receive, Scope, Send, header, send_response
from ..errors import ProxyError

if TYPE_CHECKING:
    from .bill import Bill

_REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{1,128}")
_JSON: tuple[bytes, bytes] = (b"content-type", b"application/json")
#: Media type of server-sent events.
EVENTS = b"text/event-stream; charset=utf-8"
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
    """The dialect of a caller whose path does not tell: only Anthropic's clients send `anthropic-version`, only Google's
    the others."""
    if header(headers, b"anthropic-version") is not None:
        return "anthropic"
    is_google = any(header(headers, name) is not None for name in (b"x-goog-api-key", b"x-goog-api-client"))
    return "gemini" if is_google else "openai_chat"


class Call:
    """State of one request. Lives from the first byte to the last."""

    def __init__(self, scope: Scope, receive: Receive, send: Send, *, dialect: str | None) -> None:
        self.scope = scope
        self.receive = receive
        self.send = send
        self.headers: Headers = scope["headers"]
        self.dialect = dialect or speaks(self.headers)
        #: Ours alone: a client may send one request id for many requests, and each is billed.
        self.own_id = new_request_id()
        self.request_id = self._request_id()
        self.caller: Caller = ANYBODY
        #: The values of the path's parameters.
        self.arguments: Mapping[str, str] = {}
        #: What is asked for: the endpoint says.
        self.purpose = "generate"
        #: Model and streaming, where the path says them.
        self.outside: tuple[str, bool] | None = None
        #: A stream is wanted as one JSON array and not as events.
        self.wants_array = False
        #: The rest of the path, for endpoints that take one.
        self.argument = ""
        #: Which of the dialect's operations is asked for, where it has several.
        self.operation: str | None = None
        #: Media type of a streamed answer.
        self.stream_type = EVENTS
        #: Headers of every response to this request (CORS).
        self.extra: Headers = []
        self.body_bytes = 0
        #: Set once the request is understood: `bill`.
        self.open_bill: Bill | None = None
        self.started_at = time.perf_counter()
        self.status = 0
        self.is_client_gone = False
        self.is_cut = False
        #: Attempts under way: one, or two that race.
        self.exchanges: set[_core.Exchange | _core.Passage] = set()
        self._task = asyncio.current_task()
        #: What the access log tells besides.
        self.notes: dict[str, object] = {}

    @property
    def query(self) -> dict[str, str]:
        """The query's last value per name."""
        return dict(self.query_pairs)

    @property
    def query_pairs(self) -> list[tuple[str, str]]:
        """The query as it was sent."""
        return parse_qsl(self.scope["query_string"].decode("latin-1"))

    @property
    def bill(self) -> Bill:
        """What the request may use and uses."""
        if self.open_bill is None:
            raise RuntimeError("the request has no bill yet")
        return self.open_bill

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

    async def respond_empty(self, status: int, *headers: tuple[bytes, bytes]) -> None:
        """A response without a body."""
        await self._respond(status, b"", self.head(*headers))

    async def respond_as(self, media_type: bytes, body: bytes) -> None:
        """A whole response of another media type."""
        await self._respond(200, body, self.head((b"content-type", media_type)))

    async def respond_text(self, status: int, text: str) -> None:
        """One line of plain text."""
        await self._respond(status, text.encode(), self.head(_TEXT))

    async def respond_plain(self, status: int, body: bytes, content_type: str) -> None:
        """A body of another type."""
        await self._respond(status, body, self.head((b"content-type", content_type.encode())))

    async def respond_error(self, error: ProxyError, *, status: int | None = None) -> None:
        """An error in the caller's dialect; `status`: another than the dialect's."""
        usual, body = _core.encode_error(
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
        await self._respond(status or usual, body, self.head(_JSON, *error.headers()))

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
        return sent if sent is not None and _REQUEST_ID.fullmatch(sent) else self.own_id
