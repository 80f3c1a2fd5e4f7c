"""Browsers from other origins: closed unless the configuration names them; credentials never."""

from __future__ import annotations

from .asgi import Headers, header
from .config import Cors

_METHODS = b"GET, POST, DELETE, OPTIONS"


def cors_headers(headers: Headers, settings: Cors) -> Headers:
    """What a response to this request says to a browser; nothing for origins that are not allowed."""
    origin = header(headers, b"origin")
    if origin is None or not ("*" in settings.origins or origin in settings.origins):
        return []
    allowed = b"*" if "*" in settings.origins else origin.encode("latin-1")
    return [
        (b"access-control-allow-origin", allowed),
        (b"access-control-expose-headers", b"x-request-id, request-id, retry-after, x-fastproxy-loss"),
        (b"vary", b"origin"),
    ]


def preflight_headers(headers: Headers, settings: Cors) -> Headers:
    """The answer to a preflight request."""
    allowed = cors_headers(headers, settings)
    if not allowed:
        return []
    asked = header(headers, b"access-control-request-headers") or "authorization, content-type, x-api-key"
    return [
        *allowed,
        (b"access-control-allow-methods", _METHODS),
        (b"access-control-allow-headers", asked.encode("latin-1")),
        (b"access-control-max-age", str(int(settings.max_age)).encode()),
    ]
