"""Server-sent events by the byte: a frame, and every way of writing it that a reader must cope with."""

import json
import re
from enum import StrEnum
from typing import Any

import msgspec

COMPACT = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"))
LONE_SURROGATE = re.compile(r"[\ud800-\udfff]")


class Comments(StrEnum):
    """Where comment lines stand."""

    NONE = "none"
    APART = "apart"
    GLUED = "glued"


class Style(msgspec.Struct, frozen=True, kw_only=True):
    """How events are written. The default is what the real services send."""

    line_end: str = "\n"
    space: bool = True
    names: bool = True
    bom: bool = False
    comments: Comments = Comments.NONE
    multi_line: bool = False
    name_last: bool = False
    ids: bool = False
    retry: bool = False
    blank_extra: bool = False
    blank_last: bool = True


class Frame(msgspec.Struct, frozen=True, kw_only=True):
    """One event. `content` marks what a client would show; cuts are counted in such frames. `raw` is a payload that is not JSON."""

    event: str = ""
    data: Any = None
    raw: bytes | None = None
    content: bool = False
    pad: int = 0
    """Spaces before the closing brace, as Anthropic sends to hide the length of a delta."""

    def payload(self, *, pretty: bool = False) -> bytes:
        if self.raw is not None:
            return self.raw
        text = dumps(self.data, indent=1 if pretty else None)
        return (text[:-1] + " " * self.pad + text[-1] if self.pad else text).encode()


def dumps(value: Any, indent: int | None = None) -> str:
    """JSON as the services write it: compact, not escaped to ASCII, but a lone surrogate must be escaped to be UTF-8 at all."""
    text = COMPACT.encode(value) if indent is None else json.dumps(value, ensure_ascii=False, indent=indent)
    return LONE_SURROGATE.sub(lambda match: f"\\u{ord(match[0]):04x}", text)


def encode(frame: Frame, style: Style, *, number: int, last: bool) -> bytes:
    """Frame `number` (from 0) of a stream in the given style; some things stand only at the ends of a stream."""
    space = b" " if style.space else b""
    data = [b"data:" + space + line for line in frame.payload(pretty=style.multi_line).split(b"\n")]
    name = [b"event:" + space + frame.event.encode()] if frame.event and style.names else []
    lines = data + name if style.name_last else name + data
    if style.ids:
        lines.insert(0, b"id:" + space + str(number).encode())
    if style.comments is Comments.GLUED:
        lines.insert(0, b": keep-alive")
    end = style.line_end.encode()
    block = end.join(lines) + (end + end if style.blank_last or not last else b"")
    if style.comments is Comments.APART:
        block = b": PROCESSING" + end + end + block
    if style.retry and number == 0:
        block = b"retry:" + space + b"3000" + end + end + block
    if style.blank_extra:
        block += end
    return (b"\xef\xbb\xbf" if style.bom and number == 0 else b"") + block
