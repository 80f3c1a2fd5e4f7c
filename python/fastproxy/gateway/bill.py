"""What one request may use, uses and costs: limits before, the usage row around, counts after."""

from __future__ import annotations

import time
from collections.abc import Callable
from types import TracebackType
from typing import TYPE_CHECKING, Self

import msgspec

from .. import _core
from ..access import Admission
from ..access.headers import limit_headers
from ..access.terms import MONEY, TOKENS
from ..clock import now_ms
from ..errors import ProxyError
from ..store.tables import COUNTERS
from ..usage.entry import Answer, Asked, Entry, Metering, Spent

if TYPE_CHECKING:
    from .books import Books
    from .call import Call


class Billed(msgspec.Struct, frozen=True, kw_only=True):
    """What is asked for, as far as a bill tells of it."""

    model: str
    stream: bool = False
    metering: Metering = "tokens"
    #: Its prompt's tokens, by our own count.
    count_input: Callable[[], int] = int

    @classmethod
    def of(cls, request: _core.Request, *, metering: Metering = "tokens") -> Self:
        """A request that was understood."""
        return cls(model=request.model, stream=request.stream, metering=metering, count_input=request.estimate_tokens)


class Bill:
    """One request's. `enter` once, `reserve` for each target, `attempt` and `ended` around each call of an upstream;
    leaving its context settles it, whatever happened."""

    def __init__(self, books: Books, call: Call, billed: Billed) -> None:
        caller = call.caller
        self._books = books
        self._call = call
        self._billed = billed
        self._admission = Admission(books.state, caller, call.request_id)
        self._plain_headers = call.extra
        self._model = ""
        self._losses: str | None = None
        #: Seconds that upstreams took.
        self.upstream_seconds = 0.0
        self._called_at = 0.0
        asked = Asked(
            id=call.own_id,
            request_id=call.request_id,
            key=caller.name,
            owner=caller.terms.owner,
            project=caller.terms.project,
            dialect=call.dialect,
            stream=billed.stream,
            model=billed.model,
            rough_input=-(-call.body_bytes // 4) if billed.metering == "tokens" else 0,
            count_input=self._count_input,
            metering=billed.metering,
        )
        self.entry = Entry(books.journal, books.prices, asked, when_full=books.settings.when_full)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._settle()

    async def enter(self) -> None:
        """Count the request against the key's limits. Raises `ProxyError`."""
        try:
            await self._admission.enter()
        except ProxyError as error:
            self._refused(error)
            raise
        finally:
            await self._tell_limits()

    async def reserve(self, prepared: _core.Prepared, upstream: str, model: str) -> None:
        """Set aside what the request may cost at this target. Raises `ProxyError`."""
        self.aim(upstream, model)
        self._losses = prepared.loss_header
        caller = self._call.caller
        if caller.terms.on_spending(caller.name) is None:
            return
        try:
            await self._admission.reserve(self._amounts(prepared, upstream, model))
        except ProxyError as error:
            self._refused(error)
            raise
        finally:
            await self._tell_limits()

    def aim(self, upstream: str, model: str) -> None:
        """Where it is going. Raises `ProxyError` when the key may not go there, or when its cost will never be known and
        has to be."""
        caller = self._call.caller
        if not caller.may_reach(upstream):
            raise ProxyError("permission", "this key may not use the upstream of this model", pointer="/model")
        if self._billed.metering == "unknown" and self._needs_price:
            raise ProxyError("permission", "what this costs is not known, and this key has a budget in money")
        self._model, self._losses = model, None

    @property
    def _needs_price(self) -> bool:
        return self._call.caller.terms.has_money_budget and self._books.access.unpriced == "refuse"

    def attempt(self, upstream: str, account: str) -> None:
        """An account is about to be called. Raises `ProxyError` when that cannot be noted."""
        self.entry.attempt(upstream, account, self._model, self._losses)
        self._books.live[self.entry.asked.id] = self.entry
        self._called_at = time.perf_counter()

    def ended(self, outcome: Answer, account: str) -> None:
        """What became of it."""
        self.entry.ended(outcome, account)
        self.upstream_seconds += time.perf_counter() - self._called_at
        intent, metrics = self.entry.intent, self._books.metrics
        if intent is not None:
            metrics.attempts.add(intent.upstream, outcome.status)
            if outcome.status == "failed" and outcome.error is not None:
                metrics.retries.add(intent.upstream, outcome.error.kind)
            elif outcome.status == "aborted":
                metrics.truncated.add(intent.upstream)

    def _amounts(self, prepared: _core.Prepared, upstream: str, model: str) -> dict[str, int]:
        """The most that the request is expected to come to."""
        read = self._count_input()
        written = prepared.max_output_tokens or self._books.access.reserve_output
        if self._call.purpose == "embed":
            written = 0
        cost = self._books.prices.cost(upstream, model, (read, None, None, None, written, None), now_ms())
        if cost is None and self._needs_price:
            raise ProxyError(
                "permission", f"no price is known for {model!r}, and this key has a budget in money", pointer="/model"
            )
        return {TOKENS: read + written, MONEY: cost or 0}

    def _count_input(self) -> int:
        """The prompt's tokens; by a rough count where the upstream is sent bytes that are not understood here."""
        try:
            return self._billed.count_input()
        except ProxyError:
            return -(-self._call.body_bytes // 4)

    def _refused(self, error: ProxyError) -> None:
        self._books.metrics.limit_hits.add("budget" if error.kind == "billing" else error.kind)

    async def _tell_limits(self) -> None:
        terms = self._call.caller.terms
        if terms.requests_per_minute is None and terms.tokens_per_minute is None:
            return
        look = await self._admission.look()
        told = limit_headers(self._call.dialect, self._call.caller, look, now_ms())
        self._call.extra = [*self._plain_headers, *told]

    def _settle(self) -> None:
        spent = self.entry.settle()
        self._books.live.pop(self.entry.asked.id, None)
        if spent is None:
            self._admission.leave(None)
            return
        self._admission.leave({TOKENS: spent.tokens, MONEY: spent.cost_nano_usd or 0})
        self._count(spent)

    def _count(self, spent: Spent) -> None:
        intent, metrics = self.entry.intent, self._books.metrics
        if intent is None:
            return
        if self.entry.is_dropped:
            metrics.dropped.add("journal_full")
        origin = "estimated" if spent.is_estimated else "upstream"
        counters = dict(zip(COUNTERS, spent.counters, strict=True))
        metrics.spent(metrics.model(intent.model), intent.upstream, counters, origin, spent.cost_nano_usd)
        self._call.notes["cost_usd"] = None if spent.cost_nano_usd is None else spent.cost_nano_usd / 10**9
