"""The simulated Gemini service, as the official `google-genai` SDK sees it, and what stands on the wire."""

import base64
from collections.abc import AsyncIterator
from typing import Any

import pytest
from google import genai
from google.genai import errors, types
from pydantic import BaseModel

from fastproxy.demo import Simulation

PNG = base64.b64decode("iVBORw0KGgoAAAANSUhEUgAAAAMAAAACCAIAAAASFvFNAAAADElEQVR4nGNgQAUAAA4AAcSwRuoAAAAASUVORK5CYII=")
TOOLS: list[Any] = [
    types.Tool(
        function_declarations=[
            types.FunctionDeclaration(
                name="get_weather",
                parameters=types.Schema(
                    type=types.Type.OBJECT, properties={"city": types.Schema(type=types.Type.STRING)}, required=["city"]
                ),
            ),
            types.FunctionDeclaration(
                name="get_time",
                parameters_json_schema={"type": "object", "properties": {"timezone": {"type": "string"}}},
            ),
        ]
    )
]
QUIET = types.AutomaticFunctionCallingConfig(disable=True)


class Weather(BaseModel):
    city: str
    degrees: int


@pytest.fixture
async def client(simulation: Simulation) -> AsyncIterator[Any]:
    options = types.HttpOptions(base_url=simulation.base_url("gemini"), api_version="v1beta")
    sdk = genai.Client(api_key="sk-test-1", http_options=options)
    yield sdk.aio.models
    await sdk.aio.aclose()
    sdk.close()


async def streamed(client: Any, **fields: Any) -> list[Any]:
    return [chunk async for chunk in await client.generate_content_stream(**fields)]


async def test_echo_in_both_forms_with_usage(client: Any) -> None:
    whole = await client.generate_content(model="echo", contents="hello there my friend")
    assert whole.text == "hello there my friend"
    assert whole.candidates[0].finish_reason == types.FinishReason.STOP
    usage = whole.usage_metadata
    assert usage.total_token_count == usage.prompt_token_count + usage.candidates_token_count
    chunks = await streamed(client, model="echo", contents="hello there my friend")
    assert "".join(chunk.text or "" for chunk in chunks) == "hello there my friend"
    assert chunks[-1].usage_metadata == usage
    counts = [chunk.usage_metadata.candidates_token_count for chunk in chunks]
    assert counts == sorted(counts)
    assert len({chunk.response_id for chunk in chunks}) == 1


@pytest.mark.parametrize("stream", [True, False])
@pytest.mark.parametrize("model", ["tools", "tools+thinking", "tools+no-ids", "gemini-3-pro+tools"])
async def test_parallel_tools_over_two_turns(client: Any, stream: bool, model: str) -> None:
    fields: Any = {"model": model, "config": {"tools": TOOLS, "automatic_function_calling": QUIET}}
    question = types.Content(role="user", parts=[types.Part(text="go")])
    if stream:
        chunks = await streamed(client, contents=[question], **fields)
        parts = [part for chunk in chunks for part in chunk.candidates[0].content.parts or ()]
        turn = types.Content(role="model", parts=parts)
    else:
        turn = (await client.generate_content(contents=[question], **fields)).candidates[0].content
    turn_parts = turn.parts or []
    calls = [part.function_call for part in turn_parts if part.function_call]
    assert [(call.name, call.args) for call in calls] == [
        ("get_weather", {"city": "Lisbon"}),
        ("get_time", {"timezone": "Europe/Lisbon"}),
    ]
    assert [call.id is None for call in calls] == ["no-ids" in model] * 2
    signed = [part.thought_signature is not None for part in turn_parts if part.function_call]
    assert signed == [model not in ("tools", "tools+no-ids"), False]
    results = [
        types.Part(function_response=types.FunctionResponse(name=call.name, id=call.id, response={"result": f"r{at}"}))
        for at, call in enumerate(calls)
    ]
    history = [question, turn, types.Content(role="user", parts=results)]
    last = await client.generate_content(contents=history, **fields)
    assert last.text == "Results: get_weather gave r0; get_time gave r1"


async def test_choice_of_tools_is_respected(client: Any) -> None:
    async def names(model: str, **wanted: Any) -> list[str]:
        config = {
            "tools": TOOLS,
            "automatic_function_calling": QUIET,
            "tool_config": types.ToolConfig(function_calling_config=types.FunctionCallingConfig(**wanted)),
        }
        answer = await client.generate_content(model=model, contents="go", config=config)
        return [call.name for call in answer.function_calls or ()]

    assert await names("tools", mode="AUTO") == ["get_weather", "get_time"]
    assert await names("tools", mode="NONE") == []
    assert await names("echo", mode="ANY") == ["get_weather"]
    assert await names("echo", mode="ANY", allowed_function_names=["get_time"]) == ["get_time"]


async def test_arguments_in_pieces(raw: Any) -> None:
    tools = [
        {
            "functionDeclarations": [
                {"name": "f", "parametersJsonSchema": {"type": "object", "properties": {"city": {}}}}
            ]
        }
    ]
    wanted = {"functionCallingConfig": {"streamFunctionCallArguments": True}}
    events = (await raw.gemini("tools", stream=True, tools=tools, toolConfig=wanted)).events()
    calls = [event["candidates"][0]["content"]["parts"][0].get("functionCall") for event in events[:-1]]
    assert (calls[0]["name"], calls[0]["willContinue"], calls[-1]) == ("f", True, {})
    pieces = [call["partialArgs"][0] for call in calls[1:-1]]
    assert {piece["jsonPath"] for piece in pieces} == {"$.city"}
    assert "".join(piece["stringValue"] for piece in pieces) == "Lisbon"


async def test_structured_output_by_the_sdks_own_parser(client: Any) -> None:
    for wanted in ({"response_schema": Weather}, {"response_json_schema": Weather.model_json_schema()}):
        config = {"response_mime_type": "application/json", **wanted}
        answer = await client.generate_content(model="json", contents="x", config=config)
        assert Weather.model_validate_json(answer.text) == Weather(city="Lisbon", degrees=21)
    assert answer.candidates[0].finish_reason == types.FinishReason.STOP


async def test_thoughts_are_shown_on_request_and_always_counted(client: Any) -> None:
    async def thoughts(model: str, **wanted: Any) -> tuple[list[str], int | None]:
        config = {"thinking_config": types.ThinkingConfig(**wanted)}
        answer = await client.generate_content(model=model, contents="x", config=config)
        shown = [part.text for part in answer.candidates[0].content.parts if part.thought]
        usage = answer.usage_metadata
        assert usage.total_token_count == (
            usage.prompt_token_count + usage.candidates_token_count + (usage.thoughts_token_count or 0)
        )
        return shown, usage.thoughts_token_count

    shown, count = await thoughts("gemini-2.5-pro", include_thoughts=True)
    assert shown[0].startswith("The user says")
    assert count
    assert await thoughts("gemini-2.5-pro", thinking_budget=100) == ([], count)
    assert await thoughts("gemini-3-pro", thinking_budget=0) == ([], None)
    assert (await thoughts("gemini-3-pro", thinking_level="LOW"))[1] == count


async def test_blocked_filtered_and_cut_off(client: Any) -> None:
    blocked = await client.generate_content(model="refusal", contents="x")
    assert blocked.candidates is None
    assert blocked.prompt_feedback.block_reason == types.BlockedReason.PROHIBITED_CONTENT
    filtered = (await streamed(client, model="filter", contents="x"))[-1].candidates[0]
    assert filtered.finish_reason == types.FinishReason.SAFETY
    assert filtered.safety_ratings[0].blocked
    config = {"max_output_tokens": 3}
    short = await client.generate_content(model="long-50", contents="x", config=config)
    assert (short.text, short.candidates[0].finish_reason) == ("word1 word2 word3", types.FinishReason.MAX_TOKENS)
    stopped = await client.generate_content(model="long-50", contents="x", config={"stop_sequences": [" word3"]})
    assert stopped.text == "word1 word2"


async def test_sources_are_found_by_their_bytes(client: Any) -> None:
    answer = await client.generate_content(model="citations", contents="x")
    found = answer.candidates[0].grounding_metadata
    text = answer.text.encode()
    segments = [support.segment for support in found.grounding_supports]
    assert [text[segment.start_index : segment.end_index].decode() for segment in segments] == [
        "Lisbon has seven hills.",
        "The tram climbs them.",
    ]
    assert [chunk.web.title for chunk in found.grounding_chunks] == ["Hills of Lisbon", "The tram"]


async def test_candidates_media_and_cached_usage(client: Any) -> None:
    several = await client.generate_content(model="echo", contents="x", config={"candidate_count": 2})
    assert [candidate.index for candidate in several.candidates] == [0, 1]
    parts = [
        types.Part.from_bytes(data=PNG, mime_type="image/png"),
        types.Part.from_uri(file_uri="https://example.org/a.pdf", mime_type="application/pdf"),
    ]
    seen = await client.generate_content(model="media", contents=types.Content(role="user", parts=parts))
    assert seen.text == f"I see: 1. image image/png 3x2 ({len(PNG)} bytes); 2. document at https://example.org/a.pdf"
    cached = (await client.generate_content(model="echo+cached", contents="x")).usage_metadata
    assert cached.cached_content_token_count == cached.prompt_token_count // 2


async def test_counting_embedding_and_listing(client: Any) -> None:
    counted = await client.count_tokens(model="echo", contents="one two three")
    answered = await client.generate_content(model="echo", contents="one two three")
    assert counted.total_tokens == answered.usage_metadata.prompt_token_count
    embedded = await client.embed_content(
        model="gemini-embedding-001", contents=["one", "two", "one"], config={"output_dimensionality": 8}
    )
    first, second, third = [entry.values for entry in embedded.embeddings]
    assert (len(first), first == third, first == second) == (8, True, False)
    assert sum(value * value for value in first) == pytest.approx(1)
    names = [model.name async for model in await client.list(config={"page_size": 4})]
    assert {"models/echo", "models/tools"} <= set(names)
    assert len(names) == len(set(names))
    assert (await client.get(model="echo")).input_token_limit


async def test_errors_as_the_sdk_raises_them(client: Any) -> None:
    with pytest.raises(errors.ClientError) as limited:
        await client.generate_content(model="rate-reset-20", contents="x")
    assert (limited.value.code, limited.value.status) == (429, "RESOURCE_EXHAUSTED")
    with pytest.raises(errors.ClientError, match="not found"):
        await client.generate_content(model="nobody", contents="x")
    with pytest.raises(errors.APIError, match="overloaded"):
        await streamed(client, model="echo+error-after-1", contents="a b c")


async def test_what_breaks_lines_is_escaped_in_a_stream(client: Any, raw: Any) -> None:
    chunks = await streamed(client, model="unicode", contents="x")
    whole = await client.generate_content(model="unicode", contents="x")
    assert "".join(chunk.text or "" for chunk in chunks) == whole.text
    body = (await raw.gemini("unicode", stream=True)).body
    assert "\u2028".encode() not in body
    assert b"\\u2028" in body
    assert body.startswith(b'data: {"candidates"')
    assert body.count(b"\r\n\r\n") == len(chunks)


async def test_a_stream_without_sse_is_one_array(raw: Any) -> None:
    answer = await raw.gemini("echo", stream="array")
    events = (await raw.gemini("echo", stream=True)).events()
    parts = [chunk["candidates"][0]["content"]["parts"] for chunk in answer.json()]
    assert parts == [chunk["candidates"][0]["content"]["parts"] for chunk in events]
    assert answer.chunks[0].startswith(b"[{")
    assert len(answer.chunks) == len(events) + 1
    assert (await raw.gemini("refusal", stream="array")).json()[0]["promptFeedback"]


async def test_quirks(raw: Any) -> None:
    async def last(quirk: str) -> list[Any]:
        found: list[Any] = (await raw.gemini(f"echo+{quirk}", stream=True)).events()
        return found

    assert not any("usageMetadata" in chunk for chunk in await last("no-usage"))
    assert ["usageMetadata" in chunk for chunk in await last("usage-last")] == [False] * 4 + [True]
    assert not any("finishReason" in chunk["candidates"][0] for chunk in await last("no-finish"))
    assert len(await last("no-done")) == 4
    assert "content" not in (await last("bare-end"))[-1]["candidates"][0]
    joined = await last("finish-with-content")
    assert joined[-1]["candidates"][0]["content"]["parts"] == [{"text": " friend"}]
    assert joined[-1]["candidates"][0]["finishReason"] == "STOP"
    assert "role" not in (await last("no-role"))[0]["candidates"][0]["content"]
    assert b"thoughtSignature" not in (await raw.gemini("echo+thinking+no-signatures", stream=True)).body
