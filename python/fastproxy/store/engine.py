"""Engines: how the two databases are connected to, and how SQLite is told to behave."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from sqlalchemy import URL, event, make_url
from sqlalchemy.engine import Connection
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

#: Marks a transaction that will write: SQLite must take its lock at once, or two readers that turn writers deadlock.
WRITES = {"fastproxy_writes": True}
#: How long SQLite waits for another process (the command line) to finish its write. Milliseconds.
_BUSY = 10_000
#: Seconds until a PostgreSQL that does not answer counts as unreachable.
_CONNECT = 10


def store_url(url: str | None, data_dir: Path) -> URL:
    """The database's address in SQLAlchemy's form. Raises `ValueError`."""
    if url is None:
        return URL.create("sqlite+aiosqlite", database=str(data_dir / "fastproxy.db"))
    if url.startswith("sqlite:"):
        path = url.removeprefix("sqlite:")
        path = path.removeprefix("//") if path.startswith("//") else path
        return URL.create("sqlite+aiosqlite", database=path)
    try:
        parsed = make_url(url)
    except Exception as error:  # SQLAlchemy's own; its text repeats the address with the password
        raise ValueError("store.url is no address of a database") from error
    return parsed.set(drivername="postgresql+asyncpg")


def make_engine(url: URL, *, durability: str) -> AsyncEngine:
    """An engine; connects at first use. Raises `ValueError` when the driver is not installed."""
    if url.get_backend_name() == "sqlite":
        return _sqlite(url, "FULL" if durability == "power" else "NORMAL")
    try:
        return create_async_engine(
            url, pool_size=4, max_overflow=4, pool_pre_ping=True, connect_args={"timeout": _CONNECT}
        )
    except ModuleNotFoundError as error:
        raise ValueError("PostgreSQL needs a driver: pip install 'fastproxy[postgres]'") from error


def _sqlite(url: URL, synchronous: str) -> AsyncEngine:
    if url.database:
        _make_file(Path(url.database))
    engine = create_async_engine(url, pool_size=2, max_overflow=2, connect_args={"timeout": _BUSY / 1000})

    @event.listens_for(engine.sync_engine, "connect")
    def set_up(connection: Any, _: object) -> None:
        """WAL: readers do not wait for the writer. Transactions are begun by us, not guessed by the driver."""
        connection.isolation_level = None
        cursor = connection.cursor()
        for pragma in (
            f"busy_timeout={_BUSY}",
            "journal_mode=WAL",
            f"synchronous={synchronous}",
            "foreign_keys=ON",
            "secure_delete=ON",
        ):
            cursor.execute(f"PRAGMA {pragma}")
        cursor.close()

    @event.listens_for(engine.sync_engine, "begin")
    def begin(connection: Connection) -> None:
        """`BEGIN IMMEDIATE` for what writes."""
        is_write = connection.get_execution_options().get("fastproxy_writes", False)
        connection.exec_driver_sql("BEGIN IMMEDIATE" if is_write else "BEGIN")

    return engine


def _make_file(path: Path) -> None:
    """0600 from the first moment: SQLite would make it readable by whom the umask lets."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | getattr(os, "O_CLOEXEC", 0), 0o600)
    os.close(descriptor)
