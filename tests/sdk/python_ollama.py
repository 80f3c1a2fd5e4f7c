"""The `ollama` package for Python."""

from collections.abc import Iterable
from typing import Any

import httpx
import ollama

from .conversation import Answer, Call, Conversation, SdkFailure, Settings, Usage


class PythonOllama:
    name = "python-ollama"
    dialect = "ollama"

    def open(self, address: str, key: str, settings: Settings) -> Conversation:
        return OllamaConversation(address, key, settings)


class OllamaConversation:
    def __init__(self, address: str, key: str, settings: Settings) -> None:
        self._client = ollama.Client(host=address, headers={"authorization": f"Bearer {key}"}, timeout=30)
        self._settings = settings
        self._messages: list[dict[str, Any]] = []
        self._names: dict[str, str] = {}

    def say(self, text: str, *, images: tuple[bytes, ...] = ()) -> Answer:
        message: dict[str, Any] = {"role": "user", "content": text}
        if images:
            message["images"] = list(images)
        self._messages.append(message)
        return self._turn()

    def give(self, results: dict[str, str]) -> Answer:
        """The API pairs results with calls by the tool's name and their order."""
        for id, text in results.items():
            self._messages.append({"role": "tool", "tool_name": self._names[id], "content": text})
        return self._turn()

    def close(self) -> None:
        self._client._client.close()

    def _turn(self) -> Answer:
        try:
            answered = self._client.chat(**self._request(), stream=self._settings.stream)
            chunks: Iterable[ollama.ChatResponse] = list(answered) if self._settings.stream else [answered]
        except ollama.ResponseError as error:
            raise SdkFailure(type(error).__name__, error.error, error.status_code) from error
        except httpx.HTTPError as error:
            raise SdkFailure(type(error).__name__, str(error)) from error
        return self._take(list(chunks))

    def _take(self, chunks: list[ollama.ChatResponse]) -> Answer:
        if not chunks or not chunks[-1].done:
            raise SdkFailure("Unfinished", "the answer ended without `done`")
        text = "".join(chunk.message.content or "" for chunk in chunks)
        thinking = "".join(chunk.message.thinking or "" for chunk in chunks)
        made = [call for chunk in chunks for call in chunk.message.tool_calls or []]
        turn: dict[str, Any] = {"role": "assistant", "content": text}
        if thinking:
            turn["thinking"] = thinking
        if made:
            turn["tool_calls"] = [call.model_dump(exclude_none=True) for call in made]
        self._messages.append(turn)
        calls = tuple(
            Call(f"{call.function.name}-{number}", call.function.name, dict(call.function.arguments))
            for number, call in enumerate(made)
        )
        self._names = {call.id: call.name for call in calls}
        return answer(chunks[-1], text, thinking, calls)

    def _request(self) -> dict[str, Any]:
        settings = self._settings
        request: dict[str, Any] = {"model": settings.model, "messages": self._messages}
        request["options"] = {"num_predict": settings.max_tokens}
        if settings.tools:
            request["tools"] = [
                {
                    "type": "function",
                    "function": {"name": tool.name, "description": tool.description, "parameters": tool.schema},
                }
                for tool in settings.tools
            ]
        if settings.schema is not None:
            request["format"] = settings.schema
        if settings.thinking:
            request["think"] = "high"
        return request


def answer(last: ollama.ChatResponse, text: str, thinking: str, calls: tuple[Call, ...]) -> Answer:
    """Ollama says `stop` for every end but the limit."""
    usage = None
    if last.eval_count is not None:
        usage = Usage(last.prompt_eval_count or 0, last.eval_count)
    stop = "length" if last.done_reason == "length" else "tools" if calls else "end"
    return Answer(model=last.model or "", text=text, stop=stop, usage=usage, calls=calls, thinking=thinking)
