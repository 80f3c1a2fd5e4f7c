"""Every script in every dialect, streamed and whole: both forms say the same, and each ends as its dialect ends."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from fastproxy.demo.service import vocabulary

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


class Said:
    """What one answer says, in no dialect."""

    def __init__(self, finish: Any, usage: Any) -> None:
        self.text = ""
        self.thought = ""
        self.calls: list[tuple[str, Any]] = []
        self.finish = finish
        self.usage = usage

    def call(self, name: str, arguments: Any) -> None:
        if isinstance(arguments, str):
            arguments = json.loads(arguments) if arguments else {}
        self.calls.append((name, arguments))

    def seen(self) -> tuple[Any, ...]:
        return _joined(self.text), _joined(self.thought), self.calls, self.finish, self.usage


def _joined(text: str) -> str:
    """Half surrogates that stand beside each other are one character."""
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le")


def chat(whole: Any) -> Said:
    choice = whole["choices"][0]
    said = Said(choice["finish_reason"], whole["usage"])
    message = choice["message"]
    said.text = (message["content"] or "") + (message["refusal"] or "")
    said.thought = message.get("reasoning_content") or ""
    for call in message.get("tool_calls") or ():
        said.call(call["function"]["name"], call["function"]["arguments"])
    return said


def chat_stream(events: list[Any]) -> Said:
    assert events[-1] == "[DONE]"
    *chunks, last = events[:-1]
    said = Said(chunks[-1]["choices"][0]["finish_reason"], last["usage"])
    calls: dict[int, list[str]] = {}
    for delta in (chunk["choices"][0]["delta"] for chunk in chunks):
        said.text += (delta.get("content") or "") + (delta.get("refusal") or "")
        said.thought += delta.get("reasoning_content") or ""
        for part in delta.get("tool_calls") or ():
            call = calls.setdefault(part["index"], ["", ""])
            call[0] += part["function"].get("name", "")
            call[1] += part["function"]["arguments"]
    for name, arguments in calls.values():
        said.call(name, arguments)
    return said


def responses(whole: Any) -> Said:
    said = Said((whole["status"], whole["incomplete_details"]), whole["usage"])
    for item in whole["output"]:
        if item["type"] == "message":
            said.text += "".join(part.get("text") or part.get("refusal") or "" for part in item["content"])
        elif item["type"] == "reasoning":
            said.thought += "".join(part["text"] for part in item["summary"])
        else:
            said.call(item["name"], item["arguments"])
    return said


def responses_stream(events: list[Any]) -> Said:
    assert [event["sequence_number"] for event in events] == list(range(len(events)))
    final = responses(events[-1]["response"])
    said = Said(final.finish, final.usage)
    calls: dict[int, str] = {}
    names: dict[int, str] = {}
    for event in events:
        kind = event["type"]
        if kind in ("response.output_text.delta", "response.refusal.delta"):
            said.text += event["delta"]
        elif kind == "response.reasoning_summary_text.delta":
            said.thought += event["delta"]
        elif kind == "response.function_call_arguments.delta":
            calls[event["output_index"]] = calls.get(event["output_index"], "") + event["delta"]
        elif kind == "response.output_item.done" and event["item"]["type"] == "function_call":
            names[event["output_index"]] = event["item"]["name"]
    for index, name in names.items():
        said.call(name, calls.get(index, ""))
    done = [event["item"] for event in events if event["type"] == "response.output_item.done"]
    assert done == events[-1]["response"]["output"]
    return said


def messages(whole: Any) -> Said:
    said = Said((whole["stop_reason"], whole["stop_sequence"]), whole["usage"]["output_tokens"])
    for block in whole["content"]:
        said.text += block.get("text", "")
        said.thought += block.get("thinking", "") + block.get("data", "")
        if block["type"] == "tool_use":
            said.call(block["name"], block["input"])
    return said


def messages_stream(events: list[Any]) -> Said:
    assert (events[0]["type"], events[-1]["type"]) == ("message_start", "message_stop")
    end = events[-2]
    said = Said((end["delta"]["stop_reason"], end["delta"]["stop_sequence"]), end["usage"]["output_tokens"])
    inputs: dict[int, list[str]] = {}
    for event in events:
        delta = event.get("delta", {})
        said.text += delta.get("text", "")
        said.thought += delta.get("thinking", "")
        if event["type"] == "content_block_start":
            said.thought += event["content_block"].get("data", "")
            if event["content_block"]["type"] == "tool_use":
                inputs[event["index"]] = [event["content_block"]["name"], ""]
        elif "partial_json" in delta:
            inputs[event["index"]][1] += delta["partial_json"]
    for name, arguments in inputs.values():
        said.call(name, arguments)
    return said


def gemini(whole: Any) -> Said:
    if "candidates" not in whole:
        return Said(whole["promptFeedback"]["blockReason"], whole["usageMetadata"])
    candidate = whole["candidates"][0]
    said = Said(candidate.get("finishReason"), whole["usageMetadata"])
    for part in candidate["content"].get("parts", ()):
        if "functionCall" in part:
            said.call(part["functionCall"]["name"], part["functionCall"]["args"])
        elif part.get("thought"):
            said.thought += part["text"]
        else:
            said.text += part["text"]
    return said


def gemini_stream(chunks: list[Any]) -> Said:
    told = [gemini(chunk) for chunk in chunks]
    said = Said(told[-1].finish, told[-1].usage)
    assert [one.finish for one in told[:-1]] == [None] * (len(told) - 1)
    for one in told:
        said.text += one.text
        said.thought += one.thought
        said.calls += one.calls
    return said


def ollama(whole: Any) -> Said:
    assert whole["done"]
    said = Said(whole["done_reason"], (whole["prompt_eval_count"], whole["eval_count"]))
    return _ollama_message(said, whole["message"])


def _ollama_message(said: Said, message: Any) -> Said:
    said.text += message["content"]
    said.thought += message.get("thinking", "")
    for call in message.get("tool_calls", ()):
        said.call(call["function"]["name"], call["function"]["arguments"])
    return said


def ollama_stream(lines: list[Any]) -> Said:
    assert [line["done"] for line in lines] == [False] * (len(lines) - 1) + [True]
    said = Said(lines[-1]["done_reason"], (lines[-1]["prompt_eval_count"], lines[-1]["eval_count"]))
    for line in lines:
        _ollama_message(said, line["message"])
    return said


READ: dict[str, tuple[Callable[[Any], Said], Callable[[list[Any]], Said]]] = {
    "openai_chat": (chat, chat_stream),
    "openai_responses": (responses, responses_stream),
    "anthropic": (messages, messages_stream),
    "gemini": (gemini, gemini_stream),
    "ollama": (ollama, ollama_stream),
}


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
