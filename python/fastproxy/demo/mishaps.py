"""The words for errors: each status, each form of Retry-After, errors that hide behind status 200, and pages that are not JSON."""

import time
from collections.abc import Callable
from email.utils import formatdate

from msgspec.structs import replace

from fastproxy.demo.delivery import Ending
from fastproxy.demo.errors import Header, Kind, Refused
from fastproxy.demo.script import Group, Mishap, Numbers, Page, Plan, Word

HTML_TYPE: Header = ("content-type", "text/html; charset=utf-8")
BAD_GATEWAY_PAGE = (
    b"<!DOCTYPE html>\n<html><head><title>502 Bad Gateway</title></head>\n"
    b"<body><h1>502 Bad Gateway</h1><p>The simulated edge could not reach its origin.</p></body></html>\n"
)
PORTAL_PAGE = (
    b"<!DOCTYPE html>\n<html><head><title>Welcome</title></head>\n"
    b"<body><form action='/login'>Please accept the terms of this network.</form></body></html>\n"
)
KINDS: dict[int, tuple[Kind, str]] = {
    400: (Kind.INVALID, "the simulated service finds this request invalid"),
    401: (Kind.AUTHENTICATION, "the key is not valid"),
    402: (Kind.BILLING, "the balance is used up"),
    403: (Kind.PERMISSION, "this key may not use this model"),
    404: (Kind.NOT_FOUND, "there is no such thing here"),
    409: (Kind.CONFLICT, "the resource is being changed by another request"),
    413: (Kind.TOO_LARGE, "the request is larger than allowed"),
    422: (Kind.UNPROCESSABLE, "the request cannot be processed"),
    429: (Kind.RATE, "too many requests"),
    500: (Kind.SERVER, "the server had an error"),
    503: (Kind.UNAVAILABLE, "the service is not available"),
    504: (Kind.TIMEOUT, "the request timed out"),
    529: (Kind.OVERLOADED, "the service is overloaded"),
}


def refusing(status: int) -> Callable[[], Refused]:
    """What makes the refusal for a status; a status outside the table is a plain server or client error."""
    kind, message = KINDS.get(status, (Kind.SERVER if status >= 500 else Kind.INVALID, f"simulated error {status}"))
    return lambda: Refused(kind, message, status=status)


def limited(make_headers: Callable[[], list[Header]], exhausted: float | None = None) -> Callable[[], Refused]:
    return lambda: Refused(Kind.RATE, "too many requests", headers=make_headers(), exhausted=exhausted)


def retry_after(value: str) -> Callable[[], list[Header]]:
    return lambda: [("retry-after", value)]


def date_in(seconds: float) -> Callable[[], list[Header]]:
    return lambda: [("retry-after", formatdate(time.time() + seconds, usegmt=True))]


def _status(plan: Plan, numbers: Numbers) -> Plan:
    status = numbers[0] or 500
    if status == 502:
        return replace(plan, mishap=Mishap(page=Page(status=502, headers=(HTML_TYPE,), body=BAD_GATEWAY_PAGE)))
    return replace(plan, mishap=Mishap(refuse=refusing(status)))


def _rate(name: str, about: str, refuse: Callable[[Numbers], Callable[[], Refused]]) -> Word:
    def apply(plan: Plan, numbers: Numbers) -> Plan:
        return replace(plan, mishap=Mishap(refuse=refuse(numbers)))

    return Word(name=name, about=about, group=Group.RATE, apply=apply)


def _fixed(name: str, about: str, mishap: Mishap) -> Word:
    return Word(name=name, about=about, group=Group.ERROR, apply=lambda plan, numbers: replace(plan, mishap=mishap))


def _error_after(plan: Plan, numbers: Numbers) -> Plan:
    return plan.delivered(ending=Ending.ERROR, after=2 if numbers[0] is None else numbers[0])


def _seconds(numbers: Numbers, otherwise: int) -> int:
    return otherwise if not numbers or numbers[0] is None else numbers[0]


RATE_WORDS = (
    _rate("rate-seconds[-<s>]", "429 with `retry-after: 7`.", lambda n: limited(retry_after(str(_seconds(n, 7))))),
    _rate("rate-float", "429 with `retry-after: 1.5`.", lambda n: limited(retry_after("1.5"))),
    _rate(
        "rate-ms[-<ms>]",
        "429 with `retry-after-ms: 1500`.",
        lambda n: limited(lambda: [("retry-after-ms", str(_seconds(n, 1500)))]),
    ),
    _rate("rate-date[-<s>]", "429 with an HTTP date 30 seconds ahead.", lambda n: limited(date_in(_seconds(n, 30)))),
    _rate("rate-past", "429 with an HTTP date in the past.", lambda n: limited(date_in(-60))),
    _rate(
        "rate-reset[-<s>]",
        "429 with the dialect's own hint only, 20 seconds ahead: reset headers, or `RetryInfo` (Gemini).",
        lambda n: limited(list, exhausted=_seconds(n, 20)),
    ),
    _rate("rate-none", "429 without any hint.", lambda n: limited(list)),
    _rate("rate-garbage", "429 with `retry-after: soon`.", lambda n: limited(retry_after("soon"))),
    _rate("rate-negative", "429 with `retry-after: -1`.", lambda n: limited(retry_after("-1"))),
    _rate("rate-endless", "429 with `retry-after: 9e99`.", lambda n: limited(retry_after("9e99"))),
    _rate(
        "rate-no-retry",
        "429 with `x-should-retry: false`.",
        lambda n: limited(lambda: [("x-should-retry", "false"), ("retry-after", "1")]),
    ),
    _rate(
        "rate-quota",
        "429 that means money: the quota is used up.",
        lambda n: lambda: Refused(Kind.QUOTA, "the quota is used up"),
    ),
)
ERROR_WORDS = (
    Word(
        name="error-<status>",
        about="An error with that status: 400, 401, 402, 403, 404, 409, 413, 422, 429, 500, 503, 504, 529 (503 at Gemini and Ollama); 502 is an HTML page.",
        group=Group.ERROR,
        apply=_status,
    ),
    _fixed(
        "error-context",
        "400: the prompt does not fit the context window.",
        Mishap(refuse=lambda: Refused(Kind.CONTEXT, "the prompt is longer than the context window")),
    ),
    _fixed(
        "error-filter",
        "400: the prompt was blocked by a content filter (Azure).",
        Mishap(refuse=lambda: Refused(Kind.FILTERED, "the prompt was filtered")),
    ),
    Word(
        name="error-event",
        about="Status 200, then the dialect's error event as the very first event (one-shot: 529).",
        group=Group.ERROR,
        apply=lambda plan, numbers: plan.delivered(ending=Ending.ERROR, after=-1),
    ),
    Word(
        name="error-after[-<n>]",
        about="The error event after two (or n) content events; 0: after what precedes the first (one-shot: 529).",
        group=Group.ERROR,
        apply=_error_after,
    ),
    _fixed("json-200", "The error as JSON, but with status 200.", Mishap(refuse=refusing(500), status=200)),
    _fixed(
        "html-200",
        "An HTML page with status 200.",
        Mishap(page=Page(status=200, headers=(HTML_TYPE,), body=PORTAL_PAGE)),
    ),
    _fixed(
        "empty-200",
        "Status 200 and an empty body.",
        Mishap(page=Page(status=200, headers=(("content-type", "application/json"),))),
    ),
    _fixed(
        "switching",
        "101 Switching Protocols, unasked.",
        Mishap(page=Page(status=101, headers=(("upgrade", "simulated"),))),
    ),
    _fixed(
        "redirect",
        "307 to another path of this server (`/elsewhere`), which must not be called with a key.",
        Mishap(page=Page(status=307, headers=(("location", "{origin}/elsewhere"),))),
    ),
)
WORDS = ERROR_WORDS + RATE_WORDS
