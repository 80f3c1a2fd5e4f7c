"""Every script in every dialect, streamed and whole: both forms say the same, and each ends as its dialect ends."""

from typing import Any

import pytest

from fastproxy.demo.service import vocabulary

from .said import READ, Said

SCHEMA = {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}
NAMES = ("get_weather", "get_time")
TOOLS: dict[str, Any] = {
    "openai_chat": [{"type": "function", "function": {"name": name, "parameters": SCHEMA}} for name in NAMES],
    "openai_responses": [{"type": "function", "name": name, "parameters": SCHEMA, "strict": False} for name in NAMES],
    "anthropic": [{"name": name, "input_schema": SCHEMA} for name in NAMES],
    "gemini": [{"functionDeclarations": [{"name": name, "parametersJsonSchema": SCHEMA} for name in NAMES]}],
    "ollama": [{"type": "function", "function": {"name": name, "parameters": SCHEMA}} for name in NAMES],
}
METHOD = {
    "openai_chat": "chat",
    "openai_responses": "responses",
    "anthropic": "messages",
    "gemini": "gemini",
    "ollama": "ollama",
}
SCRIPTS = [
    *(name.replace("huge", "huge-100") for name in vocabulary().model_names()),
    "echo+thinking",
    "tools+thinking",
    "echo+cached",
    "unicode+letters",
    "unicode+surrogates",
    "citations+whole",
    "tools+redacted+thinking",
]
# Arguments that are no JSON cannot be said as an object: there the two forms may differ in how they say so.
ANYTHING = ("bad-arguments",)


async def both(raw: Any, dialect: str, script: str, text: str) -> tuple[Said, Said]:
    ask, (whole, stream) = getattr(raw, METHOD[dialect]), READ[dialect]
    tools = {"tools": TOOLS[dialect]}
    streamed = {"stream": True} | ({"stream_options": {"include_usage": True}} if dialect == "openai_chat" else {})
    one = await ask(script, text, stream=False, **tools) if dialect != "gemini" else await ask(script, text, **tools)
    other = await ask(script, text, **streamed, **tools)
    assert (one.status, other.status) == (200, 200), one.body
    return whole(one.json()), stream(other.lines() if dialect == "ollama" else other.events())


@pytest.mark.parametrize("dialect", METHOD)
@pytest.mark.parametrize("script", [script for script in SCRIPTS if script not in ANYTHING])
async def test_both_forms_say_the_same(raw: Any, dialect: str, script: str) -> None:
    one, other = await both(raw, dialect, script, "what is the weather?")
    assert one.seen() == other.seen()
    if script.startswith("tools"):
        assert one.calls == [(name, {"city": "Lisbon"}) for name in NAMES]
    elif script.startswith("echo"):
        assert one.text == "what is the weather?"
    if "thinking" in script:
        assert "The user says" in one.thought


@pytest.mark.parametrize(
    ("script", "finishes"),
    [
        ("echo", ["stop", ("completed", None), ("end_turn", None), "STOP", "stop"]),
        ("tools", ["tool_calls", ("completed", None), ("tool_use", None), "STOP", "stop"]),
        (
            "max-tokens",
            ["length", ("incomplete", {"reason": "max_output_tokens"}), ("max_tokens", None), "MAX_TOKENS", "length"],
        ),
        (
            "filter",
            ["content_filter", ("incomplete", {"reason": "content_filter"}), ("refusal", None), "SAFETY", "stop"],
        ),
        ("refusal", ["stop", ("completed", None), ("refusal", None), "PROHIBITED_CONTENT", "stop"]),
    ],
)
async def test_why_it_ended_in_the_words_of_each(raw: Any, script: str, finishes: list[Any]) -> None:
    ended = [(await both(raw, dialect, script, "x"))[0].finish for dialect in METHOD]
    assert ended == finishes


async def test_arguments_that_are_no_json_in_the_dialects_that_want_an_object(raw: Any) -> None:
    for stream in (False, True):
        answer = await raw.gemini("bad-arguments", stream=stream, tools=TOOLS["gemini"])
        last = answer.events()[-1] if stream else answer.json()
        assert last["candidates"][0]["finishReason"] == "MALFORMED_FUNCTION_CALL"
        assert "parts" not in last["candidates"][0]["content"]
    whole = (await raw.ollama("bad-arguments", stream=False, tools=TOOLS["ollama"])).json()
    assert whole["message"]["content"].endswith('"arguments": {"city": "Lisbon", "days": ')
    called = (await raw.responses("bad-arguments", tools=TOOLS["openai_responses"])).json()["output"][0]
    assert called["arguments"] == '{"city": "Lisbon", "days": '
