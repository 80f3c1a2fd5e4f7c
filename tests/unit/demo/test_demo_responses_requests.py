"""What the simulated Responses service refuses, and what it takes: each line a request as a careless encoder would send it."""

from typing import Any

import pytest

USER = {"role": "user", "content": "hi"}
CALL = {"type": "function_call", "call_id": "call_1", "name": "f", "arguments": "{}"}
OUTPUT = {"type": "function_call_output", "call_id": "call_1", "output": "done"}
CUSTOM = {"type": "custom_tool_call", "call_id": "call_1", "name": "c", "input": "x"}
TOOL = {"type": "function", "name": "f", "parameters": {"type": "object", "properties": {}}, "strict": False}
OPEN = {"type": "object", "properties": {"a": {"type": "string"}}}


def said(*items: Any) -> dict[str, Any]:
    return {"input": list(items)}


def part(role: str = "user", **fields: Any) -> dict[str, Any]:
    return said({"role": role, "content": [fields]})


def form(**wanted: Any) -> dict[str, Any]:
    return {"text": {"format": {"type": "json_schema", "name": "x"} | wanted}}


REFUSED: list[tuple[dict[str, Any], str]] = [
    ({"input": None}, "input"),
    ({"input": 5}, "input"),
    ({"messages": [USER]}, "messages"),
    ({"stop": ["x"]}, "stop"),
    ({"n": 2}, "n"),
    ({"max_tokens": 20}, "max_tokens"),
    ({"max_output_tokens": 15}, "max_output_tokens"),
    ({"temperature": 2.5}, "temperature"),
    ({"top_p": "1"}, "top_p"),
    ({"top_logprobs": 21}, "top_logprobs"),
    ({"stream": "yes"}, "stream"),
    ({"stream_options": {"include_obfuscation": False}}, "stream_options"),
    ({"stream": True, "stream_options": {"include_usage": True}}, "stream_options.include_usage"),
    ({"include": ["everything"]}, "include[0]"),
    ({"metadata": {"a": 1}}, "metadata.a"),
    ({"truncation": "some"}, "truncation"),
    ({"background": True, "store": False}, "background"),
    ({"reasoning": {"effort": "extreme"}}, "reasoning.effort"),
    ({"reasoning": {"summary": "long"}}, "reasoning.summary"),
    ({"reasoning_effort": "low"}, "reasoning_effort"),
    ({"response_format": {"type": "json_object"}}, "response_format"),
    ({"text": {"format": {"type": "json_object"}}}, "text.format"),
    ({"text": {"format": {"type": "json_schema", "json_schema": {}}}}, "text.format.json_schema"),
    (form(schema={"type": "array", "items": {}}), "text.format.schema"),
    (form(schema=OPEN, strict=True), "text.format.schema"),
    ({"tools": [{"type": "function", "function": {"name": "f"}}]}, "tools[0].function"),
    ({"tools": [TOOL | {"name": "bad name"}]}, "tools[0].name"),
    ({"tools": [TOOL | {"strict": True, "parameters": OPEN}]}, "tools[0].parameters"),
    ({"tools": [{"type": "telepathy"}]}, "tools[0].type"),
    ({"tools": [{"type": "namespace", "name": "n", "tools": [TOOL]}]}, "tools[0].description"),
    (
        {
            "tools": [
                {"type": "custom", "name": "c", "format": {"type": "grammar", "syntax": "ebnf", "definition": "x"}}
            ]
        },
        "tools[0].format.syntax",
    ),
    ({"tool_choice": "required"}, "tool_choice"),
    ({"tools": [TOOL], "tool_choice": {"type": "function", "name": "g"}}, "tool_choice.name"),
    ({"tools": [TOOL], "tool_choice": {"type": "function", "function": {"name": "f"}}}, "tool_choice.function"),
    (said({"role": "robot", "content": "x"}), "input[0].role"),
    (said({"role": "tool", "content": "x"}), "input[0].role"),
    (said({"role": "user"}), "input[0].content"),
    (said({"type": "function_result"}), "input[0].type"),
    (said(USER | {"name": "ada"}), "input[0].name"),
    (said(USER | {"id": "item_1"}), "input[0].id"),
    (part(type="text", text="x"), "input[0].content[0].type"),
    (part(type="output_text", text="x"), "input[0].content[0].type"),
    (part("assistant", type="input_text", text="x"), "input[0].content[0].type"),
    (part(type="input_image", image_url="ftp://x"), "input[0].content[0].image_url"),
    (part(type="input_image", image_url={"url": "https://x/y.png"}), "input[0].content[0].image_url"),
    (part(type="input_image", image_url="https://x/y.png", detail="best"), "input[0].content[0].detail"),
    (part(type="input_file", file_data="data:application/pdf;base64,AAAA"), "input[0].content[0].filename"),
    (said(USER, CALL), "input"),
    (said(USER, OUTPUT), "input"),
    (said(USER, CALL, OUTPUT, OUTPUT), "input"),
    (said(USER, CALL, CUSTOM | {"call_id": "call_2"}, OUTPUT), "input"),
    (said(USER, CUSTOM, OUTPUT), "input"),
    (said(USER, CALL, CALL, OUTPUT), "input[2]"),
    (said(USER, CALL | {"call_id": "x" * 65}, OUTPUT), "input[1].call_id"),
    (said(USER, CALL | {"arguments": {}}, OUTPUT), "input[1].arguments"),
    (said(USER, CALL | {"id": "call_1"}, OUTPUT), "input[1].id"),
    (said(USER, CALL, {"type": "function_call_output", "call_id": "call_1"}), "input[2].output"),
    ({"previous_response_id": "resp_none"}, "previous_response_id"),
    ({"previous_response_id": "resp_none", "conversation": "conv_1"}, "conversation"),
]
TAKEN: list[dict[str, Any]] = [
    {"input": "hi", "instructions": "be brief", "store": False, "user": "u", "prompt_cache_key": "k"},
    said({"role": "developer", "content": "x"}, {"type": "message", "role": "system", "content": "x"}, USER),
    said(USER, {"role": "assistant", "content": [{"type": "output_text", "text": "x", "annotations": []}]}, USER),
    said(USER, {"role": "assistant", "content": [{"type": "refusal", "refusal": "no"}]}, USER),
    said(USER, CALL, CALL | {"call_id": "call_2"}, OUTPUT | {"call_id": "call_2"}, OUTPUT, USER),
    said(USER, CUSTOM, {"type": "custom_tool_call_output", "call_id": "call_1", "output": "x"}),
    said(USER, CALL, OUTPUT | {"output": [{"type": "input_text", "text": "x"}], "id": "fco_1", "status": None}),
    said(USER, {"type": "web_search_call", "id": "ws_1", "status": "completed", "action": {}}, USER),
    {"tools": [TOOL, {"type": "web_search"}, {"type": "custom", "name": "c"}], "tool_choice": {"type": "web_search"}},
    {"tools": [{"type": "function", "name": "f", "parameters": OPEN}], "parallel_tool_calls": False},
    {"text": {"format": {"type": "json_object"}, "verbosity": "low"}, "input": "as json"},
    {"client_metadata": {"x": "y"}, "include": ["reasoning.encrypted_content"], "truncation": "auto", "tools": []},
]


@pytest.mark.parametrize(("fields", "param"), REFUSED)
async def test_refused_with_the_field_at_fault(raw: Any, fields: dict[str, Any], param: str) -> None:
    answer = await raw.responses_body({"model": "echo", "input": "hi"} | fields)
    error = answer.json()["error"]
    assert (answer.status, error["param"], error["type"]) == (400, param, "invalid_request_error")


@pytest.mark.parametrize("fields", TAKEN)
@pytest.mark.parametrize("stream", [False, True])
async def test_taken(raw: Any, fields: dict[str, Any], stream: bool) -> None:
    answer = await raw.responses_body({"model": "echo", "input": "hi", "stream": stream} | fields)
    assert answer.status == 200, answer.body
    assert answer.headers["content-type"].startswith("text/event-stream" if stream else "application/json")


@pytest.mark.parametrize(
    ("item", "code"),
    [
        ({"encrypted_content": "gAAAAABforeign"}, "invalid_encrypted_content"),
        ({"encrypted_content": "EgJzaW0="}, "invalid_encrypted_content"),
        ({}, None),
    ],
)
async def test_state_of_others_is_refused(raw: Any, item: dict[str, Any], code: str | None) -> None:
    reasoning = {"type": "reasoning", "id": "rs_1", "summary": [], **item}
    answer = await raw.responses_body({"model": "echo", "input": [USER, reasoning, CALL, OUTPUT]})
    assert answer.status == (400 if code else 404)
    assert answer.json()["error"]["code"] == code


async def test_state_comes_back_as_it_was_with_its_item(raw: Any) -> None:
    asked = {"include": ["reasoning.encrypted_content"], "store": False, "tools": [TOOL]}
    output = (await raw.responses("tools+thinking", **asked)).json()["output"]
    reasoning, call = output
    result = {"type": "function_call_output", "call_id": call["call_id"], "output": "done"}

    async def status(*items: Any) -> tuple[int, str | None]:
        answer = await raw.responses_body({"model": "tools", "input": [USER, *items], **asked})
        return answer.status, answer.json().get("error") and answer.json()["error"]["code"]

    assert await status(reasoning, call, result) == (200, None)
    assert await status(reasoning | {"id": "rs_other"}, call, result) == (400, "invalid_encrypted_content")
    state = reasoning["encrypted_content"]
    flipped = state[:-6] + ("A" if state[-6] != "A" else "B") + state[-5:]
    assert await status(reasoning | {"encrypted_content": flipped}, call, result) == (400, "invalid_encrypted_content")
    assert (await status(reasoning))[0] == 400
    assert (await status(reasoning, USER))[0] == 400
    assert (await status({"type": "item_reference", "id": reasoning["id"]}, call, result))[0] == 404


async def test_reasoning_models_refuse_sampling(raw: Any) -> None:
    assert (await raw.responses("o3-mini", temperature=1)).json()["error"]["code"] == "unsupported_parameter"
    assert (await raw.responses("gpt-x", temperature=1)).status == 200
    assert (await raw.responses("echo+lenient", stop="x", whatever=1)).status == 200


@pytest.mark.parametrize("body", [b"", b"[]", b'{"model": NaN}', b"\xff"])
async def test_bodies_that_are_no_json_object(raw: Any, body: bytes) -> None:
    assert (await raw.responses_body(body)).status == 400
