"""What the simulation saw: one record per request, kept for tests to look at."""

import asyncio
import json
import time
from typing import Any

from fastproxy.demo.errors import Header
from fastproxy.demo.wire import Connection, HttpRequest


class Recorded:
    """One request as it arrived, and what became of it."""

    def __init__(self, request: HttpRequest, connection: Connection) -> None:
        self.method = request.method
        self.target = request.target
        self.path = request.path
        self.query = request.query
        self.headers: tuple[Header, ...] = request.headers
        self.body = request.body
        self.connection = connection.serial
        """Requests with the same number came over the same connection."""
        self.arrived_at = time.monotonic()
        self.answered_at: float | None = None
        """When the last byte that was meant to be sent had been handed over; None while it is not."""
        self.left_at: float | None = None
        """When the client went away before that; None if it did not."""
        self.status: int | None = None
        self._over = asyncio.Event()

    def header(self, name: str) -> str | None:
        return next((value for key, value in self.headers if key == name), None)

    @property
    def key(self) -> str:
        """The key that it came with, whichever header carried it."""
        sent = self.header("authorization") or self.header("x-api-key") or self.header("x-goog-api-key") or ""
        return sent.removeprefix("Bearer ")

    def json(self) -> Any:
        """The body as JSON."""
        return json.loads(self.body)

    @property
    def was_abandoned(self) -> bool:
        return self.left_at is not None

    def close(self, *, left_at: float | None) -> None:
        """The exchange is over: answered, or the client left at the given time."""
        if left_at is None:
            self.answered_at = time.monotonic()
        else:
            self.left_at = left_at
        self._over.set()

    async def over(self) -> "Recorded":
        """Wait until the answer was delivered or the client went away."""
        await self._over.wait()
        return self
