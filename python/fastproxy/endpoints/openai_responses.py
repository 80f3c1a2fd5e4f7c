"""OpenAI Responses. Answers are kept here where the upstream keeps none: `store` and `previous_response_id` always work."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..asgi import header
from ..errors import ProxyError
from ..gateway import Gateway
from .route import Action, Endpoint

if TYPE_CHECKING:
    from ..gateway import Call

_DIALECT = "openai_responses"
PATHS = ("/v1/responses", "/responses", "/v1/v1/responses", "/openai/v1/responses", "/openai/responses")


async def show(gateway: Gateway, call: Call) -> None:
    """`GET /v1/responses/{id}`."""
    await gateway.admit(call, gateway.kept.show)


async def delete(gateway: Gateway, call: Call) -> None:
    """`DELETE /v1/responses/{id}`."""
    await gateway.admit(call, gateway.kept.delete)


async def items(gateway: Gateway, call: Call) -> None:
    """`GET /v1/responses/{id}/input_items`."""
    await gateway.admit(call, gateway.kept.items)


async def cancel(gateway: Gateway, call: Call) -> None:
    """`POST /v1/responses/{id}/cancel`: there is nothing that could be cancelled."""
    raise ProxyError("bad_request", "only background responses can be cancelled, and this proxy runs none")


async def no_socket(gateway: Gateway, call: Call) -> None:
    """`GET /v1/responses` asks for a WebSocket. 426 is what Codex takes as a reason to go on over HTTP at once."""
    upgrade = header(call.headers, b"upgrade") or ""
    if upgrade.lower() != "websocket":
        call.extra = [*call.extra, (b"allow", b"POST")]
        raise ProxyError("method", "this path takes POST")
    call.extra = [*call.extra, (b"upgrade", b"HTTP/1.1"), (b"connection", b"upgrade")]
    error = ProxyError("bad_request", "there is no WebSocket here: POST to this path", code="websocket_not_supported")
    await call.respond_error(error, status=426)


def _below(suffix: str, method: str, action: Action) -> Endpoint:
    paths = tuple(f"{path}{suffix}" for path in PATHS)
    return Endpoint(paths=paths, methods=(method,), dialect=_DIALECT, action=action)


ENDPOINTS = (
    Endpoint(paths=PATHS, methods=("POST",), dialect=_DIALECT, action=Gateway.answer),
    Endpoint(paths=PATHS, methods=("GET",), dialect=_DIALECT, action=no_socket),
    _below("/input_tokens", "POST", Gateway.count_tokens),
    Endpoint(
        paths=tuple(f"{path}/compact" for path in PATHS),
        methods=("POST",), dialect=_DIALECT, action=Gateway.answer, purpose="compact",
    ),
    _below("/{id}", "GET", show),
    _below("/{id}", "DELETE", delete),
    _below("/{id}/input_items", "GET", items),
    _below("/{id}/cancel", "POST", cancel),
)  # fmt: skip
