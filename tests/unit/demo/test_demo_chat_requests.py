"""What the simulated Chat service refuses, and what it takes: each line a request as a careless encoder would send it."""

from typing import Any

import pytest

USER = {"role": "user", "content": "hi"}
CALL = {"id": "call_1", "type": "function", "function": {"name": "f", "arguments": "{}"}}
CALL_2 = CALL | {"id": "call_2"}
TURN = {"role": "assistant", "content": None, "tool_calls": [CALL]}
RESULT = {"role": "tool", "tool_call_id": "call_1", "content": "done"}
TOOL = {"type": "function", "function": {"name": "f"}}


def tool(**function: Any) -> dict[str, Any]:
    return {"tools": [{"type": "function", "function": {"name": "f"} | function}]}


def schema(value: Any, strict: bool = False) -> dict[str, Any]:
    return tool(parameters=value, strict=strict)


def form(**wanted: Any) -> dict[str, Any]:
    return {"response_format": {"type": "json_schema", "json_schema": {"name": "x"} | wanted}}


def said(*messages: Any) -> dict[str, Any]:
    return {"messages": list(messages)}


def part(**fields: Any) -> dict[str, Any]:
    return said({"role": "user", "content": [fields]})


REFUSED: list[tuple[dict[str, Any], str | None]] = [
    ({"messages": None}, "messages"),
    (said(), "messages"),
    ({"messages": {}}, "messages"),
    ({"stream": "yes"}, "stream"),
    ({"top_k": 5}, "top_k"),
    ({"temperature": 2.1}, "temperature"),
    ({"temperature": "0"}, "temperature"),
    ({"temperature": True}, "temperature"),
    ({"top_p": -0.1}, "top_p"),
    ({"presence_penalty": 3}, "presence_penalty"),
    ({"logit_bias": {"50": 101}}, "logit_bias.50"),
    ({"n": 0}, "n"),
    ({"n": 1.5}, "n"),
    ({"seed": 2**63}, "seed"),
    ({"stop": ["a", "b", "c", "d", "e"]}, "stop"),
    ({"stop": [""]}, "stop[0]"),
    ({"max_tokens": 0}, "max_tokens"),
    ({"max_tokens": 5, "max_completion_tokens": 5}, "max_tokens"),
    ({"reasoning_effort": "extreme"}, "reasoning_effort"),
    ({"service_tier": "gold"}, "service_tier"),
    ({"top_logprobs": 3}, "top_logprobs"),
    ({"logprobs": True, "top_logprobs": 21}, "top_logprobs"),
    ({"stream_options": {"include_usage": True}}, "stream_options"),
    ({"stream": True, "stream_options": {"x": 1}}, "stream_options.x"),
    ({"metadata": {str(number): "x" for number in range(17)}}, "metadata"),
    ({"metadata": {"a": 1}}, "metadata.a"),
    ({"tool_choice": "auto"}, "tool_choice"),
    ({"parallel_tool_calls": False}, "parallel_tool_calls"),
    ({"tools": []}, "tools"),
    ({"tools": [{"type": "web_search"}]}, "tools[0].type"),
    (tool(name="bad name"), "tools[0].function.name"),
    (tool(name="x" * 65), "tools[0].function.name"),
    (tool(input_schema={}), "tools[0].function.input_schema"),
    (schema({"type": "string"}), "tools[0].function.parameters"),
    (schema({"type": "object", "properties": {"a": {"type": "array"}}}), "tools[0].function.parameters"),
    (schema({"type": "object", "properties": {"a": {"type": "text"}}}), "tools[0].function.parameters"),
    (schema({"type": "object", "properties": {}}, strict=True), "tools[0].function.parameters"),
    (
        schema({"type": "object", "properties": {"a": {"type": "string"}}, "additionalProperties": False}, strict=True),
        "tools[0].function.parameters",
    ),
    ({"tools": [TOOL], "tool_choice": "any"}, "tool_choice"),
    ({"tools": [TOOL], "tool_choice": {"type": "function", "function": {"name": "g"}}}, "tool_choice.function.name"),
    ({"tools": [TOOL], "tool_choice": {"type": "tool", "name": "f"}}, "tool_choice.type"),
    ({"response_format": {"type": "json_object"}}, "response_format"),
    ({"response_format": {"type": "json_schema"}}, "response_format.json_schema"),
    (form(name="a b", schema={}), "response_format.json_schema.name"),
    (form(strict=True), "response_format.json_schema.schema"),
    (form(strict=True, schema={"type": "array", "items": {}}), "response_format.json_schema.schema"),
    (form(strict=True, schema={"type": "object", "properties": {}}), "response_format.json_schema.schema"),
    (said({"role": "robot", "content": "x"}), "messages[0].role"),
    (said({"content": "x"}), "messages[0].role"),
    (said({"role": "user"}), "messages[0].content"),
    (said({"role": "user", "content": []}), "messages[0].content"),
    (said({"role": "user", "content": 5}), "messages[0].content"),
    (said({"role": "user", "content": "x", "cache_control": {}}), "messages[0].cache_control"),
    (said({"role": "assistant", "content": "x", "reasoning_content": "y"}, USER), "messages[0].reasoning_content"),
    (said({"role": "assistant", "content": None}), "messages[0].content"),
    (
        said({"role": "system", "content": [{"type": "image_url", "image_url": {"url": "https://x/y.png"}}]}),
        "messages[0].content[0].type",
    ),
    (part(type="tool_result"), "messages[0].content[0].type"),
    (part(type="text"), "messages[0].content[0].text"),
    (part(type="text", text="x", cache_control={}), "messages[0].content[0].cache_control"),
    (part(type="image_url", image_url={"url": "ftp://x"}), "messages[0].content[0].image_url.url"),
    (part(type="image_url", image_url={"url": "data:image/png;base64,AAAA"}), "messages[0].content[0].image_url.url"),
    (part(type="image_url", image_url={"url": "data:image/png;base64,*"}), "messages[0].content[0].image_url.url"),
    (
        part(type="image_url", image_url={"url": "https://x/y.png", "detail": "best"}),
        "messages[0].content[0].image_url.detail",
    ),
    (part(type="input_audio", input_audio={"format": "ogg", "data": ""}), "messages[0].content[0].input_audio.format"),
    (part(type="file", file={"file_data": "data:application/pdf;base64,AAAA"}), "messages[0].content[0].file.filename"),
    (said(USER, RESULT), "messages[1]"),
    (said(USER, TURN), "messages[1]"),
    (said(USER, TURN, USER, RESULT), "messages[1]"),
    (said(USER, TURN, RESULT | {"tool_call_id": "call_9"}), "messages[2]"),
    (said(USER, TURN, RESULT, RESULT), "messages[3]"),
    (said(USER, TURN | {"tool_calls": [CALL, CALL_2]}, RESULT), "messages[1]"),
    (said(USER, TURN | {"tool_calls": [CALL, CALL]}, RESULT), "messages[1].tool_calls[1].id"),
    (said(USER, TURN | {"tool_calls": []}), "messages[1].tool_calls"),
    (said(USER, TURN | {"tool_calls": [CALL | {"id": "x" * 65}]}), "messages[1].tool_calls[0].id"),
    (
        said(USER, TURN | {"tool_calls": [CALL | {"function": {"name": "f", "arguments": {}}}]}),
        "messages[1].tool_calls[0].function.arguments",
    ),
    (
        said(USER, TURN, RESULT | {"content": [{"type": "image_url", "image_url": {"url": "https://x/y.png"}}]}),
        "messages[2].content[0].type",
    ),
]
TAKEN: list[dict[str, Any]] = [
    said(
        {"role": "developer", "content": "be brief"},
        {"role": "system", "content": [{"type": "text", "text": "x"}]},
        USER,
    ),
    said(USER, TURN | {"tool_calls": [CALL, CALL_2]}, RESULT | {"tool_call_id": "call_2"}, RESULT, USER),
    said(USER, {"role": "assistant", "content": [{"type": "refusal", "refusal": "no"}]}, USER),
    said(USER, {"role": "assistant", "refusal": "no"}, USER),
    {"temperature": None, "stop": None, "tools": None, "max_tokens": None},
    {"response_format": {"type": "json_object"}} | said({"role": "system", "content": "Answer in JSON."}, USER),
    schema({"type": "object", "properties": {"title": {"type": ["string", "null"]}}}),
    {"tools": [TOOL], "tool_choice": "auto", "parallel_tool_calls": True},
    {"verbosity": "low", "store": True, "metadata": {"a": "b"}, "user": "u", "logit_bias": {"1": -100}},
]


@pytest.mark.parametrize(("fields", "param"), REFUSED)
async def test_refused_with_the_field_at_fault(raw: Any, fields: dict[str, Any], param: str | None) -> None:
    answer = await raw.chat_body({"model": "echo", "messages": [USER]} | fields)
    error = answer.json()["error"]
    assert (answer.status, error["param"], error["type"]) == (400, param, "invalid_request_error")
    assert f"Invalid '{param}'" in error["message"]


@pytest.mark.parametrize("fields", TAKEN)
async def test_taken(raw: Any, fields: dict[str, Any]) -> None:
    answer = await raw.chat_body({"model": "echo", "messages": [USER]} | fields)
    assert answer.status == 200, answer.json()


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b'"x"', b'{"model": NaN}', b"\xff", b"[" * 100_000, b"null"])
async def test_bodies_that_are_no_json_object(raw: Any, body: bytes) -> None:
    answer = await raw.chat_body(body)
    assert (answer.status, answer.json()["error"]["type"]) == (400, "invalid_request_error")


async def test_unknown_models_and_files(raw: Any) -> None:
    answer = await raw.chat("gpt-x+nonsense")
    assert (answer.status, answer.json()["error"]["code"]) == (404, "model_not_found")
    file = await raw.chat_body({"model": "echo", **part(type="file", file={"file_id": "file-1"})})
    assert file.status == 404


@pytest.mark.parametrize(
    ("fields", "param"),
    [
        ({"temperature": 0.5}, "temperature"),
        ({"max_tokens": 5}, "max_tokens"),
        ({"stop": "x"}, "stop"),
        ({"presence_penalty": 1}, "presence_penalty"),
    ],
)
async def test_reasoning_models_refuse_more(raw: Any, fields: dict[str, Any], param: str) -> None:
    assert (await raw.chat("o3-mini", **fields)).json()["error"]["param"] == param
    assert (await raw.chat("gpt-x", **fields)).status == 200
    assert (await raw.chat("o3-mini", temperature=1, max_completion_tokens=5)).status == 200


@pytest.mark.parametrize("model", ["echo+lenient", "host-x", "deepseek-chat"])
async def test_compatible_hosts_ignore_what_they_do_not_know(raw: Any, model: str) -> None:
    answer = await raw.chat(model, top_k=5, cache_control={"type": "ephemeral"}, parallel_tool_calls=True)
    assert answer.status == 200


async def test_who_shows_its_reasoning_takes_it_back(raw: Any) -> None:
    turn = {"role": "assistant", "content": "hello", "reasoning_content": "hm"}
    for model, status in (("echo+thinking", 200), ("echo", 400)):
        assert (await raw.chat_body({"model": model, "messages": [USER, turn, USER]})).status == status


async def test_deepseek_wants_its_reasoning_back(raw: Any) -> None:
    turn = {"role": "assistant", "content": "hello"}
    for history, fields, status in (
        ([USER, turn, USER], {}, 400),
        ([USER, turn | {"reasoning_content": ""}, USER], {}, 400),
        ([USER, turn | {"reasoning_content": "hm"}, USER], {}, 200),
        ([USER, turn, USER], {"thinking": {"type": "disabled"}}, 200),
    ):
        answer = await raw.chat_body({"model": "deepseek-chat", "messages": history, **fields})
        assert answer.status == status
