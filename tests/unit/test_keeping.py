"""What a restart keeps, and what becomes of a document that cannot be read or written."""

import logging
from pathlib import Path

import pytest

from fastproxy.gateway import Keeper, StateFile
from fastproxy.pool import Pool
from fastproxy.shared_state import MemoryState

from .pools import Clock, account, fail, is_refused


def pools(clock: Clock) -> tuple[MemoryState, dict[str, Pool]]:
    state = MemoryState(clock)
    return state, {"up": Pool("up", [account("a"), account("b")], state=state, clock=clock)}


async def test_long_rests_and_pauses_outlive_a_restart_and_short_rests_do_not(tmp_path: Path) -> None:
    clock = Clock()
    state, before = pools(clock)
    await fail(before["up"], "billing", 600, excluded=("b",))
    await fail(before["up"], "rate_limit", 30, excluded=("a",))
    before["up"].disable("b", "paused")
    keeper = Keeper(StateFile(tmp_path / "data" / "accounts.json"), state, lambda: before)
    await keeper.save()
    assert (tmp_path / "data" / "accounts.json").stat().st_mode & 0o077 == 0

    state, after = pools(clock)
    Keeper(StateFile(tmp_path / "data" / "accounts.json"), state, lambda: after).restore()
    standings = {standing.name: standing for standing in await after["up"].standings()}
    assert (standings["a"].state, standings["a"].until) == ("exhausted", clock.now + 600)
    assert (standings["b"].state, standings["b"].why) == ("disabled", "paused")
    after["up"].resume("b")
    assert not await is_refused(after["up"], excluded=("a",))


async def test_a_damaged_document_is_told_and_left_out(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    path = tmp_path / "accounts.json"
    path.write_bytes(b'{"facts": [{')
    state, restored = pools(Clock())
    Keeper(StateFile(path), state, lambda: restored).restore()
    assert "unreadable" in caplog.text
    assert not await is_refused(restored["up"])


class Broken:
    """A sink that fails once."""

    def __init__(self) -> None:
        self.saved: list[bytes] = []
        self.is_broken = True

    def load(self) -> bytes | None:
        return None

    def save(self, document: bytes) -> None:
        if self.is_broken:
            raise OSError("disk full")
        self.saved.append(document)


async def test_what_could_not_be_saved_is_saved_later_and_only_once(caplog: pytest.LogCaptureFixture) -> None:
    state, kept = pools(Clock())
    kept["up"].disable("a", "paused")
    sink = Broken()
    keeper = Keeper(sink, state, lambda: kept)
    with caplog.at_level(logging.ERROR):
        await keeper.save()
    assert "not kept" in caplog.text
    sink.is_broken = False
    await keeper.save()
    await keeper.save()
    assert len(sink.saved) == 1
