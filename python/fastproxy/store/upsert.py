"""`INSERT … ON CONFLICT`, which both databases have and SQLAlchemy spells per dialect."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import ColumnElement, Table
from sqlalchemy.sql.dml import Insert


def upsert(table: Table, dialect: str, *, where: ColumnElement[bool] | None = None, add: Sequence[str] = ()) -> Insert:
    """Insert, or replace the row of the same primary key.

    `where`: only if this holds of the row that is there; `add`: columns whose numbers are summed instead.
    """
    insert: Any = _insert(dialect)(table)
    new = {
        column.name: table.c[column.name] + insert.excluded[column.name]
        if column.name in add
        else insert.excluded[column.name]
        for column in table.columns
        if not column.primary_key
    }
    made: Insert = insert.on_conflict_do_update(index_elements=list(table.primary_key.columns), set_=new, where=where)
    return made


def _insert(dialect: str) -> Any:
    """Each loaded only where it is used: 2 MB."""
    if dialect == "postgresql":
        from sqlalchemy.dialects.postgresql import insert as postgresql

        return postgresql
    from sqlalchemy.dialects.sqlite import insert as sqlite

    return sqlite
