"""The life of one simulated request: who is asked, what is planned, what is told, how it is delivered."""

import asyncio
import time
from functools import partial

from msgspec.structs import replace

from fastproxy.demo.accounts import behaviour, of_key
from fastproxy.demo.body import BodyWriter, Transfer
from fastproxy.demo.coding import CODERS
from fastproxy.demo.compose import compose
from fastproxy.demo.delivery import Cut, Delivery, Ending, Stage, planned, send_stream, send_whole
from fastproxy.demo.dialects.dialect import Context, Dialect, Renderer, Reply
from fastproxy.demo.errors import Header, Kind, Refused
from fastproxy.demo.record import Recorded
from fastproxy.demo.script import Page, Plan
from fastproxy.demo.service import Service
from fastproxy.demo.sse import Frame, dumps
from fastproxy.demo.wire import Connection, HttpRequest

JSON_LABEL, STREAM_LABEL = "application/json", "text/event-stream"
ENDS_WITH_CONNECTION = {"until-close", "http10"}
NEEDS_CHUNKS = {"chunked", "length-and-chunked", "trailers", "chunk-extensions"}
PLAIN = Delivery()
# `HEAD /` is how Claude Code looks whether anybody is there.
ROOT = Page(status=200, headers=(("content-type", "text/plain"),), body=b"simulated upstream\n")


class Response:
    """Answers one request on one connection."""

    def __init__(self, service: Service, connection: Connection, record: Recorded, origin: str) -> None:
        self._service = service
        self._connection = connection
        self._record = record
        self._origin = origin
        self._is_head = False
        self._body: BodyWriter | None = None

    @property
    def is_whole(self) -> bool:
        """Was everything written, so that the client may leave?"""
        return self._body is not None and self._body.is_whole

    async def run(self, request: HttpRequest) -> Delivery | None:
        """Answer. The delivery tells what becomes of the connection; None: close it. Raises `Cut` where the plan breaks off."""
        self._is_head = request.method == "HEAD"
        dialect, exists = self._service.dialect_of(request)
        if request.path == "/" and not exists:
            return await self._page(ROOT, PLAIN)
        ids = self._service.ids
        context = Context(
            vocabulary=self._service.vocabulary, ids=ids, now=time.time(), request_id=dialect.request_id(ids)
        )
        try:
            if not exists:
                raise Refused(Kind.NOT_FOUND, f"Invalid URL ({request.method} {request.path})")
            return await self._answer(request, dialect, context)
        except Refused as refused:
            return await self._refuse(dialect, context, refused, dialect.status(refused), PLAIN)

    async def _answer(self, request: HttpRequest, dialect: Dialect, context: Context) -> Delivery | None:
        added = behaviour(dialect.key(request), is_needed=dialect.needs_key(request))
        account = self._service.vocabulary.plan(added) if added else None
        if account and account.mishap and account.mishap.refuse:
            raise of_key(account.mishap.refuse())
        opened = dialect.open(request, context)
        if isinstance(opened, Reply):
            content = dumps(opened.body, dialect.indent).encode()
            return await self._whole(opened.status, content, [*dialect.headers(context, None), *opened.headers], PLAIN)
        plan = self._service.struck(opened.plan)
        if account is not None:
            plan = replace(plan, delivery=account.delivery)
        if plan.delivery.delay_ms:
            await asyncio.sleep(plan.delivery.delay_ms / 1000)
        return await self._tell(opened, plan, dialect, context)

    async def _tell(self, renderer: Renderer, plan: Plan, dialect: Dialect, context: Context) -> Delivery | None:
        """The mishap of the plan if it has one, else the story: one-shot or streamed."""
        delivery, mishap = plan.delivery, plan.mishap
        if mishap is not None and mishap.page is not None:
            return await self._page(mishap.page, delivery)
        if mishap is not None and mishap.refuse is not None:
            refused = mishap.refuse()
            return await self._refuse(dialect, context, refused, mishap.status or dialect.status(refused), delivery)
        overloaded = Refused(Kind.OVERLOADED, "the service is overloaded")
        if delivery.ending is Ending.ERROR and not renderer.ask.stream:
            raise overloaded
        story = compose(renderer.ask, plan)
        headers = dialect.headers(context, None)
        if not renderer.ask.stream:
            return await self._whole(200, dumps(renderer.whole(story), dialect.indent).encode(), headers, delivery)
        error = dialect.error_frames(overloaded, context.request_id)
        frames, torn = planned(renderer.frames(story), partial(renderer.failing, error), delivery)
        return await self._stream(frames, torn, renderer, headers, delivery)

    async def _refuse(
        self, dialect: Dialect, context: Context, refused: Refused, status: int, delivery: Delivery
    ) -> Delivery | None:
        headers = [*dialect.headers(context, refused.exhausted), *refused.headers]
        content = dumps(dialect.error_body(refused, context.request_id), dialect.indent).encode()
        return await self._whole(status, content, headers, delivery)

    async def _page(self, page: Page, delivery: Delivery) -> Delivery | None:
        headers = [(name, value.replace("{origin}", self._origin)) for name, value in page.headers]
        return await self._whole(page.status, page.body, headers, delivery)

    async def _whole(self, status: int, content: bytes, headers: list[Header], delivery: Delivery) -> Delivery | None:
        is_chunked = (
            delivery.coding or delivery.ending in (Ending.CLEAN, Ending.BAD_CHUNK) or delivery.http & NEEDS_CHUNKS
        )
        transfer = Transfer.CHUNKED if is_chunked else Transfer.LENGTH
        label = STREAM_LABEL if "wrong-type" in delivery.http else JSON_LABEL
        body = await self._begin(transfer, status, _typed(headers, label), len(content), delivery)
        await send_whole(body, b"" if self._is_head else content, delivery)
        return None if body.ends_connection else delivery

    async def _stream(
        self, frames: list[Frame], torn: Frame | None, renderer: Renderer, headers: list[Header], delivery: Delivery
    ) -> Delivery | None:
        label = JSON_LABEL if "wrong-type" in delivery.http else renderer.stream_type
        headers = [*_typed(headers, label), ("cache-control", "no-cache")]
        body = await self._begin(Transfer.CHUNKED, 200, headers, None, delivery)

        def encode(frame: Frame, number: int, last: bool) -> bytes:
            return renderer.encode(frame, delivery.style, number, last)

        await send_stream(body, frames, torn, encode, delivery)
        return None if body.ends_connection else delivery

    async def _begin(
        self, transfer: Transfer, status: int, headers: list[Header], length: int | None, delivery: Delivery
    ) -> BodyWriter:
        """Write the head, or what of it arrives by the plan."""
        if delivery.http & ENDS_WITH_CONNECTION or status < 200:
            transfer = Transfer.CLOSE
        self._body = body = BodyWriter(self._connection, CODERS[delivery.coding](), transfer, delivery.http)
        self._record.status = status
        is_faulty = delivery.ending is not Ending.COMPLETE
        if is_faulty and delivery.stage is Stage.SILENT:
            raise Cut(delivery.ending)
        head = body.head(status, headers, length)
        if is_faulty and delivery.stage is Stage.HEAD:
            await self._connection.write(head[: len(head) // 2])
            raise Cut(delivery.ending)
        await self._connection.write(head)
        await body.bomb(delivery.bomb_mb)
        return body


def _typed(headers: list[Header], label: str) -> list[Header]:
    """The headers with a content type, unless they have one."""
    return headers if any(name == "content-type" for name, _ in headers) else [("content-type", label), *headers]
