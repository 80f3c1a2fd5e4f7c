"""How services that call themselves Anthropic-compatible deviate: each quirk rewrites the vendor's own events or body."""

import json
from collections.abc import Callable, Mapping
from copy import deepcopy
from types import MappingProxyType

from fastproxy.demo.ask import Json
from fastproxy.demo.dialects.dialect import Quirk, edited
from fastproxy.demo.dialects.garbage import GARBAGE
from fastproxy.demo.sse import Frame

Frames = list[Frame]
PING = Frame(event="ping", data={"type": "ping"})


def _without(kind: str) -> Callable[[Frames, Json], Frames]:
    return lambda frames, facts: [frame for frame in frames if frame.event != kind]


def _each(kind: str, change: Callable[[Json], None]) -> Callable[[Frames, Json], Frames]:
    """A quirk that edits a copy of every event of one kind."""

    def apply(frames: Frames, facts: Json) -> Frames:
        changed = []
        for frame in frames:
            data = deepcopy(frame.data)
            if frame.event == kind:
                change(data)
            changed.append(edited(frame, data))
        return changed

    return apply


def pings(frames: Frames, facts: Json) -> Frames:
    """A ping after every event but the first and the last."""
    inner = [part for frame in frames[1:-1] for part in (frame, PING)]
    return [frames[0], PING, *inner, frames[-1]]


def ping_first(frames: Frames, facts: Json) -> Frames:
    return [PING, *frames]


def interleaved(frames: Frames, facts: Json) -> Frames:
    """All blocks are opened at once, their deltas take turns."""
    blocks: dict[int, Frames] = {}
    for frame in frames:
        if frame.data and "index" in frame.data:
            blocks.setdefault(frame.data["index"], []).append(frame)
    longest = max((len(block) for block in blocks.values()), default=0)
    mixed = [block[at] for at in range(longest) for block in blocks.values() if at < len(block)]
    head = [frame for frame in frames if frame.event == "message_start"]
    tail = [frame for frame in frames if frame.event in ("message_delta", "message_stop")]
    return [*head, *mixed, *tail]


def index_gap(frames: Frames, facts: Json) -> Frames:
    """Blocks are numbered 0, 2, 4."""
    return [edited(f, {**f.data, "index": f.data["index"] * 2}) if f.data and "index" in f.data else f for f in frames]


def no_usage(frames: Frames, facts: Json) -> Frames:
    frames = _each("message_delta", lambda data: data.pop("usage"))(frames, facts)
    return _each("message_start", lambda data: data["message"].pop("usage"))(frames, facts)


def input_in_start(frames: Frames, facts: Json) -> Frames:
    """The whole input of a call in its start event, no deltas."""
    pieces: dict[int, str] = {}
    for frame in frames:
        if frame.event == "content_block_delta" and "partial_json" in frame.data["delta"]:
            pieces[frame.data["index"]] = pieces.get(frame.data["index"], "") + frame.data["delta"]["partial_json"]
    kept = [f for f in frames if not (f.event == "content_block_delta" and "partial_json" in f.data["delta"])]
    return [_with_input(frame, pieces) for frame in kept]


def _with_input(frame: Frame, pieces: dict[int, str]) -> Frame:
    if frame.event != "content_block_start" or frame.data["content_block"]["type"] != "tool_use":
        return frame
    value = json.loads(pieces[frame.data["index"]] or "{}")
    return edited(frame, {**frame.data, "content_block": {**frame.data["content_block"], "input": value}})


def unknown_delta(frames: Frames, facts: Json) -> Frames:
    """A delta of an unknown type inside the first block."""
    extra = {"type": "content_block_delta", "index": 0, "delta": {"type": "x_simulated_delta", "x": 1}}
    at = next((index for index, frame in enumerate(frames) if frame.event == "content_block_delta"), None)
    if at is None:
        return frames
    return [*frames[:at], Frame(event="content_block_delta", data=extra), *frames[at:]]


def _end_turn(data: Json) -> None:
    if data["delta"]["stop_reason"] == "tool_use":
        data["delta"]["stop_reason"] = "end_turn"


def _end_turn_whole(body: Json, facts: Json) -> Json:
    return {**body, "stop_reason": "end_turn"} if body["stop_reason"] == "tool_use" else body


def _only_output(data: Json) -> None:
    data["usage"] = {"output_tokens": data["usage"]["output_tokens"]}


QUIRKS: Mapping[str, Quirk] = MappingProxyType(
    {
        **GARBAGE,
        "pings": Quirk(about="A ping after every event.", frames=pings),
        "ping-first": Quirk(about="A ping before `message_start`.", frames=ping_first),
        "no-ping": Quirk(about="No ping.", frames=_without("ping")),
        "interleaved": Quirk(about="Blocks overlap, their deltas take turns.", frames=interleaved),
        "index-gap": Quirk(about="Block numbers leave gaps.", frames=index_gap),
        "no-usage": Quirk(
            about="No usage anywhere.",
            frames=no_usage,
            whole=lambda body, facts: {k: v for k, v in body.items() if k != "usage"},
        ),
        "usage-output-only": Quirk(
            about="`message_delta` counts output only, as older services do.",
            frames=_each("message_delta", _only_output),
        ),
        "no-finish": Quirk(about="No `message_delta`, only `message_stop`.", frames=_without("message_delta")),
        "no-done": Quirk(about="No `message_stop`.", frames=_without("message_stop")),
        "no-start": Quirk(about="No `message_start`.", frames=_without("message_start")),
        "stop-with-tools": Quirk(
            about="`end_turn` although there are calls.",
            frames=_each("message_delta", _end_turn),
            whole=_end_turn_whole,
        ),
        "whole-call": Quirk(about="The input of a call in its start event.", frames=input_in_start),
        "unknown-delta": Quirk(about="A delta of an unknown type.", frames=unknown_delta),
    }
)
