"""Answers that a client may refer to later: kept here for upstreams that keep none, else at the account that gave them.

What is kept elsewhere is remembered by its place: an id is good at one account only, and what one client key was given
is nobody else's, though both may share that account.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import quote, urlencode

import msgspec

from .. import _core
from ..access.keys import Caller
from ..errors import ProxyError
from ..pool import Lease, Need, Want
from ..routing import Candidate
from ..upstreams import Upstream
from .bill import Billed
from .call import Call
from .retries import public
from .verdict import charge

if TYPE_CHECKING:
    from .gateway import Gateway

#: What a page of items may be asked with.
_PAGE = ("limit", "order", "after", "before", "include", "include[]")
_TIMEOUT = 30.0


class Place(NamedTuple):
    """Where an answer is kept, and the model's name that the client knows."""

    upstream: str
    account: str
    model: str = ""

    def among(self, candidates: Sequence[Candidate]) -> list[Candidate]:
        """The candidates that can continue it. Raises `ProxyError` when there are none."""
        found = [candidate for candidate in candidates if candidate.upstream == self.upstream]
        if not found:
            raise ProxyError(
                "bad_request",
                "the previous response was given by another upstream than this model's",
                code="previous_response_not_found",
                pointer="/previous_response_id",
            )
        return found

    def pin(self, chosen: str) -> str:
        """The account that knows it. Raises `ProxyError` when the client has chosen another one."""
        if chosen not in ("", self.account):
            raise ProxyError(
                "bad_request",
                "the previous response was given by another account than x-fastproxy-account names",
                code="previous_response_not_found",
                pointer="/previous_response_id",
            )
        return self.account


class KeptAnswers:
    """Finds what a client refers to."""

    def __init__(self, gateway: Gateway, entries: int) -> None:
        self._gateway = gateway
        self._entries = entries
        #: By id, the oldest first: two upstreams may give the same id.
        self._places: OrderedDict[str, dict[str, Place]] = OrderedDict()

    # -- while answering --------------------------------------------------------------------------------------------

    def note(
        self, caller: Caller, request: _core.Request, prepared: _core.Prepared, outcome: _core.Outcome, place: Place
    ) -> None:
        """Remember the place of an answer that its upstream keeps."""
        id = outcome.upstream_id
        if outcome.status != "completed" or id is None or not prepared.is_kept_upstream:
            return
        self._places.setdefault(id, {})[caller.name] = place._replace(model=request.model)
        self._places.move_to_end(id)
        while len(self._places) > self._entries:
            self._places.popitem(last=False)

    def place(self, caller: Caller, id: str | None) -> Place | None:
        """Where a request must go to be continued; `None`: anywhere. Raises `ProxyError` for another client's answer,
        which is told as if there were none."""
        if id is None:
            return None
        places = self._places.get(id, {})
        if caller.name in places:
            return places[caller.name]
        if places or self._gateway.keys.is_shared:
            raise ProxyError(
                "bad_request",
                f"Previous response with id '{id}' not found.",
                code="previous_response_not_found",
                pointer="/previous_response_id",
            )
        return None

    # -- endpoints --------------------------------------------------------------------------------------------------

    async def show(self, call: Call) -> None:
        """`GET /v1/responses/{id}`."""
        if call.query.get("stream", "false") != "false":
            raise ProxyError(
                "bad_request", "a kept response is not streamed again: leave out stream", pointer="/stream"
            )
        await self._find(call, lambda id: self._gateway.opaque.response(call.caller.name, id))

    async def delete(self, call: Call) -> None:
        """`DELETE /v1/responses/{id}`."""
        await self._find(call, lambda id: self._gateway.opaque.delete_response(call.caller.name, id))
        self._places.get(call.arguments["id"], {}).pop(call.caller.name, None)

    async def items(self, call: Call) -> None:
        """`GET /v1/responses/{id}/input_items`."""
        query = call.query
        page = {name: query.get(name) for name in ("limit", "order", "after")}
        await self._find(
            call, lambda id: self._gateway.opaque.response_items(call.caller.name, id, **page), below="/input_items"
        )

    async def _find(self, call: Call, here: Callable[[str], bytes], *, below: str = "") -> None:
        # Counted against the key's limits, but free: no row tells of it.
        with await self._gateway.books.bill(call, Billed(model="", metering="free")):
            await self._found(call, here, below)

    async def _found(self, call: Call, here: Callable[[str], bytes], below: str) -> None:
        id = call.arguments["id"]
        place = self._places.get(id, {}).get(call.caller.name)
        upstream = self._gateway.snapshot.upstreams.get(place.upstream) if place is not None else None
        if place is None or upstream is None:
            await call.respond(200, here(id))
            return
        need = Need(pin=place.pin(call.pinned))
        with await upstream.pool.acquire(Want(need=need, caller=call.caller.name, at_once=True)) as lease:
            body = await self._ask(call, upstream, lease, f"/{quote(id, safe='')}{below}")
        await call.respond(200, renamed(body, place.model))

    async def _ask(self, call: Call, upstream: Upstream, lease: Lease, below: str) -> bytes:
        page = [(name, value) for name, value in call.query_pairs if name in _PAGE]
        limits = self._gateway.snapshot.config.limits
        try:
            status, _, body = await self._gateway.client.fetch(
                upstream.endpoint(lease.account),
                upstream.path("generate", below=below, query=urlencode(page)),
                method=call.scope["method"],
                headers=upstream.headers(lease.account, call.dialect, call.headers, call.request_id),
                timeout=_TIMEOUT,
                max_bytes=limits.response_bytes,
            )
            if status != 200:
                raise _core.decode_error(upstream.dialect, status, body)
        except ProxyError as error:
            charge(upstream, lease, error)
            raise public(error) from None
        upstream.pool.succeed(lease)
        return body


def renamed(body: bytes, model: str) -> bytes:
    """A response object under the name that its client knows the model by; anything else as it is."""
    try:
        members = msgspec.json.decode(body, type=dict[str, msgspec.Raw])
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        raise ProxyError("upstream", "the upstream's answer is not valid JSON", source="upstream") from None
    if "model" not in members:
        return body
    members["model"] = msgspec.Raw(msgspec.json.encode(model))
    return msgspec.json.encode(members)
