"""What a restart must not forget: rests that last, what was spent of a day's and month's limits, and pauses by hand."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Protocol

import msgspec

from ..pool import Pool
from ..shared_state import Kept, SharedState, answered

_LOG = logging.getLogger("fastproxy")
#: Shorter rests are not kept: they are over before a restart is. Seconds.
_WORTH_KEEPING = 60.0
_SAVE_EVERY = 10.0

Pools = Callable[[], Mapping[str, Pool]]


class Sink(Protocol):
    """Where it is kept. The one document is replaced whole, or not at all."""

    def load(self) -> bytes | None:
        """The document; `None` when there is none yet."""

    def save(self, document: bytes) -> None:
        """Replace the document. Called from a thread."""


class StateFile:
    """A file in the data directory, readable by its owner only."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def load(self) -> bytes | None:
        """The document as it was saved last."""
        try:
            return self._path.read_bytes()
        except FileNotFoundError:
            return None

    def save(self, document: bytes) -> None:
        """Write it beside the old one and put it in its place."""
        self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        descriptor, name = tempfile.mkstemp(prefix=f".{self._path.name}.", dir=self._path.parent)
        try:
            with os.fdopen(descriptor, "wb") as file:
                file.write(document)
                file.flush()
                os.fsync(file.fileno())
            os.replace(name, self._path)
        except OSError:
            with contextlib.suppress(FileNotFoundError):
                os.unlink(name)
            raise


class Document(msgspec.Struct, frozen=True):
    """What is kept."""

    facts: list[Kept] = []
    #: Accounts disabled by hand, as `pool/account`, and why.
    disabled: dict[str, str] = {}
    version: int = 1


class Keeper:
    """Restores at start, saves while running and at the end. A failure to save is told and tried again."""

    def __init__(self, sink: Sink, state: SharedState, pools: Pools) -> None:
        self._sink = sink
        self._state = state
        self._pools = pools
        self._saved = b""

    def restore(self) -> None:
        """Take over what was kept. A damaged document is told and left out: it only holds what time heals."""
        try:
            kept = self._sink.load()
            document = msgspec.json.decode(kept, type=Document) if kept is not None else Document()
        except (OSError, msgspec.DecodeError) as error:
            _LOG.error("kept account states are unreadable", extra={"fields": {"reason": str(error)}})
            return
        self._state.seed(document.facts)
        pools = self._pools()
        for place, why in document.disabled.items():
            pool, _, account = place.partition("/")
            if pool in pools and account in pools[pool].accounts:
                pools[pool].disable(account, why)

    async def run(self) -> None:
        """Save every few seconds, if there is something new."""
        while True:
            await asyncio.sleep(_SAVE_EVERY)
            await self.save()

    async def save(self) -> None:
        """Save what is new since the last time."""
        document = await self._document()
        if document == self._saved:
            return
        try:
            await asyncio.to_thread(self._sink.save, document)
        except OSError as error:
            _LOG.error("account states were not kept", extra={"fields": {"reason": str(error)}})
        else:
            self._saved = document

    async def _document(self) -> bytes:
        facts = await answered(self._state.snapshot(_WORTH_KEEPING))
        disabled = {
            f"{name}/{account.name}": account.disabled
            for name, pool in self._pools().items()
            for account in pool.accounts.values()
            if account.disabled
        }
        return msgspec.json.encode(Document(list(facts), disabled))
