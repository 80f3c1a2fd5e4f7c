"""The demo as an Anthropic Messages client."""

import json

from fastproxy.demo.ask import Json
from fastproxy.demo.clients.client import QUESTION, RESULTS, SCHEMAS, Accumulator, Answer, Client, Failed, ToolCall

# How each delta changes its block: the field it adds to. A signature replaces what was there.
ADDS = {"text_delta": "text", "thinking_delta": "thinking", "input_json_delta": "partial_json"}


class MessagesClient(Client):
    name = "anthropic"
    base_path = ""
    path = "/v1/messages"
    tool_finish = "tool_use"

    def headers(self, key: str) -> dict[str, str]:
        return {"x-api-key": key, "anthropic-version": "2023-06-01", "content-type": "application/json"}

    def question(self, model: str, *, stream: bool) -> Json:
        tools = [
            {"name": name, "description": f"{name} for a place", "input_schema": schema}
            for name, schema in SCHEMAS.items()
        ]
        body: Json = {
            "model": model,
            "max_tokens": 1024,
            "messages": [{"role": "user", "content": QUESTION}],
            "tools": tools,
        }
        return body | ({"stream": True} if stream else {})

    def follow_up(self, question: Json, answer: Answer) -> Json:
        results = [
            {"type": "tool_result", "tool_use_id": call.id, "content": RESULTS.get(call.name, "")}
            for call in answer.calls
        ]
        return {**question, "messages": [*question["messages"], answer.turn, {"role": "user", "content": results}]}

    def read_whole(self, body: Json) -> Answer:
        return _answer(body["content"], body["stop_reason"], body.get("usage") or {}, is_complete=True)

    def accumulator(self) -> Accumulator:
        return EventAccumulator()

    def error_text(self, body: Json) -> str:
        return str(body["error"]["message"])


class EventAccumulator(Accumulator):
    def __init__(self) -> None:
        self._blocks: list[Json] = []
        self._stop = ""
        self._usage: Json = {}
        self._done = False

    def feed(self, data: str) -> bool:
        event = json.loads(data)
        kind = event["type"]
        if kind == "error":
            raise Failed(f"error event: {event['error'].get('message')}")
        if kind == "message_start":
            self._usage = event["message"].get("usage") or {}
        elif kind == "content_block_start":
            self._blocks.append(dict(event["content_block"]))
        elif kind == "content_block_delta":
            self._delta(self._blocks[event["index"]], event["delta"])
        elif kind == "message_delta":
            self._stop = event["delta"]["stop_reason"]
            self._usage = {**self._usage, **(event.get("usage") or {})}
        self._done = self._done or kind == "message_stop"
        return bool(kind == "content_block_delta")

    def _delta(self, block: Json, delta: Json) -> None:
        if delta["type"] == "signature_delta":
            block["signature"] = delta["signature"]
            return
        field = ADDS[delta["type"]]
        block[field] = block.get(field, "") + delta[field]

    def answer(self) -> Answer:
        for block in self._blocks:
            if block["type"] == "tool_use":
                block["input"] = json.loads(block.pop("partial_json", "") or "{}")
        return _answer(self._blocks, self._stop, self._usage, is_complete=self._done)


def _answer(blocks: list[Json], stop: str, usage: Json, *, is_complete: bool) -> Answer:
    calls = [
        ToolCall(block["id"], block["name"], json.dumps(block["input"]))
        for block in blocks
        if block["type"] == "tool_use"
    ]
    counted = [usage.get(name) for name in ("input_tokens", "cache_creation_input_tokens", "cache_read_input_tokens")]
    return Answer(
        text="".join(block["text"] for block in blocks if block["type"] == "text"),
        calls=tuple(calls),
        finish=stop,
        input_tokens=None if counted[0] is None else sum(count or 0 for count in counted),
        output_tokens=usage.get("output_tokens"),
        is_complete=is_complete,
        turn={"role": "assistant", "content": blocks},
    )
