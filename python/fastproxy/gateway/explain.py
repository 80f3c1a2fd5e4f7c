"""What would become of a request: every candidate, why it would be tried or skipped, what it would lose. Nothing is
sent, leased or counted."""

from __future__ import annotations

from collections import Counter

import msgspec

from .. import _core
from ..access import Caller
from ..asgi import Headers
from ..errors import ProxyError
from ..pool import Standing
from ..pool.account import serves
from ..routing import Candidate
from .losses import loses_more, severe
from .permission import asked_for, route_for
from .snapshot import Snapshot

#: Accounts told one by one; of larger pools only the counts.
_MAX_ACCOUNTS = 50


class Lost(msgspec.Struct, frozen=True):
    """Something that this place cannot carry."""

    code: str
    path: str
    detail: str
    #: A part of the request, not a shade: fallbacks that add one are skipped.
    is_severe: bool


class Place(msgspec.Struct, frozen=True, kw_only=True):
    """One candidate and its prospects."""

    upstream: str
    model: str
    dialect: str
    is_fallback: bool
    #: `try` or `skip`.
    verdict: str
    #: Why it is skipped, or that it stands behind others.
    reason: str
    #: Bytes pass unchanged: both sides speak one dialect.
    is_raw: bool = False
    losses: list[Lost] = []
    #: How many of its accounts are in which state, those that do not serve this model or these tags left out.
    states: dict[str, int] = {}
    accounts: list[Standing] = []


class Explanation(msgspec.Struct, frozen=True, kw_only=True):
    """What would become of a request."""

    model: str
    #: The entry of the configuration that takes the name.
    entry: str = ""
    order: str = ""
    strict: bool = False
    #: Why it would be refused before any upstream is thought of.
    error: str = ""
    places: list[Place] = []


async def explain(
    snapshot: Snapshot, request: _core.Request, caller: Caller, headers: Headers | None = None
) -> Explanation:
    """Route a request as it would be routed now, and look at every place without touching it."""
    asked = asked_for(snapshot.router, caller, request.model)
    try:
        route = route_for(snapshot.router, caller, request.model)
    except ProxyError as error:
        return Explanation(model=asked, error=error.message)
    places: list[Place] = []
    first: _core.Prepared | None = None
    for candidate in route.candidates:
        look = _Look(snapshot, request, caller, headers or [])
        prepared, refusal = look.prepare(candidate, route.strict)
        if prepared is not None and first is not None and not route.lossy_fallback and loses_more(prepared, first):
            refusal = "cannot carry all that the first place carries (lossy_fallback is off)"
        first = first or prepared
        is_behind = any(place.verdict == "try" for place in places)
        places.append(await look.place(candidate, prepared, refusal, is_behind=is_behind))
    return Explanation(
        model=asked, entry=route.entry, order=route.order, strict=route.strict, places=places,
        error="" if any(place.verdict == "try" for place in places) else "no place can serve this request now",
    )  # fmt: skip


class _Look:
    """A look at the places of one request."""

    def __init__(self, snapshot: Snapshot, request: _core.Request, caller: Caller, headers: Headers) -> None:
        self._snapshot = snapshot
        self._request = request
        self._caller = caller
        self._headers = headers

    def prepare(self, candidate: Candidate, strict: bool) -> tuple[_core.Prepared | None, str]:
        """The request in this place's dialect, or why it cannot be carried."""
        upstream = self._snapshot.upstreams[candidate.upstream]
        target = upstream.target(candidate.model, self._request.dialect, self._headers)
        try:
            return self._request.prepare(target, owner=self._caller.name, strict=strict), ""
        except ProxyError as error:
            return None, error.message

    async def place(
        self, candidate: Candidate, prepared: _core.Prepared | None, refusal: str, *, is_behind: bool
    ) -> Place:
        """The prospects of one candidate."""
        upstream = self._snapshot.upstreams[candidate.upstream]
        standings = [
            standing for standing in await upstream.pool.standings()
            if serves(standing.models, standing.tags, candidate.model, candidate.tags)
        ]  # fmt: skip
        states = Counter(_state_for(standing, candidate.model) for standing in standings)
        reason = refusal or _lack(states)
        parts = severe(prepared) if prepared is not None else set()
        losses = prepared.losses if prepared is not None else []
        return Place(
            upstream=candidate.upstream,
            model=candidate.model,
            dialect=upstream.dialect,
            is_fallback=candidate.is_fallback,
            verdict="skip" if reason else "try",
            reason=reason or ("if those before it fail" if is_behind else "first"),
            is_raw=prepared is not None and prepared.is_raw,
            losses=[Lost(code, path, detail, (code, path) in parts) for code, path, detail in losses],
            states=dict(states),
            accounts=standings[:_MAX_ACCOUNTS],
        )


def _state_for(standing: Standing, model: str) -> str:
    """The state for this model: one that rests for it alone does not serve it either."""
    return "cooling" if standing.state == "ready" and model in standing.resting_models else standing.state


def _lack(states: Counter[str]) -> str:
    """Why no account can serve; full ones are waited for."""
    if not states:
        return "no account is for this model and these tags"
    if states["ready"] or states["full"]:
        return ""
    return "no account can serve now: " + ", ".join(f"{count} {state}" for state, count in sorted(states.items()))
