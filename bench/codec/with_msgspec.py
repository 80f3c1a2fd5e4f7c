"""The translation with msgspec: typed Structs in and out, tools' schemas and arguments as raw JSON."""

from __future__ import annotations

from typing import Any, Final

import msgspec
from msgspec import Raw, Struct

from bench.codec.wire import (
    AnthropicRequest,
    AnthropicTool,
    BlockDelta,
    BlockStart,
    BlockStop,
    CalledFunction,
    ChatCall,
    ChatChoice,
    ChatDelta,
    ChatMessage,
    ChatRequest,
    ChatTool,
    ChatUsage,
    Chunk,
    Function,
    Message,
    MessageDelta,
    MessageStart,
    MessageStop,
    Opened,
    Stopped,
    StreamOptions,
    Text,
    TextDelta,
    ToolResult,
    ToolUse,
    Usage,
)

_ENCODER: Final = msgspec.json.Encoder()
_CHAT: Final = msgspec.json.Decoder(ChatRequest)
_ANTHROPIC: Final = msgspec.json.Decoder(AnthropicRequest)
_CHUNK: Final = msgspec.json.Decoder(Chunk)
_EVENT: Final = msgspec.json.Decoder(MessageStart | BlockStart | BlockDelta | BlockStop | MessageDelta | MessageStop)


def request_to_anthropic(body: bytes, model: str) -> bytes:
    """A Chat request as a Messages request."""
    request = _CHAT.decode(body)
    system: list[str] = []
    messages: list[Message] = []
    for message in request.messages:
        if message.role == "system":
            system.append(message.content or "")
            continue
        if message.role == "tool":
            role, blocks = "user", [ToolResult(tool_use_id=message.tool_call_id or "", content=message.content or "")]
        else:
            role, blocks = message.role, _blocks(message)
        if messages and messages[-1].role == role:
            messages[-1].content += blocks
        else:
            messages.append(Message(role=role, content=[*blocks]))
    tools = [
        AnthropicTool(
            name=tool.function.name, description=tool.function.description, input_schema=tool.function.parameters
        )
        for tool in request.tools
    ]
    joined = "\n\n".join(system)
    return _ENCODER.encode(AnthropicRequest(model, request.max_tokens, messages, joined, tools, request.stream))


def _blocks(message: ChatMessage) -> list[Any]:
    blocks: list[Text | ToolUse] = [Text(text=message.content)] if message.content else []
    for call in message.tool_calls:
        blocks.append(ToolUse(id=call.id, name=call.function.name, input=Raw(call.function.arguments)))
    return blocks


def request_to_chat(body: bytes, model: str) -> bytes:
    """A Messages request as a Chat request."""
    request = _ANTHROPIC.decode(body)
    messages = [ChatMessage(role="system", content=request.system)]
    for message in request.messages:
        messages += _chat_messages(message)
    tools = [
        ChatTool(
            function=Function(name=tool.name, description=tool.description, parameters=tool.input_schema),
            type="function",
        )
        for tool in request.tools
    ]
    options = StreamOptions(include_usage=True)
    return _ENCODER.encode(ChatRequest(model, messages, request.max_tokens, tools, request.stream, options))


def _chat_messages(message: Message) -> list[ChatMessage]:
    texts: list[str] = []
    calls: list[ChatCall] = []
    found: list[ChatMessage] = []
    for block in message.content:
        if isinstance(block, Text):
            texts.append(block.text)
        elif isinstance(block, ToolUse):
            function = CalledFunction(name=block.name, arguments=bytes(block.input).decode())
            calls.append(ChatCall(id=block.id, type="function", function=function))
        else:
            found.append(ChatMessage(role="tool", content=block.content, tool_call_id=block.tool_use_id))
    if texts or calls:
        found.append(ChatMessage(role=message.role, content="".join(texts) or None, tool_calls=calls))
    return found


def stream_to_anthropic(body: bytes, model: str) -> bytes:
    """A Chat stream as a Messages stream."""
    out: list[bytes] = []
    finish, usage = "stop", Usage(input_tokens=0, output_tokens=0)
    for frame in body.split(b"\n\n"):
        data = frame[6:]
        if not data or data == b"[DONE]":
            continue
        chunk = _CHUNK.decode(data)
        if not out:
            out.append(_named(b"message_start", MessageStart(message=Opened(id=chunk.id, model=model))))
            out.append(_named(b"content_block_start", BlockStart(index=0, content_block=Text(text=""))))
        if chunk.usage is not None:
            usage = Usage(input_tokens=chunk.usage.prompt_tokens, output_tokens=chunk.usage.completion_tokens)
        for choice in chunk.choices:
            if choice.delta.content:
                delta = BlockDelta(index=0, delta=TextDelta(text=choice.delta.content))
                out.append(_named(b"content_block_delta", delta))
            finish = choice.finish_reason or finish
    reason = {"stop": "end_turn", "length": "max_tokens", "tool_calls": "tool_use"}[finish]
    out.append(_named(b"content_block_stop", BlockStop(index=0)))
    out.append(_named(b"message_delta", MessageDelta(delta=Stopped(stop_reason=reason), usage=usage)))
    out.append(_named(b"message_stop", MessageStop()))
    return b"".join(out)


def _named(name: bytes, value: Struct) -> bytes:
    return b"event: %b\ndata: %b\n\n" % (name, _ENCODER.encode(value))


def stream_to_chat(body: bytes, model: str) -> bytes:
    """A Messages stream as a Chat stream."""
    out: list[bytes] = []
    answer = ""
    for frame in body.split(b"\n\n")[:-1]:
        event = _EVENT.decode(frame.split(b"\ndata: ", 1)[1])
        match event:
            case BlockDelta():
                out.append(_chunk(answer, model, [ChatChoice(delta=ChatDelta(content=event.delta.text))]))
            case MessageStart():
                answer = event.message.id
                out.append(_chunk(answer, model, [ChatChoice(delta=ChatDelta(role="assistant", content=""))]))
            case MessageDelta():
                reason = {"end_turn": "stop", "max_tokens": "length"}[event.delta.stop_reason]
                out.append(_chunk(answer, model, [ChatChoice(delta=ChatDelta(), finish_reason=reason)]))
                prompt, output = event.usage.input_tokens, event.usage.output_tokens
                out.append(_chunk(answer, model, [], ChatUsage(prompt, output, prompt + output)))
            case MessageStop():
                out.append(b"data: [DONE]\n\n")
    return b"".join(out)


def _chunk(answer: str, model: str, choices: list[ChatChoice], usage: ChatUsage | None = None) -> bytes:
    chunk = Chunk(answer, "chat.completion.chunk", 1760000000, model, choices, usage)
    return b"data: %b\n\n" % _ENCODER.encode(chunk)
