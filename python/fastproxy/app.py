"""The ASGI application: lifespan, guards, route table. No logic of its own."""

from __future__ import annotations

import contextlib
import logging
import time
from collections.abc import Callable

from .asgi import ClientDisconnected, Receive, Scope, Send
from .cors import cors_headers, preflight_headers
from .endpoints import Endpoint, RouteTable, endpoints
from .errors import ProxyError
from .gateway import Call, Gateway
from .gateway.observe import observe
from .guards import check_json_body, check_request
from .lifespan import Lifespan
from .telemetry.logs import ACCESS

_LOG = logging.getLogger("fastproxy")
#: Who reads the errors of paths that do not exist.
_PREFIXES = (
    ("/anthropic/", "anthropic"),
    ("/openai/", "openai_chat"),
    ("/gemini/", "gemini"),
    ("/v1beta/", "gemini"),
    ("/ollama/", "ollama"),
    ("/api/", "ollama"),
)


class App:
    """One per process. `start` builds the gateway when the server says that the process is up."""

    def __init__(self, lifespan: Lifespan) -> None:
        self._lifespan = lifespan
        self._table = RouteTable(endpoints())

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self._lifespan.run(receive, send)
        elif scope["type"] == "http":
            await self._http(scope, receive, send)
        else:
            await send({"type": "websocket.close", "code": 1003})

    async def _http(self, scope: Scope, receive: Receive, send: Send) -> None:
        gateway = self._lifespan.gateway
        found, arguments = self._table.find(scope)
        call = Call(scope, receive, send, dialect=found[0].dialect if found else _dialect_of(scope["path"]))
        call.arguments = arguments
        call.extra = cors_headers(call.headers, gateway.snapshot.config.cors)
        try:
            await self._serve(gateway, call, found)
        except ClientDisconnected:
            await _answer_unfinished(call)
        except ProxyError as error:
            await _answer_error(call, error)
        except Exception:
            _LOG.exception("request failed", extra={"fields": {"request_id": call.request_id}})
            await _answer_error(call, ProxyError("internal", "the proxy failed on this request", source="proxy"))
        finally:
            observe(gateway.books.metrics, call)
            if gateway.snapshot.config.server.access_log:
                _log_access(call)

    async def _serve(self, gateway: Gateway, call: Call, found: list[Endpoint]) -> None:
        check_request(call.scope, gateway.snapshot.config.limits)
        method = call.scope["method"]
        if not found:
            raise ProxyError("not_found", f"there is nothing at {call.scope['path']}", code="unknown_path")
        if method == "OPTIONS":
            call.extra = preflight_headers(call.headers, gateway.snapshot.config.cors)
            await call.respond_text(204, "")
            return
        endpoint = next((e for e in found if method in e.methods), None)
        if endpoint is None:
            allowed = sorted({name for e in found for name in e.methods})
            call.extra = [*call.extra, (b"allow", ", ".join(allowed).encode())]
            raise ProxyError("method", f"this path takes {' or '.join(allowed)}")
        if not endpoint.is_open:
            call.caller = gateway.keys.authenticate(call.headers, call.scope["query_string"])
            call.notes["key"] = call.caller.name
        if method == "POST" and not endpoint.takes_any:
            check_json_body(call.headers, takes_any_type=endpoint.takes_any_type)
        call.purpose, call.operation, call.stream_type = endpoint.purpose, endpoint.operation, endpoint.stream_type
        await endpoint.action(gateway, call)


def _dialect_of(path: str) -> str | None:
    """The dialect of a path that does not exist, when its prefix tells."""
    return next((dialect for prefix, dialect in _PREFIXES if path.startswith(prefix)), None)


async def _answer_error(call: Call, error: ProxyError) -> None:
    """Tell the client, unless something was sent already: then only the abnormal close is left."""
    if call.status == 0:
        await call.respond_error(error)


async def _answer_unfinished(call: Call) -> None:
    """The client left, or its body broke the rules of HTTP: granian tells both in one way, and would say 500 itself."""
    if call.status == 0:
        with contextlib.suppress(OSError):
            await call.respond_error(ProxyError("bad_request", "the request body is malformed or cut", close=True))
    call.status = 499


def _log_access(call: Call) -> None:
    if not ACCESS.isEnabledFor(logging.INFO):
        return
    fields = {
        "request_id": call.request_id,
        "method": call.scope["method"],
        "path": call.scope["path"],
        "status": call.status,
        "duration_ms": round((time.perf_counter() - call.started_at) * 1000, 3),
        **call.notes,
    }
    ACCESS.info("request", extra={"fields": fields})


def create(start: Callable[[], Gateway] | None = None) -> App:
    """The application for a server to run; without arguments configured by the environment that `server.run` sets."""
    return App(Lifespan(start))
