"""Bodies that are none of the proxy's business: passed on to an upstream of OpenAI's dialect, both ways as they come.

Images, sounds, files and batches can be of any size, so a body is held only as far as it takes to find the model in it.
"""

from __future__ import annotations

import asyncio
import contextlib
from functools import partial
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import quote, urlencode

from msgspec.structs import replace

from .. import _core
from ..asgi import Body, ClientDisconnected, DisconnectWatch, header
from ..errors import ProxyError
from ..guards import is_json
from ..pool import Lease, Need, Want
from ..upstreams import Upstream
from .bill import Billed
from .call import Call
from .deadline import Deadline
from .named_model import in_json, in_multipart
from .retries import Attempts, Waits, public
from .verdict import charge

if TYPE_CHECKING:
    from .gateway import Gateway

#: Among so many first bytes of a form the model's name is looked for.
_PREFIX = 256 * 2**10
_DIALECTS = ("openai_chat", "openai_responses")
#: What a client may tell the upstream besides the body.
_FORWARDED = (b"content-type", b"accept", b"range", b"openai-beta")
#: Our own client key may stand here; it is nobody else's.
_KEY_PARAMETERS = ("key", "api_key", "api-key")


class _Content(NamedTuple):
    """As much of a body as was read before its destination was known. `rest`: there may be more."""

    start: bytes
    rest: Body | None
    #: Declared length of all of it, after the model's name was exchanged.
    length: int | None


class _Destination(NamedTuple):
    """Who gets it."""

    upstream: Upstream
    need: Need

    @property
    def model(self) -> str | None:
        """The model's name there, where one is named."""
        return self.need.model or None


async def pass_on(gateway: Gateway, call: Call) -> None:
    """Pass a request and its answer on."""
    await gateway.admit(call, partial(_pass_on, gateway))


async def _pass_on(gateway: Gateway, call: Call) -> None:
    path = _path(call)
    content, (upstream, need) = await _read(gateway, call)
    asked = str(call.notes.get("model", ""))
    with await gateway.books.bill(call, Billed(model=asked, metering="unknown")) as bill:
        bill.aim(upstream.name, need.model)
        await _try_accounts(gateway, call, upstream, need, path, content)


async def _try_accounts(
    gateway: Gateway, call: Call, upstream: Upstream, need: Need, path: str, content: _Content
) -> None:
    deadline = Deadline(call.headers)
    attempts, waits = Attempts(gateway.retries, deadline), Waits()
    want = Want(need=need, caller=call.caller.name)
    lease = await upstream.pool.acquire(want, patience=deadline.patience(upstream.pooling.max_wait))
    while True:
        with lease:
            attempts.count += 1
            outcome = await _attempt(gateway, call, upstream, lease, path, content)
            upstream.pool.observe(lease, outcome.upstream_headers)
            if outcome.status != "failed":
                await _deliver(call, outcome, lease, upstream)
                return
            failure = outcome.error or ProxyError("internal", "an attempt failed without a reason", source="proxy")
            lease.is_undone = outcome.upstream_status is None and outcome.retry_class == "safe"
            charge(upstream, lease, failure, was_sent=outcome.retry_class != "safe")
            waits.note(lease.account, failure)
        others = replace(want, excluded=want.excluded | {lease.account.name}, at_once=True)
        has_other = upstream.pool.can_serve(others)
        # What has begun to arrive is gone and cannot be sent again. Nobody knows what a body does that is done twice, so the
        # account that may have done it is not asked again.
        may_repeat = content.rest is None and (has_other or outcome.retry_class == "safe")
        step = attempts.after(outcome, failure, has_other=has_other) if may_repeat else "give_up"
        if step == "give_up" or (step == "other_account" and not has_other):
            raise public(waits.told_in(failure, upstream.pool, others))
        want = others if step == "other_account" else replace(want, at_once=True)
        try:
            lease = await upstream.pool.acquire(want)
        except ProxyError:
            raise public(waits.told_in(failure, upstream.pool, others)) from None


def _path(call: Call) -> str:
    """The path and query behind the base URL."""
    if b"%2f" in (call.scope.get("raw_path") or b"").lower():
        raise ProxyError("not_found", "no path here has an encoded slash", code="unknown_path")
    path = call.scope["path"].removeprefix("/openai").removeprefix("/v1")
    if any(segment in ("", ".", "..") for segment in path[1:].split("/")):
        raise ProxyError("not_found", f"there is nothing at {call.scope['path']}", code="unknown_path")
    query = urlencode([(name, value) for name, value in call.query_pairs if name.lower() not in _KEY_PARAMETERS])
    return quote(path) + (f"?{query}" if query else "")


async def _read(gateway: Gateway, call: Call) -> tuple[_Content, _Destination]:
    """Read until the destination is known. A JSON body is read whole, within the usual limit."""
    config = gateway.snapshot.config
    is_document = is_json(call.headers)
    limit = config.limits.body_bytes if is_document else config.passthrough.body_bytes
    body = Body(call.scope, call.receive, limit=limit, idle_timeout=config.limits.body_idle_timeout)
    pieces, size = [], 0
    while not body.is_over and (is_document or size < _PREFIX):
        pieces.append(await body.next())
        size += len(pieces[-1])
    start = b"".join(pieces)
    media_type = header(call.headers, b"content-type") or ""
    named = in_json(start) if is_document else in_multipart(start, media_type)
    destination = _destination(gateway, call, named.model if named else None)
    length = body.declared
    if named is not None and destination.model is not None:
        renamed = named.renamed(destination.model)
        length = length + len(renamed) - len(start) if length is not None else None
        start = renamed
    return _Content(start, None if body.is_over else body, length), destination


def _destination(gateway: Gateway, call: Call, model: str | None) -> _Destination:
    upstreams = gateway.snapshot.upstreams
    caller = call.caller
    if model is not None:
        call.notes["model"] = model
        for candidate in gateway.route(caller, model).candidates:
            upstream = upstreams[candidate.upstream]
            if upstream.dialect in _DIALECTS:
                return _Destination(upstream, Need(candidate.model, candidate.tags, call.pinned))
        raise ProxyError("bad_request", "this model's upstream does not speak OpenAI's dialect", pointer="/model")
    name = gateway.snapshot.config.passthrough.upstream
    if name is None:
        message = "the request names no model, and the proxy has no upstream for such ([passthrough] upstream)"
        raise ProxyError("bad_request", message, code="no_passthrough")
    if caller.terms.models is not None:
        raise ProxyError("permission", "this key is for named models only")
    upstream = upstreams[name]
    # Files and batches belong to one account: another would not find them.
    return _Destination(upstream, Need(pin=call.pinned or next(iter(upstream.pool.accounts))))


async def _attempt(
    gateway: Gateway, call: Call, upstream: Upstream, lease: Lease, path: str, content: _Content
) -> _core.Outcome:
    limits = gateway.snapshot.config.limits
    forwarded = [(name.decode(), value) for name in _FORWARDED if (value := header(call.headers, name)) is not None]
    has_body = content.rest is not None or bool(content.start)
    passage = _core.Passage(
        gateway.client,
        upstream.endpoint(lease.account),
        call.scope["method"],
        upstream.extended(path),
        dialect_name=upstream.dialect,
        headers=[*upstream.headers(lease.account, "", [], call.request_id, has_body=has_body), *forwarded],
        head=call.head((b"x-fastproxy-upstream", upstream.name.encode())),
        send=call.send,
        timeouts=upstream.passing_seconds(limits.max_stream_seconds),
        response_bytes=limits.stream_bytes,
        body=content.start if content.rest is None else None,
        length=content.length,
    )
    call.bill.attempt(upstream.name, lease.account.name)
    call.exchanges.add(passage)
    call.notes.update(upstream=upstream.name, account=lease.account.name)
    feeding = asyncio.get_running_loop().create_task(_feed(call, passage, content))
    try:
        if call.is_client_gone or call.is_cut:
            passage.cancel("client_gone" if call.is_client_gone else "shutdown")
        outcome = await passage.run()
        call.bill.ended(outcome, lease.account.name)
    finally:
        call.exchanges.discard(passage)
        passage.cancel("client_gone")
        feeding.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await feeding
    return outcome


async def _feed(call: Call, passage: _core.Passage, content: _Content) -> None:
    """Hand the rest of the body over as it comes, then watch for the client's leaving."""
    body = content.rest
    if body is not None:
        try:
            is_taken = await passage.feed(content.start)
            while is_taken and not body.is_over:
                is_taken = await passage.feed(await body.next())
        except ClientDisconnected:
            call.client_gone()
            return
        except ProxyError:
            passage.cancel("client_gone")
            raise
        if not is_taken:
            return
        passage.end()
    watch = DisconnectWatch(call.receive, call.client_gone)
    try:
        await asyncio.get_running_loop().create_future()
    finally:
        watch.stop()


async def _deliver(call: Call, outcome: _core.Outcome, lease: Lease, upstream: Upstream) -> None:
    status = outcome.upstream_status or 200
    call.notes["bytes"] = outcome.bytes_out
    if outcome.status == "cancelled":
        call.status = 499
        return
    if outcome.status == "aborted":
        # Returning without the last chunk closes the connection abnormally.
        call.status = status
        return
    upstream.pool.succeed(lease)
    if outcome.bytes_out == 0:
        await call.respond_empty(status, (b"x-fastproxy-upstream", upstream.name.encode()))
        return
    call.status = status
    await call.finish_stream()
