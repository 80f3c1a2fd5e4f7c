"""The attempts of one request at one candidate: account after account, until one has answered."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from .. import _core
from ..access.keys import ANYBODY
from ..asgi import Headers
from ..errors import ProxyError
from ..pool import Lease, Need, Want
from ..routing import Candidate
from .hedging import Run, hedged
from .kept import Place
from .retries import Waits
from .verdict import charge

if TYPE_CHECKING:
    from .serving import Serving

_UNBUFFERED: Headers = [(b"cache-control", b"no-cache"), (b"x-accel-buffering", b"no")]
#: Bytes of JSON that make a token, about.
_BYTES_PER_TOKEN = 4
#: Tokens of an answer that are reserved where it is not bounded, and at most: agents bound theirs at what a model can
#: do at all, and no minute would hold two of those.
_ANSWER_TOKENS, _MOST_ANSWER_TOKENS = 1024, 4096


class Attempting:
    """The attempts at one candidate."""

    def __init__(self, serving: Serving, candidate: Candidate, prepared: _core.Prepared, *, is_last: bool) -> None:
        call, place = serving.call, serving.place
        self._serving = serving
        self._gateway = serving.gateway
        self._call = call
        self._request = serving.request
        self._attempts = serving.attempts
        self._limits = serving.snapshot.config.limits
        self._upstream = serving.snapshot.upstreams[candidate.upstream]
        self._prepared = prepared
        self._is_last = is_last
        self._prompt = call.body_bytes // _BYTES_PER_TOKEN
        self._need = Need(candidate.model, candidate.tags, place.pin(call.pinned) if place is not None else call.pinned)
        self._waits = Waits()

    async def serve(self) -> ProxyError | None:
        """Try the accounts. `None`: the client has been answered."""
        tried: frozenset[str] = frozenset()
        failure: ProxyError | None = None
        while True:
            wait = self._is_last and failure is None
            try:
                lease = await self._lease(tried, wait=wait)
            except ProxyError:
                if failure is not None:
                    return self._told(failure, tried)
                raise
            run = await self._run(lease, tried)
            if run is None:
                return None
            failure = run.outcome.error or ProxyError("internal", "an attempt failed without a reason", source="proxy")
            others = tried | {run.lease.account.name}
            has_other = not self._is_last or self._upstream.pool.can_serve(self._want(others, at_once=True))
            step = self._attempts.after(run.outcome, failure, has_other=has_other)
            if step == "give_up":
                return self._told(failure, others)
            if step == "other_account":
                tried = others

    def _told(self, failure: ProxyError, tried: frozenset[str]) -> ProxyError:
        return self._waits.told_in(failure, self._upstream.pool, self._want(tried, at_once=True))

    async def _run(self, lease: Lease, tried: frozenset[str]) -> Run | None:
        """One attempt, or two that race. `None`: the client has been answered."""
        leases = [lease]
        try:
            runs = await self._attempt_or_two(lease, leases, tried | {lease.account.name})
            for run in runs:
                self._settle(run)
            best = runs[0]
            if best.outcome.status == "failed":
                return best
            await self._deliver(best)
            return None
        finally:
            for held in leases:
                held.release()

    async def _attempt_or_two(self, lease: Lease, leases: list[Lease], others: frozenset[str]) -> list[Run]:
        after = self._upstream.pooling.hedge_after
        self._attempts.count += 1
        if after is None:
            return [Run(lease, await self._attempt(lease, None))]
        self._gateway.hedges.deposit(self._upstream.pooling.hedge_share)
        race = _core.Race()

        async def second() -> Lease | None:
            if not self._gateway.hedges.withdraw():
                return None
            try:
                leases.append(await self._lease(others, wait=False))
            except ProxyError:
                return None
            self._attempts.count += 1
            return leases[-1]

        return await hedged(lease, lambda held: self._attempt(held, race), second, after=after, race=race)

    async def _attempt(self, lease: Lease, race: _core.Race | None) -> _core.Outcome:
        call, upstream, request, limits = self._call, self._upstream, self._request, self._limits
        call.bill.attempt(upstream.name, lease.account.name)
        exchange = _core.Exchange(
            self._gateway.client,
            upstream.endpoint(lease.account),
            upstream.path(
                call.purpose,
                model=self._prepared.model,
                is_stream=request.stream,
                operation=call.operation if self._prepared.is_raw else None,
            ),
            request,
            self._prepared,
            headers=upstream.headers(lease.account, call.dialect, call.headers, call.request_id),
            head=call.head((b"content-type", call.stream_type), *_UNBUFFERED, *self._head(lease)),
            send=call.send,
            request_id=call.request_id,
            timeouts=upstream.seconds(request.stream, limits.max_stream_seconds),
            event_bytes=limits.event_bytes,
            response_bytes=limits.stream_bytes if request.stream else limits.response_bytes,
            race=race,
        )
        call.exchanges.add(exchange)
        try:
            if call.is_client_gone or call.is_cut:
                exchange.cancel("client_gone" if call.is_client_gone else "shutdown")
            outcome = await exchange.run()
            call.bill.ended(outcome, lease.account.name)
            return outcome
        except asyncio.CancelledError:
            exchange.cancel("shutdown" if call.is_cut and not call.is_client_gone else "client_gone")
            raise
        finally:
            call.exchanges.discard(exchange)
            self._note(lease)

    def _note(self, lease: Lease) -> None:
        self._call.notes.update(upstream=self._upstream.name, account=lease.account.name, attempts=self._attempts.count)
        if self._prepared.loss_header is not None:
            self._call.notes["loss"] = [f"{code}={path}" for code, path, _ in self._prepared.losses]

    def _settle(self, run: Run) -> None:
        """What the attempt used and told, and whose fault it was."""
        lease, outcome, pool = run.lease, run.outcome, self._upstream.pool
        pool.observe(lease, outcome.upstream_headers)
        lease.tokens = self._tokens(outcome)
        if outcome.status == "failed":
            lease.is_undone = outcome.upstream_status is None and outcome.retry_class == "safe"
            if outcome.error is not None:
                charge(self._upstream, lease, outcome.error, was_sent=outcome.retry_class != "safe")
                self._waits.note(lease.account, outcome.error)
        elif outcome.status == "completed":
            first = outcome.ttft_ms / 1000 if outcome.ttft_ms is not None else None
            made = outcome.usage.get("output") or outcome.output_bytes // _BYTES_PER_TOKEN
            pool.succeed(lease, ttft=first, tokens=made, seconds=outcome.duration_ms / 1000 - (first or 0.0))

    def _tokens(self, outcome: _core.Outcome) -> int | None:
        """What counts against limits: as the upstream counted, else estimated; `None`: nobody knows."""
        counts = [count for count in outcome.usage.values() if count is not None]
        if counts:
            return sum(counts)
        if outcome.status == "failed":
            return 0 if outcome.retry_class == "safe" else None
        return self._prompt + outcome.output_bytes // _BYTES_PER_TOKEN

    async def _deliver(self, run: Run) -> None:
        call, outcome = self._call, run.outcome
        self._note(run.lease)
        kept_at = Place(self._upstream.name, run.lease.account.name)
        self._gateway.kept.note(call.caller, self._request, self._prepared, outcome, kept_at)
        call.note_outcome(outcome)
        if outcome.status == "aborted":
            # The error event is out; returning without the last chunk closes the connection abnormally, which is what
            # makes SDKs raise instead of taking half an answer for a whole one.
            call.status = 200
        elif outcome.status == "cancelled":
            call.status = 499
        elif self._request.stream:
            call.status = 200
            await call.finish_stream()
        elif outcome.body is not None:
            await call.respond(200, outcome.body, *self._head(run.lease))

    def _head(self, lease: Lease) -> Headers:
        """What an answer tells of its way."""
        headers = [
            (b"x-fastproxy-upstream", self._upstream.name.encode()),
            (b"x-fastproxy-attempts", b"%d" % self._attempts.count),
        ]
        caller = self._call.caller
        if self._call.pinned or caller.terms.shows_account or (caller.pin_accounts and caller is not ANYBODY):
            headers.append((b"x-fastproxy-account", lease.account.name.encode()))
        if (loss := self._prepared.loss_header) is not None:
            headers.append((b"x-fastproxy-loss", loss.encode()))
        return headers

    async def _lease(self, tried: frozenset[str], *, wait: bool) -> Lease:
        pool = self._upstream.pool
        if not wait:
            return await pool.acquire(self._want(tried, at_once=True))
        patience = self._serving.deadline.patience(self._upstream.pooling.max_wait)
        return await pool.acquire(self._want(tried, at_once=False), patience=patience)

    def _want(self, tried: frozenset[str], *, at_once: bool) -> Want:
        return Want(
            need=self._need,
            excluded=tried,
            caller=self._call.caller.name,
            tokens=self._prompt + self._answer_tokens(),
            conversation=self._serving.conversation if self._upstream.pooling.affinity else None,
            at_once=at_once,
        )

    def _answer_tokens(self) -> int:
        if self._call.purpose == "embed":
            return 0
        bound = self._prepared.max_output_tokens
        return min(bound, _MOST_ANSWER_TOKENS) if bound is not None else _ANSWER_TOKENS
