"""The model that a body names, and the body under another name."""

from __future__ import annotations

import re
from typing import NamedTuple

import msgspec

from ..errors import ProxyError

_BOUNDARY = re.compile(r"multipart/form-data\s*;.*\bboundary=(?:\"([^\"]{1,70})\"|([^\s;\"]{1,70}))", re.IGNORECASE)
_NAME = re.compile(rb"content-disposition:\s*form-data\s*;[^\r\n]*\bname=\"?model\"?\s*(?:;|\r|$)", re.IGNORECASE)
_MAX_NAME = 512


class Named(NamedTuple):
    """A model's name, and what stands before and behind it."""

    model: str
    before: bytes
    behind: bytes
    is_json: bool

    def renamed(self, model: str) -> bytes:
        """The body with another name there."""
        return self.before + (msgspec.json.encode(model) if self.is_json else model.encode()) + self.behind


def in_json(body: bytes) -> Named | None:
    """The `model` of a whole JSON object. Raises `ProxyError` for a body that is none."""
    if not body:
        return None
    try:
        members = msgspec.json.decode(body, type=dict[str, msgspec.Raw])
        raw = members.pop("model", None)
        model = msgspec.json.decode(raw, type=str | None) if raw is not None else None
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        raise ProxyError("bad_request", "the request body must be a JSON object, and model a string") from None
    if not model:
        return None
    _check_length(model)
    rest = msgspec.json.encode(members)
    return Named(model, b'{"model":', b"," + rest[1:] if members else rest[1:], is_json=True)


def in_multipart(start: bytes, media_type: str) -> Named | None:
    """The `model` field of a form, when it is among these first bytes."""
    found = _BOUNDARY.match(media_type.strip())
    if found is None:
        return None
    delimiter = b"--" + (found[1] or found[2]).encode("latin-1")
    at = start.find(delimiter)
    while at != -1:
        head_end = start.find(b"\r\n\r\n", at)
        if head_end == -1:
            return None
        value, at = head_end + 4, start.find(b"\r\n" + delimiter, head_end + 2)
        if _NAME.search(start[start.rfind(delimiter, 0, head_end) : head_end]) is None:
            continue
        if at == -1:
            return None
        try:
            model = start[value:at].decode()
        except UnicodeDecodeError:
            raise ProxyError("bad_request", "model must be text", pointer="/model") from None
        _check_length(model)
        return Named(model, start[:value], start[at:], is_json=False)
    return None


def _check_length(model: str) -> None:
    if len(model) > _MAX_NAME:
        raise ProxyError("bad_request", f"model is longer than {_MAX_NAME} characters", pointer="/model")
