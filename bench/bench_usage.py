"""What keeping the books costs a request: its row in the journal, then in the store."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from pytest_benchmark.fixture import BenchmarkFixture

from fastproxy.config import Config, Price
from fastproxy.errors import ProxyError
from fastproxy.store.database import Store
from fastproxy.usage.entry import Asked, Entry
from fastproxy.usage.journal import Journal
from fastproxy.usage.pricing import price_book
from fastproxy.usage.writer import Writer

PRICES = price_book(Config(prices=[Price(model="m", input=1.0, output=2.0)]))
COUNTED: dict[str, int | None] = dict.fromkeys(
    ("cache_read", "cache_write", "cache_write_1h", "tool_prompt", "reasoning")
)
ROWS = 2000


@dataclass(frozen=True)
class Answered:
    """A whole answer, as an exchange tells of it."""

    status: str = "completed"
    retry_class: str = "never"
    usage: Mapping[str, int | None] = field(default_factory=lambda: {**COUNTED, "input": 100, "output": 50})
    output_bytes: int = 200
    finish: str | None = "stop"
    upstream_model: str | None = "m"
    ttft_ms: float | None = 12.0
    error: ProxyError | None = None
    losses: list[tuple[str, str, str]] = field(default_factory=list)


def keep(journal: Journal, number: int) -> None:
    asked = Asked(
        id=f"01a1fb36-{number:027}", request_id="r", key="dev", owner=None, project="web", dialect="anthropic", stream=True,
        model="m", rough_input=100, count_input=lambda: 100,
    )  # fmt: skip
    entry = Entry(journal, PRICES, asked, when_full="refuse")
    entry.attempt("up", "a", "m", None)
    entry.ended(Answered(), "a")
    entry.settle()


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[Journal]:
    opened = Journal(tmp_path / "journal", limit=2**40)
    yield opened
    opened.close()


def test_a_request_in_the_journal(benchmark: BenchmarkFixture, journal: Journal) -> None:
    numbers = itertools.count()
    benchmark(lambda: keep(journal, next(numbers)))
    assert journal.open == {}


def test_rows_into_sqlite(benchmark: BenchmarkFixture, journal: Journal, tmp_path: Path) -> None:
    """2,000 rows at a time, as they come from a journal that has waited."""
    numbers = itertools.count()

    async def move() -> int:
        store = await Store.open(None, tmp_path)
        writer = Writer(journal, store)
        await writer.flush()
        await store.close()
        return writer.written

    def fill() -> None:
        for _ in range(ROWS):
            keep(journal, next(numbers))

    written = benchmark.pedantic(lambda: asyncio.run(move()), setup=fill, rounds=5)  # type: ignore[no-untyped-call]
    assert written == ROWS
