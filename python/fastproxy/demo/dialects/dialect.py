"""What a dialect of the simulation consists of. Adding one: a folder beside this file and a line in `dialects/__init__.py`."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from typing import Any, ClassVar

import msgspec

from fastproxy.demo import sse
from fastproxy.demo.ask import Ask, Json
from fastproxy.demo.errors import Header, Path, Refused
from fastproxy.demo.ids import Ids
from fastproxy.demo.script import Plan, Vocabulary
from fastproxy.demo.sse import Frame, Style
from fastproxy.demo.story import Story
from fastproxy.demo.wire import HttpRequest


class Quirk(msgspec.Struct, frozen=True, kw_only=True):
    """A deviation of some host: rewrites the frames of a stream, the one-shot body, or both."""

    about: str
    frames: Callable[[list[Frame], Json], list[Frame]] | None = None
    """Gets the frames and the facts of the answer that the dialect provides (usage and the like)."""
    whole: Callable[[Json, Json], Json] | None = None


class Context(msgspec.Struct, frozen=True, kw_only=True):
    """What a dialect may know about the simulation while it reads a request."""

    vocabulary: Vocabulary
    ids: Ids
    now: float
    request_id: str


class Reply(msgspec.Struct, frozen=True, kw_only=True):
    """A finished answer that no script is asked about: model lists, token counts, logins."""

    body: Json
    status: int = 200
    headers: tuple[Header, ...] = ()


class Renderer(ABC):
    """One request that passed all checks, ready to render a story as its dialect does, quirks included."""

    known: ClassVar[Mapping[str, Quirk]] = {}
    stream_type: str = "text/event-stream; charset=utf-8"
    ask: Ask
    plan: Plan

    @abstractmethod
    def plain_whole(self, story: Story) -> Json:
        """The one-shot body as the dialect's own vendor sends it."""

    @abstractmethod
    def plain_frames(self, story: Story) -> list[Frame]:
        """The stream, terminator included, as the vendor sends it."""

    @abstractmethod
    def facts(self, story: Story) -> Json:
        """What quirks may need to know about the answer."""

    def failing(self, error: list[Frame], delivered: Sequence[Frame]) -> list[Frame]:
        """The error event as it stands behind what was delivered, where it depends on that."""
        return error

    def encode(self, frame: Frame, style: Style, number: int, last: bool) -> bytes:
        """One frame on the wire. Server-sent events unless the dialect says otherwise."""
        return sse.encode(frame, style, number=number, last=last)

    def whole(self, story: Story) -> Json:
        body = self.plain_whole(story)
        for quirk in self._quirks():
            body = quirk.whole(body, self.facts(story)) if quirk.whole else body
        return body

    def frames(self, story: Story) -> list[Frame]:
        frames = self.plain_frames(story)
        for quirk in self._quirks():
            frames = quirk.frames(frames, self.facts(story)) if quirk.frames else frames
        return frames

    def _quirks(self) -> list[Quirk]:
        return [self.known[name] for name in self.plan.quirks if name in self.known]


class Dialect(ABC):
    """One API language, upstream side: reads requests as strictly as the real service, renders answers as it does."""

    name: ClassVar[str]
    serves: ClassVar[str] = ""
    """Its paths, for the reference page."""
    quirks: ClassVar[Mapping[str, Quirk]] = {}
    base_path: ClassVar[str] = ""
    """What follows the origin in the base URL that the official SDK takes."""
    indent: ClassVar[int | None] = None
    """How one-shot bodies are laid out."""

    @abstractmethod
    def claims(self, request: HttpRequest) -> bool:
        """Is this path one of ours?"""

    @abstractmethod
    def speaks(self, request: HttpRequest) -> bool:
        """Do the headers say that the client speaks this dialect? Decides who answers on a path that nobody claims."""

    @abstractmethod
    def key(self, request: HttpRequest) -> str | None:
        """The credential, wherever this dialect carries it."""

    def needs_key(self, request: HttpRequest) -> bool:
        """Is a request without a credential refused? Not where one logs in, or where the service asks for none."""
        return True

    @abstractmethod
    def request_id(self, ids: Ids) -> str: ...

    @abstractmethod
    def open(self, request: HttpRequest, context: Context) -> Renderer | Reply:
        """Check the request; raises `Refused`."""

    def status(self, refused: Refused) -> int:
        """The status of a refusal, where this service has another one for its kind than most."""
        return refused.status

    @abstractmethod
    def error_body(self, refused: Refused, request_id: str) -> Json: ...

    @abstractmethod
    def error_frames(self, refused: Refused, request_id: str) -> list[Frame]:
        """The error event inside a stream."""

    @abstractmethod
    def headers(self, context: Context, exhausted: float | None) -> list[Header]:
        """Response headers; `exhausted` tells that the rate limit is used up for so many seconds."""


def bearer(request: HttpRequest) -> str | None:
    """The credential of an Authorization header."""
    scheme, _, token = (request.header("authorization") or "").partition(" ")
    return token.strip() or None if scheme.lower() == "bearer" else None


def dotted(path: Path) -> str:
    """`messages.0.content`"""
    return ".".join(str(step) for step in path)


def indexed(path: Path) -> str:
    """`messages[0].content`"""
    text = "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in path)
    return text.removeprefix(".")


def edited(frame: Frame, data: Any) -> Frame:
    return msgspec.structs.replace(frame, data=data)


def last_index(frames: Sequence[Frame], wanted: Callable[[Frame], bool]) -> int:
    """The index of the last frame that is `wanted`; -1 when there is none."""
    return next((at for at in reversed(range(len(frames))) if wanted(frames[at])), -1)
