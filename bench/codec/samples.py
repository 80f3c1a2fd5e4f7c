"""An agent's request and its answers, in both dialects, made from one description."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any, Final

from bench.codec.meaning import Call, Conversation, Result, Said, Streamed, Tool

MODEL: Final = "bench-model"
EVENTS: Final = 256
_WORDS = "The harbour lay quiet under a thin fog, and the pilots waited for the tide to turn. ".split(" ")


def _tools() -> list[Tool]:
    properties = {
        "path": {"type": "string", "description": "Path of the file, relative to the root of the project."},
        "lines": {"type": "array", "items": {"type": "integer"}, "description": "First and last line."},
        "mode": {"type": "string", "enum": ["text", "binary"], "description": "How the content is returned."},
    }
    schema = {"type": "object", "properties": properties, "required": ["path"], "additionalProperties": False}
    described = "Works on one file of the project and tells what it found. Paths outside of the project are refused."
    return [Tool(name=f"tool_{number}", description=described, schema=schema) for number in range(12)]


def _turns() -> Iterator[Said | Call | Result]:
    long = 'The pilots waited for the tide to turn; "not before four", said the oldest of them.\n' * 7
    yield Said(role="user", text="Find out why the build fails, and repair it.")
    for number in range(12):
        yield Said(role="assistant", text=f"Step {number}: I read the next file.")
        yield Call(
            id=f"call_{number:04}", name=f"tool_{number}", arguments={"path": f"src/{number}.py", "lines": [1, 80]}
        )
        yield Result(id=f"call_{number:04}", text=long)
    yield Said(role="assistant", text="The cause is in the fourth file.")
    yield Said(role="user", text="Then change it there.")


CONVERSATION: Final = Conversation(
    system="You are a careful programmer. " * 30, max_tokens=4096, turns=list(_turns()), tools=_tools()
)
STREAMED: Final = Streamed(
    pieces=[f"{_WORDS[number % len(_WORDS)]} " for number in range(EVENTS)],
    is_complete=True,
    finish="end",
    output_tokens=EVENTS,
)


def request(dialect: str) -> bytes:
    """The conversation as a client of this dialect sends it: about 18 KB."""
    value = _chat_request(CONVERSATION) if dialect == "openai_chat" else _anthropic_request(CONVERSATION)
    return _dump(value)


def stream(dialect: str) -> bytes:
    """The answer as an upstream of this dialect streams it: 256 pieces of text."""
    return b"".join(_chat_events(STREAMED) if dialect == "openai_chat" else _anthropic_events(STREAMED))


def _chat_request(conversation: Conversation) -> dict[str, Any]:
    messages: list[dict[str, Any]] = [{"role": "system", "content": conversation.system}]
    for turn in conversation.turns:
        match turn:
            case Said():
                messages.append({"role": turn.role, "content": turn.text})
            case Call():
                function = {"name": turn.name, "arguments": json.dumps(turn.arguments)}
                messages[-1]["tool_calls"] = [{"id": turn.id, "type": "function", "function": function}]
            case Result():
                messages.append({"role": "tool", "tool_call_id": turn.id, "content": turn.text})
    functions = [{"name": t.name, "description": t.description, "parameters": t.schema} for t in conversation.tools]
    return {
        "model": MODEL,
        "max_tokens": conversation.max_tokens,
        "messages": messages,
        "tools": [{"type": "function", "function": function} for function in functions],
        "stream": True,
        "stream_options": {"include_usage": True},
    }


def _anthropic_request(conversation: Conversation) -> dict[str, Any]:
    messages: list[dict[str, Any]] = []
    for turn in conversation.turns:
        match turn:
            case Said():
                messages.append({"role": turn.role, "content": [{"type": "text", "text": turn.text}]})
            case Call():
                block = {"type": "tool_use", "id": turn.id, "name": turn.name, "input": turn.arguments}
                messages[-1]["content"].append(block)
            case Result():
                block = {"type": "tool_result", "tool_use_id": turn.id, "content": turn.text}
                messages.append({"role": "user", "content": [block]})
    return {
        "model": MODEL,
        "max_tokens": conversation.max_tokens,
        "system": conversation.system,
        "messages": messages,
        "tools": [{"name": t.name, "description": t.description, "input_schema": t.schema} for t in conversation.tools],
        "stream": True,
    }


def _chat_events(streamed: Streamed) -> Iterator[bytes]:
    head = {"id": "chatcmpl-bench0001", "object": "chat.completion.chunk", "created": 1760000000, "model": MODEL}
    deltas: list[dict[str, Any]] = [{"role": "assistant", "content": "", "refusal": None}]
    deltas += [{"content": piece} for piece in streamed.pieces]
    for delta in deltas:
        yield _event({**head, "choices": [{"index": 0, "delta": delta, "finish_reason": None}]})
    yield _event({**head, "choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]})
    output = streamed.output_tokens
    usage = {"prompt_tokens": 512, "completion_tokens": output, "total_tokens": 512 + output}
    yield _event({**head, "choices": [], "usage": usage})
    yield b"data: [DONE]\n\n"


def _anthropic_events(streamed: Streamed) -> Iterator[bytes]:
    def event(name: str, **members: Any) -> bytes:
        return f"event: {name}\n".encode() + _event({"type": name, **members})

    message = {"id": "msg_bench0001", "type": "message", "role": "assistant", "model": MODEL, "content": []}
    opening = {"stop_reason": None, "stop_sequence": None, "usage": {"input_tokens": 512, "output_tokens": 1}}
    yield event("message_start", message={**message, **opening})
    yield event("content_block_start", index=0, content_block={"type": "text", "text": ""})
    for piece in streamed.pieces:
        yield event("content_block_delta", index=0, delta={"type": "text_delta", "text": piece})
    yield event("content_block_stop", index=0)
    delta = {"stop_reason": "end_turn", "stop_sequence": None}
    yield event("message_delta", delta=delta, usage={"input_tokens": 512, "output_tokens": streamed.output_tokens})
    yield event("message_stop")


def _event(value: dict[str, Any]) -> bytes:
    return b"data: " + _dump(value) + b"\n\n"


def _dump(value: dict[str, Any]) -> bytes:
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False).encode()
