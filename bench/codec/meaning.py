"""What a request or a stream says, whatever its dialect and spelling: the check before anything is timed."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from msgspec import Struct


class Said(Struct, frozen=True):
    """Text of one side."""

    role: str
    text: str


class Call(Struct, frozen=True):
    """A tool that the model calls."""

    id: str
    name: str
    arguments: dict[str, Any]


class Result(Struct, frozen=True):
    """What the tool said."""

    id: str
    text: str


class Tool(Struct, frozen=True):
    """A tool that the model may call."""

    name: str
    description: str
    schema: dict[str, Any]


class Conversation(Struct, frozen=True):
    """A request."""

    system: str
    max_tokens: int
    turns: list[Said | Call | Result]
    tools: list[Tool]


class Streamed(Struct, frozen=True):
    """An answer's stream: every piece as its own event."""

    pieces: list[str]
    is_complete: bool
    finish: str | None
    #: -1: not told.
    output_tokens: int


def of_request(dialect: str, body: bytes) -> Conversation:
    """Read a request back."""
    return _chat(json.loads(body)) if dialect == "openai_chat" else _anthropic(json.loads(body))


def of_stream(dialect: str, body: bytes) -> Streamed:
    """Read a stream back."""
    return _chat_stream(body) if dialect == "openai_chat" else _anthropic_stream(body)


def _chat(request: dict[str, Any]) -> Conversation:
    system, *messages = request["messages"]
    functions = [tool["function"] for tool in request["tools"]]
    return Conversation(
        system=_text(system["content"]),
        max_tokens=request.get("max_tokens") or request["max_completion_tokens"],
        turns=[turn for message in messages for turn in _chat_turns(message)],
        tools=[Tool(name=f["name"], description=f["description"], schema=f["parameters"]) for f in functions],
    )


def _chat_turns(message: dict[str, Any]) -> Iterator[Said | Call | Result]:
    if message["role"] == "tool":
        yield Result(id=message["tool_call_id"], text=_text(message["content"]))
        return
    if message["content"]:
        yield Said(role=message["role"], text=_text(message["content"]))
    for call in message.get("tool_calls", ()):
        function = call["function"]
        yield Call(id=call["id"], name=function["name"], arguments=json.loads(function["arguments"]))


def _anthropic(request: dict[str, Any]) -> Conversation:
    return Conversation(
        system=_text(request["system"]),
        max_tokens=request["max_tokens"],
        turns=[turn for message in request["messages"] for turn in _anthropic_turns(message)],
        tools=[
            Tool(name=tool["name"], description=tool["description"], schema=tool["input_schema"])
            for tool in request["tools"]
        ],
    )


def _anthropic_turns(message: dict[str, Any]) -> Iterator[Said | Call | Result]:
    content = message["content"]
    blocks: list[dict[str, Any]] = [{"type": "text", "text": content}] if isinstance(content, str) else content
    for block in blocks:
        match block["type"]:
            case "text":
                yield Said(role=message["role"], text=block["text"])
            case "tool_use":
                yield Call(id=block["id"], name=block["name"], arguments=block["input"])
            case "tool_result":
                yield Result(id=block["tool_use_id"], text=_text(block["content"]))


def _text(content: str | list[dict[str, Any]]) -> str:
    return content if isinstance(content, str) else "".join(part["text"] for part in content)


def _events(body: bytes) -> Iterator[tuple[str, str]]:
    for frame in body.decode().split("\n\n")[:-1]:
        fields = dict(line.split(": ", 1) for line in frame.split("\n"))
        yield fields.get("event", ""), fields["data"]


def _chat_stream(body: bytes) -> Streamed:
    *events, (_, last) = _events(body)
    chunks = [json.loads(data) for _, data in events]
    choices = [choice for chunk in chunks for choice in chunk["choices"]]
    finish = [choice["finish_reason"] for choice in choices if choice["finish_reason"]]
    counts = [chunk["usage"]["completion_tokens"] for chunk in chunks if chunk.get("usage")]
    return Streamed(
        pieces=[piece for choice in choices if (piece := choice["delta"].get("content"))],
        is_complete=last == "[DONE]",
        finish="end" if finish == ["stop"] else None,
        output_tokens=counts[-1] if counts else -1,
    )


def _anthropic_stream(body: bytes) -> Streamed:
    events = [(name, json.loads(data)) for name, data in _events(body)]
    deltas = [event for name, event in events if name == "message_delta"]
    return Streamed(
        pieces=[event["delta"]["text"] for name, event in events if name == "content_block_delta"],
        is_complete=events[-1][0] == "message_stop",
        finish="end" if [delta["delta"]["stop_reason"] for delta in deltas] == ["end_turn"] else None,
        output_tokens=deltas[-1]["usage"]["output_tokens"] if deltas else -1,
    )
