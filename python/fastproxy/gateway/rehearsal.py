"""A request explained as a body: by a gateway that runs, or by a configuration and the account states that it kept."""

from __future__ import annotations

import json
import secrets

from .. import _core
from ..access import Caller
from ..access.keys import ANYBODY
from ..config import Config
from ..errors import ProxyError
from ..shared_state import MemoryState
from .books import Books
from .build import build_keeper
from .explain import Explanation, explain
from .gateway import Gateway

_TURNS = [{"role": "user", "content": "hello"}]
#: One line of text in each dialect, without the model's name.
_PLAIN: dict[str, dict[str, object]] = {
    "openai_chat": {"messages": _TURNS, "max_tokens": 16},
    "openai_responses": {"input": "hello", "max_output_tokens": 16},
    "anthropic": {"messages": _TURNS, "max_tokens": 16},
    "gemini": {"contents": [{"role": "user", "parts": [{"text": "hello"}]}]},
    "ollama": {"messages": _TURNS},
}
#: Its path names the model, and not the body.
_OUTSIDE = "gemini"


async def rehearse(
    config: Config, dialect: str, body: bytes, *, key: str | None = None, model: str | None = None
) -> Explanation:
    """What would become of this body. Raises `ProxyError` for one that no upstream would see, `ValueError` for a
    configuration that cannot work or a key that is not in it."""
    state = _core.OpaqueState(secrets.token_bytes(32), entries=1, bytes=1024, ttl=1.0)
    gateway = Gateway(_core.Client(threads=1), state, config, Books(config, MemoryState()))
    build_keeper(gateway).restore()
    return await explain_body(gateway, dialect, body, key=key, model=model)


async def explain_body(
    gateway: Gateway, dialect: str, body: bytes, *, key: str | None = None, model: str | None = None
) -> Explanation:
    """What would become of this body in a gateway that runs: as `rehearse`, by its present state. `model`: another than
    the body's, and needed where a path names it."""
    caller = _caller(gateway, key)
    outside = None
    if dialect == _OUTSIDE:
        if model is None:
            raise ProxyError("bad_request", "requests of this dialect do not name their model: name it beside the body")
        outside = (model, False)
    elif model is not None:
        body = _renamed(body, model)
    request = _core.Request.parse(dialect, body, gateway.opaque, outside=outside, owner=caller.name)
    return await explain(gateway.snapshot, request, caller)


def plain_request(dialect: str) -> bytes:
    """A request with one line of text. Raises `ValueError` for a dialect that there is not."""
    if dialect not in _PLAIN:
        raise ValueError(f"no dialect {dialect!r}; there are: {', '.join(_PLAIN)}")
    return json.dumps(_PLAIN[dialect]).encode()


def _renamed(body: bytes, model: str) -> bytes:
    """The body with another model. Raises `ProxyError` for what is no JSON object."""
    try:
        content = json.loads(body)
    except ValueError as error:
        raise ProxyError("bad_request", f"the body is not JSON: {error}") from None
    if not isinstance(content, dict):
        raise ProxyError("bad_request", "the body must be a JSON object")
    return json.dumps({**content, "model": model}).encode()


def _caller(gateway: Gateway, key: str | None) -> Caller:
    if key is None:
        return ANYBODY
    known = {caller.name: caller for caller in gateway.keys.callers()}
    if key not in known:
        raise ValueError(f"no key named {key!r}; there are: {', '.join(sorted(known)) or 'none'}")
    return known[key]
