"""Noticing what another process changed: one small number per subject."""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from .database import Store
from .tables import REVISIONS
from .upsert import upsert


async def bump(connection: AsyncConnection, name: str) -> None:
    """Something under this name changed; in the transaction that changes it."""
    insert = upsert(REVISIONS, connection.dialect.name, add=["number"])
    await connection.execute(insert.values(name=name, number=1))


async def revision(store: Store, name: str) -> int:
    """How often something under this name changed."""
    rows = await store.read(select(REVISIONS.c.number).where(REVISIONS.c.name == name))
    return int(rows[0].number) if rows else 0
