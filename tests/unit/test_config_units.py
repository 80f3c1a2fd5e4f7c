"""Durations and sizes."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fastproxy.config.units import format_duration, format_size, parse_duration, parse_size


@pytest.mark.parametrize(
    ("text", "seconds"),
    [(5, 5.0), (0.25, 0.25), ("30s", 30), ("5m", 300), ("1h30m", 5400), ("1h 30m", 5400), ("250ms", 0.25), ("1.5s", 1.5), ("2d", 172800), (" 3s ", 3)],
)  # fmt: skip
def test_durations(text: object, seconds: float) -> None:
    assert parse_duration(text) == seconds


@pytest.mark.parametrize(
    ("text", "size"),
    [(5, 5), ("64KiB", 65536), ("64kib", 65536), ("1.5MiB", 1572864), ("2GiB", 2**31), ("3MB", 3_000_000), ("7B", 7), (" 1 KB ", 1000)],
)  # fmt: skip
def test_sizes(text: object, size: int) -> None:
    assert parse_size(text) == size


@pytest.mark.parametrize(
    "text", ["", "s", "5", "5 parsecs", "-5s", "5s5", "1e9s", True, None, [], float("nan"), float("inf")]
)
def test_what_is_no_duration(text: object) -> None:
    with pytest.raises(ValueError, match="expected a number of seconds"):
        parse_duration(text)


@pytest.mark.parametrize("text", ["", "MiB", "5", "5 lots", "64M", "-1KiB", 1.5, True, None, {}, "9" * 400 + "B"])
def test_what_is_no_size(text: object) -> None:
    with pytest.raises(ValueError, match="expected a"):
        parse_size(text)


def test_an_absurd_number_stays_a_number() -> None:
    assert parse_duration(10**400) > 10 * 365 * 86400


@given(st.integers(0, 10**9))
def test_durations_survive_formatting(seconds: int) -> None:
    assert parse_duration(format_duration(seconds)) == pytest.approx(seconds, rel=1e-5)


@given(st.integers(0, 2**40))
def test_sizes_survive_formatting(size: int) -> None:
    assert parse_size(format_size(size)) == size
