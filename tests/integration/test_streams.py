"""Streams: cut ones are never clean, departed clients cost nothing, order holds when channels are full."""

import json
import time

import pytest

from fastproxy.demo import Simulation

from .client import PATHS, Stream, ask, body_for
from .conftest import Start

UPSTREAMS = ["chat", "messages"]
BOTH = [(dialect, upstream) for dialect in PATHS for upstream in UPSTREAMS]


@pytest.mark.parametrize("script", ["cut-clean-20", "cut-fin-20", "cut-rst-20"])
@pytest.mark.parametrize(("dialect", "upstream"), BOTH)
def test_a_cut_answer_is_an_error_and_an_abnormal_close(start: Start, dialect: str, upstream: str, script: str) -> None:
    reply = ask(start().port, dialect, body_for(f"{upstream}/long-100-5+{script}", stream=True))
    assert reply.is_cut
    assert b'"error"' in reply.body
    assert b"[DONE]" not in reply.body
    assert b"message_stop" not in reply.body


@pytest.mark.parametrize(("dialect", "upstream"), BOTH)
def test_a_client_that_leaves_ends_the_upstream_call(
    start: Start, simulation: Simulation, dialect: str, upstream: str
) -> None:
    proxy = start(accounts='[{ name = "a", key = "sk-test-upstream", max_in_flight = 1 }]')
    with Stream(proxy.port, dialect, body_for(f"{upstream}/long-1000-20", stream=True)) as stream:
        stream.read_until(b"data:")
    left_at = time.monotonic()
    record = simulation.requests[-1]
    while record.left_at is None:
        assert time.monotonic() - left_at < 5, "the upstream call went on"
        time.sleep(0.005)
    assert record.left_at - left_at < 1
    assert ask(proxy.port, dialect, body_for(f"{upstream}/echo")).status == 200, "the account's only slot is free again"


@pytest.mark.parametrize("stream", [True, False])
def test_a_client_that_leaves_before_the_first_byte(start: Start, simulation: Simulation, stream: bool) -> None:
    proxy = start(accounts='[{ name = "a", key = "sk-test-upstream", max_in_flight = 1 }]')
    with Stream(proxy.port, "openai_chat", body_for("chat/echo+silent", stream=stream)):
        deadline = time.monotonic() + 5
        while not simulation.requests:
            assert time.monotonic() < deadline
            time.sleep(0.005)
    while simulation.requests[-1].left_at is None:
        assert time.monotonic() < deadline, "the upstream call went on"
        time.sleep(0.005)
    assert ask(proxy.port, "openai_chat", body_for("chat/echo")).status == 200


@pytest.mark.parametrize(("dialect", "upstream"), BOTH)
def test_order_holds_when_the_client_reads_slowly(start: Start, dialect: str, upstream: str) -> None:
    """The channel between us and the server fills (4 slots, then socket buffers): nothing may overtake."""
    proxy = start()
    words = 40_000
    with Stream(proxy.port, dialect, body_for(f"{upstream}/long-{words}", stream=True)) as stream:
        stream.read_until(b"data:")
        time.sleep(1)  # not waiting for anything: the reader is slow, that is the case under test
        body = stream.read_all()
    text = text_of(dialect, unchunked(body))
    whole = ask(proxy.port, dialect, body_for(f"{upstream}/long-{words}", stream=True))
    assert not whole.is_cut
    assert text == text_of(dialect, whole.body)
    assert len(text.split()) == words


def unchunked(response: bytes) -> bytes:
    """The body of a chunked response."""
    rest = response.split(b"\r\n\r\n", 1)[1]
    body = b""
    while True:
        size, _, rest = rest.partition(b"\r\n")
        if int(size, 16) == 0:
            return body
        body, rest = body + rest[: int(size, 16)], rest[int(size, 16) + 2 :]


def text_of(dialect: str, body: bytes) -> str:
    """The answer's text, joined from its events."""
    text = []
    for line in body.decode().split("\n"):
        if not line.startswith("data: {"):
            continue
        event = json.loads(line[6:])
        if dialect == "openai_chat":
            text += [choice["delta"].get("content") or "" for choice in event["choices"]]
        elif event["type"] == "content_block_delta":
            text.append(event["delta"]["text"])
    return "".join(text)


@pytest.mark.parametrize(("dialect", "upstream"), BOTH)
def test_an_early_failure_is_a_status(start: Start, dialect: str, upstream: str) -> None:
    reply = ask(start().port, dialect, body_for(f"{upstream}/rate-seconds-7", stream=True))
    assert reply.status == 429
    assert reply.headers["retry-after"] == "7"
