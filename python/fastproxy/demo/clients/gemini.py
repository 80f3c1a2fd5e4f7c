"""The demo as a Gemini client."""

import json
from urllib.parse import quote

from fastproxy.demo.ask import Json
from fastproxy.demo.clients.client import QUESTION, RESULTS, SCHEMAS, Accumulator, Answer, Client, Failed, ToolCall


class GeminiClient(Client):
    name = "gemini"
    base_path = ""
    path = "/v1beta/models"
    tool_finish = "STOP"

    def headers(self, key: str) -> dict[str, str]:
        return {"x-goog-api-key": key, "content-type": "application/json"}

    def address(self, request: Json) -> tuple[str, Json]:
        method = "streamGenerateContent?alt=sse" if request.get("stream") else "generateContent"
        body = {name: value for name, value in request.items() if name not in ("model", "stream")}
        return f"{self.path}/{quote(request['model'])}:{method}", body

    def question(self, model: str, *, stream: bool) -> Json:
        declared = [
            {"name": name, "description": f"{name} for a place", "parametersJsonSchema": schema}
            for name, schema in SCHEMAS.items()
        ]
        body: Json = {
            "model": model,
            "contents": [{"role": "user", "parts": [{"text": QUESTION}]}],
            "tools": [{"functionDeclarations": declared}],
        }
        return body | ({"stream": True} if stream else {})

    def follow_up(self, question: Json, answer: Answer) -> Json:
        """A call is answered with its id where it has one, else by its name."""
        calls = [part["functionCall"] for part in answer.turn["parts"] if "functionCall" in part]
        results = []
        for call in calls:
            named = {name: call[name] for name in ("id", "name") if name in call}
            results.append({"functionResponse": {**named, "response": {"output": RESULTS.get(call["name"], "")}}})
        return {**question, "contents": [*question["contents"], answer.turn, {"role": "user", "parts": results}]}

    def read_whole(self, body: Json) -> Answer:
        accumulator = PartAccumulator()
        accumulator.take(body)
        return accumulator.answer()

    def accumulator(self) -> Accumulator:
        return PartAccumulator()

    def error_text(self, body: Json) -> str:
        return str(body["error"]["message"])


class PartAccumulator(Accumulator):
    """Collects the parts of all chunks; they go back as they came, signatures included."""

    def __init__(self) -> None:
        self._parts: list[Json] = []
        self._finish = ""
        self._usage: Json = {}

    def feed(self, data: str) -> bool:
        return self.take(json.loads(data))

    def take(self, chunk: Json) -> bool:
        if "error" in chunk:
            raise Failed(f"error event: {chunk['error'].get('message')}")
        [candidate] = chunk["candidates"]
        parts = (candidate.get("content") or {}).get("parts") or []
        self._parts += parts
        self._finish = candidate.get("finishReason") or self._finish
        self._usage = chunk.get("usageMetadata") or self._usage
        return any(part.get("text") or "functionCall" in part for part in parts)

    def answer(self) -> Answer:
        calls = [part["functionCall"] for part in self._parts if "functionCall" in part]
        texts = [part["text"] for part in self._parts if "text" in part and not part.get("thought")]
        counts = [self._usage.get(name) for name in ("candidatesTokenCount", "thoughtsTokenCount")]
        return Answer(
            text="".join(texts),
            calls=tuple(
                ToolCall(call.get("id") or f"call_{at}", call["name"], json.dumps(call.get("args") or {}))
                for at, call in enumerate(calls)
            ),
            finish=self._finish,
            input_tokens=self._usage.get("promptTokenCount"),
            output_tokens=None if counts[0] is None else sum(count or 0 for count in counts),
            is_complete=bool(self._finish),
            turn={"role": "model", "parts": self._parts},
        )
