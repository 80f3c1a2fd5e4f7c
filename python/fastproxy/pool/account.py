"""One credential at an upstream: what it may take, what it holds, and what stands against leasing it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from ..patterns import matches
from ..shared_state import Budget, Claim, Rate, Slots
from .lease import Lease
from .speed import Speed
from .terms import Limits

if TYPE_CHECKING:
    from .lane import Lane

#: Claims remembered: clients choose the names of models behind a pattern.
_MAX_CLAIMS = 64

State = Literal["ready", "full", "cooling", "exhausted", "disabled"]


class Account:
    """What is told about it is data; who holds it stands in shared state, and in `leases` as far as it is ours."""

    def __init__(
        self, name: str, *, key: str | None = None, limits: Limits | None = None, weight: float = 1, priority: int = 0,
        tags: tuple[str, ...] = (), models: tuple[str, ...] | None = None, proxy: str | None = None,
    ) -> None:  # fmt: skip
        self.name = name
        self.key = key
        self.limits = limits or Limits()
        self.weight = weight
        self.priority = priority
        self.tags = tags
        self.models = models
        self.proxy = proxy
        self.subject = ""
        #: The upstream's host, which rests for all accounts when nothing reaches it.
        self.host = ""
        self.leases: dict[str, Lease] = {}
        self.speed = Speed()
        #: Paused by the configuration; `resume` does not reach it.
        self.is_paused = False
        #: Why no new lease is given by hand: `paused`, `draining`, or a login's own word. Empty: none.
        self.disabled = ""
        #: Until when shared state is known to refuse it, and why. A hint that saves asking, never a decision.
        self.blocked_until = 0.0
        self.blocked_by = ""
        #: Place in the order of the lanes: entries with another version are void.
        self.version = 0
        self.order = 0
        self.last_used = 0
        self.passed = 0.0
        self.lanes: list[Lane] = []
        self._claims: dict[str, Claim] = {}

    def enter(self, pool: str, order: int) -> None:
        """Become a member of this pool, at this place of its list."""
        self.subject = f"account:{pool}/{self.name}"
        self.host = f"upstream:{pool}"
        self.order = order

    def adopt(self, old: Account) -> None:
        """Take over what the same account held in an earlier configuration."""
        self.leases = old.leases
        for lease in self.leases.values():
            lease.account = self
        self.speed = old.speed
        self.disabled = old.disabled
        self.last_used, self.passed = old.last_used, old.passed
        self.blocked_until, self.blocked_by = old.blocked_until, old.blocked_by

    @property
    def kind(self) -> tuple[tuple[str, ...] | None, tuple[str, ...]]:
        """Accounts of one kind serve the same needs."""
        return (self.models, self.tags)

    @property
    def is_enabled(self) -> bool:
        """Whether it takes leases at all."""
        return not self.disabled and not self.is_paused

    def is_full(self) -> bool:
        """Whether every slot is taken, as far as this process knows."""
        limit = self.limits.max_in_flight
        return limit is not None and len(self.leases) >= limit

    def load(self) -> float:
        """Leases per weight."""
        return len(self.leases) / self.weight

    def claim(self, model: str) -> Claim:
        """What a lease for this model takes."""
        claim = self._claims.get(model)
        if claim is None:
            if len(self._claims) >= _MAX_CLAIMS:
                self._claims.clear()
            claim = self._claims[model] = self._claim(model)
        return claim

    def subject_of(self, model: str) -> str:
        """The account together with one model."""
        return f"{self.subject}|{model}"

    def known_models(self) -> list[str]:
        """Models that it was asked for lately."""
        return list(self._claims)

    def _claim(self, model: str) -> Claim:
        limits, subject = self.limits, self.subject
        budgets = (
            ("requests", limits.requests_per_day, "day"), ("tokens", limits.tokens_per_day, "day"),
            ("requests", limits.requests_per_month, "month"), ("tokens", limits.tokens_per_month, "month"),
        )  # fmt: skip
        return Claim(
            slots=(Slots(subject, limits.max_in_flight),),
            rates=(
                Rate(subject, "requests", limits.rpm),
                Rate(subject, "tokens", limits.tpm),
                Rate(self.subject_of(model), "requests", None),
                Rate(self.subject_of(model), "tokens", None),
            ),
            budgets=tuple(Budget(subject, unit, most, period) for unit, most, period in budgets if most is not None),  # type: ignore[arg-type]
            rested=(self.host, subject, self.subject_of(model)),
        )


def serves(models: tuple[str, ...] | None, has: tuple[str, ...], model: str, tags: tuple[str, ...]) -> bool:
    """Whether accounts with these models and tags are for this model and these tags."""
    return set(tags).issubset(has) and (
        not model or models is None or any(matches(pattern, model) for pattern in models)
    )
