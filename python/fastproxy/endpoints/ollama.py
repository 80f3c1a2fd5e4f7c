"""Ollama's own API.

Nothing is invented about models: what Ollama tells of the weights it keeps (sizes, families, quantization) is empty here.
Models are listed with a tag, as Ollama lists them: Open WebUI and others look them up under `name:latest`.
"""

from __future__ import annotations

import datetime
import hashlib
from typing import TYPE_CHECKING

import msgspec

from ..asgi import read_body
from ..errors import ProxyError
from ..gateway import Gateway
from .models import CREATED
from .route import Endpoint

if TYPE_CHECKING:
    from ..gateway import Call

_ENCODER = msgspec.json.Encoder()
_LINES = b"application/x-ndjson"
#: The version whose API this is (`logprobs` came with it). VS Code asks for 0.6.4 at least.
_VERSION = "0.12.11"
_MODIFIED = datetime.datetime.fromtimestamp(CREATED, datetime.UTC).isoformat().replace("+00:00", "Z")
#: What the proxy carries to any upstream. A model that cannot take it refuses in its own words; a capability that is not
#: listed would make clients hold back what most models take. Thinking is not listed: some would then ask for it unasked.
_CAPABILITIES = ("completion", "tools", "vision")
_DETAILS = {
    "parent_model": "", "format": "", "family": "", "families": None, "parameter_size": "", "quantization_level": "",
}  # fmt: skip


class _Show(msgspec.Struct):
    model: str = ""
    #: What older clients send.
    name: str = ""


async def tags(gateway: Gateway, call: Call) -> None:
    """`GET /api/tags`."""
    names = [name for name in await gateway.model_names() if call.caller.may_use(name)]
    await _respond(call, {"models": [_entry(_tagged(name)) for name in names]})


async def show(gateway: Gateway, call: Call) -> None:
    """`POST /api/show`."""
    limits = gateway.snapshot.config.limits
    body = await read_body(call.scope, call.receive, limit=limits.body_bytes, idle_timeout=limits.body_idle_timeout)
    try:
        asked = msgspec.json.decode(body, type=_Show)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise ProxyError("bad_request", f"request body: {error}") from error
    name = asked.model or asked.name
    if not name:
        raise ProxyError("bad_request", "model is required", pointer="/model")
    plain = gateway.router.untagged(name)
    if not any(map(call.caller.may_use, (name, plain))) or not gateway.knows(name):
        raise ProxyError("not_found", f"model {name!r} not found", code="model_not_found")
    await _respond(call, {
        "modelfile": "", "parameters": "", "template": "", "license": "", "modified_at": _MODIFIED, "details": _DETAILS,
        "model_info": {"general.architecture": "unknown", "general.basename": plain},
        "capabilities": _CAPABILITIES,
    })  # fmt: skip


async def version(gateway: Gateway, call: Call) -> None:
    """`GET /api/version`."""
    await _respond(call, {"version": _VERSION})


async def running(gateway: Gateway, call: Call) -> None:
    """`GET /api/ps`: no model runs on this machine."""
    await _respond(call, {"models": []})


async def unmanaged(gateway: Gateway, call: Call) -> None:
    """What changes the models that an Ollama keeps."""
    raise ProxyError("bad_request", "this is a proxy: it keeps no models that could be managed")


def _tagged(name: str) -> str:
    return name if ":" in name else f"{name}:latest"


def _entry(name: str) -> dict[str, object]:
    # Clients cut a digest to its first twelve digits and tell models apart by it: this one is of the name.
    digest = hashlib.sha256(name.encode()).hexdigest()
    return {"name": name, "model": name, "modified_at": _MODIFIED, "size": 0, "digest": digest, "details": _DETAILS}


async def _respond(call: Call, body: dict[str, object]) -> None:
    await call.respond(200, _ENCODER.encode(body))


def _paths(*steps: str) -> tuple[str, ...]:
    return tuple(f"{prefix}/api/{step}" for step in steps for prefix in ("", "/ollama"))


ENDPOINTS = (
    Endpoint(
        paths=_paths("chat"), methods=("POST",), dialect="ollama", action=Gateway.answer,
        operation="chat", stream_type=_LINES, takes_any_type=True,
    ),
    Endpoint(
        paths=_paths("generate"), methods=("POST",), dialect="ollama", action=Gateway.answer,
        operation="generate", stream_type=_LINES, takes_any_type=True,
    ),
    Endpoint(
        paths=_paths("embed", "embeddings"), methods=("POST",), dialect="ollama", action=Gateway.answer,
        purpose="embed", takes_any_type=True,
    ),
    Endpoint(paths=_paths("tags"), methods=("GET", "HEAD"), dialect="ollama", action=tags),
    Endpoint(paths=_paths("show"), methods=("POST",), dialect="ollama", action=show, takes_any_type=True),
    Endpoint(paths=_paths("version"), methods=("GET", "HEAD"), dialect="ollama", action=version, is_open=True),
    Endpoint(paths=_paths("ps"), methods=("GET", "HEAD"), dialect="ollama", action=running),
    Endpoint(
        paths=_paths("pull", "push", "create", "copy"), methods=("POST",), dialect="ollama", action=unmanaged,
        takes_any_type=True,
    ),
    Endpoint(paths=_paths("delete"), methods=("DELETE",), dialect="ollama", action=unmanaged),
    Endpoint(
        paths=_paths("blobs/{digest}"), methods=("HEAD", "POST"), dialect="ollama", action=unmanaged, takes_any_type=True
    ),
)  # fmt: skip
