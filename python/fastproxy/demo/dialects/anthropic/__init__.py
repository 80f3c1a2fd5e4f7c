"""Anthropic Messages as the simulated upstream speaks it: paths, credentials, headers, errors, models."""

from datetime import UTC, datetime, timedelta

from fastproxy.demo.ask import Json
from fastproxy.demo.compose import PROMPT_OVERHEAD
from fastproxy.demo.dialects.anthropic.answer import MessagesRenderer
from fastproxy.demo.dialects.anthropic.quirks import QUIRKS
from fastproxy.demo.dialects.anthropic.request import read
from fastproxy.demo.dialects.dialect import Context, Dialect, Renderer, Reply, bearer, dotted
from fastproxy.demo.errors import Header, Kind, Refused
from fastproxy.demo.ids import Ids
from fastproxy.demo.sse import Frame
from fastproxy.demo.story import tokens
from fastproxy.demo.wire import HttpRequest

MESSAGES, COUNT, MODELS = "/v1/messages", "/v1/messages/count_tokens", "/v1/models"
LIMITS = {"requests": 4_000, "tokens": 2_400_000, "input-tokens": 2_000_000, "output-tokens": 400_000}
TYPES = {
    Kind.AUTHENTICATION: "authentication_error",
    Kind.BILLING: "billing_error",
    Kind.PERMISSION: "permission_error",
    Kind.NOT_FOUND: "not_found_error",
    Kind.NO_MODEL: "not_found_error",
    Kind.CONFLICT: "conflict_error",
    Kind.TOO_LARGE: "request_too_large",
    Kind.RATE: "rate_limit_error",
    Kind.QUOTA: "rate_limit_error",
    Kind.SERVER: "api_error",
    Kind.BAD_GATEWAY: "api_error",
    Kind.UNAVAILABLE: "api_error",
    Kind.TIMEOUT: "timeout_error",
    Kind.OVERLOADED: "overloaded_error",
}


class Anthropic(Dialect):
    name = "anthropic"
    serves = "`/v1/messages`, `/v1/messages/count_tokens`, `/v1/models`"
    quirks = QUIRKS

    def claims(self, request: HttpRequest) -> bool:
        is_models = request.path == MODELS or request.path.startswith(MODELS + "/")
        return request.path in (MESSAGES, COUNT) or (is_models and self.speaks(request))

    def speaks(self, request: HttpRequest) -> bool:
        return request.header("anthropic-version") is not None or request.header("x-api-key") is not None

    def key(self, request: HttpRequest) -> str | None:
        return request.header("x-api-key") or bearer(request)

    def request_id(self, ids: Ids) -> str:
        return ids.make("req_011C", 20)

    def open(self, request: HttpRequest, context: Context) -> Renderer | Reply:
        if request.method != ("POST" if request.path in (MESSAGES, COUNT) else "GET"):
            raise Refused(Kind.METHOD, "Method Not Allowed")
        if request.path == MESSAGES:
            return MessagesRenderer(read(request, context), context)
        if request.path == COUNT:
            counted = read(request, context, counting=True)
            return Reply(body={"input_tokens": len(tokens(counted.ask.prompt)) + PROMPT_OVERHEAD})
        if request.path == MODELS:
            return Reply(body=_page(context.vocabulary.model_names(), request.query))
        name = request.path.removeprefix(MODELS + "/")
        context.vocabulary.plan(name)
        return Reply(body=_model(name))

    def error_body(self, refused: Refused, request_id: str) -> Json:
        kind = TYPES.get(refused.kind, "invalid_request_error")
        message = f"model: {refused.message}" if refused.kind is Kind.NO_MODEL else refused.message
        if refused.path:
            message = f"{dotted(refused.path)}: {message}"
        error: Json = {"type": kind, "message": message}
        if refused.kind is Kind.QUOTA:
            error["details"] = {"error_code": "enforced_spend_limit_reached"}
        return {"type": "error", "error": error, "request_id": request_id}

    def error_frames(self, refused: Refused, request_id: str) -> list[Frame]:
        return [Frame(event="error", data=self.error_body(refused, request_id))]

    def headers(self, context: Context, exhausted: float | None) -> list[Header]:
        reset = datetime.fromtimestamp(context.now, UTC) + timedelta(seconds=exhausted or 1)
        headers = [
            ("request-id", context.request_id),
            ("anthropic-organization-id", "00000000-0000-4000-8000-000000000000"),
        ]
        for name, limit in LIMITS.items():
            left = 0 if exhausted and name == "requests" else limit - 1
            headers += [
                (f"anthropic-ratelimit-{name}-limit", str(limit)),
                (f"anthropic-ratelimit-{name}-remaining", str(left)),
                (f"anthropic-ratelimit-{name}-reset", reset.strftime("%Y-%m-%dT%H:%M:%SZ")),
            ]
        return headers


def _model(name: str) -> Json:
    return {
        "type": "model",
        "id": name,
        "display_name": f"Simulated {name}",
        "created_at": "2026-01-01T00:00:00Z",
        "lifecycle": "active",
        "max_input_tokens": 200_000,
        "max_tokens": 64_000,
    }


def _page(names: list[str], query: dict[str, str]) -> Json:
    """One page of the list: `limit` entries after `after_id` or before `before_id`."""
    limit = query.get("limit", "20")
    if not limit.isdigit() or not 1 <= int(limit) <= 1000:
        raise Refused(Kind.INVALID, "expected an integer from 1 to 1000", path=("limit",))
    after, before = query.get("after_id"), query.get("before_id")
    rest = names[names.index(after) + 1 :] if after in names else names
    if before in names:
        rest = names[: names.index(before)]
        shown = rest[-int(limit) :]
    else:
        shown = rest[: int(limit)]
    return {
        "data": [_model(name) for name in shown],
        "has_more": len(rest) > len(shown),
        "first_id": shown[0] if shown else None,
        "last_id": shown[-1] if shown else None,
    }
