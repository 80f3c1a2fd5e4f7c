"""From the journal into the store: in batches, again after failures, after a death, and never twice."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from fastproxy.config import Config, Price
from fastproxy.store.database import Store, StoreError
from fastproxy.usage import journal as module
from fastproxy.usage.asking import Filter
from fastproxy.usage.checkpoints import note_running
from fastproxy.usage.journal import Journal
from fastproxy.usage.pricing import PriceBook, price_book
from fastproxy.usage.query import rows
from fastproxy.usage.records import Checkpoint, line
from fastproxy.usage.writer import Writer

from .journals import intent, settlement

PRICES: PriceBook = price_book(Config(prices=[Price(model="m-1", input=1.0, output=2.0)]))


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[Store]:
    opened = await Store.open(None, tmp_path / "data")
    yield opened
    await opened.close()


@pytest.fixture
def journal(tmp_path: Path) -> Journal:
    return Journal(tmp_path / "journal", limit=10**7)


async def saved(store: Store) -> dict[str, dict[str, Any]]:
    return {row["id"]: row async for row in rows(store, Filter())}


async def test_rows_come_when_requests_are_over(store: Store, journal: Journal) -> None:
    writer = Writer(journal, store)
    for number in range(500):
        journal.intend(intent(str(number)))
        if number != 3:
            journal.settle(settlement(str(number)))
    assert await writer.flush()
    found = await saved(store)
    assert found.keys() == {str(number) for number in range(500)} - {"3"}
    assert (found["4"]["request_id"], found["4"]["input"], found["4"]["cost_nano_usd"]) == ("r-4", 10, 7)
    journal.settle(settlement("3", status="aborted"))
    await writer.flush()
    assert (await saved(store))["3"]["status"] == "aborted"
    assert writer.written == 500


async def test_the_last_attempt_is_the_one_that_is_told(store: Store, journal: Journal) -> None:
    journal.intend(intent("1", account="a"))
    journal.intend(intent("1", account="b", attempts=2))
    journal.settle(settlement("1"))
    await Writer(journal, store).flush()
    row = (await saved(store))["1"]
    assert (row["account"], row["attempts"]) == ("b", 2)


async def test_a_store_that_is_away_loses_nothing(
    store: Store, journal: Journal, monkeypatch: pytest.MonkeyPatch
) -> None:
    writer = Writer(journal, store)

    async def away(work: object) -> None:
        raise StoreError("connection refused")

    with monkeypatch.context() as patch:
        patch.setattr(store, "write", away)
        for number in range(50):
            journal.intend(intent(str(number)))
            journal.settle(settlement(str(number)))
            if number % 10 == 0:
                assert not await writer.flush()
        assert (writer.is_store_up, writer.written) == (False, 0)
        assert journal.size > 5000
    assert await writer.flush()
    assert len(await saved(store)) == 50
    assert (writer.is_store_up, journal.size) == (True, 0)


async def test_one_row_that_the_store_refuses_does_not_hold_up_the_rest(
    store: Store, journal: Journal, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    writer = Writer(journal, store)
    insert = writer._insert

    async def choosy(batch: list[dict[str, Any]]) -> None:
        if any(row["id"] == "bad" for row in batch):
            raise StoreError("value too odd", is_refusal=True)
        await insert(batch)

    monkeypatch.setattr(writer, "_insert", choosy)
    for id_ in ("1", "bad", "2"):
        journal.intend(intent(id_))
        journal.settle(settlement(id_))
    assert await writer.flush()
    assert (await saved(store)).keys() == {"1", "2"}
    assert writer.dropped == 1
    assert "the store refuses a usage row" in caplog.text


async def test_what_a_dead_process_left_is_recovered(store: Store, journal: Journal, tmp_path: Path) -> None:
    died = Journal(tmp_path / "journal", limit=10**7)
    for id_ in ("done", "stored", "cut", "long"):
        died.intend(intent(id_))
    died.settle(settlement("stored"))
    await Writer(died, store).flush()
    died.settle(settlement("done"))
    died.checkpoint(Checkpoint("long", intent().started_at + 60_000, 40))
    with died.segments[0].path.open("ab") as file:
        file.write(line(settlement("cut"))[:50])
    died.close()

    writer = Writer(journal, store)
    assert await writer.recover(PRICES) == 2
    found = await saved(store)
    assert found.keys() == {"done", "stored", "cut", "long"}
    assert (found["done"]["status"], found["done"]["is_recovered"]) == ("ok", False)
    cut, long = found["cut"], found["long"]
    assert (cut["status"], cut["is_recovered"], cut["is_estimated"], cut["input"]) == ("aborted", True, True, 100)
    assert (cut["output"], cut["duration_ms"], cut["cost_nano_usd"]) == (None, None, 100_000)
    assert (long["output"], long["duration_ms"], long["cost_nano_usd"]) == (40, 60_000, 180_000)
    assert await writer.recover(PRICES) == 0


async def test_a_recovered_row_is_a_guess_that_the_real_one_replaces(store: Store, journal: Journal) -> None:
    writer = Writer(journal, store)
    for is_recovered, status in ((True, "aborted"), (False, "ok"), (True, "aborted")):
        journal.intend(intent("1"))
        journal.settle(settlement("1", is_recovered=is_recovered, status=status))
        await writer.flush()
        assert (await saved(store))["1"]["status"] == ("aborted" if is_recovered and writer.written == 1 else "ok")


async def test_what_no_database_takes_is_made_to_fit(store: Store, journal: Journal) -> None:
    journal.intend(intent("1", model_asked="m\0" * 500))
    journal.settle(
        settlement("1", counters=(2**64, None, None, None, 1, None), finish="x" * 500, model_served="s" * 900)
    )
    await Writer(journal, store).flush()
    row = (await saved(store))["1"]
    assert "\0" not in row["model_asked"]
    assert [len(row[name]) for name in ("model_asked", "finish", "model_served")] == [512, 64, 512]
    assert row["input"] == 2**63 - 1


async def test_old_segments_go_and_long_requests_do_not_keep_them(
    store: Store, journal: Journal, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_LARGE", 3000)
    monkeypatch.setattr(module, "_WORTH_LEAVING", 2000)
    writer = Writer(journal, store)
    journal.intend(intent("long"))
    for round_ in range(30):
        for number in range(10):
            journal.intend(intent(f"{round_}-{number}"))
            journal.settle(settlement(f"{round_}-{number}"))
        await writer.flush()
        assert len(journal.segments) == 1
    journal.settle(settlement("long"))
    await writer.flush()
    assert len(await saved(store)) == 301


async def test_requests_go_on_while_rows_are_moved(store: Store, journal: Journal) -> None:
    writer = Writer(journal, store)

    async def serve(number: int) -> None:
        journal.intend(intent(str(number)))
        await asyncio.sleep(0)
        journal.settle(settlement(str(number)))

    async def move() -> None:
        for _ in range(20):
            await writer.flush()

    await asyncio.gather(move(), *(serve(number) for number in range(1000)))
    await writer.flush()
    assert len(await saved(store)) == 1000


async def test_long_requests_give_signs_of_life(journal: Journal) -> None:
    journal.intend(intent("old"))
    journal.intend(intent("new", started_at=2**42))
    assert await note_running(journal, 10) == 1
