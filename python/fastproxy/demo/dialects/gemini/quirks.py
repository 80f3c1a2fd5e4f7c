"""How services that speak Gemini deviate, and older models: each quirk rewrites the vendor's own chunks or body."""

from collections.abc import Callable, Mapping
from copy import deepcopy
from types import MappingProxyType

from fastproxy.demo.ask import Json
from fastproxy.demo.dialects.dialect import Quirk, edited
from fastproxy.demo.dialects.garbage import GARBAGE
from fastproxy.demo.sse import Frame

Frames = list[Frame]


def _each(change: Callable[[Json], None]) -> Callable[[Frames, Json], Frames]:
    """A quirk that edits a copy of every chunk."""

    def apply(frames: Frames, facts: Json) -> Frames:
        changed = []
        for frame in frames:
            data = deepcopy(frame.data)
            if data is not None:
                change(data)
            changed.append(edited(frame, data))
        return changed

    return apply


def _whole(change: Callable[[Json], None]) -> Callable[[Json, Json], Json]:
    def apply(body: Json, facts: Json) -> Json:
        body = deepcopy(body)
        change(body)
        return body

    return apply


def _both(about: str, change: Callable[[Json], None]) -> Quirk:
    return Quirk(about=about, frames=_each(change), whole=_whole(change))


def _no_ids(chunk: Json) -> None:
    for candidate in chunk.get("candidates", ()):
        for part in candidate["content"].get("parts", ()):
            part.get("functionCall", {}).pop("id", None)


def _no_signatures(chunk: Json) -> None:
    for candidate in chunk.get("candidates", ()):
        for part in candidate["content"].get("parts", ()):
            part.pop("thoughtSignature", None)


def _no_usage(chunk: Json) -> None:
    chunk.pop("usageMetadata")


def _no_finish(chunk: Json) -> None:
    for candidate in chunk.get("candidates", ()):
        candidate.pop("finishReason", None)


def _no_role(chunk: Json) -> None:
    for candidate in chunk.get("candidates", ()):
        candidate["content"].pop("role", None)


def _bare_end(chunk: Json) -> None:
    """The chunk with the finish reason has no content."""
    for candidate in chunk.get("candidates", ()):
        if "finishReason" in candidate and candidate["content"].get("parts") == [{"text": ""}]:
            candidate.pop("content")


def usage_last(frames: Frames, facts: Json) -> Frames:
    last = max(at for at, frame in enumerate(frames) if frame.data is not None)
    bare = _each(_no_usage)(frames, facts)
    return [frame if at == last else other for at, (frame, other) in enumerate(zip(frames, bare, strict=True))]


def finish_with_content(frames: Frames, facts: Json) -> Frames:
    """The finish reason on the last chunk with content, none behind it."""
    content = [at for at, frame in enumerate(frames) if frame.content]
    ends = [at for at, frame in enumerate(frames) if frame.data is not None]
    if not content or ends[-1] == content[-1]:
        return frames
    end, data = frames[ends[-1]].data, deepcopy(frames[content[-1]].data)
    for candidate, ending in zip(data["candidates"], end["candidates"], strict=True):
        candidate |= {name: value for name, value in ending.items() if name != "content"}
    data["usageMetadata"] = end["usageMetadata"]
    return [*frames[: content[-1]], edited(frames[content[-1]], data), *frames[ends[-1] + 1 :]]


def no_done(frames: Frames, facts: Json) -> Frames:
    """Without the chunk that says why the answer ended, and without the bracket that ends an array."""
    return [frame for frame in frames if frame.data is not None and not _is_end(frame.data)]


def _is_end(chunk: Json) -> bool:
    return any("finishReason" in candidate for candidate in chunk.get("candidates", ()))


QUIRKS: Mapping[str, Quirk] = MappingProxyType(
    {
        **GARBAGE,
        "no-ids": _both("Calls without ids, as older models send them.", _no_ids),
        "no-signatures": _both("No `thoughtSignature`, as older models.", _no_signatures),
        "no-usage": _both("No usage anywhere.", _no_usage),
        "usage-last": Quirk(about="Usage on the last chunk only.", frames=usage_last),
        "no-finish": _both("No `finishReason`.", _no_finish),
        "no-done": Quirk(about="Not the chunk that ends the stream.", frames=no_done),
        "no-role": _both("Content without a role.", _no_role),
        "bare-end": Quirk(about="The last chunk has no content.", frames=_each(_bare_end)),
        "finish-with-content": Quirk(about="The finish reason with the last content.", frames=finish_with_content),
    }
)
