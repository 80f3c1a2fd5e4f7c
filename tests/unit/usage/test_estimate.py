"""What a request is billed for when the upstream did not say all."""

from typing import Any

import pytest

from fastproxy.usage.estimate import counters_of, status_of

from .journals import USAGE, Outcome


def outcome(usage: dict[str, int] | None = None, **changes: Any) -> Outcome:
    return Outcome(usage={**USAGE, **(usage or {})}, **changes)


@pytest.mark.parametrize(
    ("given", "counters", "is_estimated"),
    [
        (outcome({"input": 10, "output": 5}, output_bytes=400), (10, None, None, None, 5, None), False),
        (outcome({"input": 10, "output": 5, "tool_prompt": 3, "cache_read": 90, "reasoning": 7}), (13, 90, None, None, 5, 7), False),
        (outcome(output_bytes=401), (50, None, None, None, 101, None), True),
        (outcome({"input": 10}, output_bytes=40), (10, None, None, None, 10, None), True),
        (outcome({"input": 10, "output": 1}, status="aborted", output_bytes=400), (10, None, None, None, 100, None), True),
        (outcome({"input": 10, "output": 500}, status="cancelled", output_bytes=400), (10, None, None, None, 500, None), False),
        (outcome({"input": 10, "output": 2, "reasoning": 3}, status="cancelled", output_bytes=400), (10, None, None, None, 97, 3), True),
        (outcome(status="cancelled"), (50, None, None, None, 0, None), True),
        (outcome(status="failed", retry_class="safe"), (0, 0, 0, 0, 0, 0), False),
        (outcome(status="failed", retry_class="never"), (0, 0, 0, 0, 0, 0), False),
        (outcome(status="failed", retry_class="ambiguous"), (50, None, None, None, 0, None), True),
        (None, (50, None, None, None, 0, None), True),
    ],
)  # fmt: skip
def test_counters(given: Outcome | None, counters: tuple[int | None, ...], is_estimated: bool) -> None:
    assert counters_of(given, 50) == (counters, is_estimated)


def test_status() -> None:
    assert status_of(outcome()) == "ok"
    assert status_of(outcome(status="failed", retry_class="safe")) == "error"
    assert status_of(outcome(status="failed", retry_class="ambiguous")) == "ambiguous"
    assert [status_of(outcome(status="aborted")), status_of(outcome(status="cancelled")), status_of(None)] == [
        "aborted"
    ] * 3
