"""OpenAI Responses with the `openai` package for Python, in the two ways that programs keep a conversation: by
`previous_response_id`, and by sending all items back with their encrypted reasoning, as Codex does."""

import base64
import json
from dataclasses import dataclass
from typing import Any

import httpx2
import openai
from openai.types.responses import Response

from .conversation import Answer, Call, Conversation, SdkFailure, Settings, Usage


@dataclass(frozen=True)
class PythonResponses:
    """`is_stored`: the conversation is kept at the other end."""

    is_stored: bool
    dialect = "openai_responses"

    @property
    def name(self) -> str:
        return "python-responses" if self.is_stored else "python-responses-stateless"

    def open(self, address: str, key: str, settings: Settings) -> Conversation:
        return ResponsesConversation(address, key, settings, is_stored=self.is_stored)


class ResponsesConversation:
    def __init__(self, address: str, key: str, settings: Settings, *, is_stored: bool) -> None:
        self._client = openai.OpenAI(
            base_url=f"{address}/v1", api_key=key, max_retries=settings.max_retries, timeout=30
        )
        self._settings = settings
        self._is_stored = is_stored
        self._input: list[Any] = []
        self._previous: str | None = None

    def say(self, text: str, *, images: tuple[bytes, ...] = ()) -> Answer:
        parts: list[Any] = [{"type": "input_text", "text": text}]
        for image in images:
            url = "data:image/png;base64," + base64.b64encode(image).decode()
            parts.append({"type": "input_image", "image_url": url, "detail": "auto"})
        self._input.append({"role": "user", "content": parts if images else text})
        return self._turn()

    def give(self, results: dict[str, str]) -> Answer:
        for id, text in results.items():
            self._input.append({"type": "function_call_output", "call_id": id, "output": text})
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
        except (openai.OpenAIError, httpx2.HTTPError) as error:
            raise SdkFailure(type(error).__name__, str(error)) from error
        if response.status == "failed":
            raise SdkFailure("failed", response.error.message if response.error else "")
        if self._is_stored:
            self._input, self._previous = [], response.id
        else:
            self._input += [
                item.model_dump(exclude_none=True, exclude={"parsed_arguments"}) for item in response.output
            ]
        return answer(response)

    def _whole(self) -> Response:
        response: Response = self._client.responses.create(**self._request())
        return response

    def _streamed(self) -> Response:
        """Through the SDK's own accumulator; what came on the way must be what the end repeats."""
        with self._client.responses.stream(**self._request()) as stream:
            events = list(stream)
            # The SDK has no final response for one that is incomplete: its last event has.
            if events and events[-1].type == "response.incomplete":
                response: Response = events[-1].response
            else:
                response = stream.get_final_response()
        texts = [event.delta for event in events if event.type == "response.output_text.delta"]
        assert joined("".join(texts)) == joined(response.output_text)
        return response

    def _request(self) -> dict[str, Any]:
        settings = self._settings
        request: dict[str, Any] = {"model": settings.model, "input": self._input}
        request["max_output_tokens"] = settings.max_tokens
        request["store"] = self._is_stored
        if self._previous is not None:
            request["previous_response_id"] = self._previous
        if settings.tools:
            request["tools"] = [
                {
                    "type": "function", "name": tool.name, "description": tool.description,
                    "parameters": tool.schema, "strict": False,
                }
                for tool in settings.tools
            ]  # fmt: skip
        if settings.schema is not None:
            form = {"type": "json_schema", "name": "answer", "schema": settings.schema, "strict": True}
            request["text"] = {"format": form}
        if settings.thinking:
            request["reasoning"] = {"effort": "high", "summary": "auto"}
        if not self._is_stored:
            request["include"] = ["reasoning.encrypted_content"]
        return request


def joined(text: str) -> str:
    """A character whose halves came in two deltas, as one: the end of a relayed stream has it whole."""
    return text.encode("utf-16", "surrogatepass").decode("utf-16")


def answer(response: Response) -> Answer:
    calls, thinking, refusal = [], "", ""
    for item in response.output:
        if item.type == "function_call":
            calls.append(Call(item.call_id, item.name, json.loads(item.arguments or "{}")))
        elif item.type == "reasoning":
            thinking += "".join(summary.text for summary in item.summary)
            thinking += "".join(part.text for part in item.content or [])
        elif item.type == "message":
            refusal += "".join(part.refusal for part in item.content if part.type == "refusal")
    usage = response.usage
    return Answer(
        model=response.model,
        text=response.output_text,
        stop=stop(response, bool(calls), refusal),
        usage=Usage(usage.input_tokens, usage.output_tokens) if usage else None,
        calls=tuple(calls),
        thinking=thinking,
        refusal=refusal,
    )


def stop(response: Response, has_calls: bool, refusal: str) -> str:
    """Responses has no stop reason: status and items say it."""
    if response.status == "incomplete" and response.incomplete_details is not None:
        return {"max_output_tokens": "length", "content_filter": "refusal"}[response.incomplete_details.reason or ""]
    if refusal:
        return "refusal"
    return "tools" if has_calls else "end"
