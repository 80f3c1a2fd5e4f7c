"""Limits that upstreams tell in headers, in every form that they use, and in none that could hurt."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fastproxy.pool.hints import Hint, hints

NOW = 1_795_132_800.0


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("1s", 1), ("6m0s", 360), ("120ms", 0.12), ("1h2m3.5s", 3723.5), ("17", 17), (str(NOW + 9), 9), (" 2.5 ", 2.5)],
)
def test_openais_words_for_a_reset(text: str, seconds: float) -> None:
    found = hints([("x-ratelimit-remaining-requests", "3"), ("x-ratelimit-reset-requests", text)], NOW)
    assert [(hint.unit, hint.left) for hint in found] == [("requests", 3)]
    assert found[0].until == pytest.approx(NOW + seconds)


@pytest.mark.parametrize("text", ["2026-11-20T00:00:30Z", "2026-11-20T02:00:30+02:00"])
def test_anthropics_dates(text: str) -> None:
    headers = [
        ("anthropic-ratelimit-input-tokens-remaining", "500"), ("anthropic-ratelimit-input-tokens-reset", text),
        ("anthropic-ratelimit-requests-remaining", "0"), ("anthropic-ratelimit-requests-reset", text),
    ]  # fmt: skip
    assert hints(headers, NOW) == [Hint("requests", 0, NOW + 30), Hint("tokens", 500, NOW + 30)]


@pytest.mark.parametrize(
    ("left", "reset"),
    [
        ("3", "-1"), ("3", "soon"), ("3", ""), ("-3", "1s"), ("x", "1s"), ("3", "nan"), ("3", "inf"), ("3", "1e300"),
        ("3", "1999-01-01T00:00:00Z"), ("3", "2026-11-20T00:00:30"), ("3", "5x"), ("²", "1s"), ("3", "40d"),
    ],
)  # fmt: skip
def test_what_makes_no_sense_is_as_if_it_were_not_there(left: str, reset: str) -> None:
    assert hints([("x-ratelimit-remaining-tokens", left), ("x-ratelimit-reset-tokens", reset)], NOW) == []


def test_half_a_hint_is_none() -> None:
    assert hints([("x-ratelimit-remaining-tokens", "3")], NOW) == []


@given(st.text(max_size=30), st.text(max_size=30))
def test_no_header_is_a_danger(left: str, reset: str) -> None:
    for hint in hints([("x-ratelimit-remaining-tokens", left), ("x-ratelimit-reset-tokens", reset)], NOW):
        assert hint.left >= 0
        assert NOW < hint.until <= NOW + 86_400
