"""The `openai` package for Python."""

import base64
import json
from typing import Any

import httpx2
import openai
from openai.lib.streaming.chat import ChatCompletionStreamState
from openai.types.chat import ChatCompletion, ChatCompletionMessage

from .conversation import Answer, Call, Conversation, SdkFailure, Settings, Usage

STOPS = {"stop": "end", "tool_calls": "tools", "length": "length", "content_filter": "refusal"}


class PythonOpenai:
    name = "python-openai"
    dialect = "openai_chat"

    def open(self, address: str, key: str, settings: Settings) -> Conversation:
        return OpenaiConversation(address, key, settings)


class OpenaiConversation:
    def __init__(self, address: str, key: str, settings: Settings) -> None:
        self._client = openai.OpenAI(
            base_url=f"{address}/v1", api_key=key, max_retries=settings.max_retries, timeout=30
        )
        self._settings = settings
        self._messages: list[Any] = []

    def say(self, text: str, *, images: tuple[bytes, ...] = ()) -> Answer:
        parts: list[Any] = [{"type": "text", "text": text}]
        for image in images:
            url = "data:image/png;base64," + base64.b64encode(image).decode()
            parts.append({"type": "image_url", "image_url": {"url": url}})
        self._messages.append({"role": "user", "content": parts if images else text})
        return self._turn()

    def give(self, results: dict[str, str]) -> Answer:
        self._messages += [{"role": "tool", "tool_call_id": id, "content": text} for id, text in results.items()]
        return self._turn()

    def close(self) -> None:
        self._client.close()

    def _turn(self) -> Answer:
        try:
            completion = self._streamed() if self._settings.stream else self._whole()
        except openai.APIStatusError as error:
            raise SdkFailure(
                type(error).__name__, error.message, error.status_code, dict(error.response.headers)
            ) from error
        except (openai.OpenAIError, httpx2.HTTPError) as error:
            raise SdkFailure(type(error).__name__, str(error)) from error
        message = completion.choices[0].message
        self._messages.append(assembled(message) if self._settings.stream else message)
        return answer(completion)

    def _whole(self) -> ChatCompletion:
        completion: ChatCompletion = self._client.chat.completions.create(**self._request())
        return completion

    def _streamed(self) -> ChatCompletion:
        """Through the SDK's own accumulator."""
        state = ChatCompletionStreamState()
        request = {**self._request(), "stream": True, "stream_options": {"include_usage": True}}
        with self._client.chat.completions.create(**request) as stream:
            for chunk in stream:
                state.handle_chunk(chunk)
        return state.current_completion_snapshot

    def _request(self) -> dict[str, Any]:
        settings = self._settings
        request: dict[str, Any] = {"model": settings.model, "messages": self._messages}
        request["max_completion_tokens"] = settings.max_tokens
        if settings.tools:
            request["tools"] = [
                {
                    "type": "function",
                    "function": {"name": tool.name, "description": tool.description, "parameters": tool.schema},
                }
                for tool in settings.tools
            ]
        if settings.schema is not None:
            form = {"name": "answer", "schema": settings.schema, "strict": True}
            request["response_format"] = {"type": "json_schema", "json_schema": form}
        if settings.thinking:
            request["reasoning_effort"] = "high"
        return request


def assembled(message: ChatCompletionMessage) -> dict[str, Any]:
    """A streamed turn as programs put it into their history; the accumulator's own fields are not the API's."""
    kept: dict[str, Any] = message.model_dump(include={"role", "content", "refusal"}, exclude_none=True)
    if message.tool_calls:
        kept["tool_calls"] = [
            {
                "id": call.id,
                "type": "function",
                "function": {"name": call.function.name, "arguments": call.function.arguments},
            }
            for call in message.tool_calls
            if call.type == "function"
        ]
    return kept


def answer(completion: ChatCompletion) -> Answer:
    choice = completion.choices[0]
    message, usage = choice.message, completion.usage
    return Answer(
        model=completion.model,
        text=message.content or "",
        stop="refusal" if message.refusal else STOPS[choice.finish_reason],
        usage=Usage(usage.prompt_tokens, usage.completion_tokens) if usage else None,
        calls=tuple(
            Call(call.id, call.function.name, json.loads(call.function.arguments or "{}"))
            for call in message.tool_calls or []
            if call.type == "function"
        ),
        thinking=getattr(message, "reasoning_content", None) or "",
        refusal=message.refusal or "",
    )
