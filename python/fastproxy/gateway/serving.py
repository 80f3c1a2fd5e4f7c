"""One request served: candidate after candidate, account after account, until one has answered."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING

from .. import _core
from ..errors import ProxyError
from ..routing import Candidate, Route
from .attempting import Attempting
from .call import Call
from .deadline import Deadline
from .losses import loses_more
from .media import FetchedMedia
from .retries import Attempts, public
from .snapshot import Snapshot

if TYPE_CHECKING:
    from .gateway import Gateway


class Serving:
    """The attempts of one request."""

    def __init__(self, gateway: Gateway, call: Call, request: _core.Request, snapshot: Snapshot) -> None:
        self.gateway = gateway
        self.call = call
        self.request = request
        self.snapshot = snapshot
        self.deadline = Deadline(call.headers)
        self.attempts = Attempts(gateway.retries, self.deadline)
        #: Where the answer is kept that this request continues.
        self.place = gateway.kept.place(call.caller, request.continues)
        self._media = FetchedMedia(gateway.client, snapshot.config.media)

    @functools.cached_property
    def conversation(self) -> int:
        """The conversation that the request belongs to."""
        return self.request.conversation()

    async def run(self, route: Route) -> None:
        """Try every candidate that can carry the request, until one has answered or nothing more may be tried."""
        failure: ProxyError | None = None
        first: _core.Prepared | None = None
        candidates = self.place.among(route.candidates) if self.place is not None else route.candidates
        for position, candidate in enumerate(candidates, start=1):
            try:
                target = self._target(candidate)
                if (own := self.request.own_answer(target)) is not None:
                    await self._deliver_own(own)
                    return
                prepared = await self._prepare(target, route.strict)
                if first is not None and not route.lossy_fallback and loses_more(prepared, first):
                    continue
                first = first or prepared
                await self.call.bill.reserve(prepared, candidate.upstream, candidate.model)
                failure = await Attempting(self, candidate, prepared, is_last=position == len(candidates)).serve()
            except ProxyError as error:
                failure = failure or error
                continue
            if failure is None:
                return
            if failure.retry == "never" or self.attempts.is_over:
                break
        raise public(failure or ProxyError("internal", "no candidate was tried", source="proxy"))

    def _target(self, candidate: Candidate) -> _core.Target:
        upstream = self.snapshot.upstreams[candidate.upstream]
        return upstream.target(candidate.model, self.call.dialect, self.call.headers)

    async def _prepare(self, target: _core.Target, strict: bool) -> _core.Prepared:
        found = await self._media.wanted_by(self.request, target)
        return self.request.prepare(target, owner=self.call.caller.name, strict=strict, media=found)

    async def _deliver_own(self, answer: bytes) -> None:
        """An answer that no upstream was asked for: the client only wanted a model to be loaded."""
        if self.request.stream:
            await self.call.respond_as(self.call.stream_type, answer + b"\n")
        else:
            await self.call.respond(200, answer)
