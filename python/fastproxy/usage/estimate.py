"""What a request is billed for when the upstream did not say, or not all of it.

A whole answer with counts is billed by them. One that was cut is billed for what was produced: the counts that came
before the cut, or, where more had been delivered by then, that. A request that was refused costs nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

from .records import NOTHING, Counters

#: Bytes of text per token, about, over languages and code.
_BYTES_PER_TOKEN = 4


class Outcome(Protocol):
    """What became of an attempt, as far as it matters here."""

    @property
    def status(self) -> str: ...
    @property
    def retry_class(self) -> str: ...
    @property
    def usage(self) -> Mapping[str, int | None]: ...
    @property
    def output_bytes(self) -> int: ...


def status_of(outcome: Outcome | None) -> str:
    """`ok`, `error` (the upstream refused or failed), `ambiguous` (nobody knows what it did), `aborted`."""
    if outcome is None:
        return "aborted"
    if outcome.status == "failed":
        return "ambiguous" if outcome.retry_class == "ambiguous" else "error"
    return "ok" if outcome.status == "completed" else "aborted"


def counters_of(outcome: Outcome | None, input_estimate: int) -> tuple[Counters, bool]:
    """Disjoint token counts, and whether any of them is our own estimate."""
    if outcome is None:
        return (input_estimate, None, None, None, 0, None), True
    usage = outcome.usage
    is_known = usage["input"] is not None or usage["output"] is not None
    if outcome.status == "failed" and not is_known:
        if outcome.retry_class == "ambiguous":
            return (input_estimate, None, None, None, 0, None), True
        return NOTHING, False
    return _counted(usage, outcome, input_estimate)


def _counted(usage: Mapping[str, int | None], outcome: Outcome, input_estimate: int) -> tuple[Counters, bool]:
    is_estimated = False
    read, output, reasoning = usage["input"], usage["output"], usage["reasoning"]
    if read is None:
        read, is_estimated = input_estimate, True
    elif usage["tool_prompt"] is not None:
        read += usage["tool_prompt"]
    if output is None or outcome.status != "completed":
        delivered = -(-outcome.output_bytes // _BYTES_PER_TOKEN)
        counted = (output or 0) + (reasoning or 0)
        if output is None or delivered > counted:
            output, is_estimated = max(delivered - (reasoning or 0), output or 0), True
    counters = (read, usage["cache_read"], usage["cache_write"], usage["cache_write_1h"], output, reasoning)
    return counters, is_estimated
