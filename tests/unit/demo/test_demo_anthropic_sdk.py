"""The simulated Messages service, as the official `anthropic` SDK sees it."""

import base64
import json
from collections.abc import AsyncIterator
from typing import Any

import anthropic
import httpx2
import pytest
from anthropic import AsyncAnthropic
from anthropic.types import Message

from fastproxy.demo import Simulation

GIF = b"GIF89a\x05\x00\x04\x00\x80\x00\x00"
TOOLS: list[Any] = [
    {"name": "get_weather", "input_schema": {"type": "object", "properties": {"city": {"type": "string"}}}},
    {"name": "get_time", "input_schema": {"type": "object", "properties": {"timezone": {"type": "string"}}}},
]
QUESTION: list[Any] = [{"role": "user", "content": "what is it like there?"}]
OLD = {"anthropic-version": "2023-06-01"}


@pytest.fixture
async def client(simulation: Simulation) -> AsyncIterator[AsyncAnthropic]:
    async with AsyncAnthropic(base_url=simulation.base_url("anthropic"), api_key="sk-test-1", max_retries=0) as sdk:
        yield sdk


async def ask(client: AsyncAnthropic, *, stream: bool = False, **fields: Any) -> Message:
    """The message, one-shot or as the SDK's own accumulator puts a stream together."""
    wanted: dict[str, Any] = {"max_tokens": 4000, "messages": QUESTION} | fields
    if stream:
        async with client.messages.stream(**wanted) as events:
            return await events.get_final_message()
    message: Message = await client.messages.create(**wanted)
    return message


async def kinds(client: AsyncAnthropic, **fields: Any) -> list[str]:
    """The types of the raw events of a stream."""
    wanted: dict[str, Any] = {"max_tokens": 4000, "messages": QUESTION} | fields
    return [event.type async for event in await client.messages.create(stream=True, **wanted)]


def text(message: Message) -> str:
    return "".join(block.text for block in message.content if block.type == "text")


@pytest.mark.parametrize("stream", [True, False])
async def test_echo_with_ids_and_usage(client: AsyncAnthropic, stream: bool) -> None:
    message = await ask(client, model="echo", stream=stream)
    assert text(message) == "what is it like there?"
    assert message.id.startswith("msg_01")
    assert (message.stop_reason, message.stop_sequence, message.model) == ("end_turn", None, "echo")
    assert message.usage.output_tokens == 5
    assert message.usage.input_tokens > 0


async def test_request_id_and_rate_limit_headers(client: AsyncAnthropic) -> None:
    raw = await client.messages.with_raw_response.create(model="echo", max_tokens=9, messages=QUESTION)
    assert raw.request_id
    assert raw.request_id.startswith("req_011C")
    assert int(raw.headers["anthropic-ratelimit-tokens-remaining"]) > 0
    assert raw.headers["anthropic-organization-id"]


async def test_stream_grammar(client: AsyncAnthropic) -> None:
    assert await kinds(client, model="echo") == [
        "message_start",
        "content_block_start",
        *["content_block_delta"] * 5,
        "content_block_stop",
        "message_delta",
        "message_stop",
    ]
    assert await kinds(client, model="refusal") == ["message_start", "message_delta", "message_stop"]


async def test_pings_and_padding_on_the_wire(raw: Any) -> None:
    answer = await raw.messages("tools", stream=True, tools=TOOLS)
    assert answer.body.count(b'event: ping\ndata: {"type":"ping"}\n\n') == 1
    types = [event["type"] for event in answer.events()]
    assert types[:3] == ["message_start", "content_block_start", "ping"]
    assert b" }\n\n" in answer.body


@pytest.mark.parametrize("stream", [True, False])
async def test_parallel_tools_over_two_turns(client: AsyncAnthropic, stream: bool) -> None:
    message = await ask(client, model="preamble", tools=TOOLS, stream=stream)
    assert message.stop_reason == "tool_use"
    assert [block.type for block in message.content] == ["text", "tool_use", "tool_use"]
    uses = [block for block in message.content if block.type == "tool_use"]
    assert [(use.name, use.input) for use in uses] == [
        ("get_weather", {"city": "Lisbon"}),
        ("get_time", {"timezone": "Europe/Lisbon"}),
    ]
    image = {"type": "base64", "media_type": "image/gif", "data": base64.b64encode(GIF).decode()}
    results = [
        {"type": "tool_result", "tool_use_id": uses[1].id, "content": "too late", "is_error": True},
        {"type": "tool_result", "tool_use_id": uses[0].id, "content": [{"type": "image", "source": image}]},
        {"type": "text", "text": "a reminder"},
    ]
    history = [*QUESTION, {"role": "assistant", "content": message.content}, {"role": "user", "content": results}]
    last = await ask(client, model="preamble", tools=TOOLS, messages=history, stream=stream)
    assert (
        text(last) == f"Results: get_time failed with too late; get_weather gave image image/gif 5x4 ({len(GIF)} bytes)"
    )
    assert last.stop_reason == "end_turn"


async def test_choice_of_tools_is_respected(client: AsyncAnthropic) -> None:
    async def names(**fields: Any) -> list[str]:
        message = await ask(client, tools=TOOLS, **fields)
        return [block.name for block in message.content if block.type == "tool_use"]

    assert await names(model="tools", tool_choice={"type": "auto", "disable_parallel_tool_use": True}) == [
        "get_weather"
    ]
    assert await names(model="tools", tool_choice={"type": "none"}) == []
    assert await names(model="echo", tool_choice={"type": "any"}) == ["get_weather"]
    assert await names(model="echo", tool_choice={"type": "tool", "name": "get_time"}) == ["get_time"]


@pytest.mark.parametrize("stream", [True, False])
@pytest.mark.parametrize("display", ["summarized", "omitted"])
async def test_thinking_must_come_back_unchanged(client: AsyncAnthropic, stream: bool, display: str) -> None:
    thinking: Any = {"type": "enabled", "budget_tokens": 2000, "display": display}
    fields: Any = {"model": "tools+redacted+thinking", "tools": TOOLS, "thinking": thinking, "stream": stream}
    message = await ask(client, **fields)
    thought, hidden = message.content[:2]
    assert thought.type == "thinking"
    assert bool(thought.thinking) == (display == "summarized")
    assert hidden.type == "redacted_thinking"
    assert ((message.usage.output_tokens_details and message.usage.output_tokens_details.thinking_tokens) or 0) > 0
    turn = [block.model_dump(exclude_none=True, exclude={"caller", "toolset"}) for block in message.content]
    results = [
        {"type": "tool_result", "tool_use_id": block.id} for block in message.content if block.type == "tool_use"
    ]

    async def reply(blocks: list[Any]) -> Message:
        history = [*QUESTION, {"role": "assistant", "content": blocks}, {"role": "user", "content": results}]
        return await ask(client, **fields, messages=history)

    assert text(await reply(turn)).startswith("Results: ")
    for broken, match in (
        ([{**turn[0], "signature": "aW52ZW50ZWQ="}, *turn[1:]], "content.0: invalid `signature`"),
        ([turn[0], {**turn[1], "data": "Zm9yZWlnbg=="}, *turn[2:]], "content.1: invalid `data`"),
        (turn[2:], r"expected `thinking` or `redacted_thinking`, but found `tool_use`"),
        ([{**turn[0], "thinking": "another text"}, *turn[1:]], "content.0: invalid `signature`"),
    ):
        with pytest.raises(anthropic.BadRequestError, match=match):
            await reply(broken)


async def test_thinking_is_told_only_when_wanted(client: AsyncAnthropic) -> None:
    assert [block.type for block in (await ask(client, model="echo")).content] == ["text"]
    adaptive = await ask(client, model="echo", thinking={"type": "adaptive"})
    assert [block.type for block in adaptive.content] == ["thinking", "text"]
    disabled = await ask(client, model="echo+thinking", thinking={"type": "disabled"})
    assert [block.type for block in disabled.content] == ["text"]


async def test_structured_output(client: AsyncAnthropic) -> None:
    schema = {
        "type": "object",
        "properties": {"city": {"type": "string"}},
        "required": ["city"],
        "additionalProperties": False,
    }
    message = await ask(client, model="echo", output_config={"format": {"type": "json_schema", "schema": schema}})
    assert json.loads(text(message)) == {"city": "Lisbon"}


@pytest.mark.parametrize("stream", [True, False])
@pytest.mark.parametrize(
    ("model", "reason", "said"),
    [
        ("refusal", "refusal", ""),
        ("filter", "refusal", "The first words are harmless"),
        ("max-tokens", "max_tokens", "This sentence is cut off in the"),
        ("context", "model_context_window_exceeded", "There is no more room for"),
        ("pause", "pause_turn", "I will go on in a moment."),
        ("empty", "end_turn", ""),
    ],
)
async def test_stop_reasons(client: AsyncAnthropic, model: str, reason: str, said: str, stream: bool) -> None:
    message = await ask(client, model=model, stream=stream)
    assert (message.stop_reason, text(message)) == (reason, said)
    assert (message.stop_details is not None) == (reason == "refusal")


@pytest.mark.parametrize("stream", [True, False])
async def test_limits_and_stop_sequences(client: AsyncAnthropic, stream: bool) -> None:
    message = await ask(client, model="long-50", max_tokens=3, stream=stream)
    assert (text(message), message.stop_reason) == ("word1 word2 word3", "max_tokens")
    message = await ask(client, model="long-50", stop_sequences=["word7", "word4"], stream=stream)
    assert (text(message), message.stop_reason, message.stop_sequence) == (
        "word1 word2 word3 ",
        "stop_sequence",
        "word4",
    )
    warmed = await ask(client, model="echo", max_tokens=0, stream=stream)
    assert (warmed.content, warmed.stop_reason) == ([], "max_tokens")


async def test_images_and_documents(client: AsyncAnthropic) -> None:
    content = [
        {
            "type": "image",
            "source": {"type": "base64", "media_type": "image/gif", "data": base64.b64encode(GIF).decode()},
        },
        {"type": "image", "source": {"type": "url", "url": "https://example.org/a.png"}},
        {
            "type": "document",
            "source": {"type": "base64", "media_type": "application/pdf", "data": base64.b64encode(b"%PDF-1").decode()},
        },
        {"type": "document", "title": "notes", "source": {"type": "text", "media_type": "text/plain", "data": "abc"}},
        {"type": "text", "text": "look"},
    ]
    message = await ask(client, model="media", messages=[{"role": "user", "content": content}])
    assert text(message) == (
        f"I see: 1. image image/gif 5x4 ({len(GIF)} bytes); 2. image at https://example.org/a.png; "
        "3. document application/pdf (6 bytes); 4. document notes text/plain (3 bytes)"
    )


async def test_cached_usage_is_disjoint(client: AsyncAnthropic) -> None:
    plain = (await ask(client, model="echo")).usage
    cached = (await ask(client, model="echo+cached", stream=True)).usage
    assert cached.cache_read_input_tokens == plain.input_tokens // 2
    assert cached.cache_creation_input_tokens == plain.input_tokens // 4
    total = cached.input_tokens + (cached.cache_read_input_tokens or 0) + (cached.cache_creation_input_tokens or 0)
    assert total == plain.input_tokens


async def test_prefill_only_with_older_models(client: AsyncAnthropic) -> None:
    history = [*QUESTION, {"role": "assistant", "content": "It is"}]
    assert text(await ask(client, model="claude-3-x", messages=history)) == "what is it like there?"
    with pytest.raises(anthropic.BadRequestError, match="prefill"):
        await ask(client, model="claude-x", messages=history)


@pytest.mark.parametrize(
    ("model", "kind"),
    [
        ("error-400", anthropic.BadRequestError),
        ("error-401", anthropic.AuthenticationError),
        ("error-403", anthropic.PermissionDeniedError),
        ("no-such-model", anthropic.NotFoundError),
        ("error-413", anthropic.APIStatusError),
        ("rate-none", anthropic.RateLimitError),
        ("error-500", anthropic.InternalServerError),
        ("error-529", anthropic.APIStatusError),
        ("vanish-rst", anthropic.APIConnectionError),
    ],
)
async def test_errors_become_the_sdks_exceptions(client: AsyncAnthropic, model: str, kind: type[Exception]) -> None:
    with pytest.raises(kind):
        await ask(client, model=model)


@pytest.mark.parametrize("model", ["error-event", "echo+error-after"])
async def test_error_events_raise(client: AsyncAnthropic, model: str) -> None:
    with pytest.raises(anthropic.APIStatusError, match="overloaded_error"):
        await ask(client, model=model, stream=True)


@pytest.mark.parametrize("model", ["echo+cut-fin", "echo+cut-rst", "echo+bad-chunk"])
async def test_broken_connections_raise(client: AsyncAnthropic, model: str) -> None:
    with pytest.raises((anthropic.APIConnectionError, httpx2.TransportError)):
        await ask(client, model=model, stream=True)


@pytest.mark.parametrize(
    "word", ["gzip", "deflate", "br", "ragged-3", "dribble", "joined", "crlf", "comments", "comments-glued"]
)
async def test_framings_that_the_sdk_reads(client: AsyncAnthropic, word: str) -> None:
    assert text(await ask(client, model=f"unicode+{word}", stream=True)) == text(await ask(client, model="unicode"))


async def test_count_tokens(client: AsyncAnthropic) -> None:
    counted = await client.messages.count_tokens(model="echo", messages=QUESTION, tools=TOOLS, system="be brief")
    message = await ask(client, model="echo", tools=TOOLS, system="be brief")
    assert counted.input_tokens == message.usage.input_tokens


async def test_models_page_by_page(client: AsyncAnthropic) -> None:
    names = [model.id async for model in client.models.list(limit=4)]
    assert {"echo", "tools", "long-20"} <= set(names)
    assert len(names) == len(set(names))
    page = await client.models.list(limit=2, before_id=names[5])
    assert [model.id for model in page.data] == names[3:5]
    assert (await client.models.retrieve("claude-x")).max_input_tokens == 200_000
    with pytest.raises(anthropic.NotFoundError):
        await client.models.retrieve("nothing")


async def test_both_versions_are_served_on_their_own_terms(client: AsyncAnthropic, simulation: Simulation) -> None:
    await ask(client, model="echo")
    assert simulation.requests[0].header("anthropic-version") == "2026-10-21"
    assert simulation.requests[0].header("authorization") == "Bearer sk-test-1"
    message = await ask(client, model="echo", extra_headers=OLD, extra_body={"temperature": 0.5})
    assert text(message) == "what is it like there?"
    with pytest.raises(anthropic.BadRequestError, match="temperature"):
        await ask(client, model="echo", extra_body={"temperature": 1})
