"""The whole store as text, for another database or another day: one JSON object per line.

The first line says what it is. Bytes are base64. Sealed secrets stay sealed: whoever reads the file needs the key, too.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Iterable, Iterator
from typing import IO, Any

from sqlalchemy import LargeBinary, Table, select
from sqlalchemy.ext.asyncio import AsyncConnection

from . import migrate
from .database import Store, StoreError
from .revisions import bump
from .tables import CLIENT_KEYS, DOCUMENTS, SECRETS, USAGE, USAGE_DAYS
from .upsert import upsert

_TABLES = (CLIENT_KEYS, SECRETS, DOCUMENTS, USAGE_DAYS, USAGE)
_BATCH = 500


async def export_to(store: Store, file: IO[str]) -> int:
    """Write everything; how many rows. What other processes change meanwhile is in it or not, row by row."""
    file.write(json.dumps({"fastproxy": "store", "revision": migrate.HEAD}) + "\n")
    count = 0
    async with store.engine.connect() as connection:
        for table in _TABLES:
            rows = await connection.stream(select(table))
            async for row in rows:
                file.write(json.dumps({"table": table.name, "row": _out(table, dict(row._mapping))}) + "\n")
                count += 1
    return count


async def import_from(store: Store, file: IO[str]) -> int:
    """Take over everything in one transaction, replacing rows of the same name; how many rows. Raises `StoreError`."""
    head = _line(file.readline(), 1)
    if head.get("fastproxy") != "store":
        raise StoreError("line 1: this is no export of a store")
    if head.get("revision") != migrate.HEAD:
        raise StoreError(
            f"line 1: exported at revision {head.get('revision')}, this is {migrate.HEAD}: use that version"
        )

    async def work(connection: AsyncConnection) -> int:
        count = 0
        for table, rows in _batches(file):
            await connection.execute(upsert(table, connection.dialect.name), rows)
            count += len(rows)
        await bump(connection, "client_keys")
        return count

    return await store.write(work)


def _batches(file: Iterable[str]) -> Iterator[tuple[Table, list[dict[str, Any]]]]:
    known = {table.name: table for table in _TABLES}
    waiting: list[dict[str, Any]] = []
    present: Table | None = None
    for number, text in enumerate(file, start=2):
        line = _line(text, number)
        table = known.get(str(line.get("table")))
        if table is None or not isinstance(line.get("row"), dict):
            raise StoreError(f"line {number}: no row of a known table")
        if present is not None and (table is not present or len(waiting) >= _BATCH):
            yield present, waiting
            waiting = []
        present = table
        waiting.append(_in(table, line["row"], number))
    if present is not None and waiting:
        yield present, waiting


def _line(text: str, number: int) -> dict[str, Any]:
    try:
        line = json.loads(text)
    except ValueError:
        line = None
    if not isinstance(line, dict):
        raise StoreError(f"line {number}: not JSON")
    return line


def _out(table: Table, row: dict[str, Any]) -> dict[str, Any]:
    return {
        name: base64.b64encode(value).decode() if isinstance(value, bytes) else value for name, value in row.items()
    }


def _in(table: Table, row: dict[str, Any], number: int) -> dict[str, Any]:
    if row.keys() != {column.name for column in table.columns}:
        raise StoreError(f"line {number}: its columns are not those of {table.name}")
    try:
        return {
            column.name: base64.b64decode(row[column.name], validate=True)
            if isinstance(column.type, LargeBinary) and row[column.name] is not None
            else row[column.name]
            for column in table.columns
        }
    except (ValueError, TypeError):
        raise StoreError(f"line {number}: bytes that are not base64") from None
