"""Everything that goes wrong on purpose: cuts, stalls, closed connections, errors in every disguise, keys that fail."""

import asyncio
import email.utils
import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest

from fastproxy.demo import Simulation

DEADLINE = 10


async def test_clean_cut_ends_the_message_without_the_terminator(raw: Any, text_of: Callable[[list[Any]], str]) -> None:
    answer = await raw.chat("echo+cut-clean", stream=True)
    assert answer.is_terminated
    assert "[DONE]" not in answer.events()
    assert text_of(answer.events()) == "hello there"
    answer = await raw.messages("echo+cut-clean-3", stream=True)
    assert answer.is_terminated
    assert text_of(answer.events()) == "hello there my"
    assert answer.events()[-1]["type"] == "content_block_delta"


async def test_fin_cut_leaves_the_body_open(raw: Any, text_of: Callable[[list[Any]], str]) -> None:
    answer = await raw.chat("echo+cut-fin-1", stream=True)
    assert not answer.is_terminated
    assert not answer.was_reset
    assert text_of(answer.events()) == "hello"


async def test_fin_cut_of_a_body_that_ends_with_the_connection_looks_like_its_end(raw: Any) -> None:
    answer = await raw.chat("echo+cut-fin+until-close", stream=True)
    assert not answer.was_reset
    assert not answer.body.endswith(b"[DONE]\n\n")


async def test_reset_cut(raw: Any, text_of: Callable[[list[Any]], str]) -> None:
    answer = await raw.messages("echo+cut-rst-2", stream=True)
    assert answer.was_reset
    assert text_of(answer.events()) == "hello there"


async def test_cut_before_the_first_content_keeps_what_precedes_it(raw: Any) -> None:
    events = (await raw.messages("echo+cut-fin-0", stream=True)).events()
    assert [event["type"] for event in events] == ["message_start", "content_block_start", "ping"]
    events = (await raw.chat("echo+cut-fin-0", stream=True)).events()
    assert [event["choices"][0]["delta"] for event in events] == [{"role": "assistant", "content": "", "refusal": None}]


async def test_torn_event(raw: Any) -> None:
    answer = await raw.chat("echo+cut-clean-1+torn", stream=True)
    assert not answer.body.endswith(b"\n\n")
    assert answer.body.startswith(b"data: {")


async def test_bad_chunk(raw: Any) -> None:
    answer = await raw.chat("echo+bad-chunk-1", stream=True)
    assert answer.received.endswith(b"0xZZ\r\nnot a chunk\r\n")


@pytest.mark.parametrize("word", ["cut-fin", "cut-rst", "cut-clean"])
async def test_one_shot_bodies_are_cut_in_half(raw: Any, word: str) -> None:
    whole = (await raw.chat("echo")).body
    answer = await raw.chat(f"echo+{word}")
    assert len(answer.body) == pytest.approx(len(whole) // 2, abs=12)
    assert answer.was_reset == (word == "cut-rst")
    assert answer.is_terminated == (word == "cut-clean")


async def test_nothing_at_all(raw: Any) -> None:
    answer = await raw.chat("vanish")
    assert (answer.received, answer.was_reset) == (b"", False)
    answer = await raw.chat("vanish-rst", stream=True)
    assert (answer.received, answer.was_reset) == (b"", True)


async def test_torn_head(raw: Any) -> None:
    answer = await raw.chat("torn-head")
    assert answer.received.startswith(b"HTTP/1.1 200 OK\r\n")
    assert b"\r\n\r\n" not in answer.received


@pytest.mark.parametrize(("model", "sent"), [("silent", b""), ("echo+stall-1", b"hello")])
async def test_stall_lasts_until_the_client_leaves_and_the_record_says_when(
    simulation: Simulation, raw: Any, model: str, sent: bytes
) -> None:
    body = {"model": model, "messages": [{"role": "user", "content": "hello there"}], "stream": True}
    reader, writer = await raw.open()
    writer.write(raw.request("/v1/chat/completions", body, {"authorization": "Bearer k"}))
    if sent:
        await reader.readuntil(b'"content":"' + sent)
    record = await simulation.request(0)
    assert record.answered_at is None
    assert not record.was_abandoned
    left = time.monotonic()
    writer.close()
    async with asyncio.timeout(DEADLINE):
        over = await record.over()
    assert over.left_at is not None
    assert over.left_at >= left


async def test_a_paced_stream_is_given_up_as_soon_as_the_client_leaves(simulation: Simulation, raw: Any) -> None:
    body = {"model": "long-1000-60000", "messages": [{"role": "user", "content": "x"}], "stream": True}
    reader, writer = await raw.open()
    writer.write(raw.request("/v1/chat/completions", body, {"authorization": "Bearer k"}))
    await reader.readuntil(b"\n\n")
    writer.close()
    async with asyncio.timeout(DEADLINE):
        record = await (await simulation.request(0)).over()
    assert record.was_abandoned


@pytest.mark.parametrize("word", ["stale", "stale-rst"])
async def test_stale_connection_dies_as_the_next_request_arrives(simulation: Simulation, raw: Any, word: str) -> None:
    body = {"model": f"echo+{word}", "messages": [{"role": "user", "content": "x"}]}
    request = raw.request("/v1/chat/completions", body, {"authorization": "Bearer k"})
    reader, writer = await raw.open()
    writer.write(request)
    head = await reader.readuntil(b"\r\n\r\n")
    await reader.readexactly(int(head.lower().split(b"content-length: ")[1].split(b"\r\n")[0]))
    writer.write(request)
    if word == "stale":
        assert await reader.read() == b""
    else:
        with pytest.raises(ConnectionResetError):
            await reader.read()
    writer.close()
    assert len(simulation.requests) == 1


async def test_a_fault_strikes_only_so_many_times(raw: Any) -> None:
    statuses = [(await raw.chat("echo+error-503+times-2")).status for _ in range(3)]
    assert statuses == [503, 503, 200]
    received = [(await raw.chat("echo+vanish+times-1")).received[:12] for _ in range(2)]
    assert received == [b"", b"HTTP/1.1 200"]


async def test_error_event_first_and_after_content(raw: Any, text_of: Callable[[list[Any]], str]) -> None:
    answer = await raw.messages("error-event", stream=True)
    assert (answer.status, answer.is_terminated) == (200, True)
    assert answer.body.startswith(b"event: error\ndata: ")
    assert [event["error"]["type"] for event in answer.events()] == ["overloaded_error"]
    answer = await raw.chat("echo+error-after-3", stream=True)
    assert text_of(answer.events()) == "hello there my"
    assert answer.events()[-1]["error"]["code"] == "overloaded"
    answer = await raw.messages("echo+error-after-0", stream=True)
    assert [event["type"] for event in answer.events()] == ["message_start", "content_block_start", "ping", "error"]
    assert (await raw.chat("echo+error-after")).status == 529


@pytest.mark.parametrize(
    ("status", "chat_code", "anthropic_type"),
    [
        (400, None, "invalid_request_error"),
        (401, "invalid_api_key", "authentication_error"),
        (402, "insufficient_quota", "billing_error"),
        (403, "permission_denied", "permission_error"),
        (404, None, "not_found_error"),
        (409, None, "conflict_error"),
        (413, None, "request_too_large"),
        (422, None, "invalid_request_error"),
        (429, "rate_limit_exceeded", "rate_limit_error"),
        (500, None, "api_error"),
        (503, None, "api_error"),
        (504, "timeout", "timeout_error"),
        (529, "overloaded", "overloaded_error"),
    ],
)
async def test_error_statuses_in_both_dialects(
    raw: Any, status: int, chat_code: str | None, anthropic_type: str
) -> None:
    chat = await raw.chat(f"error-{status}", stream=True)
    assert (chat.status, chat.json()["error"]["code"]) == (status, chat_code)
    messages = await raw.messages(f"error-{status}")
    assert (messages.status, messages.json()["error"]["type"]) == (status, anthropic_type)
    assert messages.json()["request_id"] == messages.headers["request-id"]


async def test_errors_that_are_not_what_they_say(raw: Any) -> None:
    gateway = await raw.chat("error-502")
    assert (gateway.status, gateway.headers["content-type"]) == (502, "text/html; charset=utf-8")
    portal = await raw.chat("html-200", stream=True)
    assert (portal.status, portal.body[:9]) == (200, b"<!DOCTYPE")
    hidden = await raw.messages("json-200", stream=True)
    assert (hidden.status, hidden.json()["type"], hidden.headers["content-type"]) == (200, "error", "application/json")
    empty = await raw.chat("empty-200")
    assert (empty.status, empty.body) == (200, b"")


async def test_context_and_filter_errors(raw: Any) -> None:
    assert (await raw.chat("error-context")).json()["error"]["code"] == "context_length_exceeded"
    assert (await raw.chat("error-filter")).json()["error"]["code"] == "content_filter"


@pytest.mark.parametrize(
    ("word", "name", "value"),
    [
        ("rate-seconds", "retry-after", "7"),
        ("rate-seconds-90", "retry-after", "90"),
        ("rate-float", "retry-after", "1.5"),
        ("rate-ms", "retry-after-ms", "1500"),
        ("rate-none", "retry-after", None),
        ("rate-garbage", "retry-after", "soon"),
        ("rate-negative", "retry-after", "-1"),
        ("rate-endless", "retry-after", "9e99"),
        ("rate-no-retry", "x-should-retry", "false"),
    ],
)
async def test_forms_of_retry_after(raw: Any, word: str, name: str, value: str | None) -> None:
    answer = await raw.chat(word)
    assert (answer.status, answer.headers.get(name)) == (429, value)
    assert answer.json()["error"]["code"] == "rate_limit_exceeded"


@pytest.mark.parametrize(("word", "low", "high"), [("rate-date-30", 27, 31), ("rate-past", -70, -50)])
async def test_retry_after_as_a_date(raw: Any, word: str, low: int, high: int) -> None:
    answer = await raw.messages(word)
    when = email.utils.parsedate_to_datetime(answer.headers["retry-after"])
    assert low <= (when - datetime.now(UTC)).total_seconds() <= high


async def test_reset_headers_of_each_dialect(raw: Any) -> None:
    chat = await raw.chat("rate-reset")
    assert chat.headers["x-ratelimit-remaining-requests"] == "0"
    assert chat.headers["x-ratelimit-reset-requests"] == "20s"
    messages = await raw.messages("rate-reset")
    reset = datetime.fromisoformat(messages.headers["anthropic-ratelimit-requests-reset"])
    assert 15 <= (reset - datetime.now(UTC)).total_seconds() <= 21
    assert messages.headers["anthropic-ratelimit-requests-remaining"] == "0"
    assert "retry-after" not in messages.headers


async def test_a_used_up_quota_is_told_apart_from_a_rate_limit(raw: Any) -> None:
    assert (await raw.chat("rate-quota")).json()["error"]["type"] == "insufficient_quota"
    assert (await raw.messages("rate-quota")).json()["error"]["details"] == {
        "error_code": "enforced_spend_limit_reached"
    }


@pytest.mark.parametrize(
    ("key", "status"),
    [
        ("sk-test-1", 200),
        ("anything", 200),
        ("sk-bad-1", 401),
        ("sk-poor-1", 402),
        ("sk-banned-1", 403),
        ("sk-limited-1", 429),
        ("sk-quota-1", 429),
        ("sk-broken-1", 500),
        ("sk-overloaded-1", 529),
        ("sk-event-1", 529),
        ("sk-hasty-1", 413),
        ("", 401),
    ],
)
async def test_keys_decide_whether_an_account_works(raw: Any, key: str, status: int) -> None:
    body = {"model": "echo", "messages": [{"role": "user", "content": "x"}]}
    assert (await raw.chat_body(body, key)).status == status


async def test_keys_that_break_the_connection_and_keys_of_the_other_dialect(raw: Any) -> None:
    body = {"model": "echo", "messages": [{"role": "user", "content": "x"}]}
    assert (await raw.chat_body(body, "sk-reset-1")).was_reset
    message = {**body, "max_tokens": 5}
    assert (await raw.messages_body(message, x_api_key="sk-bad-1")).status == 401
    models = raw.request(
        "/v1/models", b"", {"x-api-key": "sk-limited", "anthropic-version": "2023-06-01", "connection": "close"}, "GET"
    )
    assert (await raw.exchange(models)).status == 429


async def test_stopping_ends_stalled_answers(raw: Any) -> None:
    async with Simulation() as other:
        reader, writer = await asyncio.open_connection("127.0.0.1", other.port)
        body = {"model": "silent", "messages": [{"role": "user", "content": "x"}]}
        writer.write(raw.request("/v1/chat/completions", body, {"authorization": "Bearer k"}))
        await other.request(0)
        assert other.open_connections == 1
    assert other.open_connections == 0
    assert await reader.read() == b""
    writer.close()


async def test_an_answer_may_come_before_the_body_is_sent(simulation: Simulation, raw: Any) -> None:
    reader, writer = await raw.open()
    head = b"POST /v1/chat/completions HTTP/1.1\r\nhost: x\r\nauthorization: Bearer sk-hasty-1\r\ncontent-length: 9999999\r\n\r\n"
    writer.write(head + b"{" * 100_000)
    async with asyncio.timeout(DEADLINE):
        answer = await reader.read()
    assert answer.startswith(b"HTTP/1.1 413 ")
    assert simulation.requests[0].body == b""
    writer.write(b"{" * 100_000)
    await writer.drain()
    assert simulation.open_connections == 1
    writer.close()


async def test_a_defect_of_the_simulation_is_not_swallowed(raw: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    def defect(*args: Any) -> None:
        raise LookupError("a defect")

    monkeypatch.setattr("fastproxy.demo.respond.compose", defect)
    raw.simulation = other = Simulation()
    await other.start()
    assert (await raw.chat()).received == b""
    with pytest.raises(ExceptionGroup, match="the simulation failed"):
        await other.stop()
