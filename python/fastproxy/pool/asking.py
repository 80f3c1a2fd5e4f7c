"""Runs what asks shared state several times, whether its answers come at once or have to be waited for."""

from __future__ import annotations

from collections.abc import Awaitable, Generator
from typing import TypeVar

from ..shared_state import Granted, Refused

Answer = Granted | Refused
R = TypeVar("R")
Steps = Generator[Answer | Awaitable[Answer], Answer, R]


def run(steps: Steps[R]) -> R | Awaitable[R]:
    """The result; where an answer has to be waited for, what waits for it and for the rest."""
    try:
        answer = next(steps)
        while isinstance(answer, (Granted, Refused)):
            answer = steps.send(answer)
    except StopIteration as stop:
        result: R = stop.value
        return result
    return _finish(steps, answer)


async def _finish(steps: Steps[R], answer: Answer | Awaitable[Answer]) -> R:
    try:
        while True:
            try:
                known = answer if isinstance(answer, (Granted, Refused)) else await answer
            except BaseException as error:
                # Cancelled while asked: the steps take back what may have been granted.
                answer = steps.throw(error)
            else:
                answer = steps.send(known)
    except StopIteration as stop:
        result: R = stop.value
        return result
