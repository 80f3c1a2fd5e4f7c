"""The life of one request: read it, route it, lease an account, exchange, settle."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Annotated

import msgspec

from .. import _core
from ..access import KeyRing
from ..asgi import DisconnectWatch, header, read_body
from ..config import Config
from ..errors import ProxyError
from ..pool import Need, Pool, Want
from ..routing import DEFAULT, Candidate, Prices, Route, Router, no_price
from ..shared_state import MemoryState, SharedState
from ..upstreams import ModelList, Upstream
from .call import Call
from .hedging import HedgeBudget
from .retries import RetryBudget
from .serving import Serving
from .snapshot import Snapshot

#: Names are repeated in answers and log lines.
_MAX_MODEL_NAME = 512


class _Count(msgspec.Struct):
    """What `count_tokens` answers."""

    input_tokens: Annotated[int, msgspec.Meta(ge=0)]


class Gateway:
    """Answers requests with the configuration of the moment; requests in flight keep the one they began with."""

    def __init__(
        self, client: _core.Client, opaque: _core.OpaqueState, config: Config,
        *, state: SharedState | None = None, prices: Prices = no_price,
    ) -> None:  # fmt: skip
        self.client = client
        self.opaque = opaque
        self.state: SharedState = state or MemoryState()
        self._prices = prices
        self.snapshot = Snapshot.build(client, config, None, state=self.state, prices=prices)
        self.is_draining = False
        self._is_cut = False
        self._active: set[Call] = set()
        self._retries = RetryBudget()
        self._hedges = HedgeBudget()
        self._models = ModelList(client)

    # -- state ------------------------------------------------------------------------------------------------------

    def reload(self, config: Config) -> None:
        """Serve new requests by this configuration. Accounts that stay keep their leases and rests."""
        self.snapshot = Snapshot.build(self.client, config, self.snapshot, state=self.state, prices=self._prices)

    @property
    def keys(self) -> KeyRing:
        """Who may call."""
        return self.snapshot.keys

    @property
    def router(self) -> Router:
        """Where models go."""
        return self.snapshot.router

    def pools(self) -> dict[str, Pool]:
        """The accounts of every upstream."""
        return {name: upstream.pool for name, upstream in self.snapshot.upstreams.items()}

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
        request, size = await self._read(call)
        route = self._route(call, request)
        watch = DisconnectWatch(call.receive, call.client_gone)
        try:
            serving = Serving(self.client, call, request, size, snapshot, self._retries, self._hedges)
            await serving.run(route)
        finally:
            watch.stop()

    async def _count(self, call: Call) -> None:
        request, _ = await self._read(call, count_only=True)
        route = self._route(call, request)
        upstream = self.snapshot.upstreams[route.candidates[0].upstream]
        counted = None
        watch = DisconnectWatch(call.receive, call.client_gone)
        try:
            if upstream.counts_tokens():
                counted = await self._count_upstream(call, request, upstream, route.candidates[0])
        finally:
            watch.stop()
        await call.respond(200, counted or b'{"input_tokens":%d}' % request.estimate_tokens())

    async def _read(self, call: Call, *, count_only: bool = False) -> tuple[_core.Request, int]:
        limits = self.snapshot.config.limits
        body = await read_body(call.scope, call.receive, limit=limits.body_bytes, idle_timeout=limits.body_idle_timeout)
        version = header(call.headers, b"anthropic-version")
        request = _core.Request.parse(call.dialect, body, self.opaque, version=version, count_only=count_only)
        if len(request.model) > _MAX_MODEL_NAME:
            message = f"model is longer than {_MAX_MODEL_NAME} characters"
            raise ProxyError("bad_request", message, pointer="/model")
        call.notes.update(model=request.model, stream=request.stream)
        return request, len(body)

    def _route(self, call: Call, request: _core.Request) -> Route:
        caller = call.caller
        model = caller.default_model if request.model == DEFAULT and caller.default_model else request.model
        if not caller.may_use(model):
            raise ProxyError("permission", f"this key may not use the model {model!r}", pointer="/model")
        return self.router.route(model, may_use=caller.may_use)

    async def _count_upstream(
        self, call: Call, request: _core.Request, upstream: Upstream, candidate: Candidate
    ) -> bytes | None:
        prepared = request.prepare(upstream.target(candidate.model, call.dialect, call.headers), owner=call.caller.name)
        need = Need(candidate.model, candidate.tags, call.pinned)
        try:
            lease = await upstream.pool.acquire(Want(need=need, caller=call.caller.name, at_once=True))
        except ProxyError:
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
                upstream.pool.charge(lease, error)
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
