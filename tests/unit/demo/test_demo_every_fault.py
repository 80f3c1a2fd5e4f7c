"""Mishaps and faults in the dialects whose errors and endings differ most: each says them in its own way."""

import asyncio
from typing import Any

import pytest

from fastproxy.demo import Simulation

ASKS = ("responses", "gemini", "ollama")
QUOTA_TYPE = "type.googleapis.com/google.rpc.QuotaFailure"
RETRY_TYPE = "type.googleapis.com/google.rpc.RetryInfo"


def message(body: Any) -> str:
    """The text of an error in any of the three."""
    error = body["error"]
    text: str = error if isinstance(error, str) else error["message"]
    return text


@pytest.mark.parametrize("ask", ASKS)
@pytest.mark.parametrize("status", [400, 401, 402, 403, 404, 409, 413, 422, 429, 500, 503, 504])
async def test_each_status_in_the_dialects_words(raw: Any, ask: str, status: int) -> None:
    answer = await getattr(raw, ask)(f"error-{status}", stream=True)
    assert answer.status == status
    assert answer.headers["content-type"] == "application/json"
    error = answer.json()["error"]
    assert message(answer.json())
    if ask == "gemini":
        assert error["code"] == status
        assert error["status"] == {402: "FAILED_PRECONDITION", 429: "RESOURCE_EXHAUSTED", 500: "INTERNAL"}.get(
            status, error["status"]
        )
    if ask == "responses":
        assert set(error) == {"message", "type", "param", "code"}


@pytest.mark.parametrize(("ask", "status"), [("responses", 529), ("gemini", 503), ("ollama", 503)])
async def test_overload_has_a_status_of_its_own_only_where_the_vendor_has_one(raw: Any, ask: str, status: int) -> None:
    assert (await getattr(raw, ask)("error-529")).status == status
    assert (await getattr(raw, ask)("error-event", stream=False)).status == status


@pytest.mark.parametrize("ask", ASKS)
@pytest.mark.parametrize(("word", "content"), [("error-event", 0), ("error-after", 2), ("error-after-0", 0)])
async def test_errors_inside_a_stream(raw: Any, ask: str, word: str, content: int) -> None:
    answer = await getattr(raw, ask)(f"echo+{word}", stream=True)
    assert (answer.status, answer.is_terminated) == (200, True)
    events = answer.lines() if ask == "ollama" else answer.events()
    errors = [event for event in events if event.get("error")]
    assert [message(error) for error in errors] == ["the service is overloaded"]
    told = [event for event in events if not event.get("error")]
    deltas = [event for event in told if event.get("delta") or event.get("message") or event.get("candidates")]
    assert len(deltas) == content


async def test_the_error_of_responses_is_numbered_on_and_followed_by_the_failed_response(raw: Any) -> None:
    events = (await raw.responses("preamble+error-after-1", stream=True)).events()
    assert [event["sequence_number"] for event in events] == list(range(len(events)))
    error, failed = events[-2:]
    assert (error["type"], failed["type"]) == ("error", "response.failed")
    assert (error["message"], error["code"]) == (error["error"]["message"], error["error"]["code"])
    assert failed["response"]["status"] == "failed"
    assert failed["response"]["error"] == {"code": "overloaded", "message": "the service is overloaded"}
    assert failed["response"]["id"] == events[0]["response"]["id"]
    first = (await raw.responses("error-event", stream=True)).events()
    assert [event["sequence_number"] for event in first] == [0, 1]


async def test_an_error_inside_an_array_closes_it(raw: Any) -> None:
    answer = await raw.gemini("echo+error-after-1", stream="array")
    content, error = answer.json()
    assert content["candidates"][0]["content"]["parts"] == [{"text": "hello"}]
    assert error["error"]["status"] == "UNAVAILABLE"
    assert (await raw.gemini("error-event", stream="array")).json()[0]["error"]["code"] == 503


@pytest.mark.parametrize("ask", ASKS)
@pytest.mark.parametrize("word", ["cut-clean-1", "cut-fin-1", "cut-rst-1", "bad-chunk-1"])
async def test_cut_streams_lack_what_ends_them(raw: Any, ask: str, word: str) -> None:
    answer = await getattr(raw, ask)(f"echo+{word}", stream=True)
    assert answer.was_reset == (word == "cut-rst-1")
    assert b"hello" in answer.received
    for ending in (b"response.completed", b'"finishReason"', b'"done":true'):
        assert ending not in answer.received


async def test_a_cut_array_is_not_closed(raw: Any) -> None:
    answer = await raw.gemini("echo+cut-clean-1", stream="array")
    assert answer.is_terminated
    assert answer.body.startswith(b"[")
    assert not answer.body.rstrip().endswith(b"]")


@pytest.mark.parametrize("ask", ASKS)
async def test_pages_and_vanishing(raw: Any, ask: str) -> None:
    asked = getattr(raw, ask)
    assert (await asked("html-200", stream=True)).body.startswith(b"<!DOCTYPE html>")
    assert (await asked("empty-200")).body == b""
    assert (await asked("error-502")).status == 502
    assert (await asked("json-200")).status == 200
    assert (await asked("redirect")).headers["location"].endswith("/elsewhere")
    assert (await asked("vanish")).received == b""
    assert (await asked("echo+gzip", stream=True)).headers["content-encoding"] == "gzip"
    assert (await asked("echo+error-503+times-1")).status == 503
    assert (await asked("echo+error-503+times-1")).status == 200


@pytest.mark.parametrize("ask", ASKS)
async def test_silence_lasts_until_the_client_leaves(simulation: Simulation, raw: Any, ask: str) -> None:
    asking = asyncio.create_task(getattr(raw, ask)("silent"))
    record = await simulation.request(0)
    asking.cancel()
    await raw.close()
    async with asyncio.timeout(10):
        assert (await record.over()).was_abandoned


@pytest.mark.parametrize("ask", ["responses", "gemini", "ollama"])
@pytest.mark.parametrize("quirk", ["bad-json", "bad-utf8", "nan", "empty-data", "after-end", "end-twice"])
async def test_garbage_stands_in_the_stream(raw: Any, ask: str, quirk: str) -> None:
    plain = (await getattr(raw, ask)("echo", stream=True)).body
    odd = (await getattr(raw, ask)(f"echo+{quirk}", stream=True)).body
    assert odd != plain
    sign = {"bad-utf8": b"\xff\xfe", "nan": b"NaN", "after-end": b'{"foo":1}'}.get(quirk, b"")
    assert sign in odd


# Rate limits.


@pytest.mark.parametrize(
    ("word", "delay"),
    [("rate-seconds", "7s"), ("rate-float", "1.5s"), ("rate-reset", "20s"), ("rate-none", None), ("rate-date", None)],
)
async def test_gemini_says_in_the_body_when_to_come_again(raw: Any, word: str, delay: str | None) -> None:
    answer = await raw.gemini(word)
    error = answer.json()["error"]
    assert (answer.status, error["status"]) == (429, "RESOURCE_EXHAUSTED")
    details = {detail["@type"]: detail for detail in error["details"]}
    assert "PerMinute" in details[QUOTA_TYPE]["violations"][0]["quotaId"]
    assert details.get(RETRY_TYPE, {}).get("retryDelay") == delay


async def test_a_used_up_quota_has_no_delay(raw: Any) -> None:
    [detail] = (await raw.gemini("rate-quota")).json()["error"]["details"]
    assert "PerDay" in detail["violations"][0]["quotaId"]
    answer = await raw.responses("rate-quota")
    assert (answer.status, answer.json()["error"]["code"]) == (429, "insufficient_quota")


async def test_responses_say_in_headers_what_is_left(raw: Any) -> None:
    answer = await raw.responses("echo")
    assert int(answer.headers["x-ratelimit-remaining-requests"]) > 0
    limited = await raw.responses("rate-reset-20")
    assert limited.headers["x-ratelimit-remaining-requests"] == "0"
    assert limited.headers["x-ratelimit-reset-requests"] == "20s"
    assert limited.json()["error"]["code"] == "rate_limit_exceeded"


# Keys.


async def test_keys_of_gemini(raw: Any) -> None:
    path, body = "/v1beta/models/echo:generateContent", {"contents": [{"parts": [{"text": "hi"}]}]}
    bad = await raw.gemini_body(body, path, key="sk-bad-1")
    assert (bad.status, bad.json()["error"]["status"]) == (400, "INVALID_ARGUMENT")
    assert bad.json()["error"]["details"][0]["reason"] == "API_KEY_INVALID"
    none = await raw.exchange(raw.request(path, body, {"connection": "close"}))
    assert (none.status, none.json()["error"]["status"]) == (403, "PERMISSION_DENIED")
    asked = await raw.exchange(raw.request(f"{path}?key=sk-test-1", body, {"connection": "close"}))
    assert asked.status == 200
    bearer = await raw.exchange(raw.request(path, body, {"authorization": "Bearer t", "connection": "close"}))
    assert bearer.status == 200


async def test_ollama_needs_no_key_but_knows_bad_ones(raw: Any) -> None:
    body = {"model": "echo", "messages": [{"role": "user", "content": "hi"}], "stream": False}
    assert (await raw.ollama_body(body)).status == 200
    headers = {"authorization": "Bearer sk-bad-1", "connection": "close"}
    assert (await raw.exchange(raw.request("/api/chat", body, headers))).status == 401


async def test_a_hasty_service_knows_the_key_of_gemini_too(raw: Any) -> None:
    reader, writer = await raw.open()
    head = b"POST /v1beta/models/echo:generateContent HTTP/1.1\r\nhost: x\r\nx-goog-api-key: sk-hasty-1\r\n"
    writer.write(head + b"content-length: 100000\r\n\r\n")
    assert (await reader.readline()).startswith(b"HTTP/1.1 413")
