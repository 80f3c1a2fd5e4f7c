"""Sums, rows, roll-ups, and what keys have spent."""

from fastproxy.access import Allowance, Caller, Terms
from fastproxy.config import Usage
from fastproxy.store.database import Store
from fastproxy.usage.asking import Filter
from fastproxy.usage.query import rows, sums
from fastproxy.usage.retention import roll_up
from fastproxy.usage.spending import spending

from .usage_rows import DAY, NOON, save, usage_row


async def fill(store: Store) -> None:
    await save(
        store,
        usage_row(id="1"),
        usage_row(id="2", key="ci", project=None, cost_nano_usd=None, model="m-2"),
        usage_row(id="3", status="aborted", started_at=NOON - 3 * DAY),
        usage_row(id="4", started_at=NOON - 40 * DAY, reasoning=7),
    )


async def test_sums_by_what_a_row_tells(store: Store) -> None:
    await fill(store)
    by_key = await sums(store, Filter(), ["key"])
    assert [(row["key"], row["requests"], row["input"], row["cost_nano_usd"], row["unpriced"]) for row in by_key] == [
        ("ci", 1, 10, 0, 1),
        ("dev", 3, 30, 3_000_000, 0),
    ]
    [all_] = await sums(store, Filter(), [])
    assert (all_["requests"], all_["failed"], all_["output"], all_["reasoning"]) == (4, 1, 20, 7)
    assert [row["project"] for row in await sums(store, Filter(), ["project", "model"])] == ["", "web"]
    days = await sums(store, Filter(), ["day"])
    assert [row["day"] - NOON // DAY for row in days] == [-40, -3, 0]


async def test_filters(store: Store) -> None:
    await fill(store)

    async def ids(chosen: Filter) -> list[str]:
        return [row["id"] async for row in rows(store, chosen)]

    assert await ids(Filter()) == ["4", "3", "1", "2"]
    assert await ids(Filter(since=NOON)) == ["1", "2"]
    assert await ids(Filter(until=NOON)) == ["4", "3"]
    assert await ids(Filter(key="dev", status="ok", model="m-1")) == ["4", "1"]
    assert (await sums(store, Filter(status="aborted"), []))[0]["requests"] == 1
    assert (await sums(store, Filter(key="'; DROP TABLE usage; --"), []))[0]["requests"] == 0


async def test_many_rows_come_page_by_page(store: Store) -> None:
    await save(store, *(usage_row(id=f"{i:05}", started_at=NOON + i // 7) for i in range(2500)))
    found = [row["id"] async for row in rows(store, Filter())]
    assert found == [f"{i:05}" for i in range(2500)]


async def test_old_rows_become_sums_of_days(store: Store) -> None:
    await fill(store)
    before = await sums(store, Filter(), ["key", "day"])
    assert await roll_up(store, Usage(keep=30 * 86400), NOON) == 1
    assert await roll_up(store, Usage(keep=30 * 86400), NOON) == 0
    assert await sums(store, Filter(), ["key", "day"]) == before
    assert len([row async for row in rows(store, Filter())]) == 3
    # A row of that day that comes late is added to the sum.
    await save(store, usage_row(id="late", started_at=NOON - 40 * DAY))
    await roll_up(store, Usage(keep=30 * 86400), NOON)
    [old] = await sums(store, Filter(until=NOON - 30 * DAY), [])
    assert (old["requests"], old["reasoning"], old["cost_nano_usd"]) == (2, 7, 2_000_000)
    await roll_up(store, Usage(keep=30 * 86400, keep_days=35 * 86400), NOON)
    assert (await sums(store, Filter(until=NOON - 30 * DAY), []))[0]["requests"] == 0


async def test_rows_are_kept_for_ever_when_asked_to(store: Store) -> None:
    await fill(store)
    assert await roll_up(store, Usage(keep=0), NOON + 10_000 * DAY) == 0


async def test_what_a_key_spent_survives_restarts_and_roll_ups(store: Store) -> None:
    await fill(store)
    periods = tuple(Allowance(period=period, tokens=1) for period in ("day", "month", "total"))
    callers = [Caller(name="dev", terms=Terms(budgets=periods)), Caller(name="free")]
    for _ in range(2):
        kept = {(fact.period, fact.unit): fact.spent for fact in await spending(store, callers, NOON)}
        assert kept["day", "tokens"] == 15
        assert kept["day", "nano_usd"] == 1_000_000
        assert kept["total", "tokens"] == 15 + 15 + 22
        assert kept["total", "nano_usd"] == 3_000_000
        await roll_up(store, Usage(keep=86400), NOON)
