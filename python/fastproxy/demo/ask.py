"""What a request asks for, as far as a script needs to know: every dialect reads its own body into one `Ask`."""

from enum import StrEnum
from typing import Any

import msgspec

Json = dict[str, Any]


class Tool(msgspec.Struct, frozen=True, kw_only=True):
    """A tool on offer. A custom tool takes free text and has no schema."""

    name: str
    schema: Json = msgspec.field(default_factory=dict)
    custom: bool = False


class Mode(StrEnum):
    AUTO = "auto"
    NONE = "none"
    REQUIRED = "required"


class Choice(msgspec.Struct, frozen=True, kw_only=True):
    """May, must or must not a tool be called; `only` narrows which."""

    mode: Mode = Mode.AUTO
    only: tuple[str, ...] = ()


class Media(msgspec.Struct, frozen=True, kw_only=True):
    """An image, document or sound in the last user turn or in a tool result. `data` is decoded; `reference` is a URL or file id."""

    kind: str
    media_type: str = ""
    data: bytes | None = None
    reference: str = ""
    name: str = ""


class Result(msgspec.Struct, frozen=True, kw_only=True):
    """A tool result that answers a call of the turn before."""

    name: str
    text: str
    is_error: bool = False
    media: tuple[Media, ...] = ()


class Conversation(msgspec.Struct, frozen=True, kw_only=True):
    """What the turns of a request say, in the terms of `Ask`."""

    said: tuple[str, ...]
    prompt: str
    media: tuple[Media, ...] = ()
    results: tuple[Result, ...] = ()
    rounds: int = 0


class Ask(msgspec.Struct, frozen=True, kw_only=True):
    """The dialect-neutral view of one request."""

    model: str
    said: tuple[str, ...] = ()
    """What the user said in words, turn by turn."""
    prompt: str = ""
    """Everything that counts as input, for the token estimate."""
    stream: bool = False
    tools: tuple[Tool, ...] = ()
    choice: Choice = Choice()
    parallel: bool = True
    results: tuple[Result, ...] = ()
    """Tool results at the end of the conversation: not empty means that a tool loop goes on."""
    rounds: int = 0
    """Assistant turns with tool calls since the last one without."""
    media: tuple[Media, ...] = ()
    max_tokens: int | None = None
    stops: tuple[str, ...] = ()
    schema: Json | None = None
    json_mode: bool = False
    reasoning: bool | None = None
    """True: asked for; False: forbidden; None: not mentioned."""

    @property
    def text(self) -> str:
        """The last thing that the user said."""
        return self.said[-1] if self.said else ""
