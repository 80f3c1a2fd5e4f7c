"""How the accounts of a pool stand: for operators, in the words of the account states."""

from __future__ import annotations

import msgspec

from ..shared_state import Look, SharedState, answered
from .account import Account, State
from .terms import Limits


class Standing(msgspec.Struct, frozen=True, kw_only=True):
    """One account at one moment. Times are seconds since 1970."""

    name: str
    state: State
    #: Why it is cooling, exhausted or disabled.
    why: str = ""
    until: float | None = None
    in_flight: int = 0
    limits: Limits
    weight: float = 1
    priority: int = 0
    tags: tuple[str, ...] = ()
    models: tuple[str, ...] | None = None
    #: Models that it rests for alone, and until when.
    resting_models: dict[str, float]
    #: Used of each limit: `requests per 60s`, `tokens per day`, reservations included.
    used: dict[str, int]
    #: What an answer takes lately, in seconds; 0: not known.
    seconds: float = 0.0


async def standing(account: Account, state: SharedState, now: float) -> Standing:
    """How one account stands."""
    look = await answered(state.look(account.subject))
    models = {}
    for model in account.known_models():
        of_model = await answered(state.look(account.subject_of(model)))
        if of_model.rest is not None and of_model.rest.until > now:
            models[model] = of_model.rest.until
    name, why, until = _state(account, look, now)
    return Standing(
        name=account.name,
        state=name,
        why=why,
        until=until,
        in_flight=look.in_flight,
        limits=account.limits,
        weight=account.weight,
        priority=account.priority,
        tags=account.tags,
        models=account.models,
        resting_models=models,
        used=_used(look),
        seconds=account.speed.seconds(now),
    )


def _state(account: Account, look: Look, now: float) -> tuple[State, str, float | None]:
    if not account.is_enabled:
        return "disabled", account.disabled or "paused", None
    rest = look.rest
    if rest is not None and rest.until > now:
        return ("exhausted" if rest.why == "exhausted" else "cooling"), rest.why, rest.until
    if account.blocked_until > now and account.blocked_by == "exhausted":
        return "exhausted", "limit", account.blocked_until
    limit = account.limits.max_in_flight
    if limit is not None and look.in_flight >= limit:
        return "full", "", None
    return "ready", "", None


def _used(look: Look) -> dict[str, int]:
    used = {f"{unit} per {per:g}s": amount for (unit, per), amount in look.rates.items()}
    return used | {
        f"{unit} per {period}": spent + reserved for (unit, period), (spent, reserved) in look.budgets.items()
    }
