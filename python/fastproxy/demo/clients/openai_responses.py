"""The demo as a Responses client that keeps the conversation itself, as Codex does."""

import json

from fastproxy.demo.ask import Json
from fastproxy.demo.clients.client import QUESTION, RESULTS, SCHEMAS, Accumulator, Answer, Client, Failed, ToolCall

TERMINALS = ("response.completed", "response.incomplete", "response.failed")


class ResponsesClient(Client):
    name = "openai_responses"
    base_path = "/v1"
    path = "/responses"
    tool_finish = "completed"

    def headers(self, key: str) -> dict[str, str]:
        return {"authorization": f"Bearer {key}", "content-type": "application/json"}

    def question(self, model: str, *, stream: bool) -> Json:
        tools = [
            {
                "type": "function",
                "name": name,
                "description": f"{name} for a place",
                "parameters": schema,
                "strict": False,
            }
            for name, schema in SCHEMAS.items()
        ]
        body: Json = {
            "model": model,
            "input": [{"role": "user", "content": QUESTION}],
            "tools": tools,
            "store": False,
            "include": ["reasoning.encrypted_content"],
        }
        return body | ({"stream": True} if stream else {})

    def follow_up(self, question: Json, answer: Answer) -> Json:
        outputs = [
            {"type": "function_call_output", "call_id": call.id, "output": RESULTS.get(call.name, "")}
            for call in answer.calls
        ]
        return {**question, "input": [*question["input"], *answer.turn["output"], *outputs]}

    def read_whole(self, body: Json) -> Answer:
        return _answer(body["output"], body, is_complete=True)

    def accumulator(self) -> Accumulator:
        return ItemAccumulator()

    def error_text(self, body: Json) -> str:
        return str(body["error"]["message"])


class ItemAccumulator(Accumulator):
    """Believes what `output_item.done` says, as Codex does."""

    def __init__(self) -> None:
        self._items: list[Json] = []
        self._final: Json = {}

    def feed(self, data: str) -> bool:
        event = json.loads(data)
        kind: str = event["type"]
        if kind == "error":
            raise Failed(f"error event: {(event.get('error') or event).get('message')}")
        if kind == "response.output_item.done":
            self._items.append(event["item"])
        elif kind in TERMINALS:
            self._final = event["response"]
        return kind.endswith(".delta")

    def answer(self) -> Answer:
        return _answer(self._items, self._final, is_complete=bool(self._final))


def _answer(output: list[Json], response: Json, *, is_complete: bool) -> Answer:
    calls = [ToolCall(item["call_id"], item["name"], item["arguments"]) for item in output if "call_id" in item]
    messages = [item for item in output if item["type"] == "message"]
    usage = response.get("usage") or {}
    return Answer(
        text="".join(part.get("text", "") for item in messages for part in item["content"]),
        calls=tuple(calls),
        finish=response.get("status", ""),
        input_tokens=usage.get("input_tokens"),
        output_tokens=usage.get("output_tokens"),
        is_complete=is_complete,
        turn={"output": output},
    )
