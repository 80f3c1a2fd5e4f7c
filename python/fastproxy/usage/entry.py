"""The usage of one request, from its first call of an upstream to its end."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable
from typing import Literal, Protocol

import msgspec

from ..clock import now_ms
from ..errors import ProxyError
from .estimate import Outcome, counters_of, status_of
from .journal import Journal, JournalFull
from .pricing import PriceBook
from .records import NOTHING, UNKNOWN, Counters, Intent, Settlement

#: Which outcome of several tells of a request: the one that the client saw most of.
_RANK = {"failed": 0, "cancelled": 1, "aborted": 2, "completed": 3}

#: What a request is counted by: tokens; nothing, because it is free (counting a prompt's tokens); or what the proxy does
#: not understand (images, sound), so that neither tokens nor cost are known.
Metering = Literal["tokens", "free", "unknown"]


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """What a usage row tells of a request, whoever serves it."""

    id: str
    request_id: str
    key: str
    owner: str | None
    project: str | None
    dialect: str
    stream: bool
    model: str
    #: Prompt tokens by a rough count that costs nothing, for a process that dies.
    rough_input: int
    #: Prompt tokens by a better one, made only when it is needed.
    count_input: Callable[[], int]
    metering: Metering = "tokens"


class Answer(Outcome, Protocol):
    """An outcome with what the row tells besides."""

    @property
    def finish(self) -> str | None: ...
    @property
    def upstream_model(self) -> str | None: ...
    @property
    def ttft_ms(self) -> float | None: ...
    @property
    def error(self) -> ProxyError | None: ...
    @property
    def losses(self) -> list[tuple[str, str, str]]: ...


class Spent(msgspec.Struct, frozen=True):
    """What a request came to."""

    counters: Counters
    cost_nano_usd: int | None
    is_estimated: bool
    status: str

    @property
    def tokens(self) -> int:
        """All of them."""
        return sum(count or 0 for count in self.counters)


class Entry:
    """One row in the making. `attempt` before each call of an upstream, `ended` after it, `settle` once at the end."""

    def __init__(self, journal: Journal, prices: PriceBook, asked: Asked, *, when_full: str) -> None:
        self.asked = asked
        self.intent: Intent | None = None
        self.outcome: Answer | None = None
        #: The journal had no room, and the request is served all the same.
        self.is_dropped = False
        self._journal = journal
        self._prices = prices
        self._when_full = when_full
        self._losses: str | None = None
        self._account = ""
        self._began = time.perf_counter()

    def attempt(self, upstream: str, account: str, model: str, losses: str | None) -> None:
        """An upstream is about to be called. Raises `ProxyError` when that cannot be noted."""
        asked, before = self.asked, self.intent
        intent = Intent(
            id=asked.id,
            request_id=asked.request_id,
            started_at=before.started_at if before is not None else now_ms(),
            key=asked.key,
            owner=asked.owner,
            project=asked.project,
            dialect=asked.dialect,
            stream=asked.stream,
            model_asked=asked.model,
            model=model,
            upstream=upstream,
            account=account,
            attempts=before.attempts + 1 if before is not None else 1,
            input_estimate=asked.rough_input,
        )
        try:
            self._journal.intend(intent)
        except JournalFull as error:
            if self._when_full == "refuse" and before is None:
                raise ProxyError("overloaded", str(error), source="proxy", retry_after_ms=5000) from error
            self.is_dropped = before is None
        self.intent = intent
        self.outcome = None
        self._losses = losses

    def ended(self, outcome: Answer, account: str) -> None:
        """What became of an attempt. Of two that raced, the one that served is told; else the last."""
        if self.outcome is None or _RANK[outcome.status] >= _RANK[self.outcome.status]:
            self.outcome, self._account = outcome, account

    def settle(self) -> Spent | None:
        """The request is over; `None`: no upstream was called."""
        intent, outcome = self.intent, self.outcome
        if intent is None:
            return None
        if outcome is not None and self._account != intent.account:
            intent = self._served_by(intent, self._account)
        counters, is_estimated = self._counters(outcome)
        cost = self._cost(intent, counters)
        spent = Spent(counters, cost, is_estimated, status_of(outcome))
        if not self.is_dropped:
            self._write(intent, spent, outcome)
        return spent

    def _counters(self, outcome: Answer | None) -> tuple[Counters, bool]:
        if self.asked.metering != "tokens":
            return NOTHING if self.asked.metering == "free" else UNKNOWN, False
        needs_count = outcome is None or outcome.usage["input"] is None
        return counters_of(outcome, self.asked.count_input() if needs_count else 0)

    def _cost(self, intent: Intent, counters: Counters) -> int | None:
        if self.asked.metering != "tokens":
            return 0 if self.asked.metering == "free" else None
        return self._prices.cost(intent.upstream, intent.model, counters, intent.started_at)

    def _served_by(self, intent: Intent, account: str) -> Intent:
        """A race was won by the attempt that was noted first."""
        self.intent = msgspec.structs.replace(intent, account=account)
        with contextlib.suppress(JournalFull):
            self._journal.intend(self.intent)
        return self.intent

    def _write(self, intent: Intent, spent: Spent, outcome: Answer | None) -> None:
        error = outcome.error if outcome is not None else None
        self._journal.settle(
            Settlement(
                id=intent.id,
                status=spent.status,
                error=error.kind if error is not None else None,
                duration_ms=round((time.perf_counter() - self._began) * 1000),
                ttft_ms=round(outcome.ttft_ms) if outcome is not None and outcome.ttft_ms is not None else None,
                model_served=outcome.upstream_model if outcome is not None else None,
                counters=spent.counters,
                is_estimated=spent.is_estimated,
                is_recovered=False,
                finish=outcome.finish if outcome is not None else None,
                loss=self._loss(outcome),
                cost_nano_usd=spent.cost_nano_usd,
            )
        )

    def _loss(self, outcome: Answer | None) -> str | None:
        lost = [f"{code}={path}" for code, path, _ in outcome.losses] if outcome is not None and outcome.losses else []
        return ",".join([self._losses, *lost] if self._losses else lost) or None
