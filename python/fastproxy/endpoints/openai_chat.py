"""OpenAI Chat Completions, and the completions of text that came before it (editors fill in the middle with them),
and embeddings, whose errors are the same."""

from __future__ import annotations

from ..gateway import Gateway
from .route import Endpoint

#: SDK base URLs hold `/v1`; users forget it or double it, and agents set `<proxy>/openai` as a base.
PATHS = (
    "/v1/chat/completions",
    "/chat/completions",
    "/v1/v1/chat/completions",
    "/openai/v1/chat/completions",
    "/openai/chat/completions",
)

#: Below the same bases.
COMPLETIONS = tuple(path.replace("/chat", "") for path in PATHS)
EMBEDDINGS = tuple(path.replace("/chat/completions", "/embeddings") for path in PATHS)

ENDPOINTS = (
    Endpoint(paths=PATHS, methods=("POST",), dialect="openai_chat", action=Gateway.answer),
    Endpoint(paths=COMPLETIONS, methods=("POST",), dialect="openai_chat", action=Gateway.answer, purpose="complete"),
    Endpoint(paths=EMBEDDINGS, methods=("POST",), dialect="openai_chat", action=Gateway.answer, purpose="embed"),
)
