"""The `google-genai` package for Python."""

from collections.abc import Iterable
from typing import Any

import httpx
from google import genai
from google.genai import errors, types

from .conversation import Answer, Call, Conversation, SdkFailure, Settings, Usage

REFUSALS = {"SAFETY", "PROHIBITED_CONTENT", "BLOCKLIST", "SPII", "RECITATION", "IMAGE_SAFETY"}


class PythonGoogle:
    name = "python-google"
    dialect = "gemini"

    def open(self, address: str, key: str, settings: Settings) -> Conversation:
        return GoogleConversation(address, key, settings)


class GoogleConversation:
    """Keeps the parts of the model's turns as they came, signatures included."""

    def __init__(self, address: str, key: str, settings: Settings) -> None:
        retries = types.HttpRetryOptions(attempts=settings.max_retries + 1, initial_delay=0.1, max_delay=2)
        options = types.HttpOptions(base_url=address, timeout=30_000, retry_options=retries)
        self._client = genai.Client(api_key=key, http_options=options)
        self._settings = settings
        self._contents: list[types.Content] = []
        self._calls: dict[str, types.FunctionCall] = {}

    def say(self, text: str, *, images: tuple[bytes, ...] = ()) -> Answer:
        parts = [types.Part.from_text(text=text)]
        parts += [types.Part.from_bytes(data=image, mime_type="image/png") for image in images]
        self._contents.append(types.Content(role="user", parts=parts))
        return self._turn()

    def give(self, results: dict[str, str]) -> Answer:
        parts = []
        for id, text in results.items():
            call = self._calls[id]
            answered = types.FunctionResponse(id=call.id, name=call.name, response={"result": text})
            parts.append(types.Part(function_response=answered))
        self._contents.append(types.Content(role="user", parts=parts))
        return self._turn()

    def close(self) -> None:
        self._client.close()

    def _turn(self) -> Answer:
        models = self._client.models
        try:
            chunks: Iterable[types.GenerateContentResponse]
            if self._settings.stream:
                chunks = list(models.generate_content_stream(**self._request()))
            else:
                chunks = [models.generate_content(**self._request())]
        except errors.APIError as error:
            headers = getattr(error.response, "headers", None)
            raise SdkFailure(type(error).__name__, error.message or "", error.code, dict(headers or {})) from error
        except (errors.UnknownApiResponseError, httpx.HTTPError, ValueError) as error:
            raise SdkFailure(type(error).__name__, str(error)) from error
        return self._take(Read(chunks))

    def _take(self, read: "Read") -> Answer:
        if read.parts:
            self._contents.append(types.Content(role="model", parts=read.parts))
        self._calls = {}
        for number, part in enumerate(read.parts):
            if part.function_call is not None:
                self._calls[part.function_call.id or f"{part.function_call.name}-{number}"] = part.function_call
        return read.answer(self._calls)

    def _request(self) -> dict[str, Any]:
        settings = self._settings
        config = types.GenerateContentConfig(max_output_tokens=settings.max_tokens)
        if settings.tools:
            declared = [
                types.FunctionDeclaration(
                    name=tool.name, description=tool.description, parameters_json_schema=tool.schema
                )
                for tool in settings.tools
            ]
            config.tools = [types.Tool(function_declarations=declared)]
            config.automatic_function_calling = types.AutomaticFunctionCallingConfig(disable=True)
        if settings.schema is not None:
            config.response_mime_type = "application/json"
            config.response_json_schema = settings.schema
        if settings.thinking:
            config.thinking_config = types.ThinkingConfig(include_thoughts=True, thinking_budget=8192)
        return {"model": settings.model, "contents": list(self._contents), "config": config}


class Read:
    """What the chunks of one answer say together."""

    def __init__(self, chunks: Iterable[types.GenerateContentResponse]) -> None:
        self.parts: list[types.Part] = []
        self._model = ""
        self._finish = ""
        self._is_blocked = False
        self._usage: Usage | None = None
        self._why = ""
        for chunk in chunks:
            self._add(chunk)

    def _add(self, chunk: types.GenerateContentResponse) -> None:
        self._model = chunk.model_version or self._model
        if chunk.prompt_feedback is not None and chunk.prompt_feedback.block_reason:
            self._is_blocked = True
            self._why = chunk.prompt_feedback.block_reason_message or ""
        for candidate in chunk.candidates or []:
            self.parts += (candidate.content.parts or []) if candidate.content else []
            self._finish = candidate.finish_reason.value if candidate.finish_reason else self._finish
            self._why = candidate.finish_message or self._why
        if (counts := chunk.usage_metadata) is not None and counts.total_token_count is not None:
            output = (counts.candidates_token_count or 0) + (counts.thoughts_token_count or 0)
            self._usage = Usage(counts.prompt_token_count or 0, output)

    def answer(self, calls: dict[str, types.FunctionCall]) -> Answer:
        text = "".join(part.text or "" for part in self.parts if not part.thought)
        stop = self._stop(bool(calls))
        return Answer(
            model=self._model,
            text=text,
            stop=stop,
            usage=self._usage,
            calls=tuple(Call(id, call.name or "", call.args or {}) for id, call in calls.items()),
            thinking="".join(part.text or "" for part in self.parts if part.thought),
            refusal=(text or self._why) if stop == "refusal" else "",
        )

    def _stop(self, has_calls: bool) -> str:
        if self._is_blocked or self._finish in REFUSALS:
            return "refusal"
        if self._finish == "MAX_TOKENS":
            return "length"
        assert self._finish == "STOP", f"finishReason {self._finish!r}"
        return "tools" if has_calls else "end"
