"""Google Gemini. The model stands in the path, and a stream is one JSON array unless `alt=sse` asks for events.

Google's SDKs call `/v1beta`, newer ones `/v1`; those for Vertex AI put project and location in front.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..gateway import Gateway
from .route import Endpoint

if TYPE_CHECKING:
    from ..gateway import Call

_ARRAY = b"application/json; charset=utf-8"
_VERTEX = "projects/{project}/locations/{location}/publishers/google/models/{model*}"
MODELS = (
    *(
        f"{prefix}/models/{{model*}}"
        for prefix in ("/v1beta", "/v1", "/v1alpha", "/gemini/v1beta", "/gemini/v1", "/gemini")
    ),
    *(f"{prefix}/{_VERTEX}" for prefix in ("/v1beta1", "/v1")),
)


async def generate(gateway: Gateway, call: Call) -> None:
    """`:generateContent`."""
    call.outside = (call.arguments["model"], False)
    await gateway.answer(call)


async def stream(gateway: Gateway, call: Call) -> None:
    """`:streamGenerateContent`."""
    call.outside = (call.arguments["model"], True)
    call.wants_array = call.query.get("alt") != "sse"
    if call.wants_array:
        call.stream_type = _ARRAY
    await gateway.answer(call)


async def count_tokens(gateway: Gateway, call: Call) -> None:
    """`:countTokens`."""
    call.outside = (call.arguments["model"], False)
    await gateway.count_tokens(call)


async def embed(gateway: Gateway, call: Call) -> None:
    """`:embedContent`, `:batchEmbedContents`."""
    call.outside = (call.arguments["model"], False)
    await gateway.answer(call)


ENDPOINTS = (
    *(
        Endpoint(
            paths=tuple(f"{path}:{method}" for path in MODELS),
            methods=("POST",),
            dialect="gemini",
            action=action,
        )
        for method, action in (
            ("generateContent", generate),
            ("streamGenerateContent", stream),
            ("countTokens", count_tokens),
        )
    ),
    Endpoint(
        paths=tuple(f"{path}:{method}" for path in MODELS for method in ("embedContent", "batchEmbedContents")),
        methods=("POST",),
        dialect="gemini",
        action=embed,
        purpose="embed",
    ),
)
