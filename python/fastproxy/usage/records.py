"""What the journal holds: an intent before the upstream is called, a settlement after, signs of life in between.

Arrays rather than objects, because they are written twice per request: the order of the fields is the format, so fields
are only ever added at the end, with a default.
"""

from __future__ import annotations

import zlib

import msgspec

from ..store.tables import COUNTERS

#: Counted tokens in the order of `COUNTERS`; `None`: not known.
Counters = tuple[int | None, ...]
UNKNOWN: Counters = (None,) * len(COUNTERS)
NOTHING: Counters = (0,) * len(COUNTERS)


class Intent(msgspec.Struct, array_like=True, tag="i", frozen=True):
    """An upstream is about to be called. Repeated for every further attempt; the last one holds."""

    id: str
    request_id: str
    started_at: int
    key: str
    owner: str | None
    project: str | None
    dialect: str
    stream: bool
    model_asked: str
    model: str
    upstream: str
    account: str
    attempts: int
    #: Prompt tokens, by our own count: all that is known should the process die.
    input_estimate: int


class Checkpoint(msgspec.Struct, array_like=True, tag="c", frozen=True):
    """The request was still running then."""

    id: str
    at: int
    #: Output tokens until then, by our own count; `None`: not known.
    output_estimate: int | None = None


class Settlement(msgspec.Struct, array_like=True, tag="s", frozen=True):
    """What became of it."""

    id: str
    status: str
    error: str | None
    duration_ms: int | None
    ttft_ms: int | None
    model_served: str | None
    counters: Counters
    is_estimated: bool
    is_recovered: bool
    finish: str | None
    loss: str | None
    cost_nano_usd: int | None


Record = Intent | Checkpoint | Settlement

#: The largest number that both databases keep.
_LARGEST = 2**63 - 1

_ENCODER = msgspec.json.Encoder()
_DECODER: msgspec.json.Decoder[Record] = msgspec.json.Decoder(Record)


def line(record: Record) -> bytes:
    """One line: CRC-32 of the rest, a space, JSON. A torn or zeroed line is told by it."""
    body = _ENCODER.encode(record)
    return b"%08x %b\n" % (zlib.crc32(body), body)


def parse(text: bytes) -> Record | None:
    """The record of a line without its end; `None`: damaged."""
    body = text[9:]
    try:
        if text[:9] != b"%08x " % zlib.crc32(body):
            return None
        record: Record = _DECODER.decode(body)
        return record
    except (msgspec.MsgspecError, UnicodeDecodeError):
        return None


def row(intent: Intent, settlement: Settlement) -> dict[str, object]:
    """The row of the table `usage`. Names and numbers come from clients and upstreams: they are made to fit."""
    counters = (None if count is None else min(count, _LARGEST) for count in settlement.counters)
    cost = settlement.cost_nano_usd
    return {
        "id": intent.id,
        "request_id": intent.request_id,
        "started_at": intent.started_at,
        "duration_ms": settlement.duration_ms,
        "ttft_ms": settlement.ttft_ms,
        "status": settlement.status,
        "error": settlement.error,
        "key": intent.key,
        "owner": intent.owner,
        "project": intent.project,
        "dialect": intent.dialect,
        "stream": intent.stream,
        "model_asked": _fit(intent.model_asked, 512),
        "model": _fit(intent.model, 512),
        "model_served": _fit(settlement.model_served, 512),
        "upstream": intent.upstream,
        "account": intent.account,
        "attempts": intent.attempts,
        **dict(zip(COUNTERS, counters, strict=True)),
        "is_estimated": settlement.is_estimated,
        "is_recovered": settlement.is_recovered,
        "finish": _fit(settlement.finish, 64),
        "loss": _fit(settlement.loss, 4096),
        "cost_nano_usd": None if cost is None else min(cost, _LARGEST),
    }


def _fit(text: str | None, length: int) -> str | None:
    """PostgreSQL keeps no NUL and no more than was declared."""
    return None if text is None else text.replace("\0", "\N{REPLACEMENT CHARACTER}")[:length]
