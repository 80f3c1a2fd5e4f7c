"""Gemini: errors as `google.rpc.Status` with details: which field, which quota, and how long to wait."""

import re
from collections.abc import Mapping
from types import MappingProxyType

from fastproxy.demo.ask import Json
from fastproxy.demo.dialects.gemini.spelling import snake
from fastproxy.demo.errors import Kind, Path, Refused

BAD_KEY, NO_KEY = "invalid_api_key", "missing_api_key"
TYPE = "type.googleapis.com/google.rpc."
SECONDS = re.compile(r"\d{1,6}(\.\d{1,9})?")
CODES: Mapping[int, str] = MappingProxyType(
    {
        400: "INVALID_ARGUMENT",
        401: "UNAUTHENTICATED",
        403: "PERMISSION_DENIED",
        404: "NOT_FOUND",
        409: "ABORTED",
        429: "RESOURCE_EXHAUSTED",
        500: "INTERNAL",
        501: "UNIMPLEMENTED",
        503: "UNAVAILABLE",
        504: "DEADLINE_EXCEEDED",
    }
)


def status(refused: Refused) -> int:
    """A bad key is an invalid argument here, a missing one a forbidden caller, and overload has no status of its own."""
    if refused.code == BAD_KEY:
        return 400
    if refused.code == NO_KEY:
        return 403
    return 503 if refused.kind is Kind.OVERLOADED else refused.status


def body(refused: Refused) -> Json:
    code = status(refused)
    otherwise = "FAILED_PRECONDITION" if refused.kind is Kind.BILLING else "UNKNOWN"
    error: Json = {"code": code, "message": _message(refused), "status": CODES.get(code, otherwise)}
    if details := _details(refused):
        error["details"] = details
    return {"error": error}


def _message(refused: Refused) -> str:
    if refused.kind is Kind.NO_MODEL:
        return (
            f"models/{refused.message} is not found for API version v1beta, or is not supported for generateContent. "
            "Call ListModels to see the list of available models and their supported methods."
        )
    if refused.code == NO_KEY:
        return "Method doesn't allow unregistered callers (callers without established identity)."
    if not refused.path:
        return refused.message
    if refused.code == "unknown_parameter":
        *before, name = refused.path
        return (
            f'Invalid JSON payload received. Unknown name "{snake(str(name))}"{_at(tuple(before))}: Cannot find field.'
        )
    if refused.code == "invalid_type":
        return f"Invalid value{_at(refused.path)}: {refused.message}"
    return f"* GenerateContentRequest.{spelled(refused.path)}: {refused.message}\n"


def _at(path: Path) -> str:
    return f" at '{spelled(path)}'" if path else ""


def spelled(path: Path) -> str:
    """`contents[0].parts[1].function_call`"""
    text = "".join(f"[{step}]" if isinstance(step, int) else f".{snake(step)}" for step in path)
    return text.removeprefix(".")


def _details(refused: Refused) -> list[Json]:
    if refused.code == BAD_KEY:
        info = {"reason": "API_KEY_INVALID", "domain": "googleapis.com"}
        return [{"@type": f"{TYPE}ErrorInfo", **info, "metadata": {"service": "generativelanguage.googleapis.com"}}]
    if refused.kind in (Kind.RATE, Kind.QUOTA):
        return _quota(refused)
    if refused.path:
        violation = {"field": spelled(refused.path), "description": _message(refused)}
        return [{"@type": f"{TYPE}BadRequest", "fieldViolations": [violation]}]
    return []


def _quota(refused: Refused) -> list[Json]:
    """Which quota, and for one that opens again: when."""
    span = "PerDay" if refused.kind is Kind.QUOTA else "PerMinute"
    violation = {
        "quotaMetric": "generativelanguage.googleapis.com/generate_content_free_tier_requests",
        "quotaId": f"GenerateRequests{span}PerProjectPerModel-FreeTier",
        "quotaValue": "10",
    }
    details: list[Json] = [{"@type": f"{TYPE}QuotaFailure", "violations": [violation]}]
    hint = dict(refused.headers).get("retry-after", "")
    delay = f"{refused.exhausted:g}" if refused.exhausted else hint
    if refused.kind is Kind.RATE and SECONDS.fullmatch(delay):
        details.append({"@type": f"{TYPE}RetryInfo", "retryDelay": f"{delay}s"})
    return details
