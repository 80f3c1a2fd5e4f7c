"""The `openai` package for Python, its Responses half."""

import base64
import json
from typing import Any

import httpx2
import openai
from openai.types.responses import Response, ResponseReasoningItem

from .conversation import Answer, Call, Conversation, SdkFailure, Settings, Usage


class PythonResponses:
    name = "python-responses"
    dialect = "openai_responses"

    def open(self, address: str, key: str, settings: Settings) -> Conversation:
        return ResponsesConversation(address, key, settings)


class ResponsesConversation:
    """Keeps its own history: what the answer's `output` holds goes back as it came."""

    def __init__(self, address: str, key: str, settings: Settings) -> None:
        self._client = openai.OpenAI(
            base_url=f"{address}/v1", api_key=key, max_retries=settings.max_retries, timeout=30
        )
        self._settings = settings
        self._items: list[Any] = []

    def say(self, text: str, *, images: tuple[bytes, ...] = ()) -> Answer:
        parts: list[Any] = [{"type": "input_text", "text": text}]
        for image in images:
            url = "data:image/png;base64," + base64.b64encode(image).decode()
            parts.append({"type": "input_image", "image_url": url, "detail": "auto"})
        self._items.append({"role": "user", "content": parts if images else text})
        return self._turn()

    def give(self, results: dict[str, str]) -> Answer:
        self._items += [
            {"type": "function_call_output", "call_id": id, "output": text} for id, text in results.items()
        ]
        return self._turn()

    def close(self) -> None:
        self._client.close()

    def _turn(self) -> Answer:
        try:
            response = self._streamed() if self._settings.stream else self._whole()
        except openai.APIStatusError as error:
            raise SdkFailure(
                type(error).__name__, error.message, error.status_code, dict(error.response.headers)
            ) from error
        except (openai.OpenAIError, httpx2.HTTPError, RuntimeError) as error:
            # RuntimeError: its helper, when a stream ends without `response.completed`.
            raise SdkFailure(type(error).__name__, str(error)) from error
        self._items += [item.model_dump(exclude_none=True, exclude={"parsed_arguments"}) for item in response.output]
        return answer(response)

    def _whole(self) -> Response:
        response: Response = self._client.responses.create(**self._request())
        return response

    def _streamed(self) -> Response:
        """Through the SDK's own accumulator, which ends at `response.completed` or `response.incomplete`."""
        last: Response | None = None
        with self._client.responses.create(**self._request(), stream=True) as stream:
            for event in stream:
                if event.type in ("response.completed", "response.incomplete"):
                    last = event.response
                elif event.type == "response.failed":
                    error = event.response.error
                    raise openai.OpenAIError(error.message if error else "response.failed without an error")
                elif event.type == "error":
                    raise openai.OpenAIError(event.message)
        if last is None:
            raise openai.OpenAIError("the stream ended without its last event")
        return last

    def _request(self) -> dict[str, Any]:
        settings = self._settings
        request: dict[str, Any] = {"model": settings.model, "input": self._items, "store": False}
        request["max_output_tokens"] = settings.max_tokens
        request["include"] = ["reasoning.encrypted_content"]
        if settings.tools:
            request["tools"] = [
                {
                    "type": "function",
                    "name": tool.name,
                    "description": tool.description,
                    "parameters": tool.schema,
                    "strict": False,
                }
                for tool in settings.tools
            ]
        if settings.schema is not None:
            form = {"type": "json_schema", "name": "answer", "schema": settings.schema, "strict": True}
            request["text"] = {"format": form}
        if settings.thinking:
            request["reasoning"] = {"effort": "high", "summary": "auto"}
        return request


def answer(response: Response) -> Answer:
    parts = [part for item in response.output if item.type == "message" for part in item.content]
    refused = "".join(part.refusal for part in parts if part.type == "refusal")
    calls = tuple(
        Call(item.call_id, item.name, json.loads(item.arguments or "{}"))
        for item in response.output
        if item.type == "function_call"
    )
    usage = response.usage
    return Answer(
        model=response.model,
        text="".join(part.text for part in parts if part.type == "output_text"),
        stop=stop(response, has_calls=bool(calls), is_refused=bool(refused)),
        usage=Usage(usage.input_tokens, usage.output_tokens) if usage else None,
        calls=calls,
        thinking="".join(thinking(item) for item in response.output if item.type == "reasoning"),
        refusal=refused,
    )


def stop(response: Response, *, has_calls: bool, is_refused: bool) -> str:
    if response.status == "incomplete" and response.incomplete_details is not None:
        return {"max_output_tokens": "length", "content_filter": "refusal"}[response.incomplete_details.reason or ""]
    assert response.status == "completed", response.status
    return "refusal" if is_refused else "tools" if has_calls else "end"


def thinking(item: ResponseReasoningItem) -> str:
    """Shown as summaries, or (open models) as it was."""
    shown = [summary.text for summary in item.summary] or [part.text for part in item.content or []]
    return "".join(shown)
