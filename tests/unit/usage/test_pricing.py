"""Whole numbers, dates, tiers; an unknown price is unknown."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fastproxy.clock import parse_moment
from fastproxy.config import Config, Upstream
from fastproxy.config import Price as Configured
from fastproxy.usage.pricing import Price, PriceBook, Rates, price_book, shipped
from fastproxy.usage.records import UNKNOWN, Counters

#: A Friday; 02:00 is a peak hour of DeepSeek's, 05:00 is not.
FRIDAY = parse_moment("2026-11-20T05:00:00Z")


def book(*prices: Configured) -> PriceBook:
    upstreams = [
        Upstream(name="claude", dialect="anthropic", base_url="https://a.test", origin="anthropic"),
        Upstream(name="seek", dialect="openai_chat", base_url="https://d.test", origin="deepseek"),
        Upstream(name="local", dialect="openai_chat", base_url="http://127.0.0.1:1"),
    ]
    return price_book(Config(upstreams=upstreams, prices=list(prices)))


def counters(**counts: int) -> Counters:
    names = ("input", "cache_read", "cache_write", "cache_write_1h", "output", "reasoning")
    return tuple(counts.get(name) for name in names)


def test_every_kind_of_token_has_its_price() -> None:
    counts = counters(input=1000, cache_read=10_000, cache_write=100, cache_write_1h=10, output=500, reasoning=200)
    dollars = (1000 * 5 + 10_000 * 0.5 + 100 * 6.25 + 10 * 10 + 700 * 25) / 1_000_000
    assert book().cost("claude", "claude-opus-4-5", counts, FRIDAY) == round(dollars * 1e9)


@pytest.mark.parametrize("model", ["claude-opus-4-5-20251101", "claude-opus-4-5-2025-11-01", "claude-opus-4-5-latest"])
def test_snapshots_cost_what_the_model_does(model: str) -> None:
    assert book().cost("claude", model, counters(input=1_000_000), FRIDAY) == 5 * 10**9


@pytest.mark.parametrize(
    ("upstream", "model"),
    [
        ("claude", "claude-opus-4-5-thinking"),
        ("local", "claude-opus-4-5"),
        ("gone", "m"),
        ("claude", "claude-opus-4-55"),
    ],
)
def test_an_unknown_price_is_none_and_never_zero(upstream: str, model: str) -> None:
    assert book().cost(upstream, model, counters(input=1), FRIDAY) is None


def test_unknown_counts_have_no_cost() -> None:
    assert book().cost("claude", "claude-opus-4-5", UNKNOWN, FRIDAY) is None
    assert book().cost("claude", "claude-opus-4-5", counters(output=0), FRIDAY) == 0


def test_a_price_holds_from_its_day_on() -> None:
    read = counters(input=0, cache_read=1_000_000)
    before, after = parse_moment("2026-10-06T23:59:59Z"), parse_moment("2026-10-07")
    assert book().cost("claude", "claude-sonnet-5-5", read, before) == 200_000_000
    assert book().cost("claude", "claude-sonnet-5-5", read, after) == 100_000_000
    assert book().cost("claude", "claude-opus-5-5", read, parse_moment("2026-09-21")) is None


def test_long_prompts_cost_more_or_what_nobody_knows() -> None:
    short, long = counters(input=100_000), counters(input=50_000, cache_read=50_001)
    assert book().cost("claude", "claude-haiku-5-5", short, FRIDAY) == 10_000_000
    assert book().cost("claude", "claude-haiku-5-5", long, FRIDAY) == 50_000 * 500 + 50_001 * 50
    openai = PriceBook(shipped(), {"o": "openai"})
    assert openai.cost("o", "gpt-5.4", counters(input=272_000), FRIDAY) == 680_000_000
    assert openai.cost("o", "gpt-5.4", counters(input=272_001), FRIDAY) is None


@pytest.mark.parametrize(
    ("moment", "is_peak"),
    [
        ("2026-11-20T00:59:59Z", False), ("2026-11-20T01:00:00Z", True), ("2026-11-20T03:59:59Z", True),
        ("2026-11-20T04:00:00Z", False), ("2026-11-20T06:00:00Z", True), ("2026-11-21T02:00:00Z", False),
        ("2026-11-22T02:00:00Z", False), ("2026-11-23T02:00:00Z", True),
    ],
)  # fmt: skip
def test_peak_hours(moment: str, is_peak: bool) -> None:
    cost = book().cost("seek", "deepseek-flash", counters(input=1_000_000), parse_moment(moment))
    assert cost == (300_000_000 if is_peak else 150_000_000)


def configured(**changes: Any) -> Configured:
    return Configured(**{"model": "m", "input": 1.0, "output": 2.0, **changes})


def test_the_configuration_goes_first() -> None:
    own = book(configured(model="claude-*", upstream="claude", input=0.0028), configured(model="local-*"))
    assert own.cost("claude", "claude-opus-4-5", counters(input=1_000_000), FRIDAY) == 2_800_000
    assert own.cost("local", "local-x", counters(output=3), FRIDAY) == 6000
    assert own.cost("local", "claude-opus-4-5", counters(input=1), FRIDAY) is None
    free = book(configured(model="*", upstream="local", input=0, output=0))
    assert free.cost("local", "anything", counters(input=5, output=5), FRIDAY) == 0


def test_the_most_exact_price_holds() -> None:
    prices = [configured(model="*"), configured(model="m-*", input=3.0), configured(model="m-1", input=4.0)]
    own = book(*prices)
    costs = [own.cost("local", model, counters(input=1_000_000), FRIDAY) for model in ("x", "m-2", "m-1")]
    assert costs == [10**9, 3 * 10**9, 4 * 10**9]


def test_what_is_not_priced_costs_as_much_as_its_kind() -> None:
    own = book(configured(cache_write=1.5))
    assert own.cost("local", "m", counters(reasoning=1_000_000, output=0), FRIDAY) == 2 * 10**9
    assert own.cost("local", "m", counters(input=0, cache_read=1_000_000), FRIDAY) == 10**9
    assert own.cost("local", "m", counters(input=0, cache_write_1h=1_000_000), FRIDAY) == 1_500_000_000


def test_names_that_clients_invent_are_forgotten() -> None:
    own = book()
    for number in range(10_000):
        own.find("local", f"m-{number}", FRIDAY)
    assert len(own._found) <= 4096


def test_every_shipped_price_is_whole_and_dated() -> None:
    prices = shipped()
    assert len({(price.upstream, price.model, price.since) for price in prices}) == len(prices)
    for price in prices:
        assert price.upstream
        assert 0 < price.rates.input <= price.rates.output
        assert price.rates.cache_read <= price.rates.input


@given(
    st.lists(st.integers(0, 10**9), min_size=6, max_size=6), st.lists(st.integers(0, 10**12), min_size=6, max_size=6)
)
def test_cost_is_exact_and_never_rounded_down(counts: list[int], prices: list[int]) -> None:
    cost = Rates(*prices).cost(tuple(counts))
    exact = sum(price * count for price, count in zip(prices, counts, strict=True))
    assert cost is not None
    assert 0 <= cost * 1_000_000 - exact < 1_000_000


def test_a_price_without_a_tier_is_flat() -> None:
    price = Price(rates=Rates(1, 1, 1, 1, 1, 1), model="m")
    assert price.at(counters(input=10**9), FRIDAY) == price.rates
