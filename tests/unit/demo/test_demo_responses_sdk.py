"""The simulated Responses service, as the official `openai` SDK sees it."""

import base64
import json
from collections.abc import AsyncIterator
from typing import Any

import openai
import pytest
from openai import AsyncOpenAI
from pydantic import BaseModel

from fastproxy.demo import Simulation

PNG = base64.b64decode("iVBORw0KGgoAAAANSUhEUgAAAAMAAAACCAIAAAASFvFNAAAADElEQVR4nGNgQAUAAA4AAcSwRuoAAAAASUVORK5CYII=")


def tool(name: str, field: str) -> Any:
    schema = {"type": "object", "properties": {field: {"type": "string"}}, "required": [field]}
    return {"type": "function", "name": name, "strict": True, "parameters": schema | {"additionalProperties": False}}


TOOLS: list[Any] = [tool("get_weather", "city"), tool("get_time", "timezone")]
SPACE: Any = {"type": "namespace", "name": "files", "description": "files", "tools": [tool("read", "path")]}
CUSTOM: Any = {"type": "custom", "name": "run_code"}


class Weather(BaseModel):
    city: str
    degrees: int


@pytest.fixture
async def client(simulation: Simulation) -> AsyncIterator[AsyncOpenAI]:
    async with AsyncOpenAI(base_url=simulation.base_url("openai_responses"), api_key="sk-test-1", max_retries=0) as sdk:
        yield sdk


async def final(client: AsyncOpenAI, **fields: Any) -> Any:
    """The response that the SDK's own helper makes of a stream."""
    async with client.responses.stream(**fields) as stream:
        async for _ in stream:
            pass
        return await stream.get_final_response()


async def test_echo_with_every_setting_repeated(client: AsyncOpenAI) -> None:
    answer = await client.responses.create(model="gpt-x", input="hi there", instructions="be brief", temperature=0.5)
    assert answer.output_text == "hi there"
    assert answer.id.startswith("resp_")
    assert (answer.model, answer.status) == ("gpt-x-2026-08-06", "completed")
    assert (answer.instructions, answer.temperature, answer.top_p, answer.tools) == ("be brief", 0.5, 1.0, [])
    assert answer._request_id is not None
    usage = answer.usage
    assert usage is not None
    assert usage.total_tokens == usage.input_tokens + usage.output_tokens
    streamed = await final(client, model="echo", input="hi there")
    assert streamed.output_text == "hi there"


@pytest.mark.parametrize("stream", [True, False])
async def test_parallel_tools_with_the_items_sent_back(client: AsyncOpenAI, stream: bool) -> None:
    fields: Any = {"model": "tools", "input": "go", "tools": TOOLS, "store": False}
    answer = await final(client, **fields) if stream else await client.responses.create(**fields)
    calls = [item for item in answer.output if item.type == "function_call"]
    assert [(call.name, json.loads(call.arguments)) for call in calls] == [
        ("get_weather", {"city": "Lisbon"}),
        ("get_time", {"timezone": "Europe/Lisbon"}),
    ]
    results: list[Any] = [
        {"type": "function_call_output", "call_id": call.call_id, "output": f"result {at}"}
        for at, call in enumerate(calls)
    ]
    history: list[Any] = [{"role": "user", "content": "go"}, *answer.output, *results]
    last = await client.responses.create(model="tools", input=history, tools=TOOLS)
    assert last.output_text == "Results: get_weather gave result 0; get_time gave result 1"


async def test_a_stored_response_is_built_on_read_again_and_deleted(client: AsyncOpenAI) -> None:
    first = await client.responses.create(model="chain-2", input="go", tools=TOOLS)
    call = first.output[0]
    assert call.type == "function_call"
    output: Any = {"type": "function_call_output", "call_id": call.call_id, "output": "one"}
    second = await client.responses.create(model="chain-2", input=[output], tools=TOOLS, previous_response_id=first.id)
    assert second.previous_response_id == first.id
    assert [item.type for item in second.output] == ["function_call"]
    items = await client.responses.input_items.list(second.id, order="asc")
    assert [item.type for item in items.data] == ["message", "function_call", "function_call_output"]
    assert [item.id async for item in client.responses.input_items.list(second.id, limit=1)] == [
        item.id for item in reversed(items.data)
    ]
    assert (await client.responses.retrieve(second.id)).output == second.output
    await client.responses.delete(second.id)
    with pytest.raises(openai.NotFoundError):
        await client.responses.retrieve(second.id)
    unstored = await client.responses.create(model="echo", input="x", store=False)
    with pytest.raises(openai.NotFoundError):
        await client.responses.retrieve(unstored.id)
    with pytest.raises(openai.BadRequestError, match="not found"):
        await client.responses.create(model="echo", input="x", previous_response_id=unstored.id)


async def test_items_by_reference(client: AsyncOpenAI) -> None:
    first = await client.responses.create(model="tools+thinking", input="go", tools=TOOLS[:1])
    reasoning, call = first.output
    assert call.type == "function_call"
    history: list[Any] = [
        {"role": "user", "content": "go"},
        {"type": "item_reference", "id": reasoning.id},
        {"type": "item_reference", "id": call.id},
        {"type": "function_call_output", "call_id": call.call_id, "output": "sun"},
    ]
    answer = await client.responses.create(model="tools", input=history, tools=TOOLS[:1])
    assert answer.output_text == "Results: get_weather gave sun"


async def test_background_responses(client: AsyncOpenAI) -> None:
    queued = await client.responses.create(model="echo", input="later", background=True)
    assert (queued.status, queued.output) == ("queued", [])
    assert (await client.responses.retrieve(queued.id)).output_text == "later"
    assert (await client.responses.cancel(queued.id)).status == "cancelled"
    stream = await client.responses.create(model="echo", input="again please", background=True, stream=True)
    events = [event async for event in stream]
    assert [event.type for event in events[:3]] == ["response.created", "response.queued", "response.in_progress"]
    created = events[0]
    assert created.type == "response.created"
    resumed = await client.responses.retrieve(created.response.id, stream=True, starting_after=4)
    assert [event async for event in resumed] == events[5:]
    plain = await client.responses.create(model="echo", input="now")
    with pytest.raises(openai.BadRequestError, match="synchronous"):
        await client.responses.cancel(plain.id)


async def test_namespaces_and_custom_tools(client: AsyncOpenAI) -> None:
    answer = await client.responses.create(model="tools-2", input="go", tools=[SPACE, CUSTOM])
    read, code = answer.output
    assert read.type == "function_call"
    assert (read.name, read.namespace) == ("read", "files")
    assert code.type == "custom_tool_call"
    assert (code.name, code.input) == ("run_code", "print('hello')\n")
    streamed = await final(client, model="tools-2", input="go", tools=[SPACE, CUSTOM])
    assert [item.type for item in streamed.output] == ["function_call", "custom_tool_call"]
    chosen = await client.responses.create(
        model="echo", input="go", tools=[*TOOLS, CUSTOM], tool_choice={"type": "custom", "name": "run_code"}
    )
    assert [item.type for item in chosen.output] == ["custom_tool_call"]
    allowed: Any = {"type": "allowed_tools", "mode": "required", "tools": [{"type": "function", "name": "get_time"}]}
    [call] = (await client.responses.create(model="echo", input="go", tools=TOOLS, tool_choice=allowed)).output
    assert call.type == "function_call"
    assert call.name == "get_time"


async def test_structured_output_by_the_sdks_own_parser(client: AsyncOpenAI) -> None:
    answer = await client.responses.parse(model="json", input="x", text_format=Weather)
    assert answer.output_parsed == Weather(city="Lisbon", degrees=21)
    streamed = await final(client, model="echo", input="x", text_format=Weather)
    assert streamed.output_parsed == Weather(city="Lisbon", degrees=21)


async def test_reasoning_shows_a_summary_and_state_on_request(client: AsyncOpenAI) -> None:
    hidden = await client.responses.create(model="gpt-x", input="x", reasoning={"effort": "high"})
    reasoning = hidden.output[0]
    assert reasoning.type == "reasoning"
    assert (reasoning.summary, reasoning.encrypted_content) == ([], None)
    assert hidden.usage is not None
    assert hidden.usage.output_tokens_details.reasoning_tokens > 0
    fields: Any = {"include": ["reasoning.encrypted_content"], "reasoning": {"effort": "low", "summary": "auto"}}
    shown = (await final(client, model="gpt-x", input="x", **fields)).output[0]
    assert shown.summary[0].text.startswith("The user says")
    assert shown.encrypted_content
    thoughts = (await client.responses.create(model="host-x+thinking", input="x")).output[0]
    assert thoughts.type == "reasoning"
    assert thoughts.content is not None
    assert thoughts.content[0].text.startswith("The user says")


async def test_citations_logprobs_and_refusals(client: AsyncOpenAI) -> None:
    answer = await client.responses.create(
        model="citations", input="x", include=["message.output_text.logprobs"], top_logprobs=1
    )
    message = answer.output[0]
    assert message.type == "message"
    content = message.content[0]
    assert content.type == "output_text"
    cited = [content.text[a.start_index : a.end_index] for a in content.annotations if a.type == "url_citation"]
    assert cited == ["Lisbon has seven hills.", "The tram climbs them."]
    assert "".join(entry.token for entry in content.logprobs or ()) == content.text
    refused = (await final(client, model="refusal", input="x")).output[0].content[0]
    assert (refused.type, refused.refusal) == ("refusal", "I can't help with that.")


async def test_incomplete_answers(client: AsyncOpenAI) -> None:
    short = await client.responses.create(model="long-50", input="x", max_output_tokens=16)
    assert short.incomplete_details is not None
    assert (short.status, short.incomplete_details.reason) == ("incomplete", "max_output_tokens")
    assert short.output[0].type == "message"
    assert short.output[0].status == "incomplete"
    events = [event async for event in await client.responses.create(model="filter", input="x", stream=True)]
    assert events[-1].type == "response.incomplete"


async def test_media_are_named_by_what_their_bytes_say(client: AsyncOpenAI) -> None:
    content: Any = [
        {"type": "input_image", "image_url": f"data:image/png;base64,{base64.b64encode(PNG).decode()}"},
        {"type": "input_file", "filename": "a.pdf", "file_data": "data:application/pdf;base64,JVBERi0xLjc="},
        {"type": "input_file", "file_url": "https://example.org/b.pdf"},
    ]
    answer = await client.responses.create(model="media", input=[{"role": "user", "content": content}])
    assert answer.output_text == (
        f"I see: 1. image image/png 3x2 ({len(PNG)} bytes); 2. document a.pdf application/pdf (8 bytes); "
        "3. document at https://example.org/b.pdf"
    )


async def test_counting_and_compacting(client: AsyncOpenAI) -> None:
    counted = await client.responses.input_tokens.count(model="echo", input="one two three")
    answered = await client.responses.create(model="echo", input="one two three")
    assert answered.usage is not None
    assert counted.input_tokens == answered.usage.input_tokens
    history: Any = [{"role": "user", "content": "remember this"}, {"role": "assistant", "content": "I do"}]
    compact = await client.responses.compact(model="gpt-x", input=history)
    assert [item.type for item in compact.output] == ["message", "compaction"]
    again: Any = [
        *(item.model_dump(exclude_unset=True, warnings=False) for item in compact.output),
        {"role": "user", "content": "well?"},
    ]
    assert (await client.responses.create(model="echo", input=again)).output_text == "well?"


async def test_errors_as_the_sdk_raises_them(client: AsyncOpenAI) -> None:
    with pytest.raises(openai.RateLimitError) as limited:
        await client.responses.create(model="rate-seconds", input="x")
    assert limited.value.response.headers["retry-after"] == "7"
    with pytest.raises(openai.NotFoundError):
        await client.responses.create(model="nobody", input="x")
    with pytest.raises(openai.APIError, match="overloaded"):
        await final(client, model="echo+error-after-1", input="x y z")
