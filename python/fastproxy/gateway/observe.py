"""Counting a request once it has been answered."""

from __future__ import annotations

import time

from ..telemetry.metrics import Metrics
from .call import Call


def observe(metrics: Metrics, call: Call) -> None:
    """How it was answered and how long that took. Requests that are no generations count only where they fail."""
    error = str(call.notes.get("error") or "")
    if error == "auth":
        metrics.auth_failures.add()
    if call.is_client_gone:
        metrics.disconnects.add("answer" if call.status == 200 else "before")
    bill = call.open_bill
    if bill is None:
        return
    seconds = time.perf_counter() - call.started_at
    intent, outcome = bill.entry.intent, bill.entry.outcome
    model = metrics.model(intent.model) if intent is not None else ""
    served = (call.dialect, model, intent.upstream if intent is not None else "")
    stream = "true" if bill.entry.asked.stream else "false"
    metrics.requests.add(*served, f"{call.status // 100}xx", error, stream)
    if intent is None:
        return
    metrics.duration.observe(seconds, *served)
    metrics.overhead.observe(max(0.0, seconds - bill.upstream_seconds), call.dialect)
    if outcome is not None and outcome.ttft_ms is not None:
        metrics.first_chunk.observe(outcome.ttft_ms / 1000, *served)
