"""How an answer travels: pace, size of writes, coding and framing, and every way in which it can fail to arrive."""

import asyncio
from collections.abc import Callable, Iterator, Sequence
from enum import StrEnum

import msgspec

from fastproxy.demo.body import BodyWriter
from fastproxy.demo.sse import Frame, Style


class Ending(StrEnum):
    """What happens after the last byte that is meant to arrive."""

    COMPLETE = "complete"
    CLEAN = "clean"
    """The HTTP message ends properly, but what it says is cut off."""
    FIN = "fin"
    """The connection is closed inside the body."""
    RST = "rst"
    BAD_CHUNK = "bad_chunk"
    STALL = "stall"
    """Nothing more comes until the client leaves."""
    ERROR = "error"
    """The dialect's error event, then a proper end."""


class Stage(StrEnum):
    """Where an ending other than COMPLETE strikes."""

    SILENT = "silent"
    """Before any byte of the response."""
    HEAD = "head"
    """Inside the response head."""
    BODY = "body"


class Delivery(msgspec.Struct, frozen=True, kw_only=True):
    ending: Ending = Ending.COMPLETE
    stage: Stage = Stage.BODY
    after: int = 2
    """Content frames that arrive before the ending; 0: only what precedes them; -1: nothing at all."""
    torn: bool = False
    """Half of the next frame arrives too."""
    delay_ms: int = 0
    pace_ms: int = 0
    write_size: int | None = None
    """Bytes per write, whatever the frames; None: one write per frame."""
    joined: bool = False
    dribble_ms: int = 0
    style: Style = Style()
    coding: str = ""
    bomb_mb: int = 0
    http: frozenset[str] = frozenset()
    stale: str = ""
    """How the connection is closed when the next request arrives on it: "fin" or "rst"."""

    @property
    def is_faulty(self) -> bool:
        return self.ending is not Ending.COMPLETE or bool(self.stale)


class Cut(Exception):
    """The delivery broke off as planned; the connection is to be closed in this way."""

    def __init__(self, ending: Ending) -> None:
        super().__init__(ending.value)
        self.ending = ending


Encode = Callable[[Frame, int, bool], bytes]


def planned(
    frames: Sequence[Frame], error: Callable[[Sequence[Frame]], list[Frame]], delivery: Delivery
) -> tuple[list[Frame], Frame | None]:
    """The frames that arrive whole, and the one that is torn if one is. `error` tells the error behind those before it."""
    if delivery.ending is Ending.COMPLETE:
        return list(frames), None
    stop = 0 if delivery.after < 0 else _after_content(frames, delivery.after)
    kept = [*frames[:stop], *(error(frames[:stop]) if delivery.ending is Ending.ERROR else ())]
    return kept, frames[stop] if delivery.torn and stop < len(frames) else None


def _after_content(frames: Sequence[Frame], count: int) -> int:
    """The index behind the `count`-th content frame; before the first content frame when `count` is 0."""
    content = [at for at, frame in enumerate(frames) if frame.content]
    if count == 0 or not content:
        return content[0] if content else len(frames) - 1
    return content[min(count, len(content)) - 1] + 1


async def send_stream(
    body: BodyWriter, frames: Sequence[Frame], torn: Frame | None, encode: Encode, delivery: Delivery
) -> None:
    """Write the frames as planned. Ends the body when the plan says that it ends properly, else raises `Cut`."""
    last = len(frames) - 1
    blocks: Iterator[bytes] = (encode(frame, number, number == last) for number, frame in enumerate(frames))
    if delivery.joined:
        blocks = iter([b"".join(blocks)])
    for number, block in enumerate(blocks):
        if number:
            await asyncio.sleep(delivery.pace_ms / 1000)  # without a pace: the turn of other requests
        await _write(body, block, delivery)
    if torn is not None:
        block = encode(torn, len(frames), False)
        await _write(body, block[: len(block) // 2], delivery)
    await _end(body, delivery)


async def send_whole(body: BodyWriter, content: bytes, delivery: Delivery) -> None:
    """Write a one-shot body: all of it, or the first half before an ending other than COMPLETE."""
    if delivery.ending is Ending.COMPLETE:
        await _write(body, content, delivery)
    elif delivery.after:
        await _write(body, content[: len(content) // 2], delivery)
    await _end(body, delivery)


async def _write(body: BodyWriter, block: bytes, delivery: Delivery) -> None:
    size = delivery.write_size or len(block)
    for at in range(0, len(block), size or 1):
        await body.write(block[at : at + size])
        if delivery.write_size:
            await asyncio.sleep(delivery.dribble_ms / 1000)


async def _end(body: BodyWriter, delivery: Delivery) -> None:
    if delivery.ending in (Ending.COMPLETE, Ending.CLEAN, Ending.ERROR):
        await body.finish()
        return
    if delivery.ending is Ending.BAD_CHUNK:
        await body.bad_chunk()
    raise Cut(delivery.ending)
