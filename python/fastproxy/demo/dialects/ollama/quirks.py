"""How older Ollama and its relatives deviate: each quirk rewrites the server's own lines or body."""

from collections.abc import Callable, Mapping
from copy import deepcopy
from types import MappingProxyType

from fastproxy.demo.ask import Json
from fastproxy.demo.dialects.dialect import Quirk, edited
from fastproxy.demo.dialects.garbage import GARBAGE
from fastproxy.demo.sse import Frame

Frames = list[Frame]


def _both(about: str, change: Callable[[Json], None]) -> Quirk:
    """A quirk that edits a copy of every line, and of the one object."""

    def changed(body: Json) -> Json:
        body = deepcopy(body)
        change(body)
        return body

    return Quirk(
        about=about,
        frames=lambda frames, facts: [edited(frame, changed(frame.data)) for frame in frames],
        whole=lambda body, facts: changed(body),
    )


def _no_ids(line: Json) -> None:
    for call in line.get("message", {}).get("tool_calls", ()):
        call.pop("id")
        call["function"].pop("index")


def _no_usage(line: Json) -> None:
    for name in ("prompt_eval_count", "eval_count", "prompt_eval_duration", "eval_duration"):
        line.pop(name, None)


def _no_prompt_count(line: Json) -> None:
    line.pop("prompt_eval_count", None)


def _no_finish(line: Json) -> None:
    line.pop("done_reason", None)


def no_done(frames: Frames, facts: Json) -> Frames:
    return frames[:-1]


def done_with_calls(frames: Frames, facts: Json) -> Frames:
    """The calls stand on the last line."""
    called = [frame for frame in frames if frame.data.get("message", {}).get("tool_calls")]
    if not called:
        return frames
    calls = [call for frame in called for call in frame.data["message"]["tool_calls"]]
    last = edited(frames[-1], {**frames[-1].data, "message": {**frames[-1].data["message"], "tool_calls": calls}})
    return [*(frame for frame in frames[:-1] if frame not in called), last]


QUIRKS: Mapping[str, Quirk] = MappingProxyType(
    {
        **GARBAGE,
        "no-ids": _both("Calls without ids and indexes, as older versions.", _no_ids),
        "no-usage": _both("No counters.", _no_usage),
        "no-prompt-count": _both("No `prompt_eval_count`, as where the prompt was cached.", _no_prompt_count),
        "no-finish": _both("No `done_reason`.", _no_finish),
        "no-done": Quirk(about="Not the line that says `done`.", frames=no_done),
        "done-with-calls": Quirk(about="The calls on the last line.", frames=done_with_calls),
    }
)
