"""Client surfaces: which path speaks which dialect. No logic: every endpoint names what the gateway is to do."""

from __future__ import annotations

from collections.abc import Iterator

from . import anthropic, health, metrics, models, openai_chat
from .route import Endpoint

__all__ = ["Endpoint", "endpoints"]


def endpoints() -> Iterator[Endpoint]:
    """Every endpoint of the proxy."""
    for surface in (openai_chat, anthropic, models, health, metrics):
        yield from surface.ENDPOINTS
