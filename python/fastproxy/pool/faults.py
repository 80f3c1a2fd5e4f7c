"""Whose fault a failed attempt is, and how long that one rests.

| what the upstream said | charged to | rest |
|---|---|---|
| 400, 404, 409, 413, 422 | the client | none |
| 401 | the account | `max_cooldown` |
| 402, spend limit, quota (also as 429 or 403) | the account: exhausted | as stated, else from 5 minutes on, doubling, at most `max_exhausted` |
| 403 | the account with this model | `max_cooldown` |
| 429 | the account with this model (or the account) | as stated, else doubling from 1 s |
| 408, 500, 503, 504, 529 | the account with this model | the third in a row; doubling from 1 s; a share of the pool at most |
| it cannot be reached | its host, for all accounts (the account, where it has its own proxy) | the fifth in a row; doubling from 1 s, at most 10 s |
| no answer, or half of one | the way there | none |
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

#: And before the host does, which may hide a mere restart there. It comes back sooner than an account.
_UNREACHABLE, _HOST_CAP = 5, 10.0

Cause = Literal["rate_limit", "credential", "exhausted", "permission", "failure", "overloaded", "unreachable"]
Whom = Literal["host", "account", "model"]

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
    """A fault, and whose it is: the host's, the account's, or the account's with one model."""

    fault: Fault
    whom: Whom


def cause_of(error: ProxyError, *, was_sent: bool) -> Cause | None:
    """What is charged; nothing for the client's mistakes, nor for a request that went out and was not answered."""
    if error.upstream_status is None:
        return "unreachable" if error.kind == "unreachable" and not was_sent else None
    return _CAUSES.get(error.kind)


def charge(cause: Cause, wait: float | None, terms: Terms, pool: str, size: int, *, has_own_way: bool) -> Charge:
    """The fault in the terms of a pool of this size. `wait`: seconds that the upstream stated. `has_own_way`: the account
    reaches the upstream by a proxy of its own."""
    cap = terms.max_cooldown
    draw = random.random()  # noqa: S311 - jitter, not a secret
    if cause in ("credential", "permission"):
        fault = Fault(why=cause, base=cap, cap=cap, jitter=1.0)
        return Charge(fault, "model" if cause == "permission" else "account")
    if cause == "exhausted":
        longest = terms.max_exhausted if cap > 0 else 0.0
        # Half of it at least: nobody fills a purse within a second.
        fault = Fault(why=cause, base=_FIRST_EXHAUSTED, cap=longest, jitter=0.5 + draw / 2, stated=wait)
        return Charge(fault, "account")
    if cause == "rate_limit":
        fault = Fault(why=cause, base=_FIRST, cap=cap, jitter=draw, stated=wait)
        return Charge(fault, terms.rate_limits)
    if cause == "unreachable" and not has_own_way:
        fault = Fault(why=cause, base=_FIRST, cap=min(cap, _HOST_CAP), jitter=draw, after=_UNREACHABLE)
        return Charge(fault, "host")
    limit = max(1, int(size * terms.max_cooling))
    fault = Fault(
        why=cause, base=_FIRST, cap=cap, jitter=draw, stated=wait, after=1 if wait is not None else _FAILURES,
        group=f"pool:{pool}", group_limit=limit,
    )  # fmt: skip
    return Charge(fault, "account" if cause == "unreachable" else "model")
