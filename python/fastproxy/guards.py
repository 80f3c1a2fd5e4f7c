"""What granian lets through and no request may have: checked before anything else looks at it.

Granian accepts a missing or second Host, `Host: a/?x=`, absolute-form targets and half a megabyte of headers (measured
on 2.8.7). Routing and the auth decision both use `scope["path"]`, never a URL rebuilt from Host.
"""

from __future__ import annotations

import re

from .asgi import Headers, Scope, header, headers_named
from .config import Limits
from .errors import ProxyError

_HOST = re.compile(r"(?:[A-Za-z0-9._-]{1,253}|\[[0-9A-Fa-f:.]{2,45}\])(?::[0-9]{1,5})?")
_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
_JSON = re.compile(r"\s*application/(?:[a-z0-9.+-]+\+)?json\s*(?:;.*)?", re.IGNORECASE)


def check_request(scope: Scope, limits: Limits) -> None:
    """Raise `ProxyError` for a request that is malformed at the HTTP level or over a limit."""
    if scope["method"] not in _METHODS:
        raise ProxyError("method", "this method is not supported", close=True)
    headers: Headers = scope["headers"]
    if len(headers) > limits.header_count:
        raise ProxyError("too_large", f"more than {limits.header_count} headers", close=True)
    size = 0
    for name, value in headers:
        size += len(name) + len(value)
    if size > limits.header_bytes:
        raise ProxyError("too_large", f"the headers are larger than {limits.header_bytes} bytes", close=True)
    target = scope.get("raw_path") or scope["path"].encode()
    if len(target) + len(scope["query_string"]) > limits.url_bytes:
        raise ProxyError("too_large", f"the request target is longer than {limits.url_bytes} bytes", close=True)
    if not scope["path"].startswith("/"):
        raise ProxyError("bad_request", "the request target must be a path", close=True)
    _check_host(scope, headers)


def _check_host(scope: Scope, headers: Headers) -> None:
    # Granian fills in an empty one where none was sent.
    hosts = [host for host in headers_named(headers, b"host") if host]
    is_http1 = scope["http_version"].startswith("1")
    if is_http1 and len(hosts) != 1 and scope["http_version"] not in ("1", "1.0"):
        raise ProxyError("bad_request", "exactly one Host header is needed", close=True)
    if any(not _HOST.fullmatch(host) for host in hosts):
        raise ProxyError("bad_request", "the Host header is malformed", close=True)


def check_json_body(headers: Headers) -> None:
    """Raise `ProxyError` `media_type` for a body that is declared as something else than plain JSON."""
    coding = header(headers, b"content-encoding")
    if coding is not None and coding.strip().lower() not in ("", "identity"):
        raise ProxyError("media_type", "compressed request bodies are not accepted", close=True)
    media_type = header(headers, b"content-type")
    if media_type is not None and media_type.strip() and not is_json(headers):
        raise ProxyError("media_type", "the request body must be application/json", close=True)


def is_json(headers: Headers) -> bool:
    """Whether the body is declared as JSON."""
    return _JSON.fullmatch(header(headers, b"content-type") or "") is not None
