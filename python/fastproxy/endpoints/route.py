"""What an endpoint is."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Literal

import msgspec

if TYPE_CHECKING:
    from ..gateway import Call, Gateway

#: What requests of an endpoint ask for: `Purpose` in rust/core/src/dialect/purpose.rs.
Purpose = Literal["generate", "complete", "compact", "embed"]
Action = Callable[["Gateway", "Call"], Awaitable[None]]


class Endpoint(msgspec.Struct, frozen=True, kw_only=True):
    """One action at its paths. `{id}` in a path is a parameter of one segment or a part of one
    (`/v1/responses/{id}/cancel`), `{model*}` one that may hold slashes (`/models/{model*}:generateContent`); their
    values are `Call.arguments`."""

    paths: tuple[str, ...]
    methods: tuple[str, ...]
    #: The dialect that errors are told in; `None`: told apart by the request's headers.
    dialect: str | None
    action: Action
    purpose: Purpose = "generate"
    #: Whether bodies of any media type are taken, and not JSON only.
    takes_any: bool = False
    #: Whether anybody may call it, key or not.
    is_open: bool = False
