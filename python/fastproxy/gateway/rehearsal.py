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

#: Where the dialects keep the turns, for requests that are made up.
_TURNS = {"openai_responses": "input"}


async def rehearse(config: Config, dialect: str, body: bytes, *, key: str | None = None) -> Explanation:
    """What would become of this body. Raises `ProxyError` for one that no upstream would see, `ValueError` for a
    configuration that cannot work or a key that is not in it."""
    state = _core.OpaqueState(secrets.token_bytes(32), entries=1, bytes=1024, ttl=1.0)
    gateway = Gateway(_core.Client(threads=1), state, config, Books(config, MemoryState()))
    build_keeper(gateway).restore()
    return await explain_body(gateway, dialect, body, key=key)


async def explain_body(gateway: Gateway, dialect: str, body: bytes, *, key: str | None = None) -> Explanation:
    """What would become of this body in a gateway that runs: as `rehearse`, by its present state."""
    caller = _caller(gateway, key)
    request = _core.Request.parse(dialect, body, gateway.opaque, owner=caller.name)
    return await explain(gateway.snapshot, request, caller)


def plain_request(dialect: str, model: str) -> bytes:
    """A request with one line of text."""
    turns = _TURNS.get(dialect, "messages")
    return json.dumps({"model": model, turns: [{"role": "user", "content": "hello"}], "max_tokens": 16}
                      if turns == "messages" else {"model": model, turns: "hello"}).encode()  # fmt: skip


def renamed(body: bytes, model: str | None) -> bytes:
    """The body with another model, if one is given. Raises `ProxyError` for what is no JSON object."""
    if model is None:
        return body
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
