"""The dialects as msgspec Structs, as far as the samples need them."""

from __future__ import annotations

from typing import Literal

from msgspec import Raw, Struct


class Function(Struct, omit_defaults=True):
    name: str
    description: str | None = None
    parameters: Raw = Raw()


class ChatTool(Struct):
    function: Function
    type: Literal["function"]


class CalledFunction(Struct):
    name: str
    arguments: str


class ChatCall(Struct):
    id: str
    type: Literal["function"]
    function: CalledFunction


class ChatMessage(Struct, omit_defaults=True):
    role: str
    content: str | None
    tool_calls: list[ChatCall] = []
    tool_call_id: str | None = None


class StreamOptions(Struct):
    include_usage: bool


class ChatRequest(Struct, omit_defaults=True):
    model: str
    messages: list[ChatMessage]
    max_tokens: int = 4096
    tools: list[ChatTool] = []
    stream: bool = False
    stream_options: StreamOptions | None = None


class Text(Struct, tag="text"):
    text: str


class ToolUse(Struct, tag="tool_use"):
    id: str
    name: str
    input: Raw


class ToolResult(Struct, tag="tool_result"):
    tool_use_id: str
    content: str


class Message(Struct):
    role: str
    content: list[Text | ToolUse | ToolResult]


class AnthropicTool(Struct, omit_defaults=True):
    name: str
    description: str | None
    input_schema: Raw = Raw()


class AnthropicRequest(Struct, omit_defaults=True):
    model: str
    max_tokens: int
    messages: list[Message]
    system: str = ""
    tools: list[AnthropicTool] = []
    stream: bool = False


class ChatDelta(Struct, omit_defaults=True):
    role: str | None = None
    content: str | None = None


class ChatChoice(Struct):
    delta: ChatDelta
    finish_reason: str | None = None
    index: int = 0


class ChatUsage(Struct):
    prompt_tokens: int
    completion_tokens: int
    total_tokens: int


class Chunk(Struct, omit_defaults=True):
    id: str
    object: str
    created: int
    model: str
    choices: list[ChatChoice]
    usage: ChatUsage | None = None


class Usage(Struct, frozen=True):
    input_tokens: int
    output_tokens: int


class Opened(Struct):
    id: str
    model: str
    type: Literal["message"] = "message"
    role: Literal["assistant"] = "assistant"
    content: list[Raw] = []
    stop_reason: str | None = None
    stop_sequence: str | None = None
    usage: Usage = Usage(input_tokens=0, output_tokens=0)


class TextDelta(Struct, tag="text_delta"):
    text: str


class Stopped(Struct):
    stop_reason: str
    stop_sequence: str | None = None


class MessageStart(Struct, tag="message_start"):
    message: Opened


class BlockStart(Struct, tag="content_block_start"):
    index: int
    content_block: Text


class BlockDelta(Struct, tag="content_block_delta"):
    index: int
    delta: TextDelta


class BlockStop(Struct, tag="content_block_stop"):
    index: int


class MessageDelta(Struct, tag="message_delta"):
    delta: Stopped
    usage: Usage


class MessageStop(Struct, tag="message_stop"):
    pass
