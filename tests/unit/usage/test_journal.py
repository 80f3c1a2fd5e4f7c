"""Records on disk: appended, read back, carried over, locked, damaged."""

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fastproxy.usage import journal as module
from fastproxy.usage.journal import Fold, Journal, JournalFull
from fastproxy.usage.records import Checkpoint, Record, line, parse

from .journals import intent, settlement


def lines_of(journal: Journal) -> list[bytes]:
    return [text for segment in journal.segments for text in segment.read(0)[0]]


def test_what_is_appended_is_read_back(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "j", limit=10**6)
    journal.intend(intent())
    journal.checkpoint(Checkpoint("1", 5, 7))
    journal.settle(settlement())
    assert [parse(text) for text in lines_of(journal)] == [intent(), Checkpoint("1", 5, 7), settlement()]
    assert journal.open == {}
    assert (tmp_path / "j").stat().st_mode & 0o777 == 0o700
    assert journal.segments[0].path.stat().st_mode & 0o777 == 0o600


def test_each_record_is_one_system_call(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    journal = Journal(tmp_path, limit=10**6)
    calls = []
    write = os.write

    def counted(descriptor: int, data: bytes) -> int:
        calls.append(len(data))
        return write(descriptor, data)

    monkeypatch.setattr(os, "write", counted)
    journal.intend(intent())
    journal.settle(settlement())
    assert len(calls) == 2


@given(st.binary(max_size=200))
def test_any_bytes_are_a_record_or_damaged(text: bytes) -> None:
    assert parse(text) is None


@given(st.integers(0, 10_000), st.integers(1, 255))
def test_a_changed_byte_is_damage(place: int, change: int) -> None:
    text = bytearray(line(intent())[:-1])
    text[place % len(text)] ^= change
    assert parse(bytes(text)) is None


@given(st.integers(0, 400))
def test_a_torn_line_is_damage(length: int) -> None:
    whole = line(settlement())[:-1]
    assert (parse(whole[:length]) is None) == (length < len(whole))


def test_a_segment_begins_with_what_is_in_flight(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_LARGE", 1000)
    journal = Journal(tmp_path, limit=10**6)
    journal.intend(intent("long"))
    for number in range(20):
        journal.intend(intent(str(number)))
        journal.settle(settlement(str(number)))
    assert len(journal.segments) > 2
    fold, done = Fold(), []
    while len(journal.segments) > 1:
        oldest = journal.segments[0]
        done += fold.take(oldest.read(0)[0])
        journal.leave(oldest)
        assert not oldest.path.exists()
    last = journal.segments[0]
    assert parse(last.read(0)[0][0]) == intent("long")
    journal.settle(settlement("long"))
    for segment in journal.segments:
        done += fold.take(segment.read(0)[0])
    assert sorted(whole[0].id for whole in done) == sorted([*map(str, range(20)), "long"])
    assert fold.intents == {}


def test_a_full_journal_takes_settlements_but_no_further_requests(tmp_path: Path) -> None:
    journal = Journal(tmp_path, limit=50)
    journal.intend(intent("1"))
    with pytest.raises(JournalFull):
        journal.intend(intent("2"))
    journal.settle(settlement("1"))
    assert [parse(text) for text in lines_of(journal)] == [intent("1"), settlement("1")]


def test_a_disk_that_takes_half_a_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    journal = Journal(tmp_path, limit=10**6)
    write = os.write
    monkeypatch.setattr(os, "write", lambda descriptor, data: write(descriptor, data[: len(data) // 2]))
    with pytest.raises(JournalFull):
        journal.intend(intent("1"))
    monkeypatch.setattr(os, "write", write)
    journal.intend(intent("2"))
    records: list[Record | None] = [parse(text) for text in lines_of(journal)]
    assert records == [None, intent("2")]
    assert journal.open.keys() == {"2"}


def test_a_disk_that_takes_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    journal = Journal(tmp_path, limit=10**6)

    def refuse(descriptor: int, data: bytes) -> int:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "write", refuse)
    with pytest.raises(JournalFull, match="No space"):
        journal.intend(intent())
    assert journal.open == {}


def test_segments_of_living_processes_are_left_alone(tmp_path: Path) -> None:
    alive, other = Journal(tmp_path, limit=10**6), Journal(tmp_path, limit=10**6)
    alive.intend(intent())
    assert other.left_behind() == []
    alive.close()
    [left] = other.left_behind()
    assert parse(left.read(0)[0][0]) == intent()
    assert Journal(tmp_path, limit=10**6).left_behind() == []


def test_closing_deletes_what_is_stored_only(tmp_path: Path) -> None:
    journal = Journal(tmp_path, limit=10**6)
    path = journal.segments[0].path
    journal.close()
    assert not path.exists()


def test_long_lines_are_read_whole(tmp_path: Path) -> None:
    journal = Journal(tmp_path, limit=10**6)
    long = intent("1", model_asked="m" * 100_000)
    journal.intend(long)
    assert [parse(text) for text in lines_of(journal)] == [long]


def test_reading_ends_at_whole_lines(tmp_path: Path) -> None:
    journal = Journal(tmp_path, limit=10**7)
    for number in range(2000):
        journal.intend(intent(str(number)))
    segment, offset, seen = journal.segments[0], 0, 0
    while True:
        lines, offset = segment.read(offset)
        if not lines:
            break
        seen += sum(parse(text) is not None for text in lines)
    assert (seen, offset) == (2000, segment.size)
