"""What Prometheus reads. Open to nobody from elsewhere unless it sends the token of the settings."""

from __future__ import annotations

import hmac
from ipaddress import ip_address
from typing import TYPE_CHECKING

from ..asgi import header
from ..errors import ProxyError
from ..gateway.gauges import account_gauges
from .route import Endpoint

if TYPE_CHECKING:
    from ..gateway import Call, Gateway

#: What reverse proxies add: behind one on this machine, everybody comes from loopback.
_FORWARDED = (b"forwarded", b"x-forwarded-for", b"x-real-ip", b"via")


async def metrics(gateway: Gateway, call: Call) -> None:
    """`GET /metrics`."""
    if not _may_read(gateway, call):
        raise ProxyError("not_found", f"there is nothing at {call.scope['path']}", code="unknown_path")
    accounts = await account_gauges(gateway.pools(), gateway.snapshot.config.metrics.labels)
    body, content_type = gateway.books.metrics.render(header(call.headers, b"accept") or "", accounts)
    await call.respond_plain(200, body, content_type)


def _may_read(gateway: Gateway, call: Call) -> bool:
    settings = gateway.snapshot.config.metrics
    if settings.serve == "off":
        return False
    if settings.serve == "token" and settings.token is not None:
        sent = header(call.headers, b"authorization") or ""
        return hmac.compare_digest(sent.encode(), f"Bearer {settings.token.reveal()}".encode())
    if any(header(call.headers, name) is not None for name in _FORWARDED):
        return False
    client = call.scope.get("client")
    return client is not None and _is_loopback(str(client[0]))


def _is_loopback(host: str) -> bool:
    try:
        address = ip_address(host)
    except ValueError:
        return False
    mapped = getattr(address, "ipv4_mapped", None)
    return bool((mapped or address).is_loopback)


ENDPOINTS = (Endpoint(paths=("/metrics",), methods=("GET", "HEAD"), dialect=None, action=metrics, is_open=True),)
