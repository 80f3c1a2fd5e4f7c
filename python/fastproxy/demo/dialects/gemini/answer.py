"""Gemini: a story as a `GenerateContentResponse`, or as the stream of them: server-sent events or one JSON array."""

import json
from collections.abc import Iterator

from msgspec.structs import replace

from fastproxy.demo import seal, sse
from fastproxy.demo.ask import Json
from fastproxy.demo.dialects.dialect import Context, Renderer
from fastproxy.demo.dialects.gemini.contents import SIGNATURE
from fastproxy.demo.dialects.gemini.grounding import grounding
from fastproxy.demo.dialects.gemini.pieces import argument_parts
from fastproxy.demo.dialects.gemini.quirks import QUIRKS
from fastproxy.demo.dialects.gemini.request import GeminiRequest
from fastproxy.demo.sse import Frame, Style
from fastproxy.demo.story import Call, Finish, Part, Reasoning, Refusal, Story, Text, cut

FINISH = {
    Finish.END: "STOP",
    Finish.TOOLS: "STOP",
    Finish.STOP: "STOP",
    Finish.LENGTH: "MAX_TOKENS",
    Finish.CONTEXT: "MAX_TOKENS",
    Finish.FILTER: "SAFETY",
    Finish.PAUSE: "OTHER",
}
ARRAY_END = Frame(raw=b"]")
# Google escapes the line ends that are none in JSON, and its own SDK would split a line at them.
ESCAPED = {char: f"\\u{ord(char):04x}".encode() for char in "\u2028\u2029\u0085"}


class GeminiRenderer(Renderer):
    known = QUIRKS

    def __init__(self, request: GeminiRequest, context: Context, *, is_array: bool) -> None:
        self.ask = request.ask
        self.plan = request.plan
        self.stream_type = "application/json" if is_array else "text/event-stream"
        self._is_array = is_array
        self._request = request
        self._ids = context.ids
        self._tail: Json = {"modelVersion": request.ask.model, "responseId": context.ids.make("", 22)}

    def facts(self, story: Story) -> Json:
        return {"usage": self._usage(story, story.usage.visible)}

    def _usage(self, story: Story, visible: int) -> Json:
        """Counters so far: thoughts are not among the candidates' tokens, cached ones are among the prompt's."""
        usage = story.usage
        body: Json = {
            "promptTokenCount": usage.prompt,
            "candidatesTokenCount": visible,
            "totalTokenCount": usage.prompt + visible + usage.reasoning,
            "promptTokensDetails": [{"modality": "TEXT", "tokenCount": usage.prompt}],
        }
        if usage.cache_read:
            body["cachedContentTokenCount"] = usage.cache_read
            body["cacheTokensDetails"] = [{"modality": "TEXT", "tokenCount": usage.cache_read}]
        if usage.reasoning:
            body["thoughtsTokenCount"] = usage.reasoning
        return body

    def _chunk(self, candidates: list[Json], usage: Json) -> Json:
        return {"candidates": candidates, "usageMetadata": usage, **self._tail}

    def _blocked(self, story: Story) -> Json:
        """A refused prompt has no candidates at all."""
        usage = {"promptTokenCount": story.usage.prompt, "totalTokenCount": story.usage.prompt}
        return {"promptFeedback": {"blockReason": "PROHIBITED_CONTENT"}, "usageMetadata": usage, **self._tail}

    def _parts(self, story: Story, *, whole: bool) -> Iterator[tuple[Json, bool]]:
        """The parts of the answer in pieces, and whether each is content. The signature stands on the first call, else
        behind the last text."""
        signature = seal.conceal(SIGNATURE, "".join(part.text for part in story.reasoning)) if story.reasoning else ""
        signed: Json = {"thoughtSignature": signature} if signature else {}
        for part in story.parts:
            if isinstance(part, Call):
                yield from self._call_parts(part, signed, whole=whole)
                signed = {}
            else:
                yield from ((piece, True) for piece in self._text_parts(part, story, whole=whole))
        if signed and any(isinstance(part, Text) for part in story.parts):
            yield {"text": "", **signed}, False

    def _call_parts(self, call: Call, signed: Json, *, whole: bool) -> Iterator[tuple[Json, bool]]:
        named = {"name": call.name, "id": self._ids.make("", 8)}
        arguments = _arguments(call) or {}
        if whole or not self._request.stream_arguments:
            yield {"functionCall": {**named, "args": arguments}, **signed}, True
            return
        yield {"functionCall": {**named, "willContinue": True}, **signed}, True
        for piece in argument_parts(arguments):
            yield {"functionCall": {"partialArgs": [piece], "willContinue": True}}, True
        yield {"functionCall": {}}, True

    def _text_parts(self, part: Part, story: Story, *, whole: bool) -> Iterator[Json]:
        if isinstance(part, Call | Refusal):
            return
        if isinstance(part, Reasoning):
            if part.redacted or not (part.named or self._request.generation.show_thoughts):
                return
            yield from (
                {"text": text, "thought": True} for text in ([part.text] if whole else cut(part.text, story.pieces))
            )
            return
        yield from ({"text": text} for text in ([part.text] if whole else cut(part.text, story.pieces)))

    def _ending(self, story: Story) -> Json:
        """What stands beside the finish reason."""
        ending: Json = {"finishReason": FINISH.get(story.finish, "STOP")}
        if any(_arguments(call) is None for call in story.calls):
            ending = {"finishReason": "MALFORMED_FUNCTION_CALL", "finishMessage": "Malformed function call"}
        if story.finish is Finish.FILTER:
            rating = {"category": "HARM_CATEGORY_DANGEROUS_CONTENT", "probability": "HIGH", "blocked": True}
            ending["safetyRatings"] = [rating]
        if self._request.generation.logprobs is not None:
            ending["avgLogprobs"] = -0.0625
        return ending | grounding(story)

    def plain_whole(self, story: Story) -> Json:
        if any(isinstance(part, Refusal) for part in story.parts):
            return self._blocked(story)
        ending = self._ending(story)
        candidates = []
        for index in range(self._request.generation.candidates):
            content: Json = {"role": "model"}
            if ending["finishReason"] != "MALFORMED_FUNCTION_CALL" and (
                parts := _joined(self._parts(story, whole=True))
            ):
                content = {"parts": parts, **content}
            candidates.append({"content": content, **ending, "index": index})
        return self._chunk(candidates, self._usage(story, story.usage.visible))

    def plain_frames(self, story: Story) -> list[Frame]:
        if any(isinstance(part, Refusal) for part in story.parts):
            frames = [Frame(data=self._blocked(story))]
        else:
            frames = self._candidate_frames(story)
        return [*frames, ARRAY_END] if self._is_array else frames

    def _candidate_frames(self, story: Story) -> list[Frame]:
        ending = self._ending(story)
        is_malformed = ending["finishReason"] == "MALFORMED_FUNCTION_CALL"
        parts = [] if is_malformed else list(self._parts(story, whole=False))
        frames = []
        for at, (part, is_content) in enumerate(parts):
            usage = self._usage(story, story.usage.visible * (at + 1) // len(parts))
            candidates = [
                {"content": {"parts": [part], "role": "model"}, "index": index}
                for index in range(self._request.generation.candidates)
            ]
            frames.append(Frame(data=self._chunk(candidates, usage), content=is_content))
        last: Json = {"role": "model"} if is_malformed else {"parts": [{"text": ""}], "role": "model"}
        candidates = [
            {"content": last, **ending, "index": index} for index in range(self._request.generation.candidates)
        ]
        return [*frames, Frame(data=self._chunk(candidates, self._usage(story, story.usage.visible)))]

    def encode(self, frame: Frame, style: Style, number: int, last: bool) -> bytes:
        if self._is_array:
            return _element(frame, number, last)
        style = replace(style, line_end="\r\n") if style.line_end == "\n" else style
        return _escaped(sse.encode(frame, style, number=number, last=last))


def _element(frame: Frame, number: int, last: bool) -> bytes:
    """One element of the array, and what stands before it. An error closes the array as well."""
    if frame is ARRAY_END:
        return b"\n]\n" if number else b"[]\n"
    start = b"," if number else b"["
    is_error = isinstance(frame.data, dict) and "error" in frame.data
    return start + _escaped(frame.payload(pretty=True)) + (b"\n]\n" if last and is_error else b"\r\n")


def _escaped(block: bytes) -> bytes:
    for char, escape in ESCAPED.items():
        block = block.replace(char.encode(), escape)
    return block


def _arguments(call: Call) -> Json | None:
    """The arguments as an object; None where they are not one, which ends the answer as malformed."""
    try:
        value = json.loads(call.arguments or "{}")
    except ValueError:
        return None
    return value if isinstance(value, dict) else None


def _joined(parts: Iterator[tuple[Json, bool]]) -> list[Json]:
    """One-shot: a signature that came alone stands on the text before it."""
    joined: list[Json] = []
    for part, is_content in parts:
        if not is_content and joined:
            joined[-1] = {**joined[-1], "thoughtSignature": part["thoughtSignature"]}
        else:
            joined.append(part)
    return joined
