"""A proxy whose store is PostgreSQL, and one whose PostgreSQL goes away for a while."""

import asyncio
import http.client
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from fastproxy.demo import Simulation
from fastproxy.store.database import Store
from fastproxy.usage.asking import Filter
from fastproxy.usage.query import rows

from .. import postgres
from ..sdk.servers import HOST, running_proxy
from .client import ask, body_for
from .conftest import config_text


@pytest.fixture
def database() -> Iterator[postgres.Server]:
    if (reason := postgres.missing()) is not None:
        pytest.skip(reason)
    with postgres.serving() as server:
        yield server


def readiness(port: int) -> tuple[int, str]:
    connection = http.client.HTTPConnection(HOST, port, timeout=10)
    try:
        connection.request("GET", "/readyz")
        response = connection.getresponse()
        return response.status, response.read().decode()
    finally:
        connection.close()


def wait_for(is_so: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 40
    while not is_so():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def usage_in(database: postgres.Server, folder: Path) -> list[dict[str, Any]]:
    async def read() -> list[dict[str, Any]]:
        store = await Store.open(database.url, folder)
        try:
            return [row async for row in rows(store, Filter())]
        finally:
            await store.close()

    return asyncio.run(read())


def test_a_database_that_goes_away_costs_no_request_and_no_row(
    database: postgres.Server, simulation: Simulation, tmp_path: Path
) -> None:
    config = config_text(simulation, sections=f'[store]\nurl = "{database.url}"\n')
    with running_proxy(config, tmp_path) as proxy:
        assert ask(proxy.port, "openai_chat", body_for("chat/echo")).status == 200
        wait_for(lambda: len(usage_in(database, tmp_path)) == 1)
        database.stop()
        for _ in range(20):
            assert ask(proxy.port, "openai_chat", body_for("chat/echo")).status == 200
        wait_for(lambda: "the store is unreachable" in readiness(proxy.port)[1])
        assert readiness(proxy.port)[0] == 200
        database.start()
        wait_for(lambda: readiness(proxy.port) == (200, "ok"))
        assert len(usage_in(database, tmp_path)) == 21
    assert list((tmp_path / "data" / "journal").iterdir()) == []
