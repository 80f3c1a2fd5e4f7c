"""The Rust part of fastproxy. Checked against the built extension by stubtest (`make lint`)."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from os import PathLike
from typing import Any, Final, Literal, TypedDict, final, type_check_only

from .errors import ProxyError

__all__ = [
    "Client",
    "Endpoint",
    "Exchange",
    "OpaqueState",
    "Outcome",
    "Passage",
    "Prepared",
    "Race",
    "Request",
    "Target",
    "__version__",
    "build_info",
    "decode_error",
    "encode_error",
    "error_table",
    "fidelity_table",
    "loss_table",
    "sniff_media",
    "transcode_request",
    "transcode_response",
    "transcode_stream",
]

__version__: Final[str]

_Loss = tuple[str, str, str]

@type_check_only
class BuildInfo(TypedDict):
    version: str
    arch: str
    os: str
    profile: str
    dialects: list[str]

def build_info() -> BuildInfo:
    """Facts about this build: version, platform, profile and the dialects that are in it."""

@final
class OpaqueState:
    """Seals opaque state for its way through a client, remembers it for clients that drop it, and keeps answers."""

    def __new__(
        cls,
        key: bytes,
        *,
        entries: int,
        bytes: int,
        ttl: float,
        responses: tuple[int, int, float] = ...,
    ) -> OpaqueState:
        """`responses`: how many answers of OpenAI Responses are kept, their bytes, and for how many seconds."""
    def ledger_size(self) -> tuple[int, int]:
        """Calls and bytes remembered now."""
    def responses_size(self) -> tuple[int, int]:
        """Answers and bytes kept now."""
    def response(self, owner: str, id: str) -> bytes:
        """A kept answer: the body of `GET /v1/responses/{id}`. Raises `ProxyError`."""
    def delete_response(self, owner: str, id: str) -> bytes:
        """Forget a kept answer: the body of `DELETE /v1/responses/{id}`. Raises `ProxyError`."""
    def response_items(
        self, owner: str, id: str, *, limit: str | None = None, order: str | None = None, after: str | None = None
    ) -> bytes:
        """What led to a kept answer: the body of `GET /v1/responses/{id}/input_items`. Raises `ProxyError`."""

@final
class Target:
    """What a request is prepared for."""

    def __new__(
        cls,
        *,
        dialect: str,
        model: str,
        origin: str,
        version: str | None = None,
        profile: dict[str, Any] | None = None,
        want_usage: bool = True,
    ) -> Target: ...

@final
class Request:
    """A client's request: parsed once, prepared for each target that is tried."""

    @staticmethod
    def parse(
        dialect_name: str,
        body: bytes,
        state: OpaqueState,
        *,
        version: str | None = None,
        outside: tuple[str, bool] | None = None,
        json_array: bool = False,
        count_only: bool = False,
        owner: str | None = None,
        purpose: str = "generate",
        operation: str | None = None,
    ) -> Request:
        """Parse a body. Raises `ProxyError`. `owner`: whose kept answers it may refer to; `operation`: which of the
        dialect's, where it has several."""
    @property
    def model(self) -> str: ...
    @property
    def stream(self) -> bool: ...
    @property
    def dialect(self) -> str: ...
    @property
    def continues(self) -> str | None:
        """The answer, kept by the upstream that gave it, that this one continues."""
    def wanted_media(self, target: Target) -> list[tuple[str, str]]:
        """The media that a target needs the bytes of: (URL, JSON pointer). Raises `ProxyError`."""
    def prepare(
        self, target: Target, *, owner: str, strict: bool = False, media: Mapping[str, tuple[str, bytes]] = ...
    ) -> Prepared:
        """Write the request for a target. Raises `ProxyError` (always the client's)."""
    def own_answer(self, target: Target) -> bytes | None:
        """The whole answer, when no model is asked for anything and this target could do nothing for it."""
    def conversation(self) -> int:
        """A hash of what stays the same over the turns of this request's conversation."""
    def estimate_tokens(self) -> int:
        """A local estimate of the prompt's tokens, for upstreams that cannot count."""

@final
class Prepared:
    """A request ready for one target."""

    @property
    def body(self) -> bytes: ...
    @property
    def model(self) -> str: ...
    @property
    def is_raw(self) -> bool: ...
    @property
    def is_kept_upstream(self) -> bool: ...
    @property
    def loss_header(self) -> str | None: ...
    @property
    def losses(self) -> list[_Loss]: ...
    @property
    def max_output_tokens(self) -> int | None: ...

@final
class Endpoint:
    """The way to one upstream with one account."""

@final
class Client:
    """Everything that calls out. One per process."""

    def __new__(cls, *, threads: int | None = None, max_idle: int = 512, idle_timeout: float = 60.0) -> Client: ...
    def endpoint(
        self,
        base_url: str,
        *,
        proxy: str | None = None,
        ca_file: str | PathLike[str] | None = None,
        verify_tls: bool = True,
        allow_private: bool = True,
        isolation: str = ...,
    ) -> Endpoint:
        """Prepare the way to an upstream. Raises `ValueError` for settings that can never work."""
    def fetch(
        self,
        endpoint: Endpoint,
        path: str,
        *,
        method: str = "POST",
        headers: Sequence[tuple[str, str]] = ...,
        body: bytes = ...,
        timeout: float = 30.0,
        max_bytes: int = ...,
    ) -> Awaitable[tuple[int, list[tuple[str, str]], bytes]]:
        """A small call: awaits (status, headers, body). Raises `ProxyError`."""

@final
class Race:
    """Decides between exchanges that serve one client: the first to deliver wins, the rest end as `cancelled`."""

    def __new__(cls) -> Race: ...
    @property
    def is_won(self) -> bool: ...

@final
class Exchange:
    """One attempt. `run` once; `cancel` any time, from any thread."""

    def __new__(
        cls,
        client: Client,
        endpoint: Endpoint,
        path: str,
        request: Request,
        prepared: Prepared,
        *,
        headers: Sequence[tuple[str, str]],
        head: Sequence[tuple[bytes, bytes]],
        send: Callable[..., Any],
        request_id: str,
        timeouts: tuple[float, float, float, float],
        event_bytes: int = ...,
        response_bytes: int = ...,
        race: Race | None = None,
    ) -> Exchange: ...
    def run(self) -> Awaitable[Outcome]:
        """Awaits the `Outcome`. Never raises for what an upstream or a client does."""
    def cancel(self, cause: Literal["client_gone", "shutdown", "deadline"]) -> None: ...

@final
class Passage:
    """One attempt to pass a request on as it is. `feed` and `end` while it runs, unless its body is whole."""

    def __new__(
        cls,
        client: Client,
        endpoint: Endpoint,
        method: str,
        path: str,
        *,
        dialect_name: str,
        headers: Sequence[tuple[str, str]],
        head: Sequence[tuple[bytes, bytes]],
        send: Callable[..., Any],
        timeouts: tuple[float, float, float, float],
        response_bytes: int,
        body: bytes | None = None,
        length: int | None = None,
    ) -> Passage:
        """`body`: all of it; `None`: it is fed, and `length` bytes long if that is known."""
    def run(self) -> Awaitable[Outcome]:
        """Awaits the `Outcome`. Never raises for what an upstream or a client does."""
    def feed(self, piece: bytes) -> Awaitable[bool]:
        """Awaits room for a piece of the body, and whether anybody still takes it."""
    def end(self) -> None:
        """The body is whole."""
    def cancel(self, why: Literal["client_gone", "shutdown", "deadline"]) -> None: ...

@final
class Outcome:
    """What became of one attempt."""

    @property
    def status(self) -> Literal["completed", "failed", "aborted", "cancelled"]: ...
    @property
    def retry_class(self) -> Literal["safe", "ambiguous", "held_back", "never"]: ...
    @property
    def error(self) -> ProxyError | None: ...
    @property
    def body(self) -> bytes | None: ...
    @property
    def usage(self) -> dict[str, int | None]: ...
    @property
    def finish(self) -> str | None: ...
    @property
    def upstream_id(self) -> str | None: ...
    @property
    def upstream_model(self) -> str | None: ...
    @property
    def losses(self) -> list[_Loss]: ...
    @property
    def output_bytes(self) -> int: ...
    @property
    def bytes_out(self) -> int: ...
    @property
    def upstream_status(self) -> int | None: ...
    @property
    def upstream_headers(self) -> list[tuple[str, str]]: ...
    @property
    def upstream_request_id(self) -> str | None: ...
    @property
    def ttft_ms(self) -> float | None: ...
    @property
    def duration_ms(self) -> float: ...
    @property
    def resent(self) -> bool: ...

def sniff_media(bytes: bytes) -> str | None:
    """The media type of these bytes, if they are of a kind that models are shown."""

def decode_error(dialect: str, status: int, body: bytes) -> ProxyError:
    """An upstream's error answer, read in its dialect."""

def encode_error(
    dialect: str,
    *,
    kind: str,
    message: str,
    request_id: str,
    source: str = "client",
    pointer: str | None = None,
    code: str | None = None,
    retry_after_ms: int | None = None,
) -> tuple[int, bytes]:
    """Status and body of an error in a client's dialect."""

def fidelity_table() -> list[tuple[str, str, str, str, str, str]]:
    """Every dialect by concept: (dialect, concept, fidelity, field, loss code, note)."""

def error_table() -> list[tuple[str, str, int, str]]:
    """Every kind of error by dialect: (kind, dialect, HTTP status, example body)."""

def loss_table() -> list[tuple[str, bool]]:
    """Every loss code: (name, whether strict mode refuses it)."""

def transcode_request(client: str, target: str, body: bytes, model: str, *, version: str | None = None) -> bytes:
    """A client's request as the upstream of another dialect would get it."""

def transcode_stream(upstream: str, client: str, body: bytes, *, chunk: int = 0, model: str = "m") -> bytes:
    """An upstream's stream as a client of another dialect would get it."""

def transcode_response(upstream: str, client: str, body: bytes, *, model: str = "m") -> bytes:
    """An upstream's whole answer as a client of another dialect would get it."""
