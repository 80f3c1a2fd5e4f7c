"""The simulated Chat Completions service, as the official `openai` SDK sees it."""

import base64
import json
from collections.abc import AsyncIterator
from typing import Any

import pytest
from openai import AsyncOpenAI
from openai.types.chat import ChatCompletionChunk
from pydantic import BaseModel

from fastproxy.demo import Simulation

PNG = base64.b64decode("iVBORw0KGgoAAAANSUhEUgAAAAMAAAACCAIAAAASFvFNAAAADElEQVR4nGNgQAUAAA4AAcSwRuoAAAAASUVORK5CYII=")


def tool(name: str, field: str) -> Any:
    schema = {
        "type": "object",
        "properties": {field: {"type": "string"}},
        "required": [field],
        "additionalProperties": False,
    }
    return {"type": "function", "function": {"name": name, "strict": True, "parameters": schema}}


TOOLS: list[Any] = [tool("get_weather", "city"), tool("get_time", "timezone")]
CUSTOM: Any = {"type": "custom", "custom": {"name": "run_code"}}
QUESTION: list[Any] = [{"role": "user", "content": "what is it like there?"}]


@pytest.fixture
async def client(simulation: Simulation) -> AsyncIterator[AsyncOpenAI]:
    async with AsyncOpenAI(base_url=simulation.base_url("openai_chat"), api_key="sk-test-1", max_retries=0) as sdk:
        yield sdk


async def streamed(client: AsyncOpenAI, **fields: Any) -> list[ChatCompletionChunk]:
    return [chunk async for chunk in await client.chat.completions.create(stream=True, **fields)]


async def final(client: AsyncOpenAI, **fields: Any) -> Any:
    """The completion that the SDK's own accumulator makes of a stream."""
    async with client.chat.completions.stream(**fields) as stream:
        async for _ in stream:
            pass
        return await stream.get_final_completion()


async def test_echo_in_both_forms_with_ids_usage_and_fingerprint(client: AsyncOpenAI) -> None:
    whole = await client.chat.completions.create(model="echo", messages=QUESTION)
    assert whole.choices[0].message.content == "what is it like there?"
    assert whole.choices[0].finish_reason == "stop"
    assert whole.id.startswith("chatcmpl-")
    assert (whole.system_fingerprint or "").startswith("fp_")
    assert whole._request_id
    assert whole._request_id.startswith("req_")
    chunks = await streamed(client, model="echo", messages=QUESTION, stream_options={"include_usage": True})
    assert (
        "".join(chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices) == "what is it like there?"
    )
    assert len({(chunk.id, chunk.created, chunk.model) for chunk in chunks}) == 1
    assert [chunk.usage for chunk in chunks[:-1]] == [None] * (len(chunks) - 1)
    assert chunks[-1].choices == []
    assert chunks[-1].usage is not None
    assert whole.usage is not None
    assert chunks[-1].usage.model_dump() == whole.usage.model_dump()
    assert whole.usage.total_tokens == whole.usage.prompt_tokens + whole.usage.completion_tokens


async def test_obfuscation_unless_declined(client: AsyncOpenAI) -> None:
    chunks = await streamed(client, model="echo", messages=QUESTION)
    assert all(chunk.model_dump().get("obfuscation") for chunk in chunks)
    chunks = await streamed(client, model="echo", messages=QUESTION, stream_options={"include_obfuscation": False})
    assert not any(chunk.model_dump().get("obfuscation") for chunk in chunks)


async def test_vendor_families_report_a_dated_model(client: AsyncOpenAI) -> None:
    assert (await client.chat.completions.create(model="gpt-x", messages=QUESTION)).model == "gpt-x-2026-08-06"
    assert (await client.chat.completions.create(model="echo", messages=QUESTION)).model == "echo"


@pytest.mark.parametrize("stream", [True, False])
async def test_parallel_tools_over_two_turns(client: AsyncOpenAI, stream: bool) -> None:
    fields: Any = {"model": "tools", "messages": QUESTION, "tools": TOOLS}
    answer = await final(client, **fields) if stream else await client.chat.completions.create(**fields)
    message = answer.choices[0].message
    assert answer.choices[0].finish_reason == "tool_calls"
    assert [call.function.name for call in message.tool_calls] == ["get_weather", "get_time"]
    assert json.loads(message.tool_calls[0].function.arguments) == {"city": "Lisbon"}
    assert len({call.id for call in message.tool_calls}) == 2
    calls = [
        {
            "id": call.id,
            "type": "function",
            "function": {"name": call.function.name, "arguments": call.function.arguments},
        }
        for call in message.tool_calls
    ]
    results = [
        {"role": "tool", "tool_call_id": call["id"], "content": f"result {number}"} for number, call in enumerate(calls)
    ]
    history: list[Any] = [*QUESTION, {"role": "assistant", "tool_calls": calls}, *reversed(results)]
    last = await client.chat.completions.create(model="tools", messages=history, tools=TOOLS)
    assert last.choices[0].message.content == "Results: get_time gave result 1; get_weather gave result 0"
    assert last.choices[0].message.tool_calls is None


async def test_custom_tools_take_free_text(client: AsyncOpenAI) -> None:
    answer = await client.chat.completions.create(model="tools-3", messages=QUESTION, tools=[*TOOLS, CUSTOM])
    calls = answer.choices[0].message.tool_calls or []
    assert [call.type for call in calls] == ["function", "function", "custom"]
    assert calls[2].type == "custom"
    assert (calls[2].custom.name, calls[2].custom.input) == ("run_code", "print('hello')\n")
    chunks = await streamed(client, model="tools", messages=QUESTION, tools=[CUSTOM])
    fragments = [fragment.model_dump() for chunk in chunks for fragment in chunk.choices[0].delta.tool_calls or []]
    assert "".join(fragment["custom"]["input"] for fragment in fragments) == "print('hello')\n"


async def test_choice_of_tools_is_respected(client: AsyncOpenAI) -> None:
    async def names(**fields: Any) -> list[str]:
        answer = await client.chat.completions.create(messages=QUESTION, tools=TOOLS, **fields)
        return [call.function.name for call in answer.choices[0].message.tool_calls or [] if call.type == "function"]

    assert await names(model="tools") == ["get_weather", "get_time"]
    assert await names(model="tools", parallel_tool_calls=False) == ["get_weather"]
    assert await names(model="tools", tool_choice="none") == []
    assert await names(model="echo", tool_choice="required") == ["get_weather"]
    named = {"type": "function", "function": {"name": "get_time"}}
    assert await names(model="echo", tool_choice=named) == ["get_time"]
    assert await names(model="twice") == ["get_weather", "get_weather"]
    allowed = {"type": "allowed_tools", "allowed_tools": {"mode": "auto", "tools": [named]}}
    assert await names(model="tools", tool_choice=allowed) == ["get_time"]


async def test_deprecated_functions(client: AsyncOpenAI) -> None:
    functions: Any = [{"name": "get_weather", "parameters": {"type": "object", "properties": {}}}]
    answer = await client.chat.completions.create(model="tools", messages=QUESTION, functions=functions)
    assert answer.choices[0].finish_reason == "function_call"
    assert answer.choices[0].message.function_call is not None
    history: Any = [
        *QUESTION,
        {"role": "assistant", "content": None, "function_call": {"name": "get_weather", "arguments": "{}"}},
        {"role": "function", "name": "get_weather", "content": "sun"},
    ]
    answer = await client.chat.completions.create(model="tools", messages=history, functions=functions)
    assert answer.choices[0].message.content == "Results: get_weather gave sun"
    chunks = await streamed(client, model="tools", messages=QUESTION, functions=functions)
    assert chunks[1].choices[0].delta.function_call is not None
    assert chunks[-1].choices[0].finish_reason == "function_call"


async def test_chain_of_calls(client: AsyncOpenAI) -> None:
    history: list[Any] = list(QUESTION)
    called = []
    for _ in range(4):
        message = (
            (await client.chat.completions.create(model="chain-3", messages=history, tools=TOOLS)).choices[0].message
        )
        if not message.tool_calls:
            break
        [call] = message.tool_calls
        assert call.type == "function"
        called.append(call.function.name)
        history += [
            message.model_dump(include={"role", "tool_calls"}),
            {"role": "tool", "tool_call_id": call.id, "content": "ok"},
        ]
    assert called == ["get_weather", "get_time", "get_weather"]
    assert message.content == "Results: get_weather gave ok"


@pytest.mark.parametrize(
    ("model", "arguments"), [("bad-arguments", '{"city": "Lisbon", "days": '), ("no-arguments", "")]
)
async def test_arguments_that_are_not_json(client: AsyncOpenAI, model: str, arguments: str) -> None:
    chunks = await streamed(client, model=model, messages=QUESTION, tools=TOOLS[:1])
    fragments = [call.function for chunk in chunks for call in chunk.choices[0].delta.tool_calls or []]
    assert "".join(function.arguments or "" for function in fragments if function) == arguments


class Weather(BaseModel):
    city: str
    degrees: int
    tags: list[str]


async def test_structured_output_by_the_sdks_own_parser(client: AsyncOpenAI) -> None:
    answer = await client.chat.completions.parse(model="json", messages=QUESTION, response_format=Weather)
    assert answer.choices[0].message.parsed == Weather(city="Lisbon", degrees=21, tags=["some tags"])
    last = await final(client, model="echo", messages=QUESTION, response_format=Weather)
    assert last.choices[0].message.parsed.city == "Lisbon"
    free = await client.chat.completions.create(
        model="json", messages=[{"role": "user", "content": "as json please"}], response_format={"type": "json_object"}
    )
    assert json.loads(free.choices[0].message.content or "") == {"echo": "as json please"}


async def test_refusal_filter_length_and_empty(client: AsyncOpenAI) -> None:
    async def both(model: str) -> list[tuple[str | None, str | None, str]]:
        whole = (await client.chat.completions.create(model=model, messages=QUESTION)).choices[0]
        chunks = await streamed(client, model=model, messages=QUESTION)
        deltas = [chunk.choices[0].delta for chunk in chunks]
        refusal = "".join(delta.refusal or "" for delta in deltas) or None
        content = "".join(delta.content or "" for delta in deltas)
        finish = chunks[-1].choices[0].finish_reason
        assert finish is not None
        return [(whole.message.content or "", whole.message.refusal, whole.finish_reason), (content, refusal, finish)]

    assert await both("refusal") == [("", "I can't help with that.", "stop")] * 2
    assert await both("filter") == [("The first words are harmless", None, "content_filter")] * 2
    assert await both("max-tokens") == [("This sentence is cut off in the", None, "length")] * 2
    assert await both("empty") == [("", None, "stop")] * 2


async def test_limits_and_stop_sequences(client: AsyncOpenAI) -> None:
    answer = await client.chat.completions.create(model="long-50", messages=QUESTION, max_completion_tokens=3)
    assert (answer.choices[0].message.content, answer.choices[0].finish_reason) == ("word1 word2 word3", "length")
    assert answer.usage is not None
    assert answer.usage.completion_tokens == 3
    answer = await client.chat.completions.create(model="long-50", messages=QUESTION, stop=["word9", " word3"])
    assert (answer.choices[0].message.content, answer.choices[0].finish_reason) == ("word1 word2", "stop")


async def test_several_choices_and_logprobs(client: AsyncOpenAI) -> None:
    whole = await client.chat.completions.create(model="echo", messages=QUESTION, n=3, logprobs=True, top_logprobs=2)
    assert [choice.index for choice in whole.choices] == [0, 1, 2]
    logprobs = whole.choices[2].logprobs
    assert logprobs is not None
    assert "".join(entry.token for entry in logprobs.content or []) == "what is it like there?"
    assert all(
        bytes(entry.bytes or []).decode() == entry.token and len(entry.top_logprobs) == 2
        for entry in logprobs.content or []
    )
    chunks = await streamed(client, model="echo", messages=QUESTION, n=2)
    assert [chunk.choices[0].index for chunk in chunks[:6]] == [0, 1, 0, 1, 0, 1]


async def test_media_are_named_by_what_their_bytes_say(client: AsyncOpenAI) -> None:
    image = f"data:image/jpeg;base64,{base64.b64encode(PNG).decode()}"
    pdf = f"data:application/pdf;base64,{base64.b64encode(b'%PDF-1.7 x').decode()}"
    content: Any = [
        {"type": "text", "text": "look"},
        {"type": "image_url", "image_url": {"url": image, "detail": "low"}},
        {"type": "image_url", "image_url": {"url": "https://example.org/a.png"}},
        {"type": "file", "file": {"filename": "a.pdf", "file_data": pdf}},
        {"type": "input_audio", "input_audio": {"data": base64.b64encode(b"RIFF").decode(), "format": "wav"}},
    ]
    answer = await client.chat.completions.create(model="media", messages=[{"role": "user", "content": content}])
    assert answer.choices[0].message.content == (
        f"I see: 1. image image/png 3x2 ({len(PNG)} bytes); 2. image at https://example.org/a.png; "
        "3. document a.pdf application/pdf (10 bytes); 4. audio audio/wav (4 bytes)"
    )


async def test_unicode_survives_and_surrogate_halves_join(client: AsyncOpenAI) -> None:
    whole = (await client.chat.completions.create(model="unicode", messages=QUESTION)).choices[0].message.content
    assert whole is not None
    assert "\u2028" in whole
    assert "[DONE]" in whole
    chunks = await streamed(client, model="unicode+letters", messages=QUESTION)
    assert "".join(chunk.choices[0].delta.content or "" for chunk in chunks) == whole
    chunks = await streamed(client, model="unicode+surrogates", messages=QUESTION)
    halves = "".join(chunk.choices[0].delta.content or "" for chunk in chunks)
    assert halves != whole
    assert halves.encode("utf-16", "surrogatepass").decode("utf-16") == whole


async def test_one_huge_delta(client: AsyncOpenAI) -> None:
    chunks = await streamed(client, model="huge-3000", messages=QUESTION)
    assert [len(chunk.choices[0].delta.content or "") for chunk in chunks] == [0, 3000 * 1024, 0]


async def test_thinking_is_counted_by_openai_and_shown_by_others(client: AsyncOpenAI) -> None:
    counted = await client.chat.completions.create(model="gpt-x", messages=QUESTION, reasoning_effort="high")
    assert counted.usage is not None
    assert counted.usage.completion_tokens_details is not None
    assert (counted.usage.completion_tokens_details.reasoning_tokens or 0) > 0
    assert "reasoning_content" not in (counted.choices[0].message.model_extra or {})
    shown = await client.chat.completions.create(model="echo+thinking", messages=QUESTION)
    assert (shown.choices[0].message.model_extra or {})["reasoning_content"].startswith("The user says")
    chunks = await streamed(client, model="deepseek-chat", messages=QUESTION)
    extras = [(chunk.choices[0].delta.model_extra or {}).get("reasoning_content") or "" for chunk in chunks]
    assert "".join(extras).startswith("The user says")
    off = await client.chat.completions.create(
        model="deepseek-chat", messages=QUESTION, extra_body={"thinking": {"type": "disabled"}}
    )
    assert "reasoning_content" not in (off.choices[0].message.model_extra or {})


async def test_cached_usage_adds_up(client: AsyncOpenAI) -> None:
    plain = (await client.chat.completions.create(model="echo", messages=QUESTION)).usage
    cached = (await client.chat.completions.create(model="echo+cached", messages=QUESTION)).usage
    assert plain is not None
    assert cached is not None
    assert cached.prompt_tokens == plain.prompt_tokens
    assert cached.prompt_tokens_details is not None
    assert cached.prompt_tokens_details.cached_tokens == plain.prompt_tokens // 2
    assert cached.prompt_tokens_details.cache_write_tokens == plain.prompt_tokens // 4
