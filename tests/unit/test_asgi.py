"""Bodies within limits, guards, and the watch for a client that leaves."""

import asyncio
import gc
import weakref
from collections.abc import Iterable
from typing import cast

import pytest

from fastproxy.asgi import ClientDisconnected, DisconnectWatch, Message, Receive, Scope, SendPump, read_body
from fastproxy.config import Limits
from fastproxy.errors import ProxyError
from fastproxy.guards import check_json_body, check_request


def receiving(messages: Iterable[Message]) -> Receive:
    left = iter(messages)

    async def receive() -> Message:
        message = next(left, None)
        if message is None:
            await asyncio.Event().wait()
            raise AssertionError("unreachable")
        return message

    return receive


def scope(**changes: object) -> Scope:
    return {
        "method": "POST", "path": "/v1/messages", "raw_path": b"/v1/messages", "query_string": b"",
        "http_version": "1.1", "headers": [(b"host", b"127.0.0.1:8080")], **changes,
    }  # fmt: skip


def chunk(body: bytes, more: bool = False) -> Message:
    return {"type": "http.request", "body": body, "more_body": more}


async def test_a_body_in_pieces_is_joined() -> None:
    receive = receiving([chunk(b"ab", True), chunk(b"", True), chunk(b"cd")])
    assert await read_body(scope(), receive, limit=4, idle_timeout=1) == b"abcd"


async def test_a_declared_length_ends_the_body() -> None:
    declared = scope(headers=[(b"content-length", b"2")])
    assert await read_body(declared, receiving([chunk(b"ab", True)]), limit=4, idle_timeout=1) == b"ab"


@pytest.mark.parametrize("headers", [[], [(b"content-length", b"5")]])
async def test_too_much_is_refused(headers: list[tuple[bytes, bytes]]) -> None:
    receive = receiving([chunk(b"abc", True), chunk(b"de")])
    with pytest.raises(ProxyError) as caught:
        await read_body(scope(headers=headers), receive, limit=4, idle_timeout=1)
    assert caught.value.kind == "too_large"


async def test_a_stalled_body_times_out() -> None:
    with pytest.raises(ProxyError) as caught:
        await read_body(scope(), receiving([chunk(b"a", True)]), limit=4, idle_timeout=0.01)
    assert caught.value.kind == "request_timeout"


async def test_a_client_that_leaves_is_not_answered() -> None:
    with pytest.raises(ClientDisconnected):
        await read_body(scope(), receiving([{"type": "http.disconnect"}]), limit=4, idle_timeout=1)


async def test_the_watch_tells_once_and_skips_the_rest_of_the_body() -> None:
    gone = asyncio.Event()
    DisconnectWatch(receiving([chunk(b""), {"type": "http.disconnect"}]), gone.set)
    await asyncio.wait_for(gone.wait(), 1)


async def test_a_stopped_watch_is_silent() -> None:
    told: list[bool] = []
    watch = DisconnectWatch(receiving([{"type": "http.disconnect"}]), lambda: told.append(True))
    watch.stop()
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    assert told == []


class Uncollectable:
    """An awaitable as granian's is: it keeps its callbacks, and only counting references frees it."""

    def __init__(self) -> None:
        self.callbacks: list[object] = []
        self.is_cancelled = False

    def add_done_callback(self, callback: object) -> None:
        self.callbacks.append(callback)

    def cancel(self) -> None:
        self.is_cancelled = True


def test_a_stopped_watch_is_freed_without_the_collector() -> None:
    receive = Uncollectable()
    awaitable = weakref.ref(receive)
    gc.disable()
    try:
        watch = DisconnectWatch(cast(Receive, [receive].pop), lambda: None)
        watch.stop()
        assert receive.is_cancelled
        del receive, watch
        assert awaitable() is None
    finally:
        gc.enable()


async def test_the_pump_keeps_order_and_reports() -> None:
    sent: list[object] = []
    reports: list[bool] = []

    async def send(message: Message) -> None:
        await asyncio.sleep(0)
        if message["n"] == 2:
            raise OSError("gone")
        sent.append(message["n"])

    over = asyncio.Event()

    def ready(alive: bool) -> None:
        reports.append(alive)
        if len(reports) == 3:
            over.set()

    pump = SendPump(send, ready)
    for n in range(3):
        pump.push({"n": n})
    await asyncio.wait_for(over.wait(), 1)
    assert sent == [0, 1]
    assert reports == [True, True, False]


@pytest.mark.parametrize(
    "changes",
    [
        {"headers": []},
        {"headers": [(b"host", b"a"), (b"host", b"b")]},
        {"headers": [(b"host", b"a/?x=")]},
        {"headers": [(b"host", b"user@evil")]},
        {"path": "http://evil/v1/messages"},
        {"method": "CONNECT"},
        {"method": "BREW"},
        {"headers": [(b"host", b"a"), *[(b"x-%d" % n, b"y") for n in range(300)]]},
        {"headers": [(b"host", b"a"), (b"x-large", b"y" * 70_000)]},
        {"raw_path": b"/" + b"a" * 20_000},
    ],
)
def test_malformed_requests_are_refused(changes: dict[str, object]) -> None:
    with pytest.raises(ProxyError):
        check_request(scope(**changes), Limits())


@pytest.mark.parametrize("host", [b"localhost", b"127.0.0.1:8080", b"[::1]:8080", b"proxy.example"])
def test_ordinary_hosts_pass(host: bytes) -> None:
    check_request(scope(headers=[(b"host", host)]), Limits())


@pytest.mark.parametrize(
    ("name", "value", "ok"),
    [
        (b"content-type", b"application/json", True),
        (b"content-type", b"application/json; charset=utf-8", True),
        (b"content-type", b"application/vnd.api+json", True),
        (b"content-type", b"text/plain", False),
        (b"content-type", b"application/x-www-form-urlencoded", False),
        (b"content-encoding", b"gzip", False),
        (b"content-encoding", b"identity", True),
    ],
)
def test_media_types(name: bytes, value: bytes, ok: bool) -> None:
    if ok:
        check_json_body([(name, value)])
        return
    with pytest.raises(ProxyError) as caught:
        check_json_body([(name, value)])
    assert caught.value.kind == "media_type"


def test_any_type_is_json_but_not_from_a_web_page() -> None:
    form = (b"content-type", b"application/x-www-form-urlencoded")
    check_json_body([form], takes_any_type=True)
    for refused in ([form, (b"origin", b"https://evil.example")], [(b"content-encoding", b"gzip")]):
        with pytest.raises(ProxyError) as caught:
            check_json_body(refused, takes_any_type=True)
        assert caught.value.kind == "media_type"
