"""The models that can be asked for, in the caller's dialect.

All vendors serve `/v1/models`; the headers tell who asks (`anthropic-version`, `x-goog-…`), a prefix decides.
"""

from __future__ import annotations

import datetime
from typing import TYPE_CHECKING

import msgspec

from ..errors import ProxyError
from .route import Endpoint

if TYPE_CHECKING:
    from ..gateway import Call, Gateway

_ENCODER = msgspec.json.Encoder()
#: Neither dialect allows an unknown creation date; the proxy knows none.
CREATED = 1_700_000_000
_MAX_PAGE = 1000
_GEMINI = ("/v1beta/models", "/v1alpha/models", "/gemini/v1beta/models", "/gemini/v1/models", "/gemini/models")


async def list_models(gateway: Gateway, call: Call) -> None:
    """`GET /v1/models`."""
    names = [name for name in await gateway.model_names() if call.caller.may_use(name)]
    match call.dialect:
        case "anthropic":
            body = _anthropic_page(names, call.query)
        case "gemini":
            body = _gemini_page(names, call.query)
        case _:
            body = _openai_list(names)
    await call.respond(200, _ENCODER.encode(body))


async def show_model(gateway: Gateway, call: Call) -> None:
    """`GET /v1/models/{model}`."""
    name = call.arguments["model"]
    if not call.caller.may_use(name) or not gateway.knows(name):
        raise ProxyError("not_found", f"the model {name!r} does not exist here", code="model_not_found")
    match call.dialect:
        case "anthropic":
            body = _anthropic_model(name)
        case "gemini":
            body = _gemini_model(name)
        case _:
            body = _openai_model(name)
    await call.respond(200, _ENCODER.encode(body))


def _openai_list(names: list[str]) -> dict[str, object]:
    return {"object": "list", "data": [_openai_model(name) for name in names]}


def _openai_model(name: str) -> dict[str, object]:
    return {"id": name, "object": "model", "created": CREATED, "owned_by": "fastproxy"}


def _anthropic_model(name: str) -> dict[str, object]:
    created = datetime.datetime.fromtimestamp(CREATED, datetime.UTC).isoformat().replace("+00:00", "Z")
    return {"type": "model", "id": name, "display_name": name, "created_at": created}


def _anthropic_page(names: list[str], query: dict[str, str]) -> dict[str, object]:
    """One page: `limit`, `after_id`, `before_id`."""
    limit = _limit(query.get("limit", "20"))
    if (after := query.get("after_id")) in names:
        names = names[names.index(str(after)) + 1 :]
    if (before := query.get("before_id")) in names:
        names = names[: names.index(str(before))][-limit:]
    page = names[:limit]
    return {
        "data": [_anthropic_model(name) for name in page],
        "has_more": len(names) > len(page),
        "first_id": page[0] if page else None,
        "last_id": page[-1] if page else None,
    }


def _gemini_model(name: str) -> dict[str, object]:
    """Its limits of tokens are not known here, and left out."""
    methods = ["generateContent", "streamGenerateContent", "countTokens", "embedContent", "batchEmbedContents"]
    return {"name": f"models/{name}", "displayName": name, "supportedGenerationMethods": methods}


def _gemini_page(names: list[str], query: dict[str, str]) -> dict[str, object]:
    """One page: `pageSize`, `pageToken` (the last name of the page before)."""
    size = _limit(query.get("pageSize") or "50", "pageSize")
    if (after := query.get("pageToken")) in names:
        names = names[names.index(str(after)) + 1 :]
    body: dict[str, object] = {"models": [_gemini_model(name) for name in names[:size]]}
    return {**body, "nextPageToken": names[size - 1]} if len(names) > size else body


async def no_method(gateway: Gateway, call: Call) -> None:
    """`POST` with a method of Gemini's API that is none, or none here."""
    raise ProxyError("not_found", f"there is nothing at {call.scope['path']}", code="unknown_path")


def _limit(text: str, name: str = "limit") -> int:
    if not text.isdecimal() or not 1 <= int(text) <= _MAX_PAGE:
        raise ProxyError("bad_request", f"{name} must be a number from 1 to {_MAX_PAGE}", pointer=f"/{name}")
    return int(text)


ENDPOINTS = (
    Endpoint(paths=("/v1/models", "/models"), methods=("GET", "HEAD"), dialect=None, action=list_models),
    Endpoint(
        paths=("/openai/v1/models", "/openai/models"), methods=("GET",), dialect="openai_chat", action=list_models
    ),
    Endpoint(paths=("/anthropic/v1/models",), methods=("GET",), dialect="anthropic", action=list_models),
    Endpoint(paths=_GEMINI, methods=("GET",), dialect="gemini", action=list_models),
    Endpoint(
        paths=tuple(f"{path}/{{model*}}" for path in _GEMINI), methods=("GET",), dialect="gemini", action=show_model
    ),
    Endpoint(
        paths=tuple(f"{path}/{{model*}}" for path in _GEMINI), methods=("POST",), dialect="gemini", action=no_method
    ),
    Endpoint(paths=("/v1/models/{model*}", "/models/{model*}"), methods=("GET",), dialect=None, action=show_model),
    Endpoint(paths=("/openai/v1/models/{model*}",), methods=("GET",), dialect="openai_chat", action=show_model),
    Endpoint(paths=("/anthropic/v1/models/{model*}",), methods=("GET",), dialect="anthropic", action=show_model),
)
