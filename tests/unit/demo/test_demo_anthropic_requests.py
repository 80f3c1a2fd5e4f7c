"""What the simulated Messages service refuses, and what it takes: each line a request as a careless encoder would send it."""

import base64
from typing import Any

import pytest

from fastproxy.demo import seal

OLD, NEW = "2023-06-01", "2026-10-21"
USER = {"role": "user", "content": "hi"}
CALL = {"type": "tool_use", "id": "toolu_1", "name": "f", "input": {}}
CALL_2 = CALL | {"id": "toolu_2"}
RESULT = {"type": "tool_result", "tool_use_id": "toolu_1", "content": "done"}
RESULT_2 = RESULT | {"tool_use_id": "toolu_2"}
TEXT = {"type": "text", "text": "x"}
TOOL = {"name": "f", "input_schema": {"type": "object"}}
MARK = {"cache_control": {"type": "ephemeral"}}
MARK_1H = {"cache_control": {"type": "ephemeral", "ttl": "1h"}}
GIF = base64.b64encode(b"GIF89a\x05\x00\x04\x00").decode()
PDF = base64.b64encode(b"%PDF-1").decode()
DOCUMENT = {"type": "document", "source": {"type": "base64", "media_type": "application/pdf", "data": PDF}}
THOUGHT = {"type": "thinking", "thinking": "hm", "signature": seal.sign("hm")}
OPEN_SCHEMA = {"type": "object", "properties": {"a": {"type": "object"}}, "additionalProperties": False}


def said(*messages: Any) -> dict[str, Any]:
    return {"messages": list(messages)}


def user(*blocks: Any) -> dict[str, Any]:
    return {"role": "user", "content": list(blocks)}


def assistant(*blocks: Any) -> dict[str, Any]:
    return {"role": "assistant", "content": list(blocks)}


def schema(**value: Any) -> dict[str, Any]:
    return {"tools": [{"name": "f", "input_schema": {"type": "object"} | value}]}


def image(**source: Any) -> dict[str, Any]:
    return said(user({"type": "image", "source": source}))


REFUSED: list[tuple[dict[str, Any], str]] = [
    ({"max_tokens": None}, "max_tokens: missing"),
    ({"max_tokens": -1}, "max_tokens"),
    ({"max_tokens": 1.5}, "max_tokens"),
    ({"model": None}, "model: missing"),
    ({"messages": None}, "messages: missing"),
    (said(), "messages: "),
    ({"foo": 1}, "foo: extra inputs"),
    ({"stop": ["x"]}, "stop: extra inputs"),
    ({"context_management": {}}, "context_management: extra inputs"),
    ({"temperature": 1.5}, "temperature"),
    ({"top_k": -1}, "top_k"),
    ({"stream": 1}, "stream"),
    ({"stop_sequences": ["a", " "]}, "stop_sequences.1"),
    ({"stop_sequences": "a"}, "stop_sequences"),
    ({"metadata": {"x": "y"}}, "metadata.x"),
    ({"service_tier": "flex"}, "service_tier"),
    ({"system": 5}, "system"),
    ({"system": [{"type": "image"}]}, "system.0.type"),
    ({"system": [{"type": "text", "text": ""}]}, "system.0.text"),
    # Roles and order.
    (said({"role": "tool", "content": "x"}), "messages.0.role"),
    (said({"role": "system", "content": "x"}, USER), "messages.0.role"),
    (said(assistant(TEXT), USER), "first message"),
    (said(USER, assistant(TEXT)), "prefill"),
    (said(USER | {"name": "x"}), "messages.0.name"),
    # Content.
    (said({"role": "user", "content": ""}), "messages.0: all messages must have non-empty content"),
    (said(user()), "messages.0: all messages must have non-empty content"),
    (said({"role": "user"}), "messages.0.content: missing"),
    (said(user({"type": "text", "text": ""})), "messages.0.content.0.text"),
    (said(user({"type": "text", "text": " \n"})), "messages.0.content.0.text"),
    (said(user({"type": "text", "text": "x", "foo": 1})), "messages.0.content.0.foo"),
    (said(user({"type": "image_url"})), "messages.0.content.0.type"),
    (said(user(CALL)), "messages.0.content.0.type"),
    (said(USER, assistant(TEXT, {"type": "image", "source": {}}), USER), "messages.1.content.1.type"),
    (image(type="base64", media_type="image/png", data=GIF), "media_type"),
    (image(type="base64", media_type="image/bmp", data=GIF), "media_type"),
    (image(type="base64", media_type="image/gif", data="AAAA"), "could not process image"),
    (image(type="base64", media_type="image/gif", data="*"), "invalid base64"),
    (image(type="url", url="http://x/y.png"), "HTTPS"),
    (said(user(DOCUMENT | {"source": DOCUMENT["source"] | {"data": GIF}})), "PDF"),  # type: ignore[operator]
    # Thinking.
    (said(USER, assistant(THOUGHT | {"signature": "x"}, TEXT), USER), "messages.1.content.0: invalid `signature`"),
    (said(USER, assistant(THOUGHT | {"thinking": "ha"}, TEXT), USER), "messages.1.content.0: invalid `signature`"),
    (said(USER, assistant({"type": "thinking", "thinking": "hm"}, TEXT), USER), "messages.1.content.0.signature"),
    (said(USER, assistant({"type": "redacted_thinking", "data": "x"}, TEXT), USER), "invalid `data`"),
    (said(USER, assistant(TEXT, THOUGHT), USER), "cannot be `thinking`"),
    ({"thinking": {"type": "enabled"}}, "thinking.budget_tokens"),
    ({"thinking": {"type": "enabled", "budget_tokens": 1023}}, "thinking.budget_tokens"),
    ({"thinking": {"type": "enabled", "budget_tokens": 4000}}, "max_tokens"),
    ({"thinking": {"type": "always"}}, "thinking.type"),
    ({"thinking": {"type": "adaptive"}, "temperature": 0.5}, "temperature"),
    ({"thinking": {"type": "adaptive"}, "top_k": 5}, "top_k"),
    ({"thinking": {"type": "adaptive"}, "tools": [TOOL], "tool_choice": {"type": "any"}}, "tool_choice"),
    # Calls and results.
    (said(USER, assistant(CALL | {"id": "a.b"}), user(RESULT)), "messages.1.content.0.id"),
    (said(USER, assistant(CALL | {"input": "{}"}), user(RESULT)), "messages.1.content.0.input"),
    (said(USER, assistant(CALL), USER), "messages.1.content.0: `tool_use` ids were found without"),
    (said(USER, assistant(CALL), user(TEXT, RESULT)), "without `tool_result` blocks immediately after: toolu_1"),
    (said(USER, assistant(CALL, CALL_2), user(RESULT)), "immediately after: toolu_2"),
    (said(USER, assistant(CALL, CALL_2), user(RESULT, TEXT, RESULT_2)), "immediately after: toolu_2"),
    (said(USER, assistant(CALL, CALL), user(RESULT)), "must be unique"),
    (said(user(RESULT)), "unexpected `tool_use_id`"),
    (said(USER, assistant(TEXT), user(RESULT)), "unexpected `tool_use_id`"),
    (said(USER, assistant(CALL), user(RESULT, RESULT)), "unexpected `tool_use_id`"),
    (said(USER, assistant(CALL), user(RESULT | {"is_error": True, "content": ""})), "is_error"),
    (said(USER, assistant(CALL), user(RESULT | {"content": [CALL]})), "messages.2.content.0.content.0.type"),
    # Tools.
    ({"tools": [{"name": "a b", "input_schema": {"type": "object"}}]}, "tools.0.name"),
    ({"tools": [TOOL, TOOL]}, "tools.1.name"),
    ({"tools": [{"name": "f"}]}, "tools.0.input_schema"),
    ({"tools": [TOOL | {"parameters": {}}]}, "tools.0.parameters"),
    ({"tools": [TOOL | {"type": "function"}]}, "tools.0.type"),
    (schema(type=None), "tools.0.input_schema.type"),
    (schema(type="string"), "tools.0.input_schema.type"),
    (schema(anyOf=[{}]), "anyOf"),
    (schema(required=["a", "a"]), "draft 2020-12"),
    (schema(properties={"a": {"type": "text"}}), "draft 2020-12"),
    (schema(properties={"a": {"items": [{}]}}), "draft 2020-12"),
    (schema(properties={"a": {"exclusiveMinimum": True}}), "draft 2020-12"),
    ({"tools": [TOOL | {"strict": True}]}, "additionalProperties"),
    ({"tool_choice": {"type": "auto"}}, "tool_choice"),
    ({"tools": [TOOL], "tool_choice": "auto"}, "tool_choice"),
    ({"tools": [TOOL], "tool_choice": {"type": "tool", "name": "g"}}, "tool_choice.name"),
    (
        {"tools": [TOOL], "tool_choice": {"type": "none", "disable_parallel_tool_use": True}},
        "disable_parallel_tool_use",
    ),
    ({"output_config": {"effort": "minimal"}}, "output_config.effort"),
    ({"output_config": {"format": {"type": "json_schema", "schema": OPEN_SCHEMA}}}, "additionalProperties"),
    ({"output_config": {"format": {"type": "json_object"}}}, "output_config.format.type"),
    # Cache breakpoints.
    ({"system": [TEXT | MARK] * 5}, "found 5"),
    ({"system": [TEXT | MARK], **said(user(TEXT | MARK_1H))}, "1h"),
    (said(user(TEXT | {"cache_control": {"type": "forever"}})), "cache_control.type"),
]
TAKEN: list[dict[str, Any]] = [
    {"system": [TEXT | MARK_1H, TEXT | MARK], "temperature": 0, "top_p": 0.5, "top_k": 5},
    {"system": "be brief", "stop_sequences": [], "metadata": {"user_id": "u"}, "service_tier": "auto"},
    said(USER, user(TEXT), assistant(TEXT), assistant(CALL, CALL_2), user(RESULT_2), user(RESULT, TEXT)),
    said(
        USER,
        assistant(THOUGHT, CALL),
        user(RESULT | {"content": [TEXT, {"type": "image", "source": {"type": "url", "url": "https://x/y"}}]}),
    ),
    said(USER, assistant(CALL), user({"type": "tool_result", "tool_use_id": "toolu_1"})),
    said(USER, assistant({"type": "server_tool_use", "id": "s", "name": "web_search", "input": {}}, TEXT), USER),
    said(USER, assistant(DOCUMENT), USER),
    said(user(TEXT | {"citations": [{"type": "char_location"}]})),
    {
        "tools": [TOOL | MARK, {"type": "web_search_20250305", "name": "web_search", "max_uses": 3}],
        "tool_choice": {"type": "auto"},
    },
    schema(properties={"type": {"type": "string"}, "cache_control": {"type": "object"}}, required=["type"]),
    {"thinking": {"type": "enabled", "budget_tokens": 1024}, "temperature": 1},
    {"output_config": {"effort": "high"}, "cache_control": {"type": "ephemeral"}},
]
NEW_REFUSED: list[tuple[dict[str, Any], str]] = [
    ({"temperature": 1}, "temperature"),
    ({"top_p": 1}, "top_p"),
    ({"top_k": 0}, "top_k"),
    (said(USER, assistant(DOCUMENT), USER), "messages.1.content.0"),
    (said(user(TEXT | {"citations": [{"type": "char_location"}]})), "messages.0.content.0.citations"),
]


async def post(raw: Any, fields: dict[str, Any], version: str = OLD, **headers: str) -> Any:
    body = {"model": "echo", "max_tokens": 2000, "messages": [USER]} | fields
    return await raw.messages_body(body, anthropic_version=version, **headers)


@pytest.mark.parametrize(("fields", "match"), REFUSED)
async def test_refused_with_the_field_at_fault(raw: Any, fields: dict[str, Any], match: str) -> None:
    answer = await post(raw, fields)
    assert (answer.status, answer.json()["error"]["type"]) == (400, "invalid_request_error")
    assert match in answer.json()["error"]["message"]


@pytest.mark.parametrize("fields", TAKEN)
async def test_taken(raw: Any, fields: dict[str, Any]) -> None:
    answer = await post(raw, fields)
    assert answer.status == 200, answer.json()


@pytest.mark.parametrize(("fields", "match"), NEW_REFUSED)
async def test_refused_by_the_newer_version_only(raw: Any, fields: dict[str, Any], match: str) -> None:
    assert (await post(raw, fields)).status == 200
    answer = await post(raw, fields, NEW)
    assert answer.status == 400
    assert answer.json()["error"]["message"].startswith(match)


async def test_system_turns_belong_to_the_newer_version_or_a_beta(raw: Any) -> None:
    fields = said(USER, {"role": "system", "content": "be brief"})
    assert (await post(raw, fields)).status == 400
    assert (await post(raw, fields, NEW)).status == 200
    assert (await post(raw, fields, anthropic_beta="a-2025-01-01, mid-conversation-system-2026-04-07")).status == 200
    between = said(USER, assistant(CALL), {"role": "system", "content": "x"}, user(RESULT))
    assert (await post(raw, between, NEW)).status == 400
    after = said(USER, assistant(CALL), user(RESULT), {"role": "system", "content": "x"})
    answer = await post(raw, after | {"model": "tools"}, NEW)
    assert answer.json()["content"][0]["text"] == "Results: f gave done"


async def test_headers(raw: Any) -> None:
    body = {"model": "echo", "max_tokens": 9, "messages": [USER]}
    missing = await raw.exchange(raw.request("/v1/messages", body, {"x-api-key": "k", "connection": "close"}))
    assert "anthropic-version" in missing.json()["error"]["message"]
    assert (await post(raw, {}, "2024-01-01")).status == 400
    assert (await post(raw, {}, anthropic_beta="nonsense")).status == 400
    assert (await post(raw, {}, anthropic_beta="claude-code-20250219")).status == 200


async def test_beta_fields_need_their_beta(raw: Any) -> None:
    fields: dict[str, Any] = {"context_management": {"edits": []}}
    assert (await post(raw, fields, anthropic_beta="files-api-2025-04-14")).status == 400
    assert (await post(raw, fields, anthropic_beta="context-management-2025-06-27")).status == 200


async def test_manual_thinking_in_a_tool_loop_starts_with_thinking(raw: Any) -> None:
    fields = {"thinking": {"type": "enabled", "budget_tokens": 1024}, **said(USER, assistant(TEXT, CALL), user(RESULT))}
    assert "expected `thinking`" in (await post(raw, fields)).json()["error"]["message"]
    assert (await post(raw, fields | {"thinking": {"type": "adaptive"}})).status == 200


async def test_counting_takes_no_limit(raw: Any) -> None:
    answer = await raw.messages_body({"model": "echo", "messages": [USER]}, path="/v1/messages/count_tokens?beta=true")
    assert answer.json() == {"input_tokens": 9}
    refused = await raw.messages_body(
        {"model": "echo", "messages": [USER], "max_tokens": 5}, path="/v1/messages/count_tokens"
    )
    assert refused.json()["error"]["message"].startswith("max_tokens: extra inputs")


async def test_unknown_models_and_files(raw: Any) -> None:
    answer = await post(raw, {"model": "nothing"})
    assert (answer.status, answer.json()["error"]) == (404, {"type": "not_found_error", "message": "model: nothing"})
    assert (await post(raw, image(type="file", file_id="file_1"))).status == 404
