"""Every backend of shared state that the property tests are run against."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from inspect import isawaitable
from types import MappingProxyType
from typing import TypeVar

from fastproxy.shared_state import Amounts, Claim, Granted, MemoryState, Refused, SharedState, answered

T = TypeVar("T")
#: 2026-11-20 00:00 UTC.
START = 1_795_132_800.0


class Clock:
    """Time that moves when told."""

    def __init__(self) -> None:
        self.now = START

    def __call__(self) -> float:
        return self.now


BACKENDS: Mapping[str, Callable[[Clock], SharedState]] = MappingProxyType({"memory": MemoryState})


def at_once(answer: T | Awaitable[T]) -> T:
    """The answer, whichever kind of backend gives it."""
    return asyncio.run(answered(answer)) if isawaitable(answer) else answer


def acquired(state: SharedState, lease_id: str, claims: Sequence[Claim], amounts: Amounts) -> Granted | Refused:
    """The answer to a request for a lease."""
    answer = state.acquire(lease_id, claims, amounts)
    if isinstance(answer, (Granted, Refused)):
        return answer

    async def wait() -> Granted | Refused:
        return await answer

    return asyncio.run(wait())
