"""Settings of client keys: who may call, for what, and how much."""

from typing import Annotated, Final, Literal

from msgspec import Meta, Struct

from .secrets import Secret
from .upstream import Label, Pattern, UpstreamName

#: RFC 3339 with an offset; a date alone is midnight UTC.
MOMENT_PATTERN: Final = r"^\d{4}-\d{2}-\d{2}([Tt ]\d{2}:\d{2}(:\d{2}(\.\d+)?)?([Zz]|[+-]\d{2}:\d{2}))?$"

ModelName = Annotated[str, Meta(min_length=1, max_length=256)]
Usd = Annotated[float, Meta(gt=0, le=1_000_000_000)]
Rate = Annotated[int, Meta(ge=1, le=10**12)]
Moment = Annotated[
    str, Meta(pattern=MOMENT_PATTERN, extra={"expects": "a time like 2027-01-31T12:00:00Z, or a date like 2027-01-31"})
]


class Budget(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a key may spend in one period. Days and months are those of UTC."""

    period: Annotated[Literal["day", "month", "total"], Meta(description="How long it is to last.")]
    usd: Annotated[Usd | None, Meta(description="Money, by the prices that are known; unset: not bounded.")] = None
    tokens: Annotated[Rate | None, Meta(description="Tokens in and out together; unset: not bounded.")] = None


class Key(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A client key. Without any, here or in the store, a loopback listener is open and another one does not start."""

    name: Annotated[Label, Meta(description="Name in logs and usage.")]
    key: Annotated[Secret, Meta(description="`env:NAME`, `file:PATH` or a literal (accepted with a warning).")]
    models: Annotated[
        list[Pattern] | None, Meta(description="Models it may ask for (exact, `prefix-*`, `*`); unset: any.")
    ] = None
    default_model: Annotated[ModelName | None, Meta(description="What `default` means as the name of a model.")] = None
    pin_accounts: Annotated[
        bool,
        Meta(description="May choose the account with the header `x-fastproxy-account`, and is told which one served."),
    ] = False
    upstreams: Annotated[list[UpstreamName] | None, Meta(description="Upstreams that may serve it; unset: any.")] = None
    owner: Annotated[Label | None, Meta(description="Whose it is; a label in usage.")] = None
    project: Annotated[Label | None, Meta(description="What it is for; a label in usage.")] = None
    expires: Annotated[Moment | None, Meta(description="Not valid from then on.")] = None
    requests_per_minute: Annotated[Rate | None, Meta(description="Requests; unset: not bounded.")] = None
    tokens_per_minute: Annotated[Rate | None, Meta(description="Tokens in and out together; unset: not bounded.")] = (
        None
    )
    concurrency: Annotated[Rate | None, Meta(description="Requests in flight at once; unset: not bounded.")] = None
    budgets: Annotated[list[Budget], Meta(description="What it may spend; all of them hold.")] = []
    shows_account: Annotated[
        bool, Meta(description="Answers name the account that served (`x-fastproxy-account`).")
    ] = False


class Access(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What holds for every client key."""

    require_key: Annotated[
        bool,
        Meta(
            description="Nobody calls without a key, even while there is none. "
            "Lets a listener beyond loopback start with its keys in the store (`fastproxy keys create`)."
        ),
    ] = False
    reserve_output: Annotated[
        int,
        Meta(
            ge=1,
            le=10_000_000,
            description="Output tokens set aside for a request that names no bound, until its usage is known.",
        ),
    ] = 4096
    unpriced: Annotated[
        Literal["refuse", "allow"],
        Meta(description="What a key with a budget in money gets for a model whose price is not known."),
    ] = "refuse"
