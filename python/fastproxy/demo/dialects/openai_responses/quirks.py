"""How services that call themselves Responses-compatible deviate: each quirk rewrites the vendor's own events or body."""

from collections.abc import Callable, Mapping
from copy import deepcopy
from types import MappingProxyType

from fastproxy.demo.ask import Json
from fastproxy.demo.dialects.dialect import Quirk, edited
from fastproxy.demo.dialects.garbage import GARBAGE
from fastproxy.demo.sse import Frame

Frames = list[Frame]
TERMINALS = ("response.completed", "response.incomplete", "response.failed")


def _without(*endings: str) -> Callable[[Frames, Json], Frames]:
    """A quirk that leaves events out; the numbers of the others go on without a gap."""

    def apply(frames: Frames, facts: Json) -> Frames:
        return _numbered([frame for frame in frames if not frame.event.endswith(endings)])

    return apply


def _numbered(frames: Frames) -> Frames:
    return [edited(frame, {**frame.data, "sequence_number": at}) for at, frame in enumerate(frames)]


def _each(change: Callable[[Json], None]) -> Callable[[Frames, Json], Frames]:
    """A quirk that edits a copy of every event."""

    def apply(frames: Frames, facts: Json) -> Frames:
        changed = []
        for frame in frames:
            data = deepcopy(frame.data)
            change(data)
            changed.append(edited(frame, data))
        return changed

    return apply


def _no_usage(data: Json) -> None:
    if "response" in data:
        data["response"]["usage"] = None


def _no_number(data: Json) -> None:
    data.pop("sequence_number")


def _other_ids(data: Json) -> None:
    """The final object names its items anew."""
    if data["type"] in TERMINALS:
        for at, item in enumerate(data["response"]["output"]):
            item["id"] = f"final_{at}"


def _no_settings(data: Json) -> None:
    """Only what an answer needs."""
    if "response" in data:
        needed = ("id", "object", "created_at", "model", "status", "error", "incomplete_details", "output", "usage")
        data["response"] = {name: data["response"][name] for name in needed}


def _bare_terminal(data: Json) -> None:
    if data["type"] in TERMINALS:
        data["response"]["output"] = []


def only_terminal(frames: Frames, facts: Json) -> Frames:
    return _numbered([frame for frame in frames if frame.event == "response.created" or frame.event in TERMINALS])


def done_appended(frames: Frames, facts: Json) -> Frames:
    return [*frames, Frame(raw=b"[DONE]")]


def interleaved(frames: Frames, facts: Json) -> Frames:
    """All items are announced before any is told; then their events take turns."""
    items: dict[int, Frames] = {}
    for frame in frames:
        if "output_index" in frame.data:
            items.setdefault(frame.data["output_index"], []).append(frame)
    longest = max((len(item) for item in items.values()), default=0)
    mixed = [item[at] for at in range(longest) for item in items.values() if at < len(item)]
    outside = [frame for frame in frames if "output_index" not in frame.data]
    return _numbered([*outside[:-1], *mixed, outside[-1]])


def _body(change: Callable[[Json], None]) -> Callable[[Json, Json], Json]:
    """The one-shot side of a quirk that edits the response inside an event."""

    def apply(body: Json, facts: Json) -> Json:
        data: Json = {"type": "response.completed", "response": deepcopy(body)}
        change(data)
        response: Json = data["response"]
        return response

    return apply


QUIRKS: Mapping[str, Quirk] = MappingProxyType(
    {
        **GARBAGE,
        "no-usage": Quirk(about="No usage anywhere.", frames=_each(_no_usage), whole=_body(_no_usage)),
        "no-done": Quirk(about="No terminal event.", frames=_without(".completed", ".incomplete")),
        "no-start": Quirk(about="Neither `created` nor `in_progress`.", frames=_without(".created", ".in_progress")),
        "no-numbers": Quirk(about="Events without `sequence_number`.", frames=_each(_no_number)),
        "no-deltas": Quirk(about="Only `done` events.", frames=_without(".delta")),
        "no-items": Quirk(about="No `output_item` events.", frames=_without("output_item.added", "output_item.done")),
        "no-settings": Quirk(
            about="A response object without the settings.", frames=_each(_no_settings), whole=_body(_no_settings)
        ),
        "only-terminal": Quirk(about="`created`, then at once the terminal event.", frames=only_terminal),
        "bare-terminal": Quirk(about="The final object has no output.", frames=_each(_bare_terminal)),
        "other-ids": Quirk(about="The final object has other item ids.", frames=_each(_other_ids)),
        "interleaved": Quirk(about="Items overlap, their events take turns.", frames=interleaved),
        "done-appended": Quirk(about="`[DONE]` after the terminal event.", frames=done_appended),
    }
)
