"""Anthropic Messages. Claude Code adds `?beta=true` and first asks `HEAD /`."""

from __future__ import annotations

from ..gateway import Gateway
from .route import Endpoint

MESSAGES = (
    "/v1/messages",
    "/messages",
    "/v1/v1/messages",
    "/anthropic/v1/messages",
    "/anthropic/messages",
)
COUNT_TOKENS = tuple(f"{path}/count_tokens" for path in MESSAGES)

ENDPOINTS = (
    Endpoint(paths=MESSAGES, methods=("POST",), dialect="anthropic", action=Gateway.answer),
    Endpoint(paths=COUNT_TOKENS, methods=("POST",), dialect="anthropic", action=Gateway.count_tokens),
)
