"""Bringing the tables to this version, under a lock: of several processes that start at once, one does it.

An empty database gets the tables as they are now; one with older tables goes through their history. Only that needs
Alembic, which takes 20 MB and 0.3 s to import. A test holds both ways against each other.
"""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import Connection, inspect, text
from sqlalchemy.ext.asyncio import AsyncConnection

from .revision import HEAD
from .tables import METADATA

__all__ = ["HEAD", "UnknownRevision", "current", "through_history", "upgrade"]

#: PostgreSQL's advisory locks are numbers that all programs of a database share: the bytes of "fastprox".
_LOCK = 0x6661737470726F78


class UnknownRevision(Exception):
    """The tables were made by a newer fastproxy."""


async def current(connection: AsyncConnection) -> str | None:
    """The revision of the tables; `None`: there are none yet."""
    return await connection.run_sync(_current)


def _current(connection: Connection) -> str | None:
    if not inspect(connection).has_table("alembic_version"):
        return None
    row = connection.execute(text("SELECT version_num FROM alembic_version")).first()
    return str(row[0]) if row is not None else None


async def upgrade(connection: AsyncConnection) -> bool:
    """Bring the tables to `HEAD` within the connection's transaction; whether there was anything to do.

    SQLite's own write lock is held since the transaction began (BEGIN IMMEDIATE).
    """
    if connection.dialect.name == "postgresql":
        await connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _LOCK})
    revision = await current(connection)
    if revision == HEAD:
        return False
    await connection.run_sync(_create if revision is None else through_history)
    return True


def _create(connection: Connection) -> None:
    METADATA.create_all(connection)
    connection.execute(text("CREATE TABLE alembic_version (version_num VARCHAR(32) NOT NULL PRIMARY KEY)"))
    connection.execute(text("INSERT INTO alembic_version VALUES (:head)"), {"head": HEAD})


def through_history(connection: Connection) -> None:
    """Every change since the tables' revision. Raises `UnknownRevision`."""
    from alembic import command
    from alembic.config import Config
    from alembic.script import ScriptDirectory

    config = Config(attributes={"connection": connection})
    config.set_main_option("script_location", str(Path(__file__).with_name("migrations")))
    known = {script.revision for script in ScriptDirectory.from_config(config).walk_revisions()}
    revision = _current(connection)
    if revision is not None and revision not in known:
        raise UnknownRevision(revision)
    command.upgrade(config, "head")
