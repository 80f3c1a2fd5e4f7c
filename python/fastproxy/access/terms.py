"""What a client key is for and how much it may use: the same for keys in the configuration and in the store."""

from __future__ import annotations

from decimal import Decimal

import msgspec

from ..config import Key
from ..shared_state import Budget, Claim, Period, Rate, Slots

NANO_PER_USD = 10**9
TOKENS = "tokens"
REQUESTS = "requests"
MONEY = "nano_usd"


class Allowance(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """At most so much in each period (days and months of UTC)."""

    period: Period
    nano_usd: int | None = None
    tokens: int | None = None


class Terms(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """`None` bounds nothing. This is also the form in the store, so fields are only added, with a default."""

    models: tuple[str, ...] | None = None
    upstreams: tuple[str, ...] | None = None
    owner: str | None = None
    project: str | None = None
    requests_per_minute: int | None = None
    tokens_per_minute: int | None = None
    concurrency: int | None = None
    budgets: tuple[Allowance, ...] = ()
    shows_account: bool = False
    default_model: str | None = None
    pin_accounts: bool = False

    @property
    def has_money_budget(self) -> bool:
        """Whether prices matter."""
        return any(allowance.nano_usd is not None for allowance in self.budgets)

    def on_entry(self, name: str) -> Claim | None:
        """What a request takes while it runs; `None`: nothing is bounded."""
        subject = subject_of(name)
        slots = (Slots(subject, self.concurrency),) if self.concurrency is not None else ()
        rates = (Rate(subject, REQUESTS, self.requests_per_minute),) if self.requests_per_minute is not None else ()
        return Claim(slots=slots, rates=rates) if slots or rates else None

    def on_spending(self, name: str) -> Claim | None:
        """What a request sets aside before it reaches an upstream."""
        subject = subject_of(name)
        rates = (Rate(subject, TOKENS, self.tokens_per_minute),) if self.tokens_per_minute is not None else ()
        budgets: list[Budget] = []
        for allowance in self.budgets:
            if allowance.nano_usd is not None:
                budgets.append(Budget(subject, MONEY, allowance.nano_usd, allowance.period))
            if allowance.tokens is not None:
                budgets.append(Budget(subject, TOKENS, allowance.tokens, allowance.period))
        return Claim(rates=rates, budgets=tuple(budgets)) if rates or budgets else None


def subject_of(name: str) -> str:
    """What shared state calls a key."""
    return f"key:{name}"


def nano_usd(usd: float) -> int:
    """Whole nano-USD of an amount as it was written."""
    return int(Decimal(repr(usd)) * NANO_PER_USD)


def terms_of(key: Key) -> Terms:
    """The terms of a key in the configuration."""
    budgets = tuple(
        Allowance(period=b.period, nano_usd=None if b.usd is None else nano_usd(b.usd), tokens=b.tokens)
        for b in key.budgets
    )
    return Terms(
        models=tuple(key.models) if key.models is not None else None,
        upstreams=tuple(key.upstreams) if key.upstreams is not None else None,
        owner=key.owner,
        project=key.project,
        requests_per_minute=key.requests_per_minute,
        tokens_per_minute=key.tokens_per_minute,
        concurrency=key.concurrency,
        budgets=budgets,
        shows_account=key.shows_account,
        default_model=key.default_model,
        pin_accounts=key.pin_accounts,
    )
