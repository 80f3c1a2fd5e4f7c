"""Which model a caller asks for, and whether it may."""

from __future__ import annotations

from ..access import Caller
from ..errors import ProxyError
from ..routing import DEFAULT, Route, Router


def asked_for(router: Router, caller: Caller, model: str) -> str:
    """The model that a name stands for: the caller's own default, where it has one."""
    if caller.default_model is not None and router.untagged(model) == DEFAULT:
        return caller.default_model
    return model


def may_use(router: Router, caller: Caller, model: str) -> bool:
    """Whether the caller's key is for this model, with or without the tag that Ollama's clients add."""
    return caller.may_use(model) or caller.may_use(router.untagged(model))


def route_for(router: Router, caller: Caller, model: str) -> Route:
    """Where a caller's request for this model may go. Raises `ProxyError`."""
    asked = asked_for(router, caller, model)
    if not may_use(router, caller, asked):
        raise ProxyError("permission", f"this key may not use the model {asked!r}", pointer="/model")
    return router.route(asked, may_use=caller.may_use)
