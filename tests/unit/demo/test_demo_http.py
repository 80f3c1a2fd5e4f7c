"""The simulation as an HTTP/1.1 server: what it reads, how connections go on, codings and oddities, seen over a plain socket."""

import asyncio
import gzip
import json
import zlib
from typing import Any

import brotli
import pytest

from fastproxy.demo import Simulation

CHAT_HEADERS = {"authorization": "Bearer sk-test-1"}
ECHO = {"model": "echo", "messages": [{"role": "user", "content": "hello there"}]}


async def read_response(reader: asyncio.StreamReader) -> tuple[bytes, bytes]:
    """One response with a Content-Length from a connection that stays open."""
    head = await reader.readuntil(b"\r\n\r\n")
    length = int(head.lower().split(b"content-length: ")[1].split(b"\r\n")[0])
    return head, await reader.readexactly(length)


async def test_requests_of_one_connection_are_answered_in_turn_and_recorded(simulation: Simulation, raw: Any) -> None:
    reader, writer = await raw.open()
    for number in range(3):
        body = {"model": "echo", "messages": [{"role": "user", "content": f"number {number}"}]}
        writer.write(raw.request("/v1/chat/completions?x=1", body, CHAT_HEADERS))
        _, content = await read_response(reader)
        assert json.loads(content)["choices"][0]["message"]["content"] == f"number {number}"
    writer.close()
    assert {record.connection for record in simulation.requests} == {1}
    assert simulation.requests[0].query == {"x": "1"}
    assert simulation.requests[2].json()["messages"][0]["content"] == "number 2"
    assert simulation.requests[2].header("authorization") == "Bearer sk-test-1"
    assert [(await record.over()).was_abandoned for record in simulation.requests] == [False] * 3


async def test_pipelined_requests_are_answered_in_order(raw: Any) -> None:
    reader, writer = await raw.open()
    texts = ["one", "two", "three"]
    bodies = [{"model": "echo", "messages": [{"role": "user", "content": text}]} for text in texts]
    writer.write(b"".join(raw.request("/v1/chat/completions", body, CHAT_HEADERS) for body in bodies))
    answers = [json.loads((await read_response(reader))[1])["choices"][0]["message"]["content"] for _ in texts]
    writer.close()
    assert answers == texts


async def test_chunked_request_body_and_expect_continue(raw: Any) -> None:
    body = json.dumps(ECHO).encode()
    reader, writer = await raw.open()
    writer.write(
        b"POST /v1/chat/completions HTTP/1.1\r\nhost: x\r\nauthorization: Bearer k\r\nexpect: 100-continue\r\n"
        b"transfer-encoding: chunked\r\n\r\n"
    )
    assert await reader.readuntil(b"\r\n\r\n") == b"HTTP/1.1 100 Continue\r\n\r\n"
    writer.write(b"%x;ext=1\r\n%s\r\n%x\r\n%s\r\n0\r\nx-trailer: 1\r\n\r\n" % (9, body[:9], len(body) - 9, body[9:]))
    head, content = await read_response(reader)
    writer.close()
    assert head.startswith(b"HTTP/1.1 200 OK")
    assert json.loads(content)["choices"][0]["message"]["content"] == "hello there"


@pytest.mark.parametrize(
    ("request_bytes", "status"),
    [
        (b"GARBAGE\r\n\r\n", 400),
        (b"GET / HTTP/2.0\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nno colon\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nspace : x\r\n\r\n", 400),
        (b"POST / HTTP/1.1\r\ncontent-length: 1\r\ncontent-length: 1\r\n\r\nx", 400),
        (b"POST / HTTP/1.1\r\ncontent-length: 1\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n", 400),
        (b"POST / HTTP/1.1\r\ncontent-length: -1\r\n\r\n", 400),
        (b"POST / HTTP/1.1\r\ncontent-length: 99999999999\r\n\r\n", 413),
        (b"POST / HTTP/1.1\r\ntransfer-encoding: gzip\r\n\r\n", 501),
        (b"POST / HTTP/1.1\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n", 400),
        (b"POST / HTTP/1.1\r\ntransfer-encoding: chunked\r\n\r\n1\r\nabc\r\n", 400),
        (b"GET / HTTP/1.1\r\nx: " + b"y" * 70_000 + b"\r\n\r\n", 431),
    ],
)
async def test_malformed_requests_are_refused_and_the_connection_closed(
    raw: Any, request_bytes: bytes, status: int
) -> None:
    assert (await raw.exchange(request_bytes)).status == status


async def test_root_answers_whoever_looks(raw: Any) -> None:
    answer = await raw.exchange(b"HEAD / HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n")
    assert (answer.status, answer.tail) == (200, b"")
    answer = await raw.exchange(raw.request("/v1/models", b"", CHAT_HEADERS | {"connection": "close"}, "HEAD"))
    assert (answer.status, answer.tail) == (405, b"")
    answer = await raw.exchange(b"GET / HTTP/1.0\r\n\r\n")
    assert (answer.status, answer.tail) == (200, b"simulated upstream\n")


async def test_each_event_is_one_chunk(raw: Any) -> None:
    answer = await raw.chat("echo", stream=True)
    assert answer.is_terminated
    assert all(chunk.startswith(b"data: ") and chunk.endswith(b"\n\n") for chunk in answer.chunks)
    assert answer.chunks[-1] == b"data: [DONE]\n\n"
    assert answer.headers["content-type"] == "text/event-stream; charset=utf-8"


@pytest.mark.parametrize(
    ("coding", "label", "decode"),
    [
        ("gzip", "gzip", gzip.decompress),
        ("deflate", "deflate", zlib.decompress),
        ("deflate-raw", "deflate", lambda body: zlib.decompress(body, -15)),
        ("br", "br", brotli.decompress),
    ],
)
async def test_coded_answers_decode_to_the_plain_ones(raw: Any, coding: str, label: str, decode: Any) -> None:
    answer = await raw.chat(f"long-300+{coding}", stream=True)
    plain = decode(answer.body)
    assert answer.headers["content-encoding"] == label
    assert plain.endswith(b"data: [DONE]\n\n")
    assert plain.count(b"data: ") == 300 + 3
    whole = await raw.chat(f"long-30000+{coding}")
    assert json.loads(decode(whole.body))["choices"][0]["message"]["content"].endswith("word30000")


def test_brotli_is_flushed_per_write() -> None:
    from fastproxy.demo.coding import StoredBrotli

    coder, decoder = StoredBrotli(), brotli.Decompressor()
    for data in (b"a", b"bc" * 70_000, b"d"):
        assert b"".join([decoder.process(coder.feed(data))]) == data
    assert decoder.process(coder.finish()) == b""
    assert decoder.is_finished()
    assert brotli.decompress(StoredBrotli().finish()) == b""


async def test_a_bomb_is_small_on_the_wire_and_still_an_answer(raw: Any) -> None:
    answer = await raw.chat("echo+bomb-8", stream=True)
    assert len(answer.body) < 100_000
    plain = gzip.decompress(answer.body)
    assert len(plain) > 8 << 20
    assert plain.lstrip().startswith(b"data: {")


async def test_a_lie_about_the_coding(raw: Any) -> None:
    answer = await raw.chat("echo+gzip-lie")
    assert answer.headers["content-encoding"] == "gzip"
    assert answer.json()["choices"][0]["message"]["content"] == "hello there my friend"


@pytest.mark.parametrize("stream", [True, False])
@pytest.mark.parametrize("word", ["until-close", "http10"])
async def test_bodies_that_end_with_the_connection(raw: Any, word: str, stream: bool) -> None:
    answer = await raw.chat(f"echo+{word}", stream=stream)
    assert "content-length" not in answer.headers
    assert "transfer-encoding" not in answer.headers
    assert answer.head.startswith(b"HTTP/1.0 200" if word == "http10" else b"HTTP/1.1 200")
    assert answer.body.endswith(b"data: [DONE]\n\n" if stream else b"}")


async def test_informational_responses_come_before_the_answer(raw: Any) -> None:
    assert (await raw.chat("echo+early-hints")).received.startswith(b"HTTP/1.1 103 Early Hints\r\nlink: ")
    assert (await raw.chat("echo+continue")).received.startswith(b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\n")
    assert (await raw.chat("echo+switching")).status == 101


@pytest.mark.parametrize(
    ("word", "sign"),
    [
        ("two-lengths", b"content-length: 5\r\ncontent-length: 6\r\n"),
        ("length-and-chunked", b"transfer-encoding: chunked\r\ncontent-length: 5\r\n"),
        ("header-bomb", b"\r\nx-bomb-9999: "),
        ("trailers", b"\r\n0\r\nx-trailer: simulated\r\n\r\n"),
        ("chunk-extensions", b";note=simulated\r\n"),
        ("wrong-type", b"content-type: text/event-stream\r\n"),
        ("extra-bytes", b"content-length: 6\r\n\r\nforged"),
    ],
)
async def test_oddities_show_on_the_wire(raw: Any, word: str, sign: bytes) -> None:
    assert sign in (await raw.chat(f"echo+{word}")).received + b"\r\n"


async def test_missing_type_and_wrong_type_of_a_stream(raw: Any) -> None:
    assert "content-type" not in (await raw.chat("echo+no-type", stream=True)).headers
    assert (await raw.chat("echo+wrong-type", stream=True)).headers["content-type"] == "application/json"


async def test_short_body_promises_more_than_it_sends(raw: Any) -> None:
    answer = await raw.chat("echo+short-body")
    assert int(answer.headers["content-length"]) == len(answer.tail) + 128
    assert answer.json()["object"] == "chat.completion"


async def test_redirect_points_to_ourselves_where_nothing_is(simulation: Simulation, raw: Any) -> None:
    answer = await raw.chat("redirect")
    assert (answer.status, answer.headers["location"]) == (307, f"{simulation.origin}/elsewhere")


async def test_ragged_and_joined_writes_change_only_the_borders(raw: Any) -> None:
    plain = (await raw.messages("unicode", stream=True)).events()
    ragged = await raw.messages("unicode+ragged-7", stream=True)
    joined = await raw.messages("unicode+joined", stream=True)
    dribbled = await raw.messages("echo+dribble", stream=True)
    assert max(len(chunk) for chunk in ragged.chunks) == 7
    assert len(joined.chunks) == 1
    assert {len(chunk) for chunk in dribbled.chunks} == {1}
    assert len(ragged.events()) == len(joined.events()) == len(plain)


async def test_unknown_paths_and_methods_are_refused_in_the_callers_dialect(raw: Any) -> None:
    answer = await raw.exchange(raw.request("/v1/nothing", {}, CHAT_HEADERS | {"connection": "close"}))
    assert (answer.status, answer.json()["error"]["type"]) == (404, "invalid_request_error")
    answer = await raw.messages_body({}, path="/v1/nothing")
    assert (answer.status, answer.json()["error"]["type"]) == (404, "not_found_error")
    answer = await raw.exchange(
        raw.request("/v1/chat/completions", b"", {"connection": "close", **CHAT_HEADERS}, "GET")
    )
    assert answer.status == 405
