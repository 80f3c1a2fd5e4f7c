"""Settings of one upstream: what it speaks, where it is, who we are there, how long we wait."""

from typing import Annotated, Final, Literal

from msgspec import Meta, Struct

from .secrets import Secret
from .units import Seconds, Timeout

# A name that can stand in `upstream/model` and `model:upstream`.
NAME_PATTERN: Final = r"^[A-Za-z0-9][A-Za-z0-9._-]*$"

UpstreamName = Annotated[
    str,
    Meta(
        pattern=NAME_PATTERN,
        max_length=64,
        extra={"expects": "at most 64 letters, digits, `.`, `_` and `-`, beginning with a letter or digit"},
    ),
]
Label = Annotated[str, Meta(min_length=1, max_length=128)]
Pattern = Annotated[
    str,
    Meta(
        pattern=r"^([^\x00-\x1f\x7f*]+\*?|\*)$",
        min_length=1,
        max_length=256,
        extra={"expects": "a model name, `prefix-*` or `*` (a star only at the end), of at most 256 characters"},
    ),
]
ApiVersion = Annotated[str, Meta(pattern=r"^[A-Za-z0-9._-]+$", max_length=64)]
TokenCount = Annotated[int, Meta(ge=1, le=2**31)]
Auth = Literal["bearer", "x-api-key", "api-key", "x-goog-api-key", "none"]
Replay = Literal["never", "if_issued", "always"]
CacheMarkers = Literal["unknown", "breakpoint", "cache_control"]


class Timeouts(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How long one attempt may take."""

    connect: Annotated[Timeout, Meta(description="Until a connection (with TLS) stands.")] = 5
    first_byte: Annotated[
        Timeout | None,
        Meta(
            description="From the request until the first byte of the answer.",
            extra={"default": "120 for streams; for whole answers, whose first byte comes last, `total`"},
        ),
    ] = None
    idle: Annotated[Timeout, Meta(description="Between two reads of a stream.")] = 60
    total: Annotated[Timeout, Meta(description="The whole attempt.")] = 600


class Profile(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What an upstream does differently from a plain server of its dialect."""

    # Names and defaults must match `Profile` in rust/core/src/dialect/profile.rs.

    text_as_string: Annotated[bool, Meta(description="Text-only content goes as one string, not as parts.")] = True
    legacy_max_tokens: Annotated[bool, Meta(description="Send `max_tokens` rather than `max_completion_tokens`.")] = (
        False
    )
    no_developer_role: Annotated[bool, Meta(description="Send role `system` where the client says `developer`.")] = (
        False
    )
    schema_needs_properties: Annotated[bool, Meta(description="Give object schemas a `properties` member.")] = False
    replay_reasoning: Annotated[Replay, Meta(description="How earlier reasoning goes back as `reasoning_content`.")] = (
        "if_issued"
    )
    thinking_switch: Annotated[bool, Meta(description="Understands `thinking: {type}` next to Chat's fields.")] = False
    reasoning_effort: Annotated[bool, Meta(description="Understands `reasoning_effort`.")] = True
    stream_usage: Annotated[bool, Meta(description="Understands `stream_options.include_usage`.")] = True
    mid_system: Annotated[bool, Meta(description="Understands system turns between the others (Anthropic).")] = False
    custom_tools: Annotated[bool, Meta(description="Understands free-text tools (`type: custom`).")] = True
    media_urls: Annotated[
        bool, Meta(description="Fetches images and documents that a URL names; if not, see `[media]`.")
    ] = True
    cache_markers: Annotated[
        CacheMarkers,
        Meta(
            description="Cache breakpoints: OpenAI's `prompt_cache_breakpoint`, Anthropic's `cache_control`, or none."
        ),
    ] = "unknown"
    adaptive_thinking: Annotated[
        bool, Meta(description="Understands adaptive thinking and effort rather than token budgets (Anthropic).")
    ] = True
    body_version: Annotated[
        ApiVersion | None,
        Meta(
            description="`anthropic_version` in the body; the model stands in the path alone (Anthropic at Vertex AI)."
        ),
    ] = None
    forbidden: Annotated[list[str], Meta(description="Top-level request fields that this upstream refuses.")] = []
    default_max_tokens: Annotated[
        TokenCount, Meta(description="Bound of output tokens where the dialect needs one and none was sent.")
    ] = 4096
    max_output_tokens: Annotated[
        TokenCount | None,
        Meta(description="Largest bound of output tokens that is sent; unset: no clamp."),
    ] = None


class Account(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One credential at an upstream."""

    name: Annotated[Label, Meta(description="Name in logs and metrics; unique within its upstream.")]
    key: Annotated[
        Secret | None,
        Meta(description="The upstream's key: `env:NAME`, `file:PATH` or a literal. Unset: none is sent."),
    ] = None
    max_in_flight: Annotated[
        int, Meta(ge=0, le=1_000_000, description="Requests at a time; 0: no limit of its own.")
    ] = 0
    weight: Annotated[float, Meta(gt=0, le=1_000_000, description="Share among the accounts of its upstream.")] = 1
    proxy: Annotated[Secret | None, Meta(description="Proxy of this account alone; see the upstream's `proxy`.")] = None


class Upstream(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A service that fastproxy calls."""

    name: Annotated[UpstreamName, Meta(description="Name in targets, and in `name/model` as clients may ask.")]
    preset: Annotated[
        str | None, Meta(description="Fill what is not set here from a preset (`fastproxy config presets` lists them).")
    ] = None
    dialect: Annotated[
        str, Meta(description="The API language it speaks.", extra={"default": "**required** without a preset"})
    ]
    base_url: Annotated[
        str,
        Meta(
            min_length=1,
            max_length=2048,
            description="What the official SDK of that dialect takes as its base URL.",
            extra={"default": "**required** without a preset"},
        ),
    ]
    accounts: Annotated[
        list[Account],
        Meta(description="Credentials. Unset: one account with the preset's variable, or one without a key."),
    ] = []
    timeouts: Annotated[Timeouts, Meta(description="How long one attempt may take.")] = Timeouts()
    max_cooldown: Annotated[Seconds, Meta(description="Seconds an account rests after a fault at most; 0: never.")] = 60
    headers: Annotated[dict[str, str], Meta(description="Headers sent with every request (no credentials).")] = {}
    query: Annotated[dict[str, str], Meta(description="Query parameters of every request (`api-version`).")] = {}
    auth: Annotated[
        Auth, Meta(description="Header that carries the key; unset: by dialect.", extra={"default": "by dialect"})
    ] = "bearer"
    version: Annotated[
        ApiVersion | None,
        Meta(description="`anthropic-version` to send; unset: what the client sent, else the dialect's."),
    ] = None
    origin: Annotated[
        str,
        Meta(
            max_length=64,
            description="Tag of who issues opaque state there: upstreams with one tag share thinking signatures.",
            extra={"default": "the preset's, else the name"},
        ),
    ] = ""
    profile: Annotated[Profile, Meta(description="What it does differently.")] = Profile()
    models: Annotated[
        list[Pattern] | None, Meta(description="Models it may be asked for (exact, `prefix-*`); unset: any.")
    ] = None
    proxy: Annotated[
        Secret | None,
        Meta(description="`http://`, `https://`, `socks5://` or `socks5h://` proxy; variables are not looked at."),
    ] = None
    ca_file: Annotated[
        str | None, Meta(description="PEM file of authorities to trust instead of the built-in ones.")
    ] = None
    verify_tls: Annotated[
        bool, Meta(description="Check certificates. Off only for tests: keys go to whoever answers.")
    ] = True
    allow_private: Annotated[
        bool, Meta(description="May be at a loopback, private or link-local address (checked when connected).")
    ] = True

    def __repr__(self) -> str:
        # Headers and query parameters are free text that may hold credentials.
        return f"Upstream(name={self.name!r}, dialect={self.dialect!r}, accounts={len(self.accounts)})"
