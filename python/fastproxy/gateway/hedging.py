"""A second attempt beside one that is slow to begin; the first that has something to say serves.

It costs the other one's tokens, so it is off unless configured, happens to a share of the requests at most, and never
when another account would have to be waited for.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import msgspec

from .. import _core
from ..pool import Lease

_BURST = 2.0


class HedgeBudget:
    """The share of requests that may be hedged."""

    def __init__(self) -> None:
        self._tokens = _BURST

    def deposit(self, share: float) -> None:
        """One request that might be."""
        self._tokens = min(self._tokens + share, _BURST)

    def withdraw(self) -> bool:
        """Whether this one is."""
        if self._tokens < 1:
            return False
        self._tokens -= 1
        return True


class Run(msgspec.Struct):
    """One attempt and what became of it."""

    lease: Lease
    outcome: _core.Outcome


#: Runs one attempt with a lease, in the race.
Attempt = Callable[[Lease], Awaitable[_core.Outcome]]
#: A lease on another account at once, or none.
Second = Callable[[], Awaitable[Lease | None]]


async def hedged(first: Lease, attempt: Attempt, second: Second, *, after: float, race: _core.Race) -> list[Run]:
    """Run the first attempt and, when nothing came for so long, a second one. The run that serves stands first; of runs
    that all failed, the first. Leases are the caller's to release."""
    tasks: dict[asyncio.Future[_core.Outcome], Lease] = {asyncio.ensure_future(attempt(first)): first}
    try:
        await asyncio.wait(tasks, timeout=after)
        done = [task for task in tasks if task.done()]
        if not done and not race.is_won and (lease := await second()) is not None:
            tasks[asyncio.ensure_future(attempt(lease))] = lease
        await _until_decided(tasks)
    finally:
        for task in tasks:
            if not task.done():
                task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
    runs = [Run(lease, task.result()) for task, lease in tasks.items() if not task.cancelled()]
    return sorted(runs, key=lambda run: run.outcome.status not in ("completed", "aborted"))


async def _until_decided(tasks: dict[asyncio.Future[_core.Outcome], Lease]) -> None:
    """Until one has answered, or none is left. A race ends the loser of two streams by itself."""
    pending = set(tasks)
    while pending:
        done, pending = await asyncio.wait(pending, return_when=asyncio.FIRST_COMPLETED)
        if any(task.result().status in ("completed", "aborted") for task in done):
            return
