"""OpenAI Chat: a story as a `chat.completion` object or as the stream of its chunks."""

import itertools
from typing import Any

import msgspec

from fastproxy.demo.ask import Json
from fastproxy.demo.dialects.dialect import Context, Renderer
from fastproxy.demo.dialects.openai_chat.quirks import QUIRKS
from fastproxy.demo.dialects.openai_chat.request import ChatRequest
from fastproxy.demo.ids import HEX
from fastproxy.demo.sse import Frame
from fastproxy.demo.story import Call, Finish, Part, Reasoning, Refusal, Story, Text, Usage, cut, cut_arguments

FINISH = {
    Finish.END: "stop",
    Finish.TOOLS: "tool_calls",
    Finish.LENGTH: "length",
    Finish.STOP: "stop",
    Finish.REFUSAL: "stop",
    Finish.FILTER: "content_filter",
    Finish.CONTEXT: "length",
    Finish.PAUSE: "stop",
}
MOST_PADDING = 13
SNAPSHOT = "-2026-08-06"
DONE = Frame(raw=b"[DONE]")


class Step(msgspec.Struct, frozen=True):
    """One chunk's worth of a choice."""

    delta: Json
    finish: str | None = None
    logprobs: Json | None = None

    @property
    def is_content(self) -> bool:
        return any(
            self.delta.get(name) for name in ("content", "refusal", "reasoning_content", "tool_calls", "function_call")
        )


class ChatRenderer(Renderer):
    known = QUIRKS

    def __init__(self, request: ChatRequest, context: Context) -> None:
        self.ask = request.ask
        self.plan = request.plan
        self._request = request
        self._ids = context.ids
        self._padding = context.ids.make("", 60)
        self._turn = itertools.count()
        is_openai = request.plan.family in ("gpt", "reasoner")
        self._head: Json = {
            "id": context.ids.make("chatcmpl-", 29),
            "created": int(context.now),
            "model": request.ask.model + (SNAPSHOT if is_openai else ""),
        }
        self._tail: Json = {"service_tier": "default", "system_fingerprint": context.ids.make("fp_", 10, HEX)}

    def facts(self, story: Story) -> Json:
        return {"usage": self._usage(story.usage), "empty": self._chunk([]), "asked_usage": self._request.include_usage}

    def _chunk(self, choices: list[Json]) -> Json:
        return {**self._head, "object": "chat.completion.chunk", **self._tail, "choices": choices}

    def _usage(self, usage: Usage) -> Json:
        body: Json = {
            "prompt_tokens": usage.prompt,
            "completion_tokens": usage.output,
            "total_tokens": usage.prompt + usage.output,
            "prompt_tokens_details": {"cached_tokens": usage.cache_read, "audio_tokens": 0},
            "completion_tokens_details": {
                "reasoning_tokens": usage.reasoning,
                "audio_tokens": 0,
                "accepted_prediction_tokens": 0,
                "rejected_prediction_tokens": 0,
            },
        }
        if usage.cache_write:
            body["prompt_tokens_details"]["cache_write_tokens"] = usage.cache_write
        if self.plan.family == "deepseek":
            body |= {
                "prompt_cache_hit_tokens": usage.cache_read,
                "prompt_cache_miss_tokens": usage.prompt - usage.cache_read,
            }
        return body

    def _thoughts(self, story: Story) -> list[Reasoning]:
        """OpenAI only counts reasoning; other hosts show it, and a script that names it wants it shown."""
        shown = [part for part in story.reasoning if not part.redacted]
        return [part for part in shown if part.named or self.plan.family in ("deepseek", "host")]

    def _call(self, call: Call) -> Json:
        head = {"id": self._ids.make("call_", 24)}
        if call.custom:
            return {**head, "type": "custom", "custom": {"name": call.name, "input": call.arguments}}
        return {**head, "type": "function", "function": {"name": call.name, "arguments": call.arguments}}

    def _finish(self, story: Story) -> str:
        if story.finish is Finish.TOOLS and self._request.old_functions:
            return "function_call"
        return FINISH[story.finish]

    # The one-shot form.

    def plain_whole(self, story: Story) -> Json:
        choices = [self._choice(index, story) for index in range(self._request.copies)]
        return {
            **self._head,
            "object": "chat.completion",
            "choices": choices,
            "usage": self._usage(story.usage),
            **self._tail,
        }

    def _choice(self, index: int, story: Story) -> Json:
        refusals = [part.text for part in story.parts if isinstance(part, Refusal)]
        message: Json = {
            "role": "assistant",
            "content": story.text if story.text or not (story.calls or refusals) else None,
        }
        if thoughts := self._thoughts(story):
            message["reasoning_content"] = "".join(part.text for part in thoughts)
        if story.calls and self._request.old_functions:
            message["function_call"] = {"name": story.calls[0].name, "arguments": story.calls[0].arguments}
        elif story.calls:
            message["tool_calls"] = [self._call(call) for call in story.calls]
        message |= {"refusal": "".join(refusals) if refusals else None, "annotations": _annotations(story)}
        logprobs = self._logprobs(cut(story.text, story.pieces)) if self._request.logprobs is not None else None
        return {"index": index, "message": message, "logprobs": logprobs, "finish_reason": self._finish(story)}

    def _logprobs(self, texts: list[str]) -> Json:
        return {"content": [self._logprob(text) for text in texts], "refusal": None}

    def _logprob(self, token: str) -> Json:
        raw = list(token.encode(errors="replace"))
        entry: Json = {"token": token, "logprob": -0.0625, "bytes": raw}
        others = [
            {"token": f"{token}{rank}", "logprob": -2.5 - rank, "bytes": None}
            for rank in range(1, self._request.logprobs or 0)
        ]
        return {**entry, "top_logprobs": [entry, *others] if self._request.logprobs else []}

    # The stream.

    def plain_frames(self, story: Story) -> list[Frame]:
        copies = [self._steps(story) for _ in range(self._request.copies)]
        frames = [
            self._frame(step, index)
            for row in itertools.zip_longest(*copies)
            for index, step in enumerate(row)
            if step is not None
        ]
        if self._request.include_usage:
            frames.append(Frame(data={**self._chunk([]), "usage": self._usage(story.usage), **self._obfuscation()}))
        return [*frames, DONE]

    def _frame(self, step: Step, index: int) -> Frame:
        choice = {"index": index, "delta": step.delta, "logprobs": step.logprobs, "finish_reason": step.finish}
        usage = {"usage": None} if self._request.include_usage else {}
        return Frame(data={**self._chunk([choice]), **usage, **self._obfuscation()}, content=step.is_content)

    def _obfuscation(self) -> Json:
        if not self._request.obfuscate:
            return {}
        start = next(self._turn) % len(self._padding)
        return {"obfuscation": self._padding[start : start + 1 + start % MOST_PADDING]}

    def _steps(self, story: Story) -> list[Step]:
        """The role, the parts in order, the finish."""
        text_first = not story.parts or isinstance(story.parts[0], Text)
        steps = [Step({"role": "assistant", "content": "" if text_first else None, "refusal": None})]
        calls = 0
        for part in story.parts:
            if isinstance(part, Call):
                steps += self._call_steps(part, calls, story)
                calls += 1
            else:
                steps += self._text_steps(part, story)
        if annotations := _annotations(story):
            steps.append(Step({"annotations": annotations}))
        return [*steps, Step({}, self._finish(story))]

    def _text_steps(self, part: Part, story: Story) -> list[Step]:
        if isinstance(part, Reasoning):
            pieces = cut(part.text, story.pieces) if part in self._thoughts(story) else []
            return [Step({"reasoning_content": piece, "content": None}) for piece in pieces]
        if isinstance(part, Refusal):
            return [Step({"refusal": piece}) for piece in cut(part.text, story.pieces)]
        texts = cut(part.text, story.pieces) if isinstance(part, Text) else []
        wanted = self._request.logprobs is not None
        return [Step({"content": text}, None, self._logprobs([text]) if wanted else None) for text in texts]

    def _call_steps(self, call: Call, index: int, story: Story) -> list[Step]:
        """The first fragment holds id, type and name with empty arguments; the rest only arguments."""
        whole = self._call(call)
        field, key = ("custom", "input") if call.custom else ("function", "arguments")
        pieces = cut_arguments(call.arguments, story.pieces)
        if self._request.old_functions:
            head: list[Json] = [{"name": call.name, "arguments": ""}]
            return [Step({"function_call": part}) for part in [*head, *({"arguments": piece} for piece in pieces)]]
        start: Json = {"index": index, **whole, field: {"name": call.name, key: ""}}
        rest: list[dict[str, Any]] = [{"index": index, field: {key: piece}} for piece in pieces]
        return [Step({"tool_calls": [fragment]}) for fragment in [start, *rest]]


def _annotations(story: Story) -> list[Json]:
    """The sources, by their place in the joined text."""
    found, before = [], 0
    for part in story.parts:
        if not isinstance(part, Text):
            continue
        for source in part.citations:
            place = {"start_index": before + source.start, "end_index": before + source.end}
            found.append({"type": "url_citation", "url_citation": {**place, "url": source.url, "title": source.title}})
        before += len(part.text)
    return found
