"""What a pool is told by the configuration."""

from __future__ import annotations

from typing import Literal

import msgspec

Policy = Literal["least_busy", "round_robin", "weighted", "fill_first", "fastest"]


class Limits(msgspec.Struct, frozen=True, kw_only=True):
    """What one account may take; `None`: any amount."""

    max_in_flight: int | None = None
    rpm: int | None = None
    tpm: int | None = None
    requests_per_day: int | None = None
    tokens_per_day: int | None = None
    requests_per_month: int | None = None
    tokens_per_month: int | None = None


class Terms(msgspec.Struct, frozen=True, kw_only=True):
    """How a pool chooses, rests and waits. Seconds."""

    policy: Policy = "least_busy"
    affinity: bool = False
    #: Longest rest after a fault; 0: no rests at all.
    max_cooldown: float = 60.0
    #: Longest rest of an account whose quota or balance is used up.
    max_exhausted: float = 3600.0
    #: Whether a rate limit is one of the account's model or of the whole account.
    rate_limits: Literal["model", "account"] = "model"
    #: Share of the accounts that may rest at once after failures of the upstream; one may always.
    max_cooling: float = 0.5
    #: Requests that may wait at once.
    max_waiting: int = 1000
    #: A return within this time is waited for, a later one is told to the client. As long as a probe goes alone: those
    #: who come while an account is tried wait for what becomes of it.
    short_rest: float = 2.0


class Need(msgspec.Struct, frozen=True):
    """What a request asks of an account. `pin`: this one and no other."""

    model: str = ""
    tags: tuple[str, ...] = ()
    pin: str = ""


class Want(msgspec.Struct, frozen=True, kw_only=True):
    """One request for a lease."""

    need: Need = Need()
    #: Accounts that have been tried already.
    excluded: frozenset[str] = frozenset()
    #: Who asks: the queue is fair between them.
    caller: str = ""
    #: Tokens to reserve, where they are limited.
    tokens: int = 0
    #: The conversation, for affinity.
    conversation: int | None = None
    #: Not even a short rest is waited for, nor a slot.
    at_once: bool = False
