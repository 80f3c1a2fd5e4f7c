"""The translation as a fast Python proxy writes it: orjson and dicts."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import orjson


def request_to_anthropic(body: bytes, model: str) -> bytes:
    """A Chat request as a Messages request."""
    request = orjson.loads(body)
    system: list[str] = []
    messages: list[dict[str, Any]] = []
    for message in request["messages"]:
        if message["role"] == "system":
            system.append(message["content"])
        elif message["role"] == "tool":
            block = {"type": "tool_result", "tool_use_id": message["tool_call_id"], "content": message["content"]}
            _append(messages, "user", [block])
        else:
            _append(messages, message["role"], list(_blocks(message)))
    return orjson.dumps(
        {
            "model": model,
            "max_tokens": request.get("max_tokens", 4096),
            "system": "\n\n".join(system),
            "messages": messages,
            "tools": [_anthropic_tool(tool["function"]) for tool in request.get("tools", ())],
            "stream": request.get("stream", False),
        }
    )


def _append(messages: list[dict[str, Any]], role: str, blocks: list[dict[str, Any]]) -> None:
    if messages and messages[-1]["role"] == role:
        messages[-1]["content"] += blocks
    else:
        messages.append({"role": role, "content": blocks})


def _blocks(message: dict[str, Any]) -> Iterator[dict[str, Any]]:
    if message["content"]:
        yield {"type": "text", "text": message["content"]}
    for call in message.get("tool_calls", ()):
        function = call["function"]
        yield {
            "type": "tool_use",
            "id": call["id"],
            "name": function["name"],
            "input": orjson.loads(function["arguments"]),
        }


def _anthropic_tool(function: dict[str, Any]) -> dict[str, Any]:
    return {"name": function["name"], "description": function["description"], "input_schema": function["parameters"]}


def request_to_chat(body: bytes, model: str) -> bytes:
    """A Messages request as a Chat request."""
    request = orjson.loads(body)
    messages: list[dict[str, Any]] = [{"role": "system", "content": request["system"]}]
    for message in request["messages"]:
        messages += _chat_messages(message)
    return orjson.dumps(
        {
            "model": model,
            "max_tokens": request["max_tokens"],
            "messages": messages,
            "tools": [_chat_tool(tool) for tool in request.get("tools", ())],
            "stream": request.get("stream", False),
            "stream_options": {"include_usage": True},
        }
    )


def _chat_messages(message: dict[str, Any]) -> list[dict[str, Any]]:
    texts, calls, results = [], [], []
    for block in message["content"]:
        if block["type"] == "text":
            texts.append(block["text"])
        elif block["type"] == "tool_use":
            function = {"name": block["name"], "arguments": orjson.dumps(block["input"]).decode()}
            calls.append({"id": block["id"], "type": "function", "function": function})
        else:
            results.append({"role": "tool", "tool_call_id": block["tool_use_id"], "content": block["content"]})
    if texts or calls:
        said: dict[str, Any] = {"role": message["role"], "content": "".join(texts) or None}
        results.append({**said, "tool_calls": calls} if calls else said)
    return results


def _chat_tool(tool: dict[str, Any]) -> dict[str, Any]:
    function = {"name": tool["name"], "description": tool["description"], "parameters": tool["input_schema"]}
    return {"type": "function", "function": function}


def stream_to_anthropic(body: bytes, model: str) -> bytes:
    """A Chat stream as a Messages stream."""
    out: list[bytes] = []
    finish, usage = "stop", {"prompt_tokens": 0, "completion_tokens": 0}
    for frame in body.split(b"\n\n"):
        data = frame[6:]
        if not data or data == b"[DONE]":
            continue
        chunk = orjson.loads(data)
        if not out:
            out += _anthropic_opening(chunk["id"], model)
        usage = chunk.get("usage") or usage
        for choice in chunk["choices"]:
            if text := choice["delta"].get("content"):
                delta = {"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": text}}
                out.append(_named("content_block_delta", delta))
            finish = choice["finish_reason"] or finish
    reason = {"stop": "end_turn", "length": "max_tokens", "tool_calls": "tool_use"}[finish]
    counts = {"input_tokens": usage["prompt_tokens"], "output_tokens": usage["completion_tokens"]}
    delta = {"stop_reason": reason, "stop_sequence": None}
    out.append(_named("content_block_stop", {"type": "content_block_stop", "index": 0}))
    out.append(_named("message_delta", {"type": "message_delta", "delta": delta, "usage": counts}))
    out.append(_named("message_stop", {"type": "message_stop"}))
    return b"".join(out)


def _anthropic_opening(answer: str, model: str) -> Iterator[bytes]:
    message: dict[str, Any] = {
        "id": answer,
        "type": "message",
        "role": "assistant",
        "model": model,
        "content": [],
        "stop_reason": None,
        "stop_sequence": None,
        "usage": {"input_tokens": 0, "output_tokens": 0},
    }
    yield _named("message_start", {"type": "message_start", "message": message})
    block = {"type": "text", "text": ""}
    yield _named("content_block_start", {"type": "content_block_start", "index": 0, "content_block": block})


def _named(name: str, value: dict[str, Any]) -> bytes:
    return b"event: %b\ndata: %b\n\n" % (name.encode(), orjson.dumps(value))


def stream_to_chat(body: bytes, model: str) -> bytes:
    """A Messages stream as a Chat stream."""
    out: list[bytes] = []
    head: dict[str, Any] = {"object": "chat.completion.chunk", "created": 1760000000, "model": model}
    for frame in body.split(b"\n\n")[:-1]:
        event = orjson.loads(frame.split(b"\ndata: ", 1)[1])
        match event["type"]:
            case "message_start":
                head = {"id": event["message"]["id"], **head}
                out.append(_chunk(head, {"role": "assistant", "content": ""}))
            case "content_block_delta":
                out.append(_chunk(head, {"content": event["delta"]["text"]}))
            case "message_delta":
                reason = {"end_turn": "stop", "max_tokens": "length"}[event["delta"]["stop_reason"]]
                out.append(_chunk(head, {}, reason))
                counts = event["usage"]
                prompt, output = counts["input_tokens"], counts["output_tokens"]
                usage = {"prompt_tokens": prompt, "completion_tokens": output, "total_tokens": prompt + output}
                out.append(b"data: %b\n\n" % orjson.dumps({**head, "choices": [], "usage": usage}))
            case "message_stop":
                out.append(b"data: [DONE]\n\n")
    return b"".join(out)


def _chunk(head: dict[str, Any], delta: dict[str, Any], finish: str | None = None) -> bytes:
    choice = {"index": 0, "delta": delta, "finish_reason": finish}
    return b"data: %b\n\n" % orjson.dumps({**head, "choices": [choice]})
