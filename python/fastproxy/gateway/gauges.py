"""How accounts and queues stand, for whoever reads the metrics at this moment."""

from __future__ import annotations

import time
from collections.abc import Mapping

from prometheus_client.metrics_core import Metric

from ..pool import Pool
from ..telemetry.families import Labels, gauge

_STATES = ("ready", "full", "cooling", "exhausted", "disabled")
_LABELS = ("upstream", "account")


async def account_gauges(pools: Mapping[str, Pool], most: int) -> list[Metric]:
    """Of each upstream's accounts the first `most`: an operator with more of them reads sums."""
    in_flight: list[tuple[Labels, float]] = []
    limits: list[tuple[Labels, float]] = []
    states: list[tuple[Labels, float]] = []
    rests: list[tuple[Labels, float]] = []
    now = time.time()
    for upstream, pool in pools.items():
        for account in (await pool.standings())[:most]:
            labels = (upstream, account.name)
            in_flight.append((labels, account.in_flight))
            states += [((*labels, state), int(account.state == state)) for state in _STATES]
            rests.append((labels, max(0.0, (account.until or now) - now)))
            if account.limits.max_in_flight is not None:
                limits.append((labels, account.limits.max_in_flight))
    waiting: list[tuple[Labels, float]] = [((name,), pool.waiting()) for name, pool in pools.items()]
    return [
        gauge("fastproxy_account_in_flight", "Requests at an account.", in_flight, _LABELS),
        gauge("fastproxy_account_limit", "Requests that an account may have at once.", limits, _LABELS),
        gauge("fastproxy_account_state", "1 for the state it is in.", states, (*_LABELS, "state")),
        gauge("fastproxy_account_cooldown_seconds", "Until it may serve again.", rests, _LABELS),
        gauge("fastproxy_queue_length", "Requests that wait for an account.", waiting, ("upstream",)),
    ]
