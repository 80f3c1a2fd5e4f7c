"""Records and outcomes to write about."""

from dataclasses import dataclass, field
from typing import Any

from fastproxy.errors import ProxyError
from fastproxy.usage.records import Intent, Settlement

USAGE = dict.fromkeys(("input", "cache_read", "cache_write", "cache_write_1h", "tool_prompt", "output", "reasoning"))


def intent(id_: str = "1", **changes: Any) -> Intent:
    given = {
        "id": id_, "request_id": f"r-{id_}", "started_at": 1_790_000_000_000, "key": "dev", "owner": None, "project": None,
        "dialect": "anthropic", "stream": True, "model_asked": "m", "model": "m-1", "upstream": "up", "account": "a",
        "attempts": 1, "input_estimate": 100,
    }  # fmt: skip
    return Intent(**{**given, **changes})


def settlement(id_: str = "1", **changes: Any) -> Settlement:
    given = {
        "id": id_, "status": "ok", "error": None, "duration_ms": 5, "ttft_ms": 1, "model_served": "m-1",
        "counters": (10, None, None, None, 5, None), "is_estimated": False, "is_recovered": False, "finish": "stop",
        "loss": None, "cost_nano_usd": 7,
    }  # fmt: skip
    return Settlement(**{**given, **changes})


@dataclass
class Outcome:
    """As an exchange gives it."""

    status: str = "completed"
    retry_class: str = "never"
    usage: dict[str, int | None] = field(default_factory=lambda: dict(USAGE))
    output_bytes: int = 0
    finish: str | None = "stop"
    upstream_model: str | None = "m-1"
    ttft_ms: float | None = 1.5
    error: ProxyError | None = None
    losses: list[tuple[str, str, str]] = field(default_factory=list)
