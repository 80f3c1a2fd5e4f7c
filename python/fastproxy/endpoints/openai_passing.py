"""What the proxy does not understand and passes on: images, audio, files, batches, moderations, rankings."""

from __future__ import annotations

from ..gateway import pass_on
from .route import Endpoint

_BASES = ("/v1", "", "/openai/v1", "/openai")
#: A body that names a model goes where the model is.
_MODELS = ("/images/{rest*}", "/audio/{rest*}", "/rerank", "/moderations")
#: Kept by one account, which the configuration names.
_KEPT = tuple(
    f"/{noun}{rest}" for noun in ("files", "batches", "uploads", "vector_stores") for rest in ("", "/{rest*}")
)


def _endpoint(paths: tuple[str, ...], *methods: str) -> Endpoint:
    everywhere = tuple(f"{base}{path}" for base in _BASES for path in paths)
    return Endpoint(paths=everywhere, methods=methods, dialect="openai_chat", action=pass_on, takes_any=True)


ENDPOINTS = (_endpoint(_MODELS, "POST"), _endpoint(_KEPT, "GET", "POST", "DELETE"))
