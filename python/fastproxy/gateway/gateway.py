"""The life of one request: read it, route it, lease an account, exchange, settle."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from functools import partial

from .. import _core
from ..access import KeyRing
from ..asgi import DisconnectWatch, Headers, header, read_body
from ..config import Config
from ..errors import ProxyError
from ..pool import Lease
from ..routing import Route, Router
from ..upstreams import ModelList, Upstream
from .call import Call
from .counts import count_tokens
from .kept import KeptAnswers, Place
from .media import FetchedMedia
from .retries import Attempts, RetryBudget, Waits, fault_of, public
from .snapshot import Snapshot

_LOG = logging.getLogger("fastproxy")
_UNBUFFERED: Headers = [(b"cache-control", b"no-cache"), (b"x-accel-buffering", b"no")]
_EVENT_STREAM: Headers = [(b"content-type", b"text/event-stream; charset=utf-8"), *_UNBUFFERED]
_JSON_STREAM: Headers = [(b"content-type", b"application/json; charset=utf-8"), *_UNBUFFERED]
#: How long a request waits for a slot when every account is full. Seconds.
_MAX_WAIT = 60.0
#: Names are repeated in answers and log lines.
_MAX_MODEL_NAME = 512


class Gateway:
    """Answers requests with the configuration of the moment; requests in flight keep the one they began with."""

    def __init__(self, client: _core.Client, opaque: _core.OpaqueState, config: Config) -> None:
        self.client = client
        self.opaque = opaque
        self.snapshot = Snapshot.build(client, config, None)
        self.is_draining = False
        self._is_cut = False
        self._active: set[Call] = set()
        self.budget = RetryBudget()
        self._models = ModelList(client)
        self.kept = KeptAnswers(self, config.responses.entries)

    # -- state ------------------------------------------------------------------------------------------------------

    def reload(self, config: Config) -> None:
        """Serve new requests by this configuration. Accounts that stay keep their leases and rests."""
        self.snapshot = Snapshot.build(self.client, config, self.snapshot)

    @property
    def keys(self) -> KeyRing:
        """Who may call."""
        return self.snapshot.keys

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
        await self.admit(call, self._answer)

    async def count_tokens(self, call: Call) -> None:
        """A prompt's tokens: asked of the upstream where it can count, else estimated here."""
        await self.admit(call, partial(count_tokens, self))

    # -- steps --------------------------------------------------------------------------------------------------------

    async def admit(self, call: Call, action: Callable[[Call], Awaitable[None]]) -> None:
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
        request = await self.read(call)
        route = self.route(call, request)
        watch = DisconnectWatch(call.receive, call.client_gone)
        try:
            await self._try_candidates(call, request, route, snapshot)
        finally:
            watch.stop()

    async def read(self, call: Call, *, count_only: bool = False) -> _core.Request:
        """The client's request, parsed."""
        limits = self.snapshot.config.limits
        body = await read_body(call.scope, call.receive, limit=limits.body_bytes, idle_timeout=limits.body_idle_timeout)
        version = header(call.headers, b"anthropic-version")
        request = _core.Request.parse(
            call.dialect,
            body,
            self.opaque,
            version=version,
            outside=call.outside,
            json_array=call.wants_array,
            count_only=count_only,
            owner=call.caller.name,
            purpose=call.purpose,
        )
        if len(request.model) > _MAX_MODEL_NAME:
            message = f"model is longer than {_MAX_MODEL_NAME} characters"
            raise ProxyError("bad_request", message, pointer="/model")
        call.notes.update(model=request.model, stream=request.stream)
        return request

    def route(self, call: Call, request: _core.Request) -> Route:
        """Where the request may go."""
        if not call.caller.may_use(request.model):
            raise ProxyError("permission", f"this key may not use the model {request.model!r}", pointer="/model")
        return self.router.route(request.model)

    async def _try_candidates(self, call: Call, request: _core.Request, route: Route, snapshot: Snapshot) -> None:
        """Try every candidate that can carry the request, until one has answered or nothing more may be tried."""
        attempts = Attempts(self.budget)
        failure: ProxyError | None = None
        place = self.kept.place(call.caller, request.continues)
        media = FetchedMedia(self.client, snapshot.config.media)
        candidates = place.among(route.candidates) if place is not None else route.candidates
        for position, candidate in enumerate(candidates, start=1):
            upstream = snapshot.upstreams[candidate.upstream]
            is_last = position == len(candidates)
            try:
                target = upstream.target(candidate.model, call.dialect, call.headers)
                found = await media.wanted_by(request, target)
                prepared = request.prepare(target, owner=call.caller.name, strict=route.strict, media=found)
                failure = await self._try_accounts(call, request, prepared, upstream, attempts, place, wait=is_last)
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
        attempts: Attempts, place: Place | None, *, wait: bool,
    ) -> ProxyError | None:  # fmt: skip
        """Try the accounts of one upstream. `None`: the client has been answered."""
        tried = place.others(upstream.pool) if place is not None else frozenset()
        failure: ProxyError | None = None
        waits = Waits()
        while True:
            try:
                lease = await self.lease(upstream, tried, wait=wait and failure is None)
            except ProxyError:
                if failure is not None:
                    return waits.told_in(failure, upstream.pool)
                raise
            with lease:
                attempts.count += 1
                outcome = await self._attempt(call, request, prepared, upstream, lease, attempts.count)
                if outcome.status != "failed":
                    self.kept.note(call.caller, request, prepared, outcome, Place(upstream.name, lease.account.name))
                    head = self._head(prepared, upstream, attempts.count)
                    await self._deliver(call, request, outcome, lease, head)
                    return None
                failure = outcome.error or ProxyError("internal", "an attempt failed without a reason", source="proxy")
                self.charge(upstream, lease, failure)
                waits.note(lease.account, failure)
            others = tried | {lease.account.name}
            step = attempts.after(outcome, failure, has_other=not wait or upstream.pool.can_serve(excluded=others))
            if step == "give_up":
                return waits.told_in(failure, upstream.pool)
            if step == "other_account":
                tried = others

    async def lease(self, upstream: Upstream, tried: frozenset[str], *, wait: bool) -> Lease:
        """An account that was not tried yet. Raises `ProxyError` when there is none, at once or after a wait."""
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
        exchange = _core.Exchange(
            self.client,
            upstream.endpoint(lease.account),
            upstream.path(call.purpose, model=prepared.model, is_stream=request.stream),
            request,
            prepared,
            headers=upstream.headers(lease.account, call.dialect, call.headers, call.request_id),
            head=call.head(
                *(_JSON_STREAM if call.wants_array else _EVENT_STREAM), *self._head(prepared, upstream, count)
            ),
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
            return await exchange.run()
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

    def charge(self, upstream: Upstream, lease: Lease, error: ProxyError) -> None:
        """Log a failed attempt, and charge its account when that caused it."""
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


def _shutting_down() -> ProxyError:
    return ProxyError("overloaded", "the proxy is shutting down", source="proxy", retry_after_ms=1000, close=True)
