"""The life of one request: read it, route it, lease an account, exchange, settle."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from functools import partial

from .. import _core
from ..access import Caller, KeyRing
from ..asgi import DisconnectWatch, header, read_body
from ..config import Config
from ..errors import ProxyError
from ..pool import Pool
from ..routing import Route, Router
from ..shared_state import SharedState
from ..upstreams import ModelList
from .bill import Billed
from .books import Books
from .call import Call
from .counts import count_tokens
from .hedging import HedgeBudget
from .kept import KeptAnswers
from .permission import route_for
from .retries import RetryBudget
from .serving import Serving
from .snapshot import Snapshot

#: Names are repeated in answers and log lines.
_MAX_MODEL_NAME = 512


class Gateway:
    """Answers requests with the configuration of the moment; requests in flight keep the one they began with."""

    def __init__(self, client: _core.Client, opaque: _core.OpaqueState, config: Config, books: Books) -> None:
        self.client = client
        self.opaque = opaque
        self.books = books
        self.state: SharedState = books.state
        self.snapshot = Snapshot.build(client, config, None, state=self.state, prices=books.price_of)
        self.is_draining = False
        self._is_cut = False
        self._active: set[Call] = set()
        self.retries = RetryBudget()
        self.hedges = HedgeBudget()
        self._models = ModelList(client)
        self.kept = KeptAnswers(self, config.responses.entries)

    # -- state ------------------------------------------------------------------------------------------------------

    def reload(self, config: Config) -> None:
        """Serve new requests by this configuration. Accounts that stay keep their leases and rests."""
        self.books.reload(config)
        self.snapshot = Snapshot.build(self.client, config, self.snapshot, state=self.state, prices=self.books.price_of)

    @property
    def keys(self) -> KeyRing:
        """Who may call."""
        return self.books.ring

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
        """A generation, streamed or whole; or whatever else a model is asked for."""
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
        route = self.route(call.caller, request.model)
        watch = DisconnectWatch(call.receive, call.client_gone)
        try:
            with await self.books.bill(call, Billed.of(request)):
                await Serving(self, call, request, snapshot).run(route)
        finally:
            watch.stop()

    async def read(self, call: Call, *, count_only: bool = False) -> _core.Request:
        """The client's request, parsed."""
        limits = self.snapshot.config.limits
        body = await read_body(call.scope, call.receive, limit=limits.body_bytes, idle_timeout=limits.body_idle_timeout)
        call.body_bytes = len(body)
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
            operation=call.operation,
        )
        if len(request.model) > _MAX_MODEL_NAME:
            message = f"model is longer than {_MAX_MODEL_NAME} characters"
            raise ProxyError("bad_request", message, pointer="/model")
        call.notes.update(model=request.model, stream=request.stream)
        return request

    def route(self, caller: Caller, model: str) -> Route:
        """Where a caller's request for this model may go. Raises `ProxyError`."""
        return route_for(self.router, caller, model)


def _shutting_down() -> ProxyError:
    return ProxyError("overloaded", "the proxy is shutting down", source="proxy", retry_after_ms=1000, close=True)
