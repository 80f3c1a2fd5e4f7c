"""Anthropic: a story as a `message` object or as the stream of its events."""

import json

from fastproxy.demo import seal
from fastproxy.demo.ask import Json
from fastproxy.demo.dialects.anthropic.quirks import QUIRKS
from fastproxy.demo.dialects.anthropic.request import MessagesRequest
from fastproxy.demo.dialects.dialect import Context, Renderer
from fastproxy.demo.sse import Frame
from fastproxy.demo.story import (
    Call,
    Citation,
    Finish,
    Part,
    Pieces,
    Reasoning,
    Refusal,
    Story,
    Text,
    Usage,
    cut,
    cut_arguments,
)

STOP_REASON = {
    Finish.END: "end_turn",
    Finish.TOOLS: "tool_use",
    Finish.LENGTH: "max_tokens",
    Finish.STOP: "stop_sequence",
    Finish.REFUSAL: "refusal",
    Finish.FILTER: "refusal",
    Finish.CONTEXT: "model_context_window_exceeded",
    Finish.PAUSE: "pause_turn",
}
MOST_PADDING = 12


class MessagesRenderer(Renderer):
    known = QUIRKS

    def __init__(self, request: MessagesRequest, context: Context) -> None:
        self.ask = request.ask
        self.plan = request.plan
        self._omit_thinking = request.omit_thinking
        self._ids = context.ids
        self._id = context.ids.make("msg_01", 22)

    def facts(self, story: Story) -> Json:
        return {"usage": _usage(story.usage)}

    def _message(self, content: list[Json], usage: Json, story: Story | None) -> Json:
        """The message object; without a story it is the one that opens a stream."""
        ending = _ending(story) if story is not None else {"stop_reason": None, "stop_sequence": None}
        return {
            "model": self.ask.model,
            "id": self._id,
            "type": "message",
            "role": "assistant",
            "content": content,
            **ending,
            "usage": usage,
        }

    def _whole_block(self, part: Part) -> Json:
        if isinstance(part, Text):
            cited = {"citations": [_citation(part, source) for source in part.citations]} if part.citations else {}
            return {"type": "text", "text": part.text, **cited}
        if isinstance(part, Call):
            return {"type": "tool_use", "id": self._ids.make("toolu_01", 22), "name": part.name, "input": _input(part)}
        if isinstance(part, Reasoning) and part.redacted:
            return {"type": "redacted_thinking", "data": seal.redact(part.text)}
        shown = "" if self._omit_thinking else part.text
        return {"type": "thinking", "thinking": shown, "signature": seal.sign(part.text)}

    def plain_whole(self, story: Story) -> Json:
        return self._message([self._whole_block(part) for part in _rendered(story)], _usage(story.usage), story)

    def plain_frames(self, story: Story) -> list[Frame]:
        usage = _usage(story.usage)
        opening = {**usage, "output_tokens": 1}
        opening.pop("output_tokens_details", None)
        frames = [_event({"type": "message_start", "message": self._message([], opening, None)})]
        for index, part in enumerate(_rendered(story)):
            block = self._block_frames(index, part, story.pieces)
            frames += [block[0], *([_ping()] if index == 0 else []), *block[1:]]
        if len(frames) == 1:
            frames.append(_ping())
        delta = {"stop_reason": None, **_ending(story)}
        counts = {
            name: usage[name] for name in usage if name not in ("cache_creation", "service_tier", "inference_geo")
        }
        frames.append(_event({"type": "message_delta", "delta": delta, "usage": counts}))
        return [*frames, _event({"type": "message_stop"})]

    def _block_frames(self, index: int, part: Part, pieces: Pieces) -> list[Frame]:
        whole = self._whole_block(part)
        empty: dict[str, Json] = {
            "text": {"text": "", **({"citations": []} if "citations" in whole else {})},
            "thinking": {"thinking": "", "signature": ""},
            "tool_use": {"input": {}},
        }
        start = {**whole, **empty.get(whole["type"], {})}
        deltas = self._deltas(part, whole, pieces)
        is_call = isinstance(part, Call)
        return [
            _event({"type": "content_block_start", "index": index, "content_block": start}, content=is_call),
            *(
                _event({"type": "content_block_delta", "index": index, "delta": delta}, content=True, padded=True)
                for delta in deltas
            ),
            _event({"type": "content_block_stop", "index": index}),
        ]

    def _deltas(self, part: Part, whole: Json, pieces: Pieces) -> list[Json]:
        if isinstance(part, Text):
            cited = [{"type": "citations_delta", "citation": citation} for citation in whole.get("citations", ())]
            return [*({"type": "text_delta", "text": piece} for piece in cut(part.text, pieces)), *cited]
        if isinstance(part, Call):
            texts = ["", *cut_arguments(_raw_input(part), pieces)]
            return [{"type": "input_json_delta", "partial_json": piece} for piece in texts]
        if whole["type"] == "redacted_thinking":
            return []
        thoughts = [{"type": "thinking_delta", "thinking": piece} for piece in cut(whole["thinking"], pieces)]
        return [*thoughts, {"type": "signature_delta", "signature": whole["signature"]}]


def _rendered(story: Story) -> list[Part]:
    """A refusal has no block of its own: the stop reason tells it."""
    return [part for part in story.parts if not isinstance(part, Refusal)]


def _citation(part: Text, source: Citation) -> Json:
    """A source as web search gives it; the index is opaque and comes back as it was."""
    return {
        "type": "web_search_result_location",
        "cited_text": part.text[source.start : source.end],
        "url": source.url,
        "title": source.title,
        "encrypted_index": seal.conceal("citation", source.url),
    }


def _raw_input(call: Call) -> str:
    return json.dumps({"input": call.arguments}) if call.custom else call.arguments


def _input(call: Call) -> Json:
    """The input as an object. What is not one can only be streamed; the one-shot form wraps it."""
    try:
        value = json.loads(_raw_input(call) or "{}")
    except ValueError:
        value = None
    return value if isinstance(value, dict) else {"INVALID_JSON": call.arguments}


def _ending(story: Story) -> Json:
    reason = STOP_REASON[story.finish]
    ending: Json = {"stop_reason": reason, "stop_sequence": story.stop}
    if reason == "refusal":
        ending["stop_details"] = {"type": "refusal", "category": None, "explanation": story.explanation}
    return ending


def _usage(usage: Usage) -> Json:
    body: Json = {
        "input_tokens": usage.fresh,
        "cache_creation_input_tokens": usage.cache_write,
        "cache_read_input_tokens": usage.cache_read,
        "cache_creation": {"ephemeral_5m_input_tokens": usage.cache_write, "ephemeral_1h_input_tokens": 0},
        "output_tokens": usage.output,
        "service_tier": "standard",
        "inference_geo": "not_available",
    }
    if usage.reasoning:
        body["output_tokens_details"] = {"thinking_tokens": usage.reasoning}
    return body


def _event(data: Json, *, content: bool = False, padded: bool = False) -> Frame:
    """Deltas are padded with blanks before the closing brace, as the service does to hide their length."""
    return Frame(event=data["type"], data=data, content=content, pad=len(str(data)) % MOST_PADDING if padded else 0)


def _ping() -> Frame:
    return _event({"type": "ping"})
