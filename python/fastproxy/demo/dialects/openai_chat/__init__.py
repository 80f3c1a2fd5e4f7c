"""OpenAI Chat Completions as the simulated upstream speaks it: paths, credentials, headers, errors, models."""

from fastproxy.demo.ask import Json
from fastproxy.demo.dialects.dialect import Context, Dialect, Renderer, Reply, bearer, indexed
from fastproxy.demo.dialects.openai_chat.answer import ChatRenderer
from fastproxy.demo.dialects.openai_chat.quirks import QUIRKS
from fastproxy.demo.dialects.openai_chat.request import read
from fastproxy.demo.errors import Header, Kind, Refused
from fastproxy.demo.ids import HEX, Ids
from fastproxy.demo.sse import Frame
from fastproxy.demo.wire import HttpRequest

CHAT, MODELS = "/v1/chat/completions", "/v1/models"
MODEL_CREATED = 1_767_225_600
REQUEST_LIMIT, TOKEN_LIMIT = 10_000, 2_000_000
TYPES = {  # kind: (type, code)
    Kind.INVALID: ("invalid_request_error", None),
    Kind.AUTHENTICATION: ("invalid_request_error", "invalid_api_key"),
    Kind.BILLING: ("insufficient_quota", "insufficient_quota"),
    Kind.PERMISSION: ("invalid_request_error", "permission_denied"),
    Kind.NOT_FOUND: ("invalid_request_error", None),
    Kind.NO_MODEL: ("invalid_request_error", "model_not_found"),
    Kind.CONTEXT: ("invalid_request_error", "context_length_exceeded"),
    Kind.FILTERED: ("invalid_request_error", "content_filter"),
    Kind.RATE: ("requests", "rate_limit_exceeded"),
    Kind.QUOTA: ("insufficient_quota", "insufficient_quota"),
    Kind.SERVER: ("server_error", None),
    Kind.BAD_GATEWAY: ("server_error", None),
    Kind.UNAVAILABLE: ("server_error", None),
    Kind.TIMEOUT: ("server_error", "timeout"),
    Kind.OVERLOADED: ("server_error", "overloaded"),
}


class OpenAIChat(Dialect):
    name = "openai_chat"
    base_path = "/v1"
    quirks = QUIRKS
    indent = 2

    def claims(self, request: HttpRequest) -> bool:
        return request.path == CHAT or request.path == MODELS or request.path.startswith(MODELS + "/")

    def speaks(self, request: HttpRequest) -> bool:
        return True

    def key(self, request: HttpRequest) -> str | None:
        return bearer(request)

    def request_id(self, ids: Ids) -> str:
        return ids.make("req_", 32, HEX)

    def open(self, request: HttpRequest, context: Context) -> Renderer | Reply:
        wanted = "POST" if request.path == CHAT else "GET"
        if request.method != wanted:
            raise Refused(
                Kind.METHOD, f"invalid method for URL ({request.method} {request.path})", code="method_not_allowed"
            )
        if request.path == CHAT:
            return ChatRenderer(read(request.body, context), context)
        if request.path == MODELS:
            names = context.vocabulary.model_names()
            return Reply(body={"object": "list", "data": [_model(name) for name in names]})
        name = request.path.removeprefix(MODELS + "/")
        context.vocabulary.plan(name)
        return Reply(body=_model(name))

    def error_body(self, refused: Refused, request_id: str) -> Json:
        kind, code = TYPES.get(refused.kind, ("invalid_request_error", None))
        param = indexed(refused.path) or None
        if refused.kind is Kind.NO_MODEL:
            message = f"The model `{refused.message}` does not exist or you do not have access to it."
        elif param:
            message = f"Invalid '{param}': {refused.message}."
        else:
            message = refused.message
        return {"error": {"message": message, "type": kind, "param": param, "code": refused.code or code}}

    def error_frames(self, refused: Refused, request_id: str) -> list[Frame]:
        return [Frame(data=self.error_body(refused, request_id))]

    def headers(self, context: Context, exhausted: float | None) -> list[Header]:
        left = 0 if exhausted else REQUEST_LIMIT - 1
        return [
            ("x-request-id", context.request_id),
            ("openai-processing-ms", "42"),
            ("openai-version", "2020-10-01"),
            ("openai-organization", "org-simulated"),
            ("x-ratelimit-limit-requests", str(REQUEST_LIMIT)),
            ("x-ratelimit-limit-tokens", str(TOKEN_LIMIT)),
            ("x-ratelimit-remaining-requests", str(left)),
            ("x-ratelimit-remaining-tokens", str(TOKEN_LIMIT - 100)),
            ("x-ratelimit-reset-requests", f"{exhausted:g}s" if exhausted else "6ms"),
            ("x-ratelimit-reset-tokens", "3ms"),
        ]


def _model(name: str) -> Json:
    return {"id": name, "object": "model", "created": MODEL_CREATED, "owned_by": "fastproxy-simulation"}
