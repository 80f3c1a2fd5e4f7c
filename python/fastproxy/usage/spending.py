"""What keys spent in the present periods, read from the rows: budgets go on after a restart where they were."""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy import ColumnElement, Table, func, select

from ..access import Caller
from ..access.terms import MONEY, TOKENS, subject_of
from ..clock import DAY_MS, day_start, month_start
from ..shared_state import Kept, Period, period_of
from ..store.database import Store
from ..store.tables import COUNTERS, USAGE, USAGE_DAYS


async def spending(store: Store, callers: Iterable[Caller], now: int) -> list[Kept]:
    """One fact per key, unit and period that a budget bounds."""
    kept: list[Kept] = []
    for caller in {caller.name: caller for caller in callers}.values():
        for period in dict.fromkeys(allowance.period for allowance in caller.terms.budgets):
            tokens, money = await _spent(store, caller.name, _start(period, now))
            of = period_of(period, now / 1000)[0]
            subject = subject_of(caller.name)
            kept.append(Kept(subject, unit=TOKENS, period=period, of=of, spent=tokens))
            kept.append(Kept(subject, unit=MONEY, period=period, of=of, spent=money))
    return kept


async def _spent(store: Store, name: str, since: int) -> tuple[int, int]:
    rows = await _sums(store, USAGE, name, USAGE.c.started_at >= since)
    days = await _sums(store, USAGE_DAYS, name, USAGE_DAYS.c.day >= since // DAY_MS)
    return rows[0] + days[0], rows[1] + days[1]


async def _sums(store: Store, table: Table, name: str, condition: ColumnElement[bool]) -> tuple[int, int]:
    sums = [func.coalesce(func.sum(table.c[column]), 0) for column in (*COUNTERS, "cost_nano_usd")]
    rows = await store.read(select(*sums).where(table.c.key == name, condition))
    *tokens, money = map(int, rows[0])
    return sum(tokens), money


def _start(period: Period, now: int) -> int:
    if period == "total":
        return 0
    return day_start(now) if period == "day" else month_start(now)
