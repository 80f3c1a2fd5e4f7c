"""How hosts that call themselves OpenAI-compatible deviate: each quirk rewrites the vendor's own chunks or body."""

from collections.abc import Callable, Mapping
from copy import deepcopy
from types import MappingProxyType
from typing import Any

from fastproxy.demo.ask import Json
from fastproxy.demo.dialects.dialect import Quirk, edited, last_index
from fastproxy.demo.dialects.garbage import GARBAGE
from fastproxy.demo.sse import Frame

Frames = list[Frame]


def _is_chunk(frame: Frame) -> bool:
    return isinstance(frame.data, dict) and "choices" in frame.data


def _is_finish(frame: Frame) -> bool:
    return _is_chunk(frame) and any(choice["finish_reason"] for choice in frame.data["choices"])


def _is_usage(frame: Frame) -> bool:
    return _is_chunk(frame) and not frame.data["choices"] and bool(frame.data.get("usage"))


def _each_delta(change: Callable[[Json, Json], None]) -> Callable[[Frames, Json], Frames]:
    """A quirk that edits every delta in place (of a copy); `change` gets the delta and its choice."""

    def apply(frames: Frames, facts: Json) -> Frames:
        changed = []
        for frame in frames:
            data = deepcopy(frame.data)
            for choice in data["choices"] if _is_chunk(frame) else ():
                change(choice["delta"], choice)
            changed.append(edited(frame, data))
        return changed

    return apply


def _each_fragment(change: Callable[[Json], None]) -> Callable[[Frames, Json], Frames]:
    """A quirk that edits every fragment of a tool call."""

    def each(delta: Json, choice: Json) -> None:
        for fragment in delta.get("tool_calls") or ():
            change(fragment)

    return _each_delta(each)


def _each_message(change: Callable[[Json, Json], None]) -> Callable[[Json, Json], Json]:
    """The one-shot side: `change` gets the message and its choice."""

    def apply(body: Json, facts: Json) -> Json:
        body = deepcopy(body)
        for choice in body["choices"]:
            change(choice["message"], choice)
        return body

    return apply


# Usage.


def usage_on_finish(frames: Frames, facts: Json) -> Frames:
    kept = [frame for frame in frames if not _is_usage(frame)]
    at = last_index(kept, _is_finish)
    return [
        edited(frame, {**frame.data, "usage": facts["usage"]}) if index == at else frame
        for index, frame in enumerate(kept)
    ]


def usage_twice(frames: Frames, facts: Json) -> Frames:
    return usage_unasked(usage_on_finish(frames, facts), facts)


def usage_unasked(frames: Frames, facts: Json) -> Frames:
    kept = [frame for frame in frames if not _is_usage(frame)]
    return [*kept[:-1], Frame(data={**facts["empty"], "usage": facts["usage"]}), kept[-1]]


def usage_every(frames: Frames, facts: Json) -> Frames:
    """Counters that grow from chunk to chunk; the last has the truth."""
    chunks = [at for at, frame in enumerate(frames) if _is_chunk(frame) and not _is_usage(frame)]
    total, changed = facts["usage"], []
    for at, frame in enumerate(frames):
        if at not in chunks:
            changed.append(frame)
            continue
        done = total["completion_tokens"] * (chunks.index(at) + 1) // len(chunks)
        usage = {**total, "completion_tokens": done, "total_tokens": total["prompt_tokens"] + done}
        changed.append(edited(frame, {**frame.data, "usage": usage}))
    return [frame for frame in changed if not _is_usage(frame)]


def no_usage(frames: Frames, facts: Json) -> Frames:
    return [frame for frame in frames if not _is_usage(frame)]


# Roles, finishes, order of chunks.


def role_after_finish(frames: Frames, facts: Json) -> Frames:
    choice = {"index": 0, "delta": {"role": "assistant", "content": ""}, "logprobs": None, "finish_reason": None}
    at = last_index(frames, _is_finish)
    return [*frames[: at + 1], Frame(data={**facts["empty"], "choices": [choice]}), *frames[at + 1 :]]


def finish_twice(frames: Frames, facts: Json) -> Frames:
    """The finish chunk again, now with usage and with an empty text."""
    kept = [frame for frame in frames if not _is_usage(frame)]
    at = last_index(kept, _is_finish)
    again = deepcopy(kept[at].data) | {"usage": facts["usage"]}
    again["choices"][0]["delta"] = {"role": "assistant", "content": ""}
    return [*kept[: at + 1], edited(kept[at], again), *kept[at + 1 :]]


def first_empty(frames: Frames, facts: Json) -> Frames:
    """Azure: verdicts on the prompt before anything else, in a chunk without id and model."""
    safe = {"filtered": False, "severity": "safe"}
    verdict = [{"prompt_index": 0, "content_filter_results": {"hate": safe, "violence": safe}}]
    chunk = {**facts["empty"], "id": "", "model": "", "created": 0, "prompt_filter_results": verdict}
    return [Frame(data=chunk), *frames]


def no_done(frames: Frames, facts: Json) -> Frames:
    return [frame for frame in frames if frame.raw != b"[DONE]"]


def no_finish(frames: Frames, facts: Json) -> Frames:
    return [frame for frame in frames if not _is_finish(frame)]


def interleaved(frames: Frames, facts: Json) -> Frames:
    """Fragments of parallel calls take turns."""
    at = [index for index, frame in enumerate(frames) if _is_chunk(frame) and _call_index(frame) is not None]
    turns: dict[int, int] = {}
    ranked = []
    for index in at:
        call = _call_index(frames[index]) or 0
        turns[call] = turns.get(call, 0) + 1
        ranked.append((turns[call], call, frames[index]))
    mixed = iter(sorted(ranked, key=lambda entry: entry[:2]))
    return [next(mixed)[2] if index in at else frame for index, frame in enumerate(frames)]


def _call_index(frame: Frame) -> int | None:
    for choice in frame.data["choices"]:
        for fragment in choice["delta"].get("tool_calls") or ():
            return int(fragment["index"])
    return None


def whole_call(frames: Frames, facts: Json) -> Frames:
    """Each call in one fragment, arguments included."""
    merged: list[Frame] = []
    starts: dict[int, Json] = {}
    for frame in frames:
        call = _call_index(frame) if _is_chunk(frame) else None
        if call is None:
            merged.append(frame)
        elif call not in starts:
            data = deepcopy(frame.data)
            starts[call] = data["choices"][0]["delta"]["tool_calls"][0]
            merged.append(edited(frame, data))
        else:
            fragment = frame.data["choices"][0]["delta"]["tool_calls"][0]
            field = _field(fragment)
            key = "input" if field == "custom" else "arguments"
            starts[call][field][key] += fragment[field][key]
    return merged


def _field(fragment: Json) -> str:
    return "custom" if "custom" in fragment else "function"


# Single deltas.


def _repeat_role(delta: Json, choice: Json) -> None:
    if choice["finish_reason"] is None:
        delta.setdefault("role", "assistant")


def _empty_finish(delta: Json, choice: Json) -> None:
    choice["finish_reason"] = choice["finish_reason"] or ""


def _null_fields(delta: Json, choice: Json) -> None:
    """Every field in every delta, null where it says nothing."""
    for name in ("role", "content", "refusal", "tool_calls", "function_call", "reasoning_content"):
        delta.setdefault(name, None)


def _listed_content(message: Json, choice: Json) -> None:
    """Mistral: content is a list of typed chunks."""
    if message.get("content"):
        message["content"] = [{"type": "text", "text": message["content"]}]


def _reasoning_field(message: Json, choice: Json) -> None:
    """OpenRouter: `reasoning` with details instead of `reasoning_content`."""
    if text := message.pop("reasoning_content", None):
        message["reasoning"] = text
        message["reasoning_details"] = [{"type": "reasoning.text", "text": text, "format": "unknown", "index": 0}]


def _stop_with_tools(message: Json, choice: Json) -> None:
    if choice["finish_reason"] in ("tool_calls", "function_call"):
        choice["finish_reason"] = "stop"


def _without_ids(fragment: Json) -> None:
    fragment.pop("id", None)


def _blank_ids(fragment: Json) -> None:
    fragment.setdefault("id", "")


def _same_index(fragment: Json) -> None:
    fragment["index"] = 0


def _index_from_one(fragment: Json) -> None:
    fragment["index"] += 1


def _no_index(fragment: Json) -> None:
    del fragment["index"]


def names_repeated(frames: Frames, facts: Json) -> Frames:
    """Id, type and name on every fragment of a call."""
    heads: dict[int, Json] = {}

    def repeat(fragment: Json) -> None:
        head = heads.setdefault(fragment["index"], fragment)
        field = _field(fragment)
        fragment |= {"id": head["id"], "type": head["type"]}
        fragment[field] = {"name": head[field]["name"], **fragment[field]}

    return _each_fragment(repeat)(frames, facts)


def late_name(frames: Frames, facts: Json) -> Frames:
    """The name comes with the second fragment."""
    names: dict[int, str] = {}

    def delay(fragment: Json) -> None:
        function = fragment[_field(fragment)]
        if "name" in function:
            names[fragment["index"]] = function.pop("name")
        elif fragment["index"] in names:
            function["name"] = names.pop(fragment["index"])

    return _each_fragment(delay)(frames, facts)


def _each_call(change: Callable[[Json], None]) -> Callable[[Json, Json], Json]:
    def each(message: Json, choice: Json) -> None:
        for call in message.get("tool_calls") or ():
            change(call)

    return _each_message(each)


def _without_usage(body: Json, facts: Json) -> Json:
    return {name: value for name, value in body.items() if name != "usage"}


def _quirk(about: str, frames: Any = None, whole: Any = None) -> Quirk:
    return Quirk(about=about, frames=frames, whole=whole)


QUIRKS: Mapping[str, Quirk] = MappingProxyType(
    {
        **GARBAGE,
        "usage-on-finish": _quirk("Usage on the finish chunk (DeepSeek, z.ai, Mistral).", usage_on_finish),
        "usage-twice": _quirk("Usage on the finish chunk and again on one without choices (Groq).", usage_twice),
        "usage-every": _quirk("Growing usage on every chunk.", usage_every),
        "usage-unasked": _quirk("A usage chunk although none was asked for.", usage_unasked),
        "no-usage": _quirk("No usage although it was asked for.", no_usage, _without_usage),
        "role-repeats": _quirk("The role on every delta (OpenRouter).", _each_delta(_repeat_role)),
        "role-after-finish": _quirk("A role-only chunk after the finish.", role_after_finish),
        "finish-twice": _quirk("The finish chunk twice, the second with usage (OpenRouter).", finish_twice),
        "finish-empty": _quirk('`finish_reason: ""` instead of null (old Ollama).', _each_delta(_empty_finish)),
        "no-finish": _quirk("No finish chunk, only `[DONE]`.", no_finish),
        "no-done": _quirk("No `[DONE]`.", no_done),
        "first-empty": _quirk("A first chunk without choices (Azure).", first_empty),
        "null-fields": _quirk("Every field in every delta, null where it says nothing.", _each_delta(_null_fields)),
        "list-content": _quirk(
            "Content as a list of typed chunks (Mistral).", _each_delta(_listed_content), _each_message(_listed_content)
        ),
        "reasoning-field": _quirk(
            "`reasoning` and `reasoning_details` instead of `reasoning_content` (OpenRouter).",
            _each_delta(_reasoning_field),
            _each_message(_reasoning_field),
        ),
        "stop-with-tools": _quirk(
            "`stop` although there are calls.", _each_delta(_stop_with_tools), _each_message(_stop_with_tools)
        ),
        "whole-call": _quirk("Each call in one fragment (xAI, Groq).", whole_call),
        "interleaved": _quirk("Fragments of parallel calls take turns.", interleaved),
        "no-ids": _quirk("Calls without ids.", _each_fragment(_without_ids), _each_call(_without_ids)),
        "blank-ids": _quirk('`id: ""` on later fragments (vLLM).', _each_fragment(_blank_ids)),
        "names-repeated": _quirk("Id and name on every fragment.", names_repeated),
        "late-name": _quirk("The name of a call comes with its second fragment.", late_name),
        "same-index": _quirk("All calls at index 0.", _each_fragment(_same_index)),
        "index-from-one": _quirk("Call indexes start at 1.", _each_fragment(_index_from_one)),
        "no-index": _quirk("Fragments without index.", _each_fragment(_no_index)),
    }
)
