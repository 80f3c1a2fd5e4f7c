"""What an endpoint is."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING

import msgspec

from ..gateway.call import EVENTS

if TYPE_CHECKING:
    from ..gateway import Call, Gateway

Action = Callable[["Gateway", "Call"], Awaitable[None]]


class Endpoint(msgspec.Struct, frozen=True, kw_only=True):
    """One path. A path that ends in `/` takes the rest of the target as its argument (a model's name)."""

    paths: tuple[str, ...]
    methods: tuple[str, ...]
    #: The dialect that errors are told in; `None`: told apart by the request's headers.
    dialect: str | None
    action: Action
    #: Whether anybody may call it, key or not.
    is_open: bool = False
    #: Which of the dialect's operations, where it has several.
    operation: str | None = None
    #: Media type of streamed answers.
    stream_type: bytes = EVENTS
    #: A body is JSON whatever it is declared as, unless a web page sends it: Ollama's own examples declare a form.
    takes_any_type: bool = False
