"""Whose fault a failed attempt is, and how long that one rests.

| what the upstream said | charged to | rest |
|---|---|---|
| 400, 404, 409, 413, 422 | the client | none |
| 401 | the account | `max_cooldown` |
| 402, spend limit, quota (also as 429 or 403) | the account: exhausted | as stated, else from 5 minutes on, doubling, at most `max_exhausted` |
| 403 | the account with this model | `max_cooldown` |
| 429 | the account with this model (or the account) | as stated, else doubling from 1 s |
| 408, 500, 503, 504, 529 | the account with this model | the third in a row; doubling from 1 s; a share of the pool at most |
| nothing, or half an answer | the way there | none |
"""

from __future__ import annotations

import random
from typing import Literal

import msgspec

from ..errors import ProxyError
from ..shared_state import Fault
from .terms import Terms

#: First rests, doubled with each fault in a row. Seconds.
_FIRST, _FIRST_EXHAUSTED = 1.0, 300.0
#: Failures in a row before an account rests for the upstream's own errors: one 500 says little about a key.
_FAILURES = 3

Cause = Literal["rate_limit", "credential", "exhausted", "permission", "failure", "overloaded"]

_CAUSES: dict[str, Cause] = {
    "rate_limit": "rate_limit",
    "auth": "credential",
    "billing": "exhausted",
    "permission": "permission",
    "upstream": "failure",
    "timeout": "failure",
    "request_timeout": "failure",
    "overloaded": "overloaded",
}


class Charge(msgspec.Struct, frozen=True):
    """A fault, and whether it is the account's or the account's with one model."""

    fault: Fault
    is_models: bool


def cause_of(error: ProxyError) -> Cause | None:
    """What an account is charged with; nothing for the client's mistakes and the way to the upstream."""
    return _CAUSES.get(error.kind) if error.upstream_status is not None else None


def charge(cause: Cause, wait: float | None, terms: Terms, pool: str, size: int) -> Charge:
    """The fault in the terms of a pool of this size. `wait`: seconds that the upstream stated."""
    cap = terms.max_cooldown
    draw = random.random()  # noqa: S311 - jitter, not a secret
    if cause in ("credential", "permission"):
        fault = Fault(why=cause, base=cap, cap=cap, jitter=1.0)
        return Charge(fault, is_models=cause == "permission")
    if cause == "exhausted":
        longest = terms.max_exhausted if cap > 0 else 0.0
        # Half of it at least: nobody fills a purse within a second.
        fault = Fault(why=cause, base=_FIRST_EXHAUSTED, cap=longest, jitter=0.5 + draw / 2, stated=wait)
        return Charge(fault, is_models=False)
    if cause == "rate_limit":
        fault = Fault(why=cause, base=_FIRST, cap=cap, jitter=draw, stated=wait)
        return Charge(fault, is_models=terms.rate_limits == "model")
    limit = max(1, int(size * terms.max_cooling))
    fault = Fault(
        why=cause, base=_FIRST, cap=cap, jitter=draw, stated=wait, after=1 if wait is not None else _FAILURES,
        group=f"pool:{pool}", group_limit=limit,
    )  # fmt: skip
    return Charge(fault, is_models=True)
