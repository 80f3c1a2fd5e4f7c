"""The `anthropic` package for Python."""

import base64
from typing import Any

import anthropic
import httpx2
from anthropic.types import Message

from .conversation import Answer, Call, Conversation, SdkFailure, Settings, Usage

STOPS = {
    "end_turn": "end",
    "tool_use": "tools",
    "max_tokens": "length",
    "stop_sequence": "stop",
    "refusal": "refusal",
}


class PythonAnthropic:
    name = "python-anthropic"
    dialect = "anthropic"

    def open(self, address: str, key: str, settings: Settings) -> Conversation:
        return AnthropicConversation(address, key, settings)


class AnthropicConversation:
    def __init__(self, address: str, key: str, settings: Settings) -> None:
        self._client = anthropic.Anthropic(base_url=address, api_key=key, max_retries=settings.max_retries, timeout=30)
        self._settings = settings
        self._messages: list[Any] = []

    def say(self, text: str, *, images: tuple[bytes, ...] = ()) -> Answer:
        parts: list[Any] = [{"type": "text", "text": text}]
        for image in images:
            source = {"type": "base64", "media_type": "image/png", "data": base64.b64encode(image).decode()}
            parts.append({"type": "image", "source": source})
        self._messages.append({"role": "user", "content": parts if images else text})
        return self._turn()

    def give(self, results: dict[str, str]) -> Answer:
        blocks = [{"type": "tool_result", "tool_use_id": id, "content": text} for id, text in results.items()]
        self._messages.append({"role": "user", "content": blocks})
        return self._turn()

    def close(self) -> None:
        self._client.close()

    def _turn(self) -> Answer:
        try:
            message = self._streamed() if self._settings.stream else self._whole()
        except anthropic.APIStatusError as error:
            raise SdkFailure(
                type(error).__name__, error.message, error.status_code, dict(error.response.headers)
            ) from error
        except (anthropic.AnthropicError, httpx2.HTTPError) as error:
            raise SdkFailure(type(error).__name__, str(error)) from error
        self._messages.append({"role": "assistant", "content": message.content})
        return answer(message)

    def _whole(self) -> Message:
        message: Message = self._client.messages.create(**self._request())
        return message

    def _streamed(self) -> Message:
        with self._client.messages.stream(**self._request()) as stream:
            stream.until_done()
            return stream.get_final_message()

    def _request(self) -> dict[str, Any]:
        settings = self._settings
        request: dict[str, Any] = {"model": settings.model, "messages": self._messages}
        request["max_tokens"] = settings.max_tokens
        if settings.tools:
            request["tools"] = [
                {"name": tool.name, "description": tool.description, "input_schema": tool.schema}
                for tool in settings.tools
            ]
        if settings.schema is not None:
            request["output_config"] = {"format": {"type": "json_schema", "schema": settings.schema}}
        if settings.thinking:
            request["thinking"] = {"type": "enabled", "budget_tokens": 1024, "display": "summarized"}
        return request


def answer(message: Message) -> Answer:
    blocks, usage = message.content, message.usage
    cached = (usage.cache_read_input_tokens or 0) + (usage.cache_creation_input_tokens or 0)
    text = "".join(block.text for block in blocks if block.type == "text")
    stop = STOPS[message.stop_reason or ""]
    return Answer(
        model=message.model,
        text=text,
        stop=stop,
        usage=Usage(usage.input_tokens + cached, usage.output_tokens),
        calls=tuple(Call(block.id, block.name, block.input) for block in blocks if block.type == "tool_use"),
        thinking="".join(block.thinking for block in blocks if block.type == "thinking"),
        refusal=refusal(message, text) if stop == "refusal" else "",
    )


def refusal(message: Message, text: str) -> str:
    """What is said about it: in the text, or beside the stop reason."""
    details = message.stop_details
    return text or (details.explanation or "" if details and details.type == "refusal" else "")
