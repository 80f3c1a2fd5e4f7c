"""The journal: what must survive `kill -9` is one `write` away from the kernel, which outlives us.

A record is appended with one system call and no `await` (1.5 µs with its encoding). A directory holds segments, one
file after another; the process that writes a segment holds a lock on it, which the kernel releases when the process
dies, so that the next one knows what was left behind. A new segment begins with the intents of all requests in flight:
an older one can go as soon as its own records are in the store.
"""

from __future__ import annotations

import contextlib
import logging
import os
import sys
import time
from collections import deque
from pathlib import Path

from .records import Checkpoint, Intent, Record, Settlement, line, parse

if sys.platform != "win32":  # where an open file cannot be deleted, which protects it as well
    import fcntl

_LOG = logging.getLogger("fastproxy")
_SUFFIX = ".journal"
#: A segment is left behind when it is this large, or this large and wholly in the store.
_LARGE = 16 * 2**20
_WORTH_LEAVING = 2**20
#: Read at a time, about 350 requests: decoding them holds up the event loop for 1 ms.
_CHUNK = 64 * 1024


class JournalFull(Exception):
    """The journal takes no further request: the store has not taken rows for too long, or the disk is full."""


class Segment:
    """One file of the journal."""

    def __init__(self, path: Path, descriptor: int) -> None:
        self.path = path
        self.descriptor = descriptor
        self.size = os.fstat(descriptor).st_size
        #: How far its records are in the store.
        self.stored = 0

    @classmethod
    def create(cls, folder: Path, name: str) -> Segment:
        """A new one, locked by this process."""
        path = folder / f"{name}{_SUFFIX}"
        flags = os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_APPEND | getattr(os, "O_CLOEXEC", 0)
        segment = cls(path, os.open(path, flags, 0o600))
        segment._lock()
        return segment

    @classmethod
    def adopt(cls, path: Path) -> Segment | None:
        """One that a dead process left; `None` while its writer lives."""
        try:
            segment = cls(path, os.open(path, os.O_RDWR | getattr(os, "O_CLOEXEC", 0)))
        except FileNotFoundError:
            return None
        if segment._lock():
            return segment
        os.close(segment.descriptor)
        return None

    def read(self, offset: int) -> tuple[list[bytes], int]:
        """Whole lines from here on, and where they end. A line longer than a chunk is read whole."""
        length = _CHUNK
        while True:
            data = _read_at(self.descriptor, length, offset)
            end = data.rfind(b"\n") + 1
            if end or len(data) < length:
                return data[:end].splitlines(), offset + end
            length *= 2

    def discard(self) -> None:
        """Its records are in the store."""
        with contextlib.suppress(FileNotFoundError):
            self.path.unlink()
        os.close(self.descriptor)

    def _lock(self) -> bool:
        if sys.platform != "win32":
            try:
                fcntl.flock(self.descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError:
                return False
        return True


class Journal:
    """The journal of this process."""

    def __init__(self, folder: Path, *, limit: int) -> None:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self.limit = limit
        #: Intents without a settlement: requests in flight.
        self.open: dict[str, Intent] = {}
        self._folder = folder
        self._number = 0
        # Sorts by process and then by age, also when the clock is set back in between.
        self._name = f"{time.time_ns():020d}-{os.getpid()}"
        self._is_torn = False
        self._unwritten: list[Settlement] = []
        self.segments: deque[Segment] = deque([Segment.create(folder, f"{self._name}-000000")])

    @property
    def size(self) -> int:
        """Bytes that are not in the store yet."""
        return sum(segment.size - segment.stored for segment in self.segments)

    def intend(self, intent: Intent) -> None:
        """Before an upstream is called. Raises `JournalFull`: then it must not be called."""
        if self.size >= self.limit:
            raise JournalFull("the store does not take usage rows and the journal is full")
        try:
            self._append(line(intent))
        except OSError as error:
            raise JournalFull(f"the journal cannot be written: {error.strerror}") from error
        self.open[intent.id] = intent

    def checkpoint(self, record: Checkpoint) -> None:
        """The request is still running. Raises `OSError`."""
        self._append(line(record))

    def settle(self, settlement: Settlement) -> None:
        """The request is over. Not bounded: there are no more of them than intents. One that cannot be written waits
        in memory; should the process die until then, its intent makes a less exact row."""
        try:
            self._append(line(settlement))
        except OSError as error:
            if not self._unwritten:
                _LOG.error("the journal cannot be written", extra={"fields": {"reason": error.strerror}})
            self._unwritten.append(settlement)
        else:
            self.open.pop(settlement.id, None)

    def catch_up(self) -> None:
        """Write what could not be written."""
        waiting, self._unwritten = self._unwritten, []
        for settlement in waiting:
            self.settle(settlement)

    def sync(self) -> None:
        """Bring everything to the disk itself, for those who fear a power cut. Raises `OSError`."""
        for segment in list(self.segments):
            os.fsync(segment.descriptor)

    def left_behind(self) -> list[Segment]:
        """Segments of processes that died, oldest first."""
        own = {segment.path for segment in self.segments}
        paths = sorted(path for path in self._folder.glob(f"*{_SUFFIX}") if path not in own)
        return [segment for path in paths if (segment := Segment.adopt(path)) is not None]

    def leave(self, segment: Segment) -> None:
        """Everything that can be read of this segment is in the store: delete it, or begin another when that is worth it."""
        if segment is not self.segments[-1]:
            self.segments.remove(segment)
            segment.discard()
        elif segment.stored >= _WORTH_LEAVING:
            self._begin_segment()

    def close(self) -> None:
        """Delete what is stored and let go of the rest, for the next process to find."""
        for segment in self.segments:
            if segment.stored == segment.size and not self.open:
                segment.discard()
            else:
                os.close(segment.descriptor)
        self.segments.clear()

    def _append(self, text: bytes) -> None:
        segment = self.segments[-1]
        if segment.size >= _LARGE:
            segment = self._begin_segment()
        if self._is_torn:
            text = b"\n" + text
        written = os.write(segment.descriptor, text)
        segment.size += written
        # Part of it: the disk is full. The rest of the line stays away, and the next one begins a new line.
        self._is_torn = written < len(text)
        if self._is_torn:
            raise OSError(28, "no space left on the device")

    def _begin_segment(self) -> Segment:
        self._number += 1
        segment = Segment.create(self._folder, f"{self._name}-{self._number:06d}")
        carried = b"".join(map(line, self.open.values()))
        written = os.write(segment.descriptor, carried)
        if written < len(carried):
            segment.discard()
            raise OSError(28, "no space left on the device")
        segment.size = written
        self._is_torn = False
        self.segments.append(segment)
        return segment


class Fold:
    """Puts records together: intents wait here for their settlements."""

    def __init__(self) -> None:
        self.intents: dict[str, Intent] = {}
        self.checkpoints: dict[str, Checkpoint] = {}
        self.damaged = 0

    def take(self, lines: list[bytes]) -> list[tuple[Intent, Settlement]]:
        """The requests that these lines complete. Settlements whose intent is unknown were taken before."""
        done: list[tuple[Intent, Settlement]] = []
        for text in lines:
            if text and (whole := self._take(parse(text))) is not None:
                done.append(whole)
        return done

    def copy(self) -> Fold:
        """Another that goes on from here."""
        other = Fold()
        other.intents, other.checkpoints, other.damaged = dict(self.intents), dict(self.checkpoints), self.damaged
        return other

    def _take(self, record: Record | None) -> tuple[Intent, Settlement] | None:
        if record is None:
            self.damaged += 1
        elif isinstance(record, Intent):
            self.intents[record.id] = record
        elif isinstance(record, Checkpoint):
            self.checkpoints[record.id] = record
        else:
            self.checkpoints.pop(record.id, None)
            intent = self.intents.pop(record.id, None)
            return None if intent is None else (intent, record)
        return None


def _read_at(descriptor: int, length: int, offset: int) -> bytes:
    if hasattr(os, "pread"):
        return os.pread(descriptor, length, offset)
    os.lseek(descriptor, offset, os.SEEK_SET)  # Windows; appending does not use the position
    return os.read(descriptor, length)
