"""Bodies that are none of the proxy's business: passed on to an upstream of OpenAI's dialect, both ways as they come.

Images, sounds, files and batches can be of any size, so a body is held only as far as it takes to find the model in it.
"""

from __future__ import annotations

import asyncio
import contextlib
from functools import partial
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import quote, urlencode

from .. import _core
from ..asgi import Body, ClientDisconnected, DisconnectWatch, header
from ..errors import ProxyError
from ..guards import is_json
from ..pool import Lease
from ..upstreams import Upstream
from .call import Call
from .named_model import in_json, in_multipart
from .retries import Attempts, public

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
    """Who gets it. `account`: the only one that has what the path names."""

    upstream: Upstream
    account: str | None
    model: str | None


async def pass_on(gateway: Gateway, call: Call) -> None:
    """Pass a request and its answer on."""
    await gateway.admit(call, partial(_pass_on, gateway))


async def _pass_on(gateway: Gateway, call: Call) -> None:
    path = _path(call)
    content, destination = await _read(gateway, call)
    upstream, account, _ = destination
    tried = frozenset(a.name for a in upstream.pool.accounts if account not in (None, a.name))
    attempts = Attempts(gateway.budget)
    while True:
        with await gateway.lease(upstream, tried, wait=attempts.count == 0) as lease:
            attempts.count += 1
            outcome = await _attempt(gateway, call, upstream, lease, path, content)
            if outcome.status != "failed":
                await _deliver(call, outcome, lease, upstream)
                return
            failure = outcome.error or ProxyError("internal", "an attempt failed without a reason", source="proxy")
            gateway.charge(upstream, lease, failure)
        tried |= {lease.account.name}
        has_other = upstream.pool.can_serve(excluded=tried)
        # What has begun to arrive is gone and cannot be sent again.
        if content.rest is not None or not has_other or attempts.after(outcome, failure, has_other=True) == "give_up":
            raise public(failure)


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
    if model is not None:
        call.notes["model"] = model
        if not call.caller.may_use(model):
            raise ProxyError("permission", f"this key may not use the model {model!r}", pointer="/model")
        for candidate in gateway.router.route(model).candidates:
            upstream = upstreams[candidate.upstream]
            if upstream.dialect in _DIALECTS:
                return _Destination(upstream, None, candidate.model)
        raise ProxyError("bad_request", "this model's upstream does not speak OpenAI's dialect", pointer="/model")
    name = gateway.snapshot.config.passthrough.upstream
    if name is None:
        message = "the request names no model, and the proxy has no upstream for such ([passthrough] upstream)"
        raise ProxyError("bad_request", message, code="no_passthrough")
    if call.caller.models is not None:
        raise ProxyError("permission", "this key is for named models only")
    upstream = upstreams[name]
    # Files and batches belong to one account: another would not find them.
    return _Destination(upstream, upstream.pool.accounts[0].name, None)


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
    call.exchange = passage
    call.notes.update(upstream=upstream.name, account=lease.account.name)
    feeding = asyncio.get_running_loop().create_task(_feed(call, passage, content))
    try:
        if call.is_client_gone or call.is_cut:
            passage.cancel("client_gone" if call.is_client_gone else "shutdown")
        outcome = await passage.run()
    finally:
        call.exchange = None
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
    lease.account.succeed(lease)
    if outcome.bytes_out == 0:
        await call.respond_empty(status, (b"x-fastproxy-upstream", upstream.name.encode()))
        return
    call.status = status
    await call.finish_stream()
