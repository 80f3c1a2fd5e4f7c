"""What the proxy has kept, read as `fastproxy usage export` does."""

import asyncio
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from fastproxy.store.database import Store
from fastproxy.usage.asking import Filter
from fastproxy.usage.query import rows


def usage_of(folder: Path) -> list[dict[str, Any]]:
    """Every usage row in the store of a proxy that runs or ran in this folder."""

    async def read() -> list[dict[str, Any]]:
        store = await Store.open(None, folder / "data")
        try:
            return [row async for row in rows(store, Filter())]
        finally:
            await store.close()

    return asyncio.run(read())


def wait_for_usage(folder: Path, is_there: Callable[[list[dict[str, Any]]], bool]) -> list[dict[str, Any]]:
    """The rows, once they are as expected: they come up to half a second after the answer."""
    deadline = time.monotonic() + 15
    while not is_there(found := usage_of(folder)):
        assert time.monotonic() < deadline, found
        time.sleep(0.05)
    return found
