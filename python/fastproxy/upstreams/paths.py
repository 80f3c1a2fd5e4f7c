"""Where an upstream is asked, by its dialect and its base URL."""

from __future__ import annotations

import re
from urllib.parse import quote

#: Paths behind the base URL that the dialect's official SDK takes, by what is asked for; `stream` where a stream has
#: another than `generate`.
_PATHS = {
    "openai_chat": {
        "generate": "/chat/completions",
        "complete": "/completions",
        "embed": "/embeddings",
        "models": "/models",
    },
    "openai_responses": {
        "generate": "/responses",
        "compact": "/responses/compact",
        "count": "/responses/input_tokens",
        "embed": "/embeddings",
        "models": "/models",
    },
    "anthropic": {"generate": "/v1/messages", "count": "/v1/messages/count_tokens", "models": "/v1/models"},
    "gemini": {
        "generate": "/v1beta/{resource}:generateContent",
        "stream": "/v1beta/{resource}:streamGenerateContent?alt=sse",
        "count": "/v1beta/{resource}:countTokens",
        "embed": "/v1beta/{resource}:batchEmbedContents",
        "models": "/v1beta/models",
    },
    "ollama": {
        "generate": "/api/chat",
        # Its other operation, which only its own clients ask for.
        "generate:generate": "/api/generate",
        "embed": "/api/embed",
        "models": "/api/tags",
    },
}
#: Anthropic's models at Vertex AI, behind `…/v1/projects/PROJECT/locations/LOCATION`; only a count's body names its model.
_ANTHROPIC_AT_VERTEX = {
    "generate": "/publishers/anthropic/{resource}:rawPredict",
    "stream": "/publishers/anthropic/{resource}:streamRawPredict",
    "count": "/publishers/anthropic/models/count-tokens:rawPredict",
}
#: What Gemini's models have at Vertex AI, behind `…/publishers/google`: no lists, and vectors by another method.
_GEMINI_AT_VERTEX = ("generate", "stream", "count")
_VERSION = re.compile(r"/v[0-9]+(?:(?:alpha|beta)[0-9]*)?$")


def is_at_vertex(base: str, dialect: str, body_version: str | None) -> bool:
    """Whether a dialect is spoken as Vertex AI speaks it."""
    if dialect == "anthropic":
        return body_version is not None
    return dialect == "gemini" and "/publishers/" in base


def paths_behind(base: str, dialect: str, *, is_at_vertex: bool) -> dict[str, str]:
    """What an upstream of this dialect can be asked for, and the path of each behind this base URL."""
    if is_at_vertex and dialect == "anthropic":
        return _ANTHROPIC_AT_VERTEX
    paths = _PATHS[dialect]
    if is_at_vertex:
        paths = {name: paths[name] for name in _GEMINI_AT_VERTEX}
    return {name: _behind(base, path) for name, path in paths.items()}


def _behind(base: str, path: str) -> str:
    """The path behind a base URL that may hold the version already, as Vertex AI's does (and more behind it)."""
    version, _, rest = path[1:].partition("/")
    has_version = _VERSION.search(base) is not None or "/publishers/" in base
    return f"/{rest}" if has_version and _VERSION.fullmatch(f"/{version}") else path


def resource(model: str) -> str:
    """A model's name as a path. Tuned models are a collection of their own; Vertex AI writes versions with `@`."""
    collection, slash, name = model.partition("/")
    if slash and collection in ("models", "tunedModels"):
        return f"{collection}/{quote(name, safe='@')}"
    return f"models/{quote(model, safe='@')}"
