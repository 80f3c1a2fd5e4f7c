"""The settings: frozen Structs whose fields, types, defaults and descriptions are the public contract.

The reference page, the JSON Schema and the checks are generated from here: a setting is one field.
"""

from typing import Annotated, Literal

from msgspec import Meta, Struct, field

from .client_key import Access, Budget, Key, ModelName
from .pooling import Pooling
from .records import Metrics, Price, Store, Usage
from .secrets import Secret
from .units import Bytes, Seconds, Timeout
from .upstream import Account, Auth, Label, Pattern, Profile, Replay, Timeouts, Upstream

__all__ = [
    "Access",
    "Account",
    "Auth",
    "Budget",
    "Config",
    "Cors",
    "Key",
    "Limits",
    "Logging",
    "Media",
    "Metrics",
    "Model",
    "Opaque",
    "Passthrough",
    "Pooling",
    "Price",
    "Profile",
    "Replay",
    "Responses",
    "Server",
    "Store",
    "Target",
    "Timeouts",
    "Upstream",
    "Usage",
]

Order = Literal["weighted", "listed", "fastest", "cheapest"]
Count = Annotated[int, Meta(ge=0, le=2**31 - 1)]


class Server(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The listener and the life of the process."""

    listen: Annotated[
        str, Meta(description="HOST:PORT; an IPv6 address in brackets; port 0: any free one.", extra={"restart": True})
    ] = "127.0.0.1:8080"
    data_dir: Annotated[
        str,
        Meta(
            min_length=1,
            description="Where state is kept; created 0700; relative to the working directory.",
            extra={"restart": True},
        ),
    ] = "data"
    workers: Annotated[
        int,
        Meta(ge=1, le=1024, description="Processes. Rust threads use all cores: 1 is right.", extra={"restart": True}),
    ] = 1
    backlog: Annotated[
        int,
        Meta(
            ge=128,
            le=65535,
            description="Connections that the system queues before they are accepted.",
            extra={"restart": True},
        ),
    ] = 4096
    backpressure: Annotated[
        int,
        Meta(
            ge=1,
            le=1_000_000,
            description="Connections served at once; further ones wait in the backlog.",
            extra={"restart": True},
        ),
    ] = 4096
    runtime_threads: Annotated[
        int,
        Meta(
            ge=1,
            le=1024,
            description="I/O threads of the HTTP server; more than 1 is slower at low load.",
            extra={"restart": True},
        ),
    ] = 1
    drain_timeout: Annotated[Seconds, Meta(description="How long requests in flight may still run after SIGTERM.")] = (
        120
    )
    pre_stop: Annotated[
        Seconds, Meta(description="Wait after SIGTERM (readiness already 503) before the listener closes.")
    ] = 0
    access_log: Annotated[bool, Meta(description="One log line per request.")] = True
    behind_tls: Annotated[
        bool, Meta(description="TLS ends in front of us (or the network is trusted): no warning about plain HTTP.")
    ] = False

    @property
    def host(self) -> str:
        """The address without brackets."""
        return self.listen.rpartition(":")[0].strip("[]")

    @property
    def port(self) -> int:
        """The port."""
        return int(self.listen.rpartition(":")[2])


class Limits(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Bounds on what one client or one upstream can make us hold. Every one answers in the client's dialect."""

    body_bytes: Annotated[Bytes, Meta(description="Largest request body.")] = 64 * 2**20
    body_idle_timeout: Annotated[Timeout, Meta(description="Longest pause within a request body.")] = 30
    header_bytes: Annotated[Bytes, Meta(description="All request headers together.")] = 64 * 2**10
    header_count: Annotated[int, Meta(ge=8, le=10_000, description="Number of request headers.")] = 200
    url_bytes: Annotated[Bytes, Meta(description="Longest request target (path and query).")] = 16 * 2**10
    event_bytes: Annotated[Bytes, Meta(description="Largest event of an upstream's stream.")] = 32 * 2**20
    response_bytes: Annotated[Bytes, Meta(description="Largest answer that is not streamed.")] = 64 * 2**20
    stream_bytes: Annotated[Bytes, Meta(description="Largest answer that is streamed, as the upstream sends it.")] = (
        2**30
    )
    max_stream_seconds: Annotated[Timeout, Meta(description="Longest stream to a client.")] = 3600
    connections: Annotated[Count, Meta(description="Requests in flight at once (then 503); 0: no limit.")] = 0


class Target(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An upstream and the model to ask it for."""

    upstream: Annotated[str, Meta(description="Name of an upstream.")]
    model: Annotated[
        ModelName | None, Meta(description="The upstream's name of the model; unset: the name asked for.")
    ] = None
    weight: Annotated[float, Meta(gt=0, le=1_000_000, description="Share among the targets of one model.")] = 1
    tags: Annotated[list[Label], Meta(description="Only accounts with all of these tags serve it.")] = []


class Model(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A name that clients ask for, and where it goes."""

    name: Annotated[Pattern, Meta(description="Exact, `prefix-*` or `*`. Exact wins, then the longest prefix.")]
    targets: Annotated[list[Target], Meta(min_length=1, description="Tried by weight.")]
    fallbacks: Annotated[list[Target], Meta(description="Tried in order when no target can serve.")] = []
    order: Annotated[
        Order,
        Meta(description="Which target comes first: drawn by weight, as listed, the fastest lately, or the cheapest."),
    ] = "weighted"
    lossy_fallback: Annotated[
        bool, Meta(description="Fall back also to targets that cannot carry all that the first one could.")
    ] = False
    strict: Annotated[
        bool, Meta(description="Refuse (400) what cannot be carried without loss, before the upstream is called.")
    ] = False


class Cors(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Browsers from other origins. Closed by default; credentials are never allowed."""

    origins: Annotated[list[str], Meta(description="Origins (`https://app.example`), or `*`.")] = []
    max_age: Annotated[Seconds, Meta(description="How long a browser may remember a preflight answer.")] = 600


class Logging(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Logs, on standard error."""

    level: Annotated[Literal["debug", "info", "warning", "error"], Meta(description="Least severe level written.")] = (
        "info"
    )
    format: Annotated[
        Literal["auto", "json", "text"], Meta(description="`auto`: text on a terminal, JSON lines elsewhere.")
    ] = "auto"


class Opaque(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Thinking signatures and other vendors' opaque state on its way through a client."""

    key: Annotated[
        Secret | None,
        Meta(
            description="Seals envelopes; 32 random bytes or more. Unset: made once and kept in `data_dir`, 0600.",
            extra={"restart": True},
        ),
    ] = None
    ledger_entries: Annotated[
        Count, Meta(description="Tool calls remembered for clients that forget.", extra={"restart": True})
    ] = 20_000
    ledger_bytes: Annotated[Bytes, Meta(description="Bytes remembered for them.", extra={"restart": True})] = 64 * 2**20
    ledger_ttl: Annotated[Timeout, Meta(description="How long.", extra={"restart": True})] = 6 * 3600


class Responses(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Answers of OpenAI Responses kept for `previous_response_id`, where the upstream keeps none. In memory."""

    entries: Annotated[
        int, Meta(ge=0, le=100_000_000, description="Answers kept; 0: none.", extra={"restart": True})
    ] = 10_000
    bytes: Annotated[Bytes, Meta(description="Bytes kept.", extra={"restart": True})] = 128 * 2**20
    ttl: Annotated[Timeout, Meta(description="How long.", extra={"restart": True})] = 86_400


class Passthrough(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Requests that are passed on as they are: images, audio, files, batches, moderations, rankings."""

    upstream: Annotated[
        str | None,
        Meta(
            description="Gets what names no model (files, batches), by its first account. All client keys share what is "
            "there. Unset: such requests are refused."
        ),
    ] = None
    body_bytes: Annotated[Bytes, Meta(description="Largest body that is not JSON; it is never held whole.")] = 2**30


class Media(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Images and documents named by a URL, for upstreams that need their bytes."""

    fetch: Annotated[
        bool,
        Meta(description="Fetch them: clients then choose what this machine connects to. Public addresses only."),
    ] = False
    max_bytes: Annotated[Bytes, Meta(description="Largest one.")] = 20 * 2**20
    max_count: Annotated[int, Meta(ge=1, le=1000, description="Most of them in one request.")] = 20
    timeout: Annotated[Timeout, Meta(description="How long one may take.")] = 10
    allow_private: Annotated[
        bool, Meta(description="Also from loopback, private and link-local addresses. Only for a closed network.")
    ] = False


class Config(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Everything fastproxy is told at start."""

    server: Server = field(default_factory=Server)
    limits: Limits = field(default_factory=Limits)
    upstreams: list[Upstream] = []
    models: list[Model] = []
    keys: list[Key] = []
    access: Access = field(default_factory=Access)
    prices: list[Price] = []
    store: Store = field(default_factory=Store)
    usage: Usage = field(default_factory=Usage)
    metrics: Metrics = field(default_factory=Metrics)
    cors: Cors = field(default_factory=Cors)
    logging: Logging = field(default_factory=Logging)
    opaque: Opaque = field(default_factory=Opaque)
    responses: Responses = field(default_factory=Responses)
    media: Media = field(default_factory=Media)
    passthrough: Passthrough = field(default_factory=Passthrough)
