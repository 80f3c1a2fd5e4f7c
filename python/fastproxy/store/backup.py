"""Copies of an SQLite store, taken and put back while servers run, by SQLite's own means."""

from __future__ import annotations

import os
import sqlite3
from contextlib import closing
from pathlib import Path

from . import migrate
from .database import Store, StoreError


def backup(store: Store, target: Path) -> None:
    """Write a consistent copy (0600). An existing file is not replaced. Raises `StoreError`, `OSError`."""
    descriptor = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    os.close(descriptor)
    _copy(_path(store), target)


def restore(store: Store, source: Path) -> None:
    """Put a copy back, all or nothing. Raises `StoreError` for a file that is no whole store, `OSError`."""
    _check(source)
    _copy(source, _path(store))


def _path(store: Store) -> Path:
    if not store.is_sqlite or not store.engine.url.database:
        raise StoreError("this is for SQLite: use pg_dump and pg_restore, or fastproxy db export and import")
    return Path(store.engine.url.database)


def _copy(source: Path, target: Path) -> None:
    try:
        with (
            closing(sqlite3.connect(source, timeout=10)) as read,
            closing(sqlite3.connect(target, timeout=10)) as write,
        ):
            read.backup(write)
    except sqlite3.Error as error:
        raise StoreError(f"{source} could not be copied to {target}: {error}") from error


def _check(source: Path) -> None:
    if not source.is_file():
        raise FileNotFoundError(2, "no such file", str(source))
    try:
        with closing(sqlite3.connect(f"file:{source}?mode=ro", uri=True)) as read:
            [[verdict]] = read.execute("PRAGMA integrity_check(1)").fetchall()
            [[revision]] = read.execute("SELECT version_num FROM alembic_version").fetchall()
    except (sqlite3.Error, ValueError) as error:
        raise StoreError(f"{source} is no store of fastproxy: {error}") from error
    if verdict != "ok":
        raise StoreError(f"{source} is damaged: {verdict}")
    if str(revision) > migrate.HEAD:
        raise StoreError(f"{source} was written by a newer fastproxy (revision {revision})")
