"""What a simulated model answers, told without any dialect: parts, why it ended, what it cost. Dialects only render it."""

import re
from enum import StrEnum

import msgspec

TOKEN = re.compile(r"\s*\S{1,12}|\s+")
ARGUMENT_PIECE = 8
HIGH_SURROGATES, LOW_SURROGATES, ASTRAL = 0xD800, 0xDC00, 0x10000


class Finish(StrEnum):
    """Why the answer ended."""

    END = "end"
    TOOLS = "tools"
    LENGTH = "length"
    STOP = "stop"
    REFUSAL = "refusal"
    FILTER = "filter"
    CONTEXT = "context"
    PAUSE = "pause"


class Pieces(StrEnum):
    """How finely a stream cuts a part into deltas."""

    TOKENS = "tokens"
    WHOLE = "whole"
    LETTERS = "letters"
    SURROGATES = "surrogates"


class Citation(msgspec.Struct, frozen=True, kw_only=True):
    """A source of some of the text: the characters from `start` to `end`."""

    start: int
    end: int
    url: str
    title: str


class Text(msgspec.Struct, frozen=True):
    text: str
    citations: tuple[Citation, ...] = ()


class Reasoning(msgspec.Struct, frozen=True):
    """Thinking. `redacted`: only an opaque blob is shown. `named`: the script asked for it, so every dialect shows it."""

    text: str
    redacted: bool = False
    named: bool = True


class Refusal(msgspec.Struct, frozen=True):
    text: str


class Call(msgspec.Struct, frozen=True):
    """A tool call. `arguments` is raw text and may be invalid JSON; for a custom tool it is the free text input."""

    name: str
    arguments: str
    custom: bool = False


Part = Text | Reasoning | Refusal | Call


class Usage(msgspec.Struct, frozen=True, kw_only=True):
    """Disjoint counters; each dialect adds them up in its own way."""

    fresh: int = 0
    cache_read: int = 0
    cache_write: int = 0
    visible: int = 0
    reasoning: int = 0

    @property
    def prompt(self) -> int:
        return self.fresh + self.cache_read + self.cache_write

    @property
    def output(self) -> int:
        return self.visible + self.reasoning


class Story(msgspec.Struct, frozen=True, kw_only=True):
    parts: tuple[Part, ...] = ()
    finish: Finish = Finish.END
    stop: str | None = None
    explanation: str | None = None
    usage: Usage = Usage()
    pieces: Pieces = Pieces.TOKENS

    @property
    def text(self) -> str:
        return "".join(part.text for part in self.parts if isinstance(part, Text))

    @property
    def calls(self) -> tuple[Call, ...]:
        return tuple(part for part in self.parts if isinstance(part, Call))

    @property
    def reasoning(self) -> tuple[Reasoning, ...]:
        return tuple(part for part in self.parts if isinstance(part, Reasoning))


def tokens(text: str) -> list[str]:
    """Cut text as the simulated tokenizer does: a run of up to twelve characters with the space before it."""
    return TOKEN.findall(text)


def cut(text: str, pieces: Pieces) -> list[str]:
    """The deltas of one text. Joined they give the text again (surrogate halves: as JSON escapes do)."""
    if pieces is Pieces.WHOLE:
        return [text] if text else []
    if pieces is Pieces.LETTERS:
        return list(text)
    if pieces is Pieces.SURROGATES:
        return [half for token in tokens(text) for half in _split_pairs(token)]
    return tokens(text)


def cut_arguments(arguments: str, pieces: Pieces) -> list[str]:
    """The fragments of a call's raw arguments."""
    if pieces in (Pieces.WHOLE, Pieces.LETTERS):
        return cut(arguments, pieces)
    return [arguments[at : at + ARGUMENT_PIECE] for at in range(0, len(arguments), ARGUMENT_PIECE)]


def _split_pairs(token: str) -> list[str]:
    """Cut inside every character beyond the basic plane, so that one delta ends with half a surrogate pair."""
    halves, start = [], 0
    for at, char in enumerate(token):
        code = ord(char) - ASTRAL
        if code < 0:
            continue
        before = token[start:at]
        halves += [before + chr(HIGH_SURROGATES + (code >> 10)), chr(LOW_SURROGATES + (code & 0x3FF))]
        start = at + 1
    return halves + ([token[start:]] if start < len(token) else [])
