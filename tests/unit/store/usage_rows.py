"""Usage rows to ask about."""

from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection

from fastproxy.store.database import Store
from fastproxy.store.tables import USAGE

NOON = 1_790_000_000_000 // 86_400_000 * 86_400_000 + 43_200_000
DAY = 86_400_000


def usage_row(**changes: Any) -> dict[str, Any]:
    """A whole answer of 10 tokens in and 5 out, for a thousandth of a dollar."""
    row: dict[str, Any] = {
        "id": "row", "request_id": "r", "started_at": NOON, "duration_ms": 100, "ttft_ms": 10, "status": "ok", "error": None,
        "key": "dev", "owner": None, "project": "web", "dialect": "anthropic", "stream": True, "model_asked": "m",
        "model": "m-1", "model_served": "m-1", "upstream": "up", "account": "a", "attempts": 1, "input": 10,
        "cache_read": 0, "cache_write": 0, "cache_write_1h": None, "output": 5, "reasoning": None, "is_estimated": False,
        "is_recovered": False, "finish": "stop", "loss": None, "cost_nano_usd": 1_000_000,
    }  # fmt: skip
    return {**row, **changes}


async def save(store: Store, *rows: dict[str, Any]) -> None:
    async def work(connection: AsyncConnection) -> None:
        await connection.execute(USAGE.insert(), list(rows))

    await store.write(work)
