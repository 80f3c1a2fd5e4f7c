"""The life of one request: read it, route it, lease an account, exchange, settle."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import Annotated

import msgspec

from .. import _core
from ..access import KeyRing
from ..asgi import DisconnectWatch, Headers, header, read_body
from ..config import Config
from ..errors import ProxyError
from ..pool import Lease
from ..routing import Candidate, Route, Router
from ..upstreams import ModelList, Upstream
from .books import Books
from .call import Call
from .retries import Attempts, RetryBudget, Waits, fault_of, public
from .snapshot import Snapshot

_LOG = logging.getLogger("fastproxy")
_EVENT_STREAM: Headers = [
    (b"content-type", b"text/event-stream; charset=utf-8"),
    (b"cache-control", b"no-cache"),
    (b"x-accel-buffering", b"no"),
]
#: How long a request waits for a slot when every account is full. Seconds.
_MAX_WAIT = 60.0
#: Names are repeated in answers and log lines.
_MAX_MODEL_NAME = 512


class _Count(msgspec.Struct):
    """What `count_tokens` answers."""

    input_tokens: Annotated[int, msgspec.Meta(ge=0)]


class Gateway:
    """Answers requests with the configuration of the moment; requests in flight keep the one they began with."""

    def __init__(self, client: _core.Client, opaque: _core.OpaqueState, config: Config, books: Books) -> None:
        self.client = client
        self.opaque = opaque
        self.books = books
        self.snapshot = Snapshot.build(client, config, None)
        self.is_draining = False
        self._is_cut = False
        self._active: set[Call] = set()
        self._budget = RetryBudget()
        self._models = ModelList(client)

    # -- state ------------------------------------------------------------------------------------------------------

    def reload(self, config: Config) -> None:
        """Serve new requests by this configuration. Accounts that stay keep their leases and rests."""
        self.snapshot = Snapshot.build(self.client, config, self.snapshot)
        self.books.reload(config)

    @property
    def keys(self) -> KeyRing:
        """Who may call."""
        return self.books.ring

    @property
    def router(self) -> Router:
        """Where models go."""
        return self.snapshot.router

    def in_flight(self) -> int:
        """Requests not yet answered, whether or not they have reached an upstream."""
        return len(self._active)

    def cut_streams(self) -> None:
        """End what is still running: each client gets its dialect's error event, then an abnormal close."""
        self._is_cut = True
        for call in list(self._active):
            call.cut()

    def not_ready(self) -> str | None:
        """Why new requests are not welcome."""
        if self.is_draining:
            return "draining"
        if not self.books.is_open:
            return "starting"
        return None if self.snapshot.upstreams else "no upstream is configured"

    async def model_names(self) -> list[str]:
        """The models that can be asked for: those configured, and what upstreams behind a pattern say they have."""
        names = dict.fromkeys(self.router.names())
        for upstream in self.router.open_upstreams():
            listed = await self._models.names(self.snapshot.upstreams[upstream])
            names.update(dict.fromkeys(name for name in listed if self.knows(name)))
        return list(names)

    def knows(self, name: str) -> bool:
        """Whether a model of this name can be asked for."""
        try:
            self.router.route(name)
        except ProxyError:
            return False
        return True

    # -- actions of endpoints ---------------------------------------------------------------------------------------

    async def answer(self, call: Call) -> None:
        """A generation, streamed or whole."""
        await self._admit(call, self._answer)

    async def count_tokens(self, call: Call) -> None:
        """`count_tokens`: asked of the upstream where it can count, else estimated here."""
        await self._admit(call, self._count)

    # -- steps --------------------------------------------------------------------------------------------------------

    async def _admit(self, call: Call, action: Callable[[Call], Awaitable[None]]) -> None:
        """One request that counts as in flight until it is answered, the client leaves or the process ends."""
        limits = self.snapshot.config.limits
        if self._is_cut:
            raise _shutting_down()
        if 0 < limits.connections <= len(self._active):
            raise ProxyError("overloaded", "too many requests are in flight", source="proxy", retry_after_ms=1000)
        self._active.add(call)
        try:
            await action(call)
        except asyncio.CancelledError:
            if call.is_cut and not call.is_client_gone:
                raise _shutting_down() from None
            if not call.is_client_gone:
                raise
            call.status = 499
        finally:
            self._active.discard(call)

    async def _answer(self, call: Call) -> None:
        snapshot = self.snapshot
        request = await self._read(call)
        route = self._route(call, request)
        watch = DisconnectWatch(call.receive, call.client_gone)
        try:
            with await self.books.bill(call, request):
                await self._try_candidates(call, request, route, snapshot)
        finally:
            watch.stop()

    async def _count(self, call: Call) -> None:
        request = await self._read(call, count_only=True)
        route = self._route(call, request)
        upstream = self.snapshot.upstreams[route.candidates[0].upstream]
        counted = None
        watch = DisconnectWatch(call.receive, call.client_gone)
        try:
            with await self.books.bill(call, request):
                if upstream.counts_tokens():
                    counted = await self._count_upstream(call, request, upstream, route.candidates[0])
        finally:
            watch.stop()
        await call.respond(200, counted or b'{"input_tokens":%d}' % request.estimate_tokens())

    async def _read(self, call: Call, *, count_only: bool = False) -> _core.Request:
        limits = self.snapshot.config.limits
        body = await read_body(call.scope, call.receive, limit=limits.body_bytes, idle_timeout=limits.body_idle_timeout)
        call.body_bytes = len(body)
        version = header(call.headers, b"anthropic-version")
        request = _core.Request.parse(call.dialect, body, self.opaque, version=version, count_only=count_only)
        if len(request.model) > _MAX_MODEL_NAME:
            message = f"model is longer than {_MAX_MODEL_NAME} characters"
            raise ProxyError("bad_request", message, pointer="/model")
        call.notes.update(model=request.model, stream=request.stream)
        return request

    def _route(self, call: Call, request: _core.Request) -> Route:
        if not call.caller.may_use(request.model):
            raise ProxyError("permission", f"this key may not use the model {request.model!r}", pointer="/model")
        return self.router.route(request.model)

    async def _try_candidates(self, call: Call, request: _core.Request, route: Route, snapshot: Snapshot) -> None:
        """Try every candidate that can carry the request, until one has answered or nothing more may be tried."""
        attempts = Attempts(self._budget)
        failure: ProxyError | None = None
        for position, candidate in enumerate(route.candidates, start=1):
            upstream = snapshot.upstreams[candidate.upstream]
            is_last = position == len(route.candidates)
            try:
                target = upstream.target(candidate.model, call.dialect, call.headers)
                prepared = request.prepare(target, owner=call.caller.name, strict=route.strict)
                await call.bill.reserve(prepared, upstream.name, candidate.model)
                failure = await self._try_accounts(call, request, prepared, upstream, attempts, wait=is_last)
            except ProxyError as error:
                failure = failure or error
                continue
            if failure is None:
                return
            if failure.retry == "never" or attempts.is_over:
                break
        raise public(failure or ProxyError("internal", "no candidate was tried", source="proxy"))

    async def _try_accounts(
        self, call: Call, request: _core.Request, prepared: _core.Prepared, upstream: Upstream,
        attempts: Attempts, *, wait: bool,
    ) -> ProxyError | None:  # fmt: skip
        """Try the accounts of one upstream. `None`: the client has been answered."""
        tried: frozenset[str] = frozenset()
        failure: ProxyError | None = None
        waits = Waits()
        while True:
            try:
                lease = await self._lease(upstream, tried, wait=wait and failure is None)
            except ProxyError:
                if failure is not None:
                    return waits.told_in(failure, upstream.pool)
                raise
            with lease:
                attempts.count += 1
                outcome = await self._attempt(call, request, prepared, upstream, lease, attempts.count)
                if outcome.status != "failed":
                    head = self._head(prepared, upstream, attempts.count)
                    await self._deliver(call, request, outcome, lease, head)
                    return None
                failure = outcome.error or ProxyError("internal", "an attempt failed without a reason", source="proxy")
                self._charge(upstream, lease, failure)
                waits.note(lease.account, failure)
            others = tried | {lease.account.name}
            step = attempts.after(outcome, failure, has_other=not wait or upstream.pool.can_serve(excluded=others))
            if step == "give_up":
                return waits.told_in(failure, upstream.pool)
            if step == "other_account":
                tried = others

    async def _lease(self, upstream: Upstream, tried: frozenset[str], *, wait: bool) -> Lease:
        if not wait:
            lease = upstream.pool.try_acquire(excluded=tried)
            if lease is None:
                raise ProxyError("overloaded", "every account is busy", source="proxy", retry="other_account")
            return lease
        return await upstream.pool.acquire(excluded=tried, patience=_MAX_WAIT)

    async def _attempt(
        self, call: Call, request: _core.Request, prepared: _core.Prepared, upstream: Upstream, lease: Lease, count: int
    ) -> _core.Outcome:
        limits = self.snapshot.config.limits
        call.bill.attempt(upstream.name, lease.account.name)
        exchange = _core.Exchange(
            self.client,
            upstream.endpoint(lease.account),
            upstream.path(),
            request,
            prepared,
            headers=upstream.headers(lease.account, call.dialect, call.headers, call.request_id),
            head=call.head(*_EVENT_STREAM, *self._head(prepared, upstream, count)),
            send=call.send,
            request_id=call.request_id,
            timeouts=upstream.seconds(request.stream, limits.max_stream_seconds),
            event_bytes=limits.event_bytes,
            response_bytes=limits.stream_bytes if request.stream else limits.response_bytes,
        )
        call.exchange = exchange
        try:
            if call.is_client_gone or call.is_cut:
                exchange.cancel("client_gone" if call.is_client_gone else "shutdown")
            outcome = await exchange.run()
            call.bill.ended(outcome)
            return outcome
        except asyncio.CancelledError:
            exchange.cancel("client_gone" if call.is_client_gone else "shutdown")
            raise
        finally:
            call.exchange = None
            call.notes.update(upstream=upstream.name, account=lease.account.name, attempts=count)
            if prepared.loss_header is not None:
                call.notes["loss"] = [f"{code}={path}" for code, path, _ in prepared.losses]

    async def _deliver(
        self, call: Call, request: _core.Request, outcome: _core.Outcome, lease: Lease, head: Headers
    ) -> None:
        call.note_outcome(outcome)
        if outcome.status == "aborted":
            # The error event is out; returning without the last chunk closes the connection abnormally, which is what
            # makes SDKs raise instead of taking half an answer for a whole one.
            call.status = 200
            return
        if outcome.status == "cancelled":
            call.status = 499
            return
        lease.account.succeed(lease)
        if request.stream:
            call.status = 200
            await call.finish_stream()
        elif outcome.body is not None:
            await call.respond(200, outcome.body, *head)

    def _head(self, prepared: _core.Prepared, upstream: Upstream, count: int) -> Headers:
        """What an answer tells of its way."""
        headers = [(b"x-fastproxy-upstream", upstream.name.encode()), (b"x-fastproxy-attempts", b"%d" % count)]
        if (loss := prepared.loss_header) is not None:
            headers.append((b"x-fastproxy-loss", loss.encode()))
        return headers

    def _charge(self, upstream: Upstream, lease: Lease, error: ProxyError) -> None:
        fault = fault_of(error)
        _LOG.warning(
            "attempt failed",
            extra={"fields": {
                "upstream": upstream.name, "account": lease.account.name, "error": error.kind,
                "upstream_status": error.upstream_status, "message": error.message,
            }},
        )  # fmt: skip
        if fault is not None:
            upstream.pool.charge(lease.account, fault, error.retry_after_ms)

    async def _count_upstream(
        self, call: Call, request: _core.Request, upstream: Upstream, candidate: Candidate
    ) -> bytes | None:
        prepared = request.prepare(upstream.target(candidate.model, call.dialect, call.headers), owner=call.caller.name)
        lease = upstream.pool.try_acquire()
        if lease is None:
            return None
        with lease:
            try:
                status, _, body = await self.client.fetch(
                    upstream.endpoint(lease.account),
                    upstream.path("/count_tokens"),
                    headers=upstream.headers(lease.account, call.dialect, call.headers, call.request_id),
                    body=prepared.body,
                )
            except ProxyError as error:
                self._charge(upstream, lease, error)
                return None
        return body if status == 200 and _is_count(body) else None


def _shutting_down() -> ProxyError:
    return ProxyError("overloaded", "the proxy is shutting down", source="proxy", retry_after_ms=1000, close=True)


def _is_count(body: bytes) -> bool:
    try:
        msgspec.json.decode(body, type=_Count)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return False
    return True
