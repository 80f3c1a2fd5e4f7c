"""Client surfaces: which path speaks which dialect. No logic: every endpoint names what the gateway is to do."""

from __future__ import annotations

from collections.abc import Iterator

from . import anthropic, gemini, health, metrics, models, ollama, openai_chat, openai_passing, openai_responses
from .route import Endpoint
from .table import RouteTable

__all__ = ["Endpoint", "RouteTable", "endpoints"]


def endpoints() -> Iterator[Endpoint]:
    """Every endpoint of the proxy."""
    for surface in (
        openai_chat,
        openai_responses,
        openai_passing,
        anthropic,
        gemini,
        ollama,
        models,
        health,
        metrics,
    ):
        yield from surface.ENDPOINTS
