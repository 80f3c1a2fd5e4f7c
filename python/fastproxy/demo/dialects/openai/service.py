"""OpenAI's service around its dialects: credentials, request ids, the error object and the headers of every answer."""

from fastproxy.demo.ask import Json
from fastproxy.demo.dialects.dialect import Context, Dialect, bearer, indexed
from fastproxy.demo.errors import Header, Kind, Refused
from fastproxy.demo.ids import HEX, Ids
from fastproxy.demo.wire import HttpRequest

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


class OpenAIService(Dialect):
    """What is the same whichever of the two dialects a request is in."""

    base_path = "/v1"
    indent = 2

    def key(self, request: HttpRequest) -> str | None:
        return bearer(request)

    def request_id(self, ids: Ids) -> str:
        return ids.make("req_", 32, HEX)

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


def no_method(request: HttpRequest) -> Refused:
    """The refusal of a method that a path does not have."""
    message = f"invalid method for URL ({request.method} {request.path})"
    return Refused(Kind.METHOD, message, code="method_not_allowed")
