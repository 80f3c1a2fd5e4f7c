"""One request's row in the making: attempts, races, a journal that cannot be written."""

import os
from pathlib import Path
from typing import Any

import pytest

from fastproxy.config import Config, Price
from fastproxy.errors import ProxyError
from fastproxy.usage.entry import Asked, Entry
from fastproxy.usage.journal import Fold, Journal
from fastproxy.usage.pricing import price_book
from fastproxy.usage.records import Intent, Settlement

from .journals import USAGE, Outcome

PRICES = price_book(Config(prices=[Price(model="m-1", input=1.0, output=2.0)]))
COUNTED = {**USAGE, "input": 10, "output": 20}


@pytest.fixture
def journal(tmp_path: Path) -> Journal:
    return Journal(tmp_path, limit=10**6)


def entry(journal: Journal, *, when_full: str = "refuse") -> Entry:
    asked = Asked(
        id="1", request_id="r", key="dev", owner=None, project=None, dialect="anthropic", stream=True, model="m",
        rough_input=100, count_input=lambda: 50,
    )  # fmt: skip
    return Entry(journal, PRICES, asked, when_full=when_full)


def told(journal: Journal) -> tuple[Intent, Settlement]:
    [whole] = Fold().take(journal.segments[0].read(0)[0])
    return whole


def failed(**changes: Any) -> Outcome:
    error = ProxyError("overloaded", "busy", source="upstream")
    return Outcome(status="failed", retry_class="safe", error=error, finish=None, **changes)


def test_a_request_that_reached_no_upstream_has_no_row(journal: Journal) -> None:
    assert entry(journal).settle() is None
    assert journal.size == 0


def test_a_whole_answer(journal: Journal) -> None:
    one = entry(journal)
    one.attempt("up", "a", "m-1", "1; top_k=/top_k")
    one.ended(Outcome(usage=COUNTED, losses=[("citations", "/content/0", "")]), "a")
    spent = one.settle()
    assert spent is not None
    assert (spent.tokens, spent.cost_nano_usd, spent.status) == (30, 50_000, "ok")
    intent, settlement = told(journal)
    assert (intent.attempts, intent.account, intent.model) == (1, "a", "m-1")
    assert (settlement.status, settlement.cost_nano_usd, settlement.ttft_ms) == ("ok", 50_000, 2)
    assert settlement.loss == "1; top_k=/top_k,citations=/content/0"


def test_a_retry_tells_of_the_attempt_that_served(journal: Journal) -> None:
    one = entry(journal)
    one.attempt("up", "a", "m-1", None)
    one.ended(failed(), "a")
    one.attempt("other", "b", "m-2", None)
    one.ended(Outcome(usage=COUNTED), "b")
    spent = one.settle()
    assert spent is not None
    assert spent.cost_nano_usd is None
    intent, settlement = told(journal)
    assert (intent.attempts, intent.upstream, intent.account) == (2, "other", "b")
    assert (settlement.status, settlement.error) == ("ok", None)


def test_a_request_that_is_cancelled_in_its_second_attempt(journal: Journal) -> None:
    one = entry(journal)
    one.attempt("up", "a", "m-1", None)
    one.ended(failed(), "a")
    one.attempt("up", "b", "m-1", None)
    spent = one.settle()
    assert spent is not None
    assert (spent.status, spent.counters[0], spent.is_estimated) == ("aborted", 50, True)


@pytest.mark.parametrize("winner_first", [True, False])
def test_of_two_that_race_the_one_that_served_is_told(journal: Journal, winner_first: bool) -> None:
    one = entry(journal)
    one.attempt("up", "a", "m-1", None)
    one.attempt("up", "b", "m-1", None)
    ends = [(Outcome(usage=COUNTED), "a"), (Outcome(status="cancelled"), "b")]
    for outcome, account in ends if winner_first else reversed(ends):
        one.ended(outcome, account)
    spent = one.settle()
    assert spent is not None
    assert (spent.status, spent.tokens) == ("ok", 30)
    intent, settlement = told(journal)
    assert (intent.account, intent.attempts, settlement.status) == ("a", 2, "ok")


def test_a_full_journal_refuses_or_counts(tmp_path: Path) -> None:
    full = Journal(tmp_path, limit=0)
    with pytest.raises(ProxyError) as caught:
        entry(full).attempt("up", "a", "m-1", None)
    assert (caught.value.kind, caught.value.retry_after_ms) == ("overloaded", 5000)
    served = entry(full, when_full="serve")
    served.attempt("up", "a", "m-1", None)
    served.ended(Outcome(usage=COUNTED), "a")
    assert served.settle() is not None
    assert served.is_dropped
    assert full.size == 0


def test_a_disk_that_is_full_at_the_end(
    journal: Journal, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    one = entry(journal)
    one.attempt("up", "a", "m-1", None)
    one.ended(Outcome(usage=COUNTED), "a")

    def refuse(descriptor: int, data: bytes) -> int:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(os, "write", refuse)
        spent = one.settle()
    assert spent is not None
    assert spent.cost_nano_usd == 50_000
    assert "the journal cannot be written" in caplog.text
    assert journal.open.keys() == {"1"}
    journal.catch_up()
    assert journal.open == {}
    assert told(journal)[1].cost_nano_usd == 50_000
