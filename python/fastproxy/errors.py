"""The one exception of the proxy, and what a client is told about it.

`kind` is one of the names of `fastproxy_core::error::Kind`; bytes and status are made by the dialect (`encode_error` in
Rust). Texts are for people and never matched on.
"""

from __future__ import annotations

import math
from typing import Literal

Source = Literal["client", "upstream", "proxy"]
Retry = Literal["never", "other_account", "same_after"]

#: Kinds that a client's own retry cannot mend: the SDKs obey `x-should-retry`.
_HOPELESS = frozenset({"billing", "auth", "permission", "bad_request", "context_too_long", "not_found"})


class ProxyError(Exception):
    """An error with its class, its source and whether another try may help."""

    def __init__(
        self,
        kind: str,
        message: str,
        *,
        source: Source = "client",
        retry: Retry = "never",
        pointer: str | None = None,
        code: str | None = None,
        upstream_status: int | None = None,
        retry_after_ms: int | None = None,
        should_retry: bool | None = None,
        close: bool = False,
    ) -> None:
        super().__init__(message)
        self.kind = kind
        self.message = message
        self.source = source
        self.retry = retry
        self.pointer = pointer
        self.code = code
        self.upstream_status = upstream_status
        self.retry_after_ms = retry_after_ms
        self.should_retry = should_retry
        #: The connection cannot be used further (an unread body stands in it).
        self.close = close

    def headers(self) -> list[tuple[bytes, bytes]]:
        """Retry hints in the forms that SDKs read: seconds (rounded up), milliseconds, and a plain yes or no."""
        found: list[tuple[bytes, bytes]] = []
        if self.retry_after_ms is not None:
            seconds = math.ceil(self.retry_after_ms / 1000)
            found.append((b"retry-after", str(seconds).encode()))
            found.append((b"retry-after-ms", str(self.retry_after_ms).encode()))
        should_retry = self.should_retry
        if should_retry is None and self.kind in _HOPELESS:
            should_retry = False
        if should_retry is not None:
            found.append((b"x-should-retry", b"true" if should_retry else b"false"))
        if self.close:
            found.append((b"connection", b"close"))
        return found
