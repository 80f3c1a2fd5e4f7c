"""Settings of what is kept: the store, usage, prices, metrics."""

from typing import Annotated, Literal

from msgspec import Meta, Struct

from .secrets import Secret
from .units import Bytes, Seconds, Timeout
from .upstream import Label, Pattern

UsdPerMillion = Annotated[float, Meta(ge=0, le=1_000_000)]
Day = Annotated[str, Meta(pattern=r"^\d{4}-\d{2}-\d{2}$", extra={"expects": "a date like 2026-11-20"})]


class Store(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Where keys, usage and secrets are kept."""

    url: Annotated[
        Secret | None,
        Meta(
            description="`postgresql://USER:PASSWORD@HOST/DATABASE` (needs `fastproxy[postgres]`) or `sqlite:PATH`. "
            "Unset: `fastproxy.db` in `server.data_dir`.",
            extra={"restart": True},
        ),
    ] = None
    durability: Annotated[
        Literal["process", "power"],
        Meta(
            description="What SQLite and the journal survive: the death of the process, or a power cut (slower).",
            extra={"restart": True},
        ),
    ] = "process"
    key: Annotated[
        Secret | None,
        Meta(
            description="Encrypts the secrets in the store; 32 random bytes or more. "
            "Unset: made once and kept in `data_dir`, 0600.",
            extra={"restart": True},
        ),
    ] = None
    previous_key: Annotated[
        Secret | None,
        Meta(
            description="Still opens secrets while they are sealed anew (`fastproxy db rotate`).",
            extra={"restart": True},
        ),
    ] = None


class Usage(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One row per request that reached an upstream: tokens, times, cost. Never prompts or answers."""

    keep: Annotated[Seconds, Meta(description="How long rows are kept; then their days are added up. 0: for ever.")] = (
        90 * 86400
    )
    keep_days: Annotated[Seconds, Meta(description="How long the sums of days are kept. 0: for ever.")] = 0
    flush: Annotated[Timeout, Meta(description="How often rows go from the journal into the store.")] = 0.5
    checkpoint: Annotated[
        Timeout, Meta(description="How often a long request is noted as still running.", extra={"restart": True})
    ] = 10
    journal_bytes: Annotated[
        Bytes, Meta(description="What the journal may hold while the store does not take rows.")
    ] = 2**30
    when_full: Annotated[
        Literal["refuse", "serve"],
        Meta(
            description="With a full or failing journal: refuse requests (503), or serve them and count the rows lost."
        ),
    ] = "refuse"


class Price(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """US dollars per million tokens of one kind of model. Goes before the prices that come with fastproxy."""

    model: Annotated[Pattern, Meta(description="The upstream's name of the model: exact, `prefix-*` or `*`.")]
    upstream: Annotated[Label | None, Meta(description="Name or origin of an upstream; unset: any.")] = None
    input: Annotated[UsdPerMillion, Meta(description="Prompt tokens read afresh.")]
    output: Annotated[UsdPerMillion, Meta(description="Tokens produced.")]
    reasoning: Annotated[UsdPerMillion | None, Meta(description="Tokens of thinking; unset: as `output`.")] = None
    cache_read: Annotated[UsdPerMillion | None, Meta(description="Read from a cache; unset: as `input`.")] = None
    cache_write: Annotated[UsdPerMillion | None, Meta(description="Written to a cache; unset: as `input`.")] = None
    cache_write_1h: Annotated[
        UsdPerMillion | None, Meta(description="Written to a cache for an hour; unset: as `cache_write`.")
    ] = None
    from_day: Annotated[Day | None, Meta(description="Holds from this day (UTC) on; unset: always.")] = None


class Metrics(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Prometheus metrics at `/metrics`."""

    serve: Annotated[
        Literal["off", "loopback", "token"],
        Meta(
            description="Who may read them on the main listener: nobody, programs on this machine "
            "(not through a reverse proxy), or who sends the token."
        ),
    ] = "loopback"
    token: Annotated[Secret | None, Meta(description="Sent as `authorization: Bearer …`; for `token`.")] = None
    labels: Annotated[
        int,
        Meta(
            ge=1,
            le=100_000,
            description="Different models told apart, and accounts of each upstream; further models are `other`.",
            extra={"restart": True},
        ),
    ] = 200
