"""Ollama: a story as lines of JSON, or as the one object that they add up to."""

import json
from abc import abstractmethod
from datetime import UTC, datetime
from typing import Any

from fastproxy.demo.ask import Ask, Json
from fastproxy.demo.dialects.dialect import Context, Renderer
from fastproxy.demo.dialects.ollama.quirks import QUIRKS
from fastproxy.demo.script import Plan
from fastproxy.demo.sse import Frame, Style
from fastproxy.demo.story import Call, Finish, Part, Reasoning, Story, cut, tokens

DONE_REASON = {Finish.LENGTH: "length", Finish.CONTEXT: "length"}
# Nanoseconds: of loading, of reading one token of the prompt, of making one.
LOAD_NS, PROMPT_NS, TOKEN_NS = 18_300_000, 210_000, 9_700_000


def stamp(context: Context) -> str:
    """A time as Go writes it."""
    moment = datetime.fromtimestamp(int(context.now), UTC)
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{int(context.now % 1 * 1_000_000_000):09d}Z"


def loaded(model: str, context: Context, fields: Json, *, unloads: bool) -> Json:
    """The answer to a request that only loads the model into memory, or takes it out again."""
    reason = "unload" if unloads else "load"
    return {"model": model, "created_at": stamp(context), **fields, "done": True, "done_reason": reason}


class LinesRenderer(Renderer):
    """What chat and generate have in common."""

    known = QUIRKS
    stream_type = "application/x-ndjson"

    def __init__(self, ask: Ask, plan: Plan, context: Context) -> None:
        self.ask = ask
        self.plan = plan
        self._ids = context.ids
        self._head: Json = {"model": ask.model, "created_at": stamp(context)}

    def facts(self, story: Story) -> Json:
        return {}

    @abstractmethod
    def _step(self, part: Part, text: str) -> Json:
        """What a line says of one piece of a part."""

    @abstractmethod
    def _summed(self, steps: list[Json]) -> Json:
        """What the one object says of all of them."""

    @abstractmethod
    def _last(self) -> Json:
        """What the last line says besides the counters."""

    def _steps(self, story: Story) -> list[Json]:
        steps = []
        for part in story.parts:
            if isinstance(part, Reasoning) and (part.redacted or not self._shows(part)):
                continue
            pieces = [""] if isinstance(part, Call) else cut(part.text, story.pieces)
            steps += [self._step(part, piece) for piece in pieces]
        return steps

    def _shows(self, part: Reasoning) -> bool:
        return part.named or self.ask.reasoning is True

    def _ending(self, story: Story) -> Json:
        usage = story.usage
        prompt, made = usage.prompt * PROMPT_NS, usage.output * TOKEN_NS
        return {
            "done": True,
            "done_reason": DONE_REASON.get(story.finish, "stop"),
            "total_duration": LOAD_NS + prompt + made,
            "load_duration": LOAD_NS,
            "prompt_eval_count": usage.prompt,
            "prompt_eval_duration": prompt,
            "eval_count": usage.output,
            "eval_duration": made,
        }

    def plain_whole(self, story: Story) -> Json:
        return {**self._head, **self._summed(self._steps(story)), **self._ending(story)}

    def plain_frames(self, story: Story) -> list[Frame]:
        lines = [Frame(data={**self._head, **step, "done": False}, content=True) for step in self._steps(story)]
        return [*lines, Frame(data={**self._head, **self._last(), **self._ending(story)})]

    def encode(self, frame: Frame, style: Style, number: int, last: bool) -> bytes:
        """A line of JSON. Of the framings only those of a line's end have a meaning here, and the byte order mark."""
        end = style.line_end.encode() if style.blank_last or not last else b""
        mark = b"\xef\xbb\xbf" if style.bom and number == 0 else b""
        return mark + frame.payload() + end + (style.line_end.encode() if style.blank_extra else b"")


class ChatRenderer(LinesRenderer):
    def _step(self, part: Part, text: str) -> Json:
        message: Json = {"role": "assistant", "content": ""}
        if isinstance(part, Reasoning):
            return {"message": {**message, "thinking": text}}
        if not isinstance(part, Call):
            return {"message": {**message, "content": text}}
        arguments = _arguments(part)
        if arguments is None:  # the server finds calls in what the model says; what is none stays text
            return {"message": {**message, "content": f'{{"name": "{part.name}", "arguments": {part.arguments}'}}
        call = {"id": self._ids.make("call_", 8), "function": {"index": 0, "name": part.name, "arguments": arguments}}
        return {"message": {**message, "tool_calls": [call]}}

    def _steps(self, story: Story) -> list[Json]:
        steps = super()._steps(story)
        called = [call for step in steps for call in step["message"].get("tool_calls", ())]
        for index, call in enumerate(called):
            call["function"]["index"] = index
        return steps

    def _summed(self, steps: list[Json]) -> Json:
        said: dict[str, Any] = {"role": "assistant", "content": ""}
        for message in (step["message"] for step in steps):
            said["content"] += message["content"]
            if "thinking" in message:
                said["thinking"] = said.get("thinking", "") + message["thinking"]
            if "tool_calls" in message:
                said["tool_calls"] = [*said.get("tool_calls", []), *message["tool_calls"]]
        return {"message": said}

    def _last(self) -> Json:
        return {"message": {"role": "assistant", "content": ""}}


class GenerateRenderer(LinesRenderer):
    def _step(self, part: Part, text: str) -> Json:
        return {"response": "", "thinking": text} if isinstance(part, Reasoning) else {"response": text}

    def _summed(self, steps: list[Json]) -> Json:
        thought = "".join(step.get("thinking", "") for step in steps)
        said = {"response": "".join(step["response"] for step in steps)}
        return {**said, **({"thinking": thought} if thought else {}), **self._context()}

    def _last(self) -> Json:
        return {"response": "", **self._context()}

    def _context(self) -> Json:
        """The tokens of the conversation so far, as numbers."""
        return {"context": [len(token) for token in tokens(self.ask.prompt)]}


def _arguments(call: Call) -> Json | None:
    try:
        value = json.loads(call.arguments or "{}")
    except ValueError:
        return None
    return value if isinstance(value, dict) else None
