"""What a failed attempt means for the account that made it."""

from __future__ import annotations

import logging

from ..errors import ProxyError
from ..pool import Lease
from ..upstreams import Upstream

_LOG = logging.getLogger("fastproxy")


def charge(upstream: Upstream, lease: Lease, error: ProxyError, *, was_sent: bool = True) -> None:
    """Log a failed attempt, and charge it to what caused it. `was_sent`: something of the request may have reached the
    upstream."""
    _LOG.warning(
        "attempt failed",
        extra={"fields": {
            "upstream": upstream.name, "account": lease.account.name, "error": error.kind,
            "upstream_status": error.upstream_status, "message": error.message,
        }},
    )  # fmt: skip
    upstream.pool.charge(lease, error, was_sent=was_sent)
