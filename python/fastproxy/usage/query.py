"""Questions to the usage: sums by anything a row tells, and the rows themselves."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from typing import Any

from sqlalchemy import Column, ColumnElement, Select, Table, and_, case, func, literal, select, tuple_, union_all

from ..clock import DAY_MS
from ..store.database import Store
from ..store.tables import COUNTERS, USAGE, USAGE_DAYS
from .asking import Filter

_SUMS = ("requests", "failed", "unpriced", *COUNTERS, "cost_nano_usd")
#: Rows that an export holds in memory at a time.
_PAGE = 1000
_HOUR_MS = 3_600_000


async def sums(store: Store, chosen: Filter, by: Sequence[str]) -> list[dict[str, Any]]:
    """Sums in the order of what they are by. Days whose rows are no longer kept count whole, and only where neither
    the hour nor the status is asked about: a sum of a day tells neither."""
    parts: list[Select[Any]] = [_of_rows(chosen, by)]
    if "hour" not in by and chosen.status is None:
        parts.append(_of_days(chosen, by))
    both = union_all(*parts).subquery()
    names = [both.c[name] for name in by]
    total = [func.coalesce(func.sum(both.c[name]), 0).label(name) for name in _SUMS]
    statement = select(*names, *total).group_by(*names).order_by(*names) if by else select(*total)
    return [_plain(row._mapping) for row in await store.read(statement)]


async def rows(store: Store, chosen: Filter) -> AsyncIterator[dict[str, Any]]:
    """The rows themselves, oldest first, read page by page: a run of any length needs the memory of one page."""
    after: tuple[int, str] | None = None
    while True:
        condition = _conditions(USAGE, chosen, _in_time(chosen))
        if after is not None:
            condition = and_(condition, tuple_(USAGE.c.started_at, USAGE.c.id) > after)
        page = await store.read(select(USAGE).where(condition).order_by(USAGE.c.started_at, USAGE.c.id).limit(_PAGE))
        for row in page:
            yield {str(name): value for name, value in row._mapping.items()}
        if len(page) < _PAGE:
            return
        after = (page[-1].started_at, page[-1].id)


def _of_rows(chosen: Filter, by: Sequence[str]) -> Select[Any]:
    special = {"day": USAGE.c.started_at // DAY_MS, "hour": USAGE.c.started_at // _HOUR_MS}
    names = [special.get(name, func.coalesce(USAGE.c.get(name, literal("")), "")).label(name) for name in by]
    counted = [
        literal(1).label("requests"),
        case((USAGE.c.status == "ok", 0), else_=1).label("failed"),
        case((USAGE.c.cost_nano_usd.is_(None), 1), else_=0).label("unpriced"),
        *(USAGE.c[name].label(name) for name in (*COUNTERS, "cost_nano_usd")),
    ]
    return select(*names, *counted).where(_conditions(USAGE, chosen, _in_time(chosen)))


def _of_days(chosen: Filter, by: Sequence[str]) -> Select[Any]:
    names = [USAGE_DAYS.c[name].label(name) for name in by]
    in_time: list[ColumnElement[bool]] = []
    if chosen.since is not None:
        in_time.append(USAGE_DAYS.c.day >= chosen.since // DAY_MS)
    if chosen.until is not None:
        in_time.append(USAGE_DAYS.c.day < -(-chosen.until // DAY_MS))
    counted = [USAGE_DAYS.c[name].label(name) for name in _SUMS]
    return select(*names, *counted).where(_conditions(USAGE_DAYS, chosen, in_time))


def _in_time(chosen: Filter) -> list[ColumnElement[bool]]:
    found: list[ColumnElement[bool]] = []
    if chosen.since is not None:
        found.append(USAGE.c.started_at >= chosen.since)
    if chosen.until is not None:
        found.append(USAGE.c.started_at < chosen.until)
    return found


def _conditions(table: Table, chosen: Filter, also: list[ColumnElement[bool]]) -> ColumnElement[bool]:
    for name in ("key", "owner", "project", "upstream", "account", "model", "status"):
        wanted: str | None = getattr(chosen, name)
        column: Column[Any] | None = table.c.get(name)
        if wanted is not None and column is not None:
            also = [*also, column == wanted]
    return and_(literal(True), *also)


def _plain(row: Any) -> dict[str, Any]:
    """PostgreSQL sums whole numbers into decimals."""
    return {str(name): value if isinstance(value, str) else int(value) for name, value in row.items()}
