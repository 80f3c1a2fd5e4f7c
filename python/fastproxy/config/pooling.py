"""Settings of a pool of accounts: who comes first, how long faults rest, how long requests wait."""

from typing import Annotated, Literal

from msgspec import Meta, Struct

from .units import Seconds, Timeout

Policy = Literal["least_busy", "round_robin", "weighted", "fill_first", "fastest"]
RateLimits = Literal["model", "account"]
Share = Annotated[float, Meta(ge=0, le=1)]
Waiting = Annotated[int, Meta(ge=0, le=1_000_000)]
Count = Annotated[int, Meta(ge=1, le=2**50)]


class Pooling(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How an upstream's accounts are shared between requests."""

    policy: Annotated[
        Policy,
        Meta(
            description="Who comes first among accounts of the same priority: the fewest requests per weight, each in turn, "
            "shares by weight, the first that has room, or the one that answered fastest lately."
        ),
    ] = "least_busy"
    affinity: Annotated[
        bool,
        Meta(description="Keep a conversation on its account while that can serve, for the upstream's prompt cache."),
    ] = False
    max_exhausted: Annotated[
        Seconds, Meta(description="Seconds an account rests at most when its quota or balance is used up.")
    ] = 3600
    max_cooling: Annotated[
        Share,
        Meta(description="Share of the accounts that may rest at once after failures of the upstream; one always may."),
    ] = 0.5
    rate_limits: Annotated[
        RateLimits, Meta(description="Whether a 429 is about the model that was asked for, or about the whole account.")
    ] = "model"
    max_wait: Annotated[Timeout, Meta(description="How long a request waits for a slot at most.")] = 60
    max_waiting: Annotated[
        Waiting, Meta(description="Requests that may wait at once; further ones are told to come again.")
    ] = 1000
    short_rest: Annotated[
        Seconds,
        Meta(description="An account that is back within this time is waited for; a later return is told instead."),
    ] = 2
    hedge_after: Annotated[
        Timeout | None,
        Meta(
            description="When nothing came for so long, a second account is asked too, and the first to answer serves. "
            "Costs the other's tokens. Unset: never."
        ),
    ] = None
    hedge_share: Annotated[
        Share, Meta(description="Share of the requests that may be hedged: what hedging may cost at most.")
    ] = 0.05
