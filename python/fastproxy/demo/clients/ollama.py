"""The demo as an Ollama client."""

import http.client
import json
from collections.abc import Iterator

from fastproxy.demo.ask import Json
from fastproxy.demo.clients.client import QUESTION, RESULTS, SCHEMAS, Accumulator, Answer, Client, Failed, ToolCall


class OllamaClient(Client):
    name = "ollama"
    base_path = ""
    path = "/api/chat"
    tool_finish = "stop"

    def headers(self, key: str) -> dict[str, str]:
        return {"authorization": f"Bearer {key}", "content-type": "application/json"}

    def payloads(self, response: http.client.HTTPResponse) -> Iterator[str]:
        while line := response.readline():
            yield line.decode()

    def question(self, model: str, *, stream: bool) -> Json:
        tools = [
            {"type": "function", "function": {"name": name, "description": f"{name} for a place", "parameters": schema}}
            for name, schema in SCHEMAS.items()
        ]
        return {
            "model": model,
            "messages": [{"role": "user", "content": QUESTION}],
            "tools": tools,
            "stream": stream,
        }

    def follow_up(self, question: Json, answer: Answer) -> Json:
        results = [
            {"role": "tool", "tool_name": call.name, "content": RESULTS.get(call.name, "")} for call in answer.calls
        ]
        return {**question, "messages": [*question["messages"], answer.turn, *results]}

    def read_whole(self, body: Json) -> Answer:
        accumulator = LineAccumulator()
        accumulator.take(body)
        return accumulator.answer()

    def accumulator(self) -> Accumulator:
        return LineAccumulator()

    def error_text(self, body: Json) -> str:
        return str(body["error"])


class LineAccumulator(Accumulator):
    def __init__(self) -> None:
        self._message: Json = {"role": "assistant", "content": ""}
        self._last: Json = {}

    def feed(self, data: str) -> bool:
        return self.take(json.loads(data))

    def take(self, line: Json) -> bool:
        if "error" in line:
            raise Failed(f"error event: {line['error']}")
        message = line["message"]
        for name in ("content", "thinking"):
            if message.get(name):
                self._message[name] = self._message.get(name, "") + message[name]
        if calls := message.get("tool_calls"):
            self._message["tool_calls"] = [*self._message.get("tool_calls", []), *calls]
        if line["done"]:
            self._last = line
        return bool(message.get("content") or message.get("tool_calls"))

    def answer(self) -> Answer:
        calls = self._message.get("tool_calls", [])
        return Answer(
            text=self._message["content"],
            calls=tuple(
                ToolCall(
                    call.get("id") or f"call_{at}", call["function"]["name"], json.dumps(call["function"]["arguments"])
                )
                for at, call in enumerate(calls)
            ),
            finish=self._last.get("done_reason", ""),
            input_tokens=self._last.get("prompt_eval_count"),
            output_tokens=self._last.get("eval_count"),
            is_complete=bool(self._last),
            turn=self._message,
        )
