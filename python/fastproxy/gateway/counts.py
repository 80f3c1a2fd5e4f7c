"""Token counts: asked of the upstream where it can count, else estimated here."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from .. import _core
from ..asgi import DisconnectWatch
from ..errors import ProxyError
from ..routing import Candidate
from ..upstreams import Upstream
from .call import Call

if TYPE_CHECKING:
    from .gateway import Gateway

#: What a count's request may hold, by the upstream's dialect: only what becomes part of the prompt. The APIs refuse the
#: rest, which a translated request holds because an answer needs it (`max_tokens`, `stream`).
_COUNTED = {
    "anthropic": frozenset(
        {"model", "messages", "system", "tools", "tool_choice", "thinking", "mcp_servers", "anthropic_version"}
    ),
    "openai_responses": frozenset(
        {"model", "input", "instructions", "tools", "tool_choice", "parallel_tool_calls", "reasoning", "text",
         "truncation", "previous_response_id", "conversation", "personality"}
    ),
    "gemini": frozenset({"contents", "systemInstruction", "tools", "toolConfig"}),
}  # fmt: skip
#: The member of an upstream's answer that holds the number.
_MEMBERS = {"anthropic": "input_tokens", "openai_responses": "input_tokens", "gemini": "totalTokens"}
#: What a client of each dialect is told.
_ANSWERS = {
    "anthropic": b'{"input_tokens":%d}',
    "openai_responses": b'{"object":"response.input_tokens","input_tokens":%d}',
    "gemini": b'{"totalTokens":%d}',
}


async def count_tokens(gateway: Gateway, call: Call) -> None:
    """Answer a request for the tokens of a prompt."""
    request = await gateway.read(call, count_only=True)
    candidate = gateway.route(call, request).candidates[0]
    upstream = gateway.snapshot.upstreams[candidate.upstream]
    counted = None
    watch = DisconnectWatch(call.receive, call.client_gone)
    try:
        if upstream.can("count"):
            counted = await _ask(gateway, call, request, upstream, candidate)
    finally:
        watch.stop()
    if counted is None:
        counted = request.estimate_tokens()
    await call.respond(200, _ANSWERS[call.dialect] % counted)


async def _ask(
    gateway: Gateway, call: Call, request: _core.Request, upstream: Upstream, candidate: Candidate
) -> int | None:
    """The upstream's count; `None` when it has none to give now."""
    target = upstream.target(candidate.model, call.dialect, call.headers)
    prepared = request.prepare(target, owner=call.caller.name)
    body = prepared.body if prepared.is_raw else _asked(upstream, prepared)
    lease = upstream.pool.try_acquire()
    if lease is None:
        return None
    with lease:
        try:
            status, _, answer = await gateway.client.fetch(
                upstream.endpoint(lease.account),
                upstream.path("count", model=prepared.model),
                headers=upstream.headers(lease.account, call.dialect, call.headers, call.request_id),
                body=body,
            )
        except ProxyError as error:
            gateway.charge(upstream, lease, error)
            return None
    return counted_in(answer, _MEMBERS[upstream.dialect]) if status == 200 else None


def _asked(upstream: Upstream, prepared: _core.Prepared) -> bytes:
    """A translated request as a count's."""
    members = only(prepared.body, _COUNTED[upstream.dialect])
    if upstream.dialect == "anthropic":
        # At Vertex AI nothing but a count's body names the model.
        members = {"model": msgspec.Raw(msgspec.json.encode(prepared.model)), **members}
    if upstream.dialect != "gemini" or upstream.is_at_vertex:
        return msgspec.json.encode(members)
    # Gemini takes bare contents only, or a whole request that names its model; Vertex AI takes all in one.
    name = msgspec.Raw(msgspec.json.encode(f"models/{prepared.model.removeprefix('models/')}"))
    return msgspec.json.encode({"generateContentRequest": {"model": name, **members}})


def only(body: bytes, members: frozenset[str]) -> dict[str, msgspec.Raw]:
    """The body's members of these names, with the bytes they have there."""
    found = msgspec.json.decode(body, type=dict[str, msgspec.Raw])
    return {name: value for name, value in found.items() if name in members}


def counted_in(answer: bytes, member: str) -> int | None:
    """The count in an upstream's answer, if it is one."""
    try:
        count = msgspec.json.decode(answer, type=dict[str, object]).get(member)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return None
    return count if isinstance(count, int) and not isinstance(count, bool) and count >= 0 else None
