"""Every test of the store runs on both databases."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from sqlalchemy import text

from fastproxy.store.database import Store

from ... import postgres


@pytest.fixture(scope="session")
def postgres_url() -> Iterator[str]:
    if (reason := postgres.missing()) is not None:
        pytest.skip(reason)
    with postgres.serving() as server:
        yield server.url


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.xdist_group("postgres"))])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The address of an empty database."""
    if request.param == "sqlite":
        return f"sqlite:{tmp_path / 'store' / 'fastproxy.db'}"
    found: str = request.getfixturevalue("postgres_url")
    return found


@pytest.fixture
async def store(url: str, tmp_path: Path) -> AsyncIterator[Store]:
    opened = await Store.open(url, tmp_path)
    yield opened
    if not opened.is_sqlite:
        async with opened.engine.begin() as connection:
            await connection.execute(text("DROP SCHEMA public CASCADE"))
            await connection.execute(text("CREATE SCHEMA public"))
    await opened.close()
