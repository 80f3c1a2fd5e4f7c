"""Liveness, readiness, and the root that clients knock at."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .route import Endpoint

if TYPE_CHECKING:
    from ..gateway import Call, Gateway


async def live(gateway: Gateway, call: Call) -> None:
    """The process answers: nothing else is asked."""
    await call.respond_text(200, "ok")


async def ready(gateway: Gateway, call: Call) -> None:
    """New requests are welcome: configured and not draining. What works less well than it should is told beside."""
    problem = gateway.not_ready()
    degraded = gateway.books.degraded()
    await call.respond_text(200 if problem is None else 503, problem or (f"ok, but {degraded}" if degraded else "ok"))


async def root(gateway: Gateway, call: Call) -> None:
    """Claude Code asks `HEAD /` before anything else."""
    await call.respond_text(200, "fastproxy")


ENDPOINTS = (
    Endpoint(paths=("/livez", "/health/liveliness"), methods=("GET", "HEAD"), dialect=None, action=live, is_open=True),
    Endpoint(
        paths=("/readyz", "/healthz", "/health/readiness"),
        methods=("GET", "HEAD"), dialect=None, action=ready, is_open=True,
    ),
    Endpoint(paths=("/",), methods=("GET", "HEAD"), dialect=None, action=root, is_open=True),
)  # fmt: skip
