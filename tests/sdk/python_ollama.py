"""The `ollama` package for Python."""

import base64
from typing import Any

import httpx
import ollama

from .conversation import Answer, Call, Conversation, SdkFailure, Settings, Usage

STOPS = {"stop": "end", "length": "length"}


class PythonOllama:
    name = "python-ollama"
    dialect = "ollama"

    def open(self, address: str, key: str, settings: Settings) -> Conversation:
        return OllamaConversation(address, key, settings)


def client(address: str, key: str) -> ollama.Client:
    return ollama.Client(host=address, headers={"authorization": f"Bearer {key}"}, timeout=30)


class OllamaConversation:
    """The package keeps no ids of calls: results go back by the tool's name, in the order of the calls."""

    def __init__(self, address: str, key: str, settings: Settings) -> None:
        self._client = client(address, key)
        self._settings = settings
        self._messages: list[Any] = []
        self._calls: tuple[Call, ...] = ()

    def say(self, text: str, *, images: tuple[bytes, ...] = ()) -> Answer:
        message: dict[str, Any] = {"role": "user", "content": text}
        if images:
            message["images"] = [base64.b64encode(image).decode() for image in images]
        self._messages.append(message)
        return self._turn()

    def give(self, results: dict[str, str]) -> Answer:
        self._messages += [
            {"role": "tool", "tool_name": call.name, "content": results[call.id]} for call in self._calls
        ]
        return self._turn()

    def close(self) -> None:
        self._client.close()  # type: ignore[no-untyped-call]

    def _turn(self) -> Answer:
        try:
            parts = (
                list(self._client.chat(**self._request(), stream=True)) if self._settings.stream else [self._whole()]
            )
        except ollama.ResponseError as error:
            raise SdkFailure(type(error).__name__, error.error, error.status_code) from error
        except httpx.HTTPError as error:
            raise SdkFailure(type(error).__name__, str(error)) from error
        told = answer(parts)
        self._calls = told.calls
        self._messages.append(message_of(parts))
        return told

    def _whole(self) -> ollama.ChatResponse:
        return self._client.chat(**self._request(), stream=False)

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


def message_of(parts: list[ollama.ChatResponse]) -> ollama.Message:
    """The turn as programs put it into their history: pieces added up."""
    return ollama.Message(
        role="assistant",
        content="".join(part.message.content or "" for part in parts),
        thinking="".join(part.message.thinking or "" for part in parts) or None,
        tool_calls=[call for part in parts for call in part.message.tool_calls or []] or None,
    )


def answer(parts: list[ollama.ChatResponse]) -> Answer:
    message, last = message_of(parts), parts[-1]
    assert last.done, "the package does not look whether an answer is complete"
    calls = tuple(
        Call(f"{number}", call.function.name, dict(call.function.arguments))
        for number, call in enumerate(message.tool_calls or [])
    )
    return Answer(
        model=last.model or "",
        text=message.content or "",
        stop="tools" if calls else STOPS[last.done_reason or ""],
        usage=None if last.eval_count is None else Usage(last.prompt_eval_count or 0, last.eval_count),
        calls=calls,
        thinking=message.thinking or "",
    )
