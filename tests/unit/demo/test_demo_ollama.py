"""The simulated Ollama: by the official SDK, by the line, and by what it refuses."""

import base64
from collections.abc import AsyncIterator
from typing import Any

import ollama
import pytest

from fastproxy.demo import Simulation

PNG = base64.b64decode("iVBORw0KGgoAAAANSUhEUgAAAAMAAAACCAIAAAASFvFNAAAADElEQVR4nGNgQAUAAA4AAcSwRuoAAAAASUVORK5CYII=")
QUESTION: list[Any] = [{"role": "user", "content": "what is it like there?"}]
SCHEMA = {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}
TOOLS: list[Any] = [
    {"type": "function", "function": {"name": name, "description": name, "parameters": SCHEMA}}
    for name in ("get_weather", "get_hills")
]


@pytest.fixture
async def client(simulation: Simulation) -> AsyncIterator[Any]:
    async with ollama.AsyncClient(host=simulation.base_url("ollama")) as sdk:
        yield sdk


async def test_chat_in_both_forms_with_counters(client: Any) -> None:
    whole = await client.chat("echo:latest", messages=QUESTION)
    assert (whole.model, whole.message.content) == ("echo:latest", "what is it like there?")
    assert (whole.done, whole.done_reason) == (True, "stop")
    assert whole.total_duration == whole.load_duration + whole.prompt_eval_duration + whole.eval_duration
    lines = [line async for line in await client.chat("echo:latest", messages=QUESTION, stream=True)]
    assert "".join(line.message.content for line in lines) == "what is it like there?"
    assert [line.done for line in lines] == [False] * (len(lines) - 1) + [True]
    assert (lines[-1].prompt_eval_count, lines[-1].eval_count) == (whole.prompt_eval_count, whole.eval_count)


@pytest.mark.parametrize("stream", [True, False])
async def test_parallel_tools_over_two_turns(client: Any, stream: bool) -> None:
    calls: list[Any] = []
    if stream:
        async for line in await client.chat("tools", messages=QUESTION, tools=TOOLS, stream=True):
            calls += line.message.tool_calls or ()
    else:
        calls += (await client.chat("tools", messages=QUESTION, tools=TOOLS)).message.tool_calls
    assert [(call.function.name, call.function.arguments) for call in calls] == [
        ("get_weather", {"city": "Lisbon"}),
        ("get_hills", {"city": "Lisbon"}),
    ]
    turn = {"role": "assistant", "content": "", "tool_calls": calls}
    results = [{"role": "tool", "tool_name": call.function.name, "content": f"r{at}"} for at, call in enumerate(calls)]
    last = await client.chat("tools", messages=[*QUESTION, turn, *reversed(results)], tools=TOOLS)
    assert last.message.content == "Results: get_hills gave r1; get_weather gave r0"


async def test_results_by_id_and_by_order(raw: Any) -> None:
    calls = [{"id": f"call_{name}", "function": {"name": name, "arguments": {}}} for name in ("a", "b")]
    turn = {"role": "assistant", "tool_calls": calls}
    for results in (
        [
            {"role": "tool", "tool_call_id": "call_b", "content": "2"},
            {"role": "tool", "tool_call_id": "call_a", "content": "1"},
        ],
        [{"role": "tool", "tool_name": "b", "content": "2"}, {"role": "tool", "content": "1"}],
    ):
        answer = await raw.ollama_body({"model": "tools", "stream": False, "messages": [*QUESTION, turn, *results]})
        assert answer.json()["message"]["content"] == "Results: b gave 2; a gave 1"


async def test_thinking_format_and_options(client: Any) -> None:
    thought = await client.chat("qwen3", messages=QUESTION, think="high")
    assert thought.message.thinking.startswith("The user says")
    assert (await client.chat("qwen3", messages=QUESTION)).message.thinking is None
    assert (await client.chat("echo+thinking", messages=QUESTION, think=False)).message.thinking is None
    shaped = await client.chat("echo", messages=QUESTION, format=SCHEMA)
    assert shaped.message.content == '{"city":"Lisbon"}'
    free = await client.chat("echo", messages=QUESTION, format="json")
    assert free.message.content == '{"echo":"what is it like there?"}'
    short = await client.chat("long-50", messages=QUESTION, options={"num_predict": 3, "unheard_of": 1})
    assert (short.message.content, short.done_reason) == ("word1 word2 word3", "length")
    stopped = await client.chat("long-50", messages=QUESTION, options={"stop": [" word3"], "num_predict": -1})
    assert stopped.message.content == "word1 word2"


async def test_generate_with_pictures_and_thinking(client: Any) -> None:
    whole = await client.generate("media", prompt="look", images=[PNG])
    assert whole.response == f"I see: 1. image image/png 3x2 ({len(PNG)} bytes)"
    assert whole.context
    lines = [line async for line in await client.generate("echo", prompt="one two", think=True, stream=True)]
    assert "".join(line.response for line in lines) == "one two"
    assert "".join(line.thinking or "" for line in lines).startswith("The user says")
    assert lines[-1].done_reason == "stop"
    seen = await client.chat("media", messages=[{"role": "user", "content": "look", "images": [PNG]}])
    assert "3x2" in seen.message.content


async def test_loading_and_unloading(client: Any) -> None:
    loaded = await client.generate("echo")
    assert (loaded.response, loaded.done_reason) == ("", "load")
    unloaded = await client.chat("echo", messages=[], keep_alive=0)
    assert (unloaded.message.content, unloaded.done_reason) == ("", "unload")


async def test_the_library(client: Any, raw: Any) -> None:
    listed = [model.model for model in (await client.list()).models]
    assert {"echo:latest", "tools:latest"} <= set(listed)
    shown = await client.show("echo")
    assert "tools" in shown.capabilities
    assert shown.modelinfo["general.architecture"] == "simulated"
    assert (await client.ps()).models[0].model == "echo:latest"
    version = await raw.ollama_body({}, "/api/version", "GET")
    assert version.json()["version"]
    head = await raw.exchange(raw.request("/", b"", {"connection": "close"}, "HEAD"))
    assert (head.status, head.body) == (200, b"")


async def test_embeddings(client: Any) -> None:
    answer = await client.embed("nomic-embed-text", input=["one", "two", "one"], dimensions=8)
    first, second, third = answer.embeddings
    assert (len(first), first == third, first == second) == (8, True, False)
    assert answer.prompt_eval_count == 3
    assert (await client.embed("nomic-embed-text", input="")).embeddings == []
    assert len((await client.embeddings("nomic-embed-text", prompt="one")).embedding) == 768


async def test_errors_as_the_sdk_raises_them(client: Any) -> None:
    with pytest.raises(ollama.ResponseError, match="model 'nobody' not found") as missing:
        await client.chat("nobody", messages=QUESTION)
    assert missing.value.status_code == 404
    with pytest.raises(ollama.ResponseError, match="overloaded"):
        async for _ in await client.chat("echo+error-after-1", messages=QUESTION, stream=True):
            pass


REFUSED: list[tuple[dict[str, Any], str]] = [
    ({"model": None}, "model is required"),
    ({"messages": "hi"}, "messages: expected an array"),
    ({"messages": [{"content": "x"}]}, "messages.0.role: missing"),
    ({"messages": [{"role": "developer", "content": "x"}]}, "messages.0.role: 'developer'"),
    (
        {"messages": [{"role": "user", "content": [{"type": "text", "text": "x"}]}]},
        "messages.0.content: expected a string",
    ),
    ({"messages": [{"role": "user", "content": "x", "images": ["https://x/y.png"]}]}, "illegal base64 data"),
    ({"messages": [{"role": "user", "content": "x", "images": ["data:image/png;base64,AAAA"]}]}, "illegal base64 data"),
    (
        {"messages": [{"role": "assistant", "tool_calls": [{"function": {"name": "f", "arguments": "{}"}}]}]},
        "cannot unmarshal string",
    ),
    ({"tools": [{"type": "function", "name": "f"}]}, "tools.0.function: missing"),
    ({"format": "yaml"}, 'invalid format: expected "json" or a JSON schema'),
    ({"think": "extreme"}, "invalid think value"),
    ({"stream": "no"}, "stream: expected a boolean"),
    ({"options": {"temperature": "hot"}}, 'option "temperature" must be of type float32'),
    ({"options": {"num_ctx": True}}, 'option "num_ctx" must be of type integer'),
    ({"options": {"stop": "x"}}, "options.stop: expected an array"),
]


@pytest.mark.parametrize(("fields", "words"), REFUSED)
async def test_refused_in_one_sentence(raw: Any, fields: dict[str, Any], words: str) -> None:
    answer = await raw.ollama_body({"model": "echo", "messages": QUESTION} | fields)
    assert answer.status == 400
    assert list(answer.json()) == ["error"]
    assert words in answer.json()["error"]


async def test_names_that_it_does_not_know_are_ignored(raw: Any) -> None:
    answer = await raw.ollama("echo", stream=False, temperature=1, max_tokens=5, tool_choice="auto", x={"y": 1})
    assert answer.status == 200
    assert (await raw.ollama_body({}, "/api/chat", "GET")).status == 405
    assert (await raw.ollama_body({}, "/api/pull")).json() == {"error": "Invalid URL (POST /api/pull)"}
    assert (await raw.ollama_body({"name": "nobody"}, "/api/show")).status == 404
    assert (await raw.ollama_body({}, "/api/show")).json() == {"error": "model is required"}


async def test_lines_and_their_quirks(raw: Any) -> None:
    async def told(quirk: str) -> list[Any]:
        found: list[Any] = (await raw.ollama(f"tools+{quirk}", tools=TOOLS)).lines()
        return found

    plain = await raw.ollama("tools", tools=TOOLS)
    assert plain.headers["content-type"] == "application/x-ndjson"
    assert plain.body.count(b"\n") == len(plain.lines()) == 3
    calls = [call for line in plain.lines() for call in line["message"].get("tool_calls", ())]
    assert [call["function"]["index"] for call in calls] == [0, 1]
    assert "id" not in (await told("no-ids"))[0]["message"]["tool_calls"][0]
    assert "eval_count" not in (await told("no-usage"))[-1]
    assert "prompt_eval_count" not in (await told("no-prompt-count"))[-1]
    assert "done_reason" not in (await told("no-finish"))[-1]
    assert not (await told("no-done"))[-1]["done"]
    [last] = await told("done-with-calls")
    assert (last["done"], len(last["message"]["tool_calls"])) == (True, 2)
    assert b"\r\n" in (await raw.ollama("echo+crlf")).body
    assert not (await raw.ollama("echo+no-last-blank")).body.endswith(b"\n")
