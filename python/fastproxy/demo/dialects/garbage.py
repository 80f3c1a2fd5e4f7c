"""Quirks that any dialect can have: payloads that are not what they should be, and events where none should come."""

from collections.abc import Mapping
from types import MappingProxyType

from fastproxy.demo.ask import Json
from fastproxy.demo.dialects.dialect import Quirk, edited
from fastproxy.demo.sse import Frame

UNKNOWN_FIELD = {"x_simulated": {"note": "a field that nobody knows", "numbers": [1, 2.5, None]}}


def _after_first_content(frames: list[Frame], extra: Frame) -> list[Frame]:
    at = next((index for index, frame in enumerate(frames) if frame.content), len(frames) - 1)
    return [*frames[: at + 1], extra, *frames[at + 1 :]]


def bad_json(frames: list[Frame], facts: Json) -> list[Frame]:
    broken = next((frame for frame in frames if frame.content), frames[0])
    return _after_first_content(frames, Frame(event=broken.event, raw=broken.payload()[:-2]))


def bad_utf8(frames: list[Frame], facts: Json) -> list[Frame]:
    whole = next((frame for frame in frames if frame.content), frames[0])
    return _after_first_content(frames, Frame(event=whole.event, raw=whole.payload()[:-1] + b',"x":"\xff\xfe"}'))


def nan(frames: list[Frame], facts: Json) -> list[Frame]:
    whole = next((frame for frame in frames if frame.content), frames[0])
    return _after_first_content(frames, Frame(event=whole.event, raw=whole.payload()[:-1] + b',"x":NaN}'))


def empty_data(frames: list[Frame], facts: Json) -> list[Frame]:
    return _after_first_content(frames, Frame(raw=b""))


def after_end(frames: list[Frame], facts: Json) -> list[Frame]:
    return [*frames, Frame(event=frames[-1].event, data={"foo": 1})]


def end_twice(frames: list[Frame], facts: Json) -> list[Frame]:
    return [*frames, frames[-1]]


def unknown_fields(frames: list[Frame], facts: Json) -> list[Frame]:
    return [
        edited(frame, {**frame.data, **UNKNOWN_FIELD}) if isinstance(frame.data, dict) else frame for frame in frames
    ]


def unknown_fields_whole(body: Json, facts: Json) -> Json:
    return {**body, **UNKNOWN_FIELD}


def unknown_event(frames: list[Frame], facts: Json) -> list[Frame]:
    return _after_first_content(
        frames, Frame(event="x_simulated", data={"type": "x_simulated", "object": "x_simulated"})
    )


GARBAGE: Mapping[str, Quirk] = MappingProxyType(
    {
        "bad-json": Quirk(about="One payload is cut JSON.", frames=bad_json),
        "bad-utf8": Quirk(about="One payload is not UTF-8.", frames=bad_utf8),
        "nan": Quirk(about="One payload holds NaN.", frames=nan),
        "empty-data": Quirk(about="One event with an empty `data:`.", frames=empty_data),
        "after-end": Quirk(about="An event of an unknown kind after the end.", frames=after_end),
        "end-twice": Quirk(about="The last event twice.", frames=end_twice),
        "unknown-fields": Quirk(
            about="A field that nobody knows in every object.", frames=unknown_fields, whole=unknown_fields_whole
        ),
        "unknown-event": Quirk(about="An event of an unknown type.", frames=unknown_event),
    }
)
