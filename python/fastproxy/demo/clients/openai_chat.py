"""The demo as a Chat Completions client."""

import json
from typing import Any

from fastproxy.demo.ask import Json
from fastproxy.demo.clients.client import QUESTION, RESULTS, SCHEMAS, Accumulator, Answer, Client, Failed, ToolCall


class ChatClient(Client):
    name = "openai_chat"
    base_path = "/v1"
    path = "/chat/completions"
    tool_finish = "tool_calls"

    def headers(self, key: str) -> dict[str, str]:
        return {"authorization": f"Bearer {key}", "content-type": "application/json"}

    def question(self, model: str, *, stream: bool) -> Json:
        tools = [
            {"type": "function", "function": {"name": name, "description": f"{name} for a place", "parameters": schema}}
            for name, schema in SCHEMAS.items()
        ]
        body: Json = {"model": model, "messages": [{"role": "user", "content": QUESTION}], "tools": tools}
        return body | ({"stream": True, "stream_options": {"include_usage": True}} if stream else {})

    def follow_up(self, question: Json, answer: Answer) -> Json:
        results = [
            {"role": "tool", "tool_call_id": call.id, "content": RESULTS.get(call.name, "")} for call in answer.calls
        ]
        return {**question, "messages": [*question["messages"], answer.turn, *results]}

    def read_whole(self, body: Json) -> Answer:
        choice, usage = body["choices"][0], body.get("usage") or {}
        return _answer(choice["message"], choice["finish_reason"], usage, is_complete=True)

    def accumulator(self) -> Accumulator:
        return ChunkAccumulator()

    def error_text(self, body: Json) -> str:
        return str(body["error"]["message"])


class ChunkAccumulator(Accumulator):
    def __init__(self) -> None:
        self._text: list[str] = []
        self._calls: dict[int, Json] = {}
        self._finish = ""
        self._usage: Json = {}
        self._done = False

    def feed(self, data: str) -> bool:
        if data == "[DONE]":
            self._done = True
            return False
        chunk = json.loads(data)
        if "error" in chunk:
            raise Failed(f"error event: {chunk['error'].get('message')}")
        self._usage = chunk.get("usage") or self._usage
        seen = [self._choice(choice) for choice in chunk["choices"]]
        return any(seen)

    def _choice(self, choice: Json) -> bool:
        delta = choice["delta"]
        self._finish = choice["finish_reason"] or self._finish
        self._text.append(delta.get("content") or "")
        for fragment in delta.get("tool_calls") or ():
            self._fragment(fragment)
        return bool(delta.get("content") or delta.get("tool_calls"))

    def _fragment(self, fragment: Json) -> None:
        function = fragment["function"]
        if fragment["index"] not in self._calls:
            start = {"name": function["name"], "arguments": ""}
            self._calls[fragment["index"]] = {"id": fragment["id"], "type": "function", "function": start}
        self._calls[fragment["index"]]["function"]["arguments"] += function.get("arguments") or ""

    def answer(self) -> Answer:
        message: Json = {"role": "assistant", "content": "".join(self._text) or None}
        if self._calls:
            message["tool_calls"] = [self._calls[index] for index in sorted(self._calls)]
        return _answer(message, self._finish, self._usage, is_complete=self._done)


def _answer(message: Json, finish: str, usage: dict[str, Any], *, is_complete: bool) -> Answer:
    calls = [
        ToolCall(call["id"], call["function"]["name"], call["function"]["arguments"])
        for call in message.get("tool_calls") or ()
    ]
    replayed = {name: message[name] for name in ("role", "content", "tool_calls") if message.get(name) is not None}
    return Answer(
        text=message.get("content") or "",
        calls=tuple(calls),
        finish=finish,
        input_tokens=usage.get("prompt_tokens"),
        output_tokens=usage.get("completion_tokens"),
        is_complete=is_complete,
        turn=replayed,
    )
