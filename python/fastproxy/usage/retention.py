"""Rows that are no longer kept become sums of days; sums that are no longer kept go."""

from __future__ import annotations

from sqlalchemy import case, delete, func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from ..clock import DAY_MS, day_start
from ..config import Usage
from ..store.database import Store
from ..store.tables import COUNTERS, USAGE, USAGE_DAYS
from ..store.upsert import upsert

_DIMENSIONS = ("key", "owner", "project", "upstream", "account", "model")
_SUMS = ("requests", "failed", "unpriced", *COUNTERS, "cost_nano_usd")


async def roll_up(store: Store, settings: Usage, now: int) -> int:
    """Add up whole days that are older than rows are kept; how many rows went. Raises `StoreError`."""
    gone = 0
    if settings.keep > 0:
        before = day_start(now - round(settings.keep * 1000))
        gone = await store.write(lambda connection: _add_up(connection, before))
    if settings.keep_days > 0:
        last = (now - round(settings.keep_days * 1000)) // DAY_MS
        await store.execute(delete(USAGE_DAYS).where(USAGE_DAYS.c.day < last))
    return gone


async def _add_up(connection: AsyncConnection, before: int) -> int:
    rows = USAGE.c.started_at < before
    dimensions = [func.coalesce(USAGE.c[name], "").label(name) for name in _DIMENSIONS]
    day = (USAGE.c.started_at // DAY_MS).label("day")
    sums = select(
        day,
        *dimensions,
        func.count().label("requests"),
        func.sum(case((USAGE.c.status == "ok", 0), else_=1)).label("failed"),
        func.sum(case((USAGE.c.cost_nano_usd.is_(None), 1), else_=0)).label("unpriced"),
        *(func.coalesce(func.sum(USAGE.c[name]), 0).label(name) for name in (*COUNTERS, "cost_nano_usd")),
    ).where(rows)
    # SQLite needs a WHERE here to tell ON CONFLICT from a join's ON: there is one.
    grouped = sums.group_by(day, *dimensions)
    names = ["day", *_DIMENSIONS, *_SUMS]
    await connection.execute(upsert(USAGE_DAYS, connection.dialect.name, add=_SUMS).from_select(names, grouped))
    return (await connection.execute(delete(USAGE).where(rows))).rowcount
