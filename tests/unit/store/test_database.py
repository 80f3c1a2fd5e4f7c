"""Opening, migrating, group commit, and what goes wrong."""

import asyncio
import stat
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Connection, insert, select, text
from sqlalchemy.ext.asyncio import AsyncConnection

from fastproxy.store.database import Store, StoreError
from fastproxy.store.migrate import HEAD, through_history
from fastproxy.store.revisions import bump, revision
from fastproxy.store.tables import DOCUMENTS, METADATA


def document(name: str, body: str = "{}") -> dict[str, object]:
    return {"kind": "test", "name": name, "body": body, "changed_at": 1}


def differences(connection: Connection) -> list[object]:
    return list(compare_metadata(MigrationContext.configure(connection), METADATA))


async def test_an_empty_database_gets_the_tables_of_the_code(store: Store) -> None:
    async with store.engine.connect() as connection:
        assert await connection.run_sync(differences) == []
        assert (await connection.execute(text("SELECT version_num FROM alembic_version"))).scalar() == HEAD


async def test_the_history_leads_to_the_tables_of_the_code(store: Store) -> None:
    async with store.engine.begin() as connection:
        await connection.run_sync(METADATA.drop_all)
        await connection.execute(text("DROP TABLE alembic_version"))
        await connection.run_sync(through_history)
        assert await connection.run_sync(differences) == []
        assert (await connection.execute(text("SELECT version_num FROM alembic_version"))).scalar() == HEAD


async def test_several_processes_may_start_at_once(url: str, tmp_path: Path, store: Store) -> None:
    others = await asyncio.gather(*(Store.open(url, tmp_path) for _ in range(4)))
    assert [await other.upgrade() for other in others] == [False] * 4
    await asyncio.gather(*(other.close() for other in others))


async def test_writes_that_wait_together_are_committed_together(store: Store) -> None:
    await asyncio.gather(*(store.write(lambda connection: bump(connection, "x")) for _ in range(300)))
    assert await revision(store, "x") == 300
    assert await revision(store, "never") == 0


async def test_a_failure_takes_nobody_else_with_it(store: Store) -> None:
    class Broken(Exception):
        pass

    async def broken(connection: AsyncConnection) -> None:
        await connection.execute(insert(DOCUMENTS).values(document("broken")))
        raise Broken

    good = [store.execute(insert(DOCUMENTS).values(document(f"good-{i}"))) for i in range(5)]
    twice = store.execute(insert(DOCUMENTS).values(document("good-0")))
    results = await asyncio.gather(*good, store.write(broken), twice, return_exceptions=True)
    assert results[:5] == [1] * 5
    assert isinstance(results[5], Broken)
    assert isinstance(results[6], StoreError)
    assert results[6].is_refusal
    names = [row.name for row in await store.read(select(DOCUMENTS.c.name).order_by(DOCUMENTS.c.name))]
    assert names == [f"good-{i}" for i in range(5)]


async def test_tables_of_a_newer_version_are_not_touched(store: Store, url: str, tmp_path: Path) -> None:
    async with store.engine.begin() as connection:
        await connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(StoreError, match="newer fastproxy"):
        await Store.open(url, tmp_path)


async def test_errors_tell_no_password(tmp_path: Path) -> None:
    with pytest.raises(StoreError) as caught:
        await Store.open("postgresql://user:sk-test-password@127.0.0.1:9/none", tmp_path)
    assert "sk-test-password" not in str(caught.value)
    assert "127.0.0.1" in str(caught.value)


async def test_an_address_that_is_none(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="no address"):
        await Store.open("postgresql://host:port/none", tmp_path)


async def test_the_file_is_its_owners_alone(tmp_path: Path) -> None:
    opened = await Store.open(None, tmp_path / "data")
    mode = stat.S_IMODE((tmp_path / "data" / "fastproxy.db").stat().st_mode)
    assert (mode, stat.S_IMODE((tmp_path / "data").stat().st_mode)) == (0o600, 0o700)
    rows = await opened.read(text("PRAGMA journal_mode"))
    assert rows[0][0] == "wal"
    await opened.close()


async def test_power_cuts_are_feared_when_asked_to(tmp_path: Path) -> None:
    levels = {}
    for durability in ("process", "power"):
        opened = await Store.open(None, tmp_path / durability, durability=durability)
        levels[durability] = (await opened.read(text("PRAGMA synchronous")))[0][0]
        await opened.close()
    assert levels == {"process": 1, "power": 2}


async def test_a_file_that_is_no_database(tmp_path: Path) -> None:
    path = tmp_path / "x.db"
    path.write_bytes(b"this is not SQLite" * 100)
    with pytest.raises(StoreError, match="not a database"):
        await Store.open(f"sqlite:{path}", tmp_path)
