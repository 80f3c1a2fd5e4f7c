"""Bad input: a 4xx in the caller's dialect that names the field and the reason; never a 500, a hang or a panic."""

import json
import socket
from typing import Any

import pytest

from fastproxy.demo import Simulation

from .client import PATHS, ask, body_for
from .conftest import Start

DEEP = b'{"model":"chat/echo","max_tokens":5,"messages":' + b"[" * 100_000 + b"]" * 100_000 + b"}"

BAD: list[tuple[str, Any, int]] = [
    ("not JSON", b"{", 400),
    ("empty", b"", 400),
    ("not an object", b"[]", 400),
    ("a number", b"42", 400),
    ("deep nesting", DEEP, 400),
    ("duplicate keys", b'{"model":"chat/echo","model":"messages/echo","max_tokens":5,"messages":[]}', 400),
    ("invalid UTF-8", b'{"model":"chat/\xff","max_tokens":5,"messages":[]}', 400),
    ("a byte order mark in UTF-16", '{"model":"chat/echo"}'.encode("utf-16"), 400),
    ("NaN", b'{"model":"chat/echo","temperature":NaN,"max_tokens":5,"messages":[{"role":"user","content":"a"}]}', 400),
    ("no model", {"messages": [{"role": "user", "content": "a"}]}, 400),
    ("model of the wrong type", {**body_for("x"), "model": 5}, 400),
    ("empty model", {**body_for("x"), "model": " "}, 400),
    ("unknown model", body_for("nowhere"), 404),
    ("stream of the wrong type", {**body_for("chat/echo"), "stream": "yes"}, 400),
    ("no messages", {"model": "chat/echo", "max_tokens": 5}, 400),
    ("empty messages", {**body_for("chat/echo"), "messages": []}, 400),
    ("messages of the wrong type", {**body_for("chat/echo"), "messages": "hi"}, 400),
    ("unknown role", {**body_for("chat/echo"), "messages": [{"role": "wizard", "content": "a"}]}, 400),
    ("content of the wrong type", {**body_for("chat/echo"), "messages": [{"role": "user", "content": 7}]}, 400),
    ("huge number", {**body_for("chat/echo"), "max_tokens": 10**40}, 400),
    ("temperature of the wrong type", {**body_for("chat/echo"), "temperature": "hot"}, 400),
    ("tools of the wrong type", {**body_for("chat/echo"), "tools": {"a": 1}}, 400),
]
ORPHANS = {
    "openai_chat": [{"role": "user", "content": "a"}, {"role": "tool", "tool_call_id": "call_x", "content": "r"}],
    "anthropic": [{"role": "user", "content": [{"type": "tool_result", "tool_use_id": "toolu_x", "content": "r"}]}],
}


def message_of(dialect: str, body: Any) -> str:
    """The error's text; fails when the body is not the dialect's error."""
    if dialect == "anthropic":
        assert body["type"] == "error"
        assert set(body["error"]) >= {"type", "message"}
        assert body["request_id"]
    else:
        assert set(body["error"]) == {"message", "type", "param", "code"}
    text: str = body["error"]["message"]
    return text


@pytest.mark.parametrize(
    "path", ["/v1/files", "/v1/moderations", "/v1/responses/compact", "/v1/embeddings", "/api/show", "/api/embed"]
)
def test_deep_nesting_is_refused_wherever_json_is_read(start: Start, path: str) -> None:
    reply = ask(start().port, "openai_chat", DEEP, path=path)
    assert reply.status == 400, reply.body
    assert reply.json()["error"]


@pytest.mark.parametrize("dialect", PATHS)
def test_bad_bodies(start: Start, dialect: str) -> None:
    proxy = start()
    for name, body, status in BAD:
        for upstream in ("chat", "messages"):
            sent = body if isinstance(body, bytes) else json.dumps(body).replace("chat/", f"{upstream}/").encode()
            reply = ask(proxy.port, dialect, sent)
            assert reply.status == status, (name, upstream, reply.status, reply.body[:500])
            assert message_of(dialect, reply.json()), name


@pytest.mark.parametrize("dialect", PATHS)
@pytest.mark.parametrize("upstream", ["chat", "messages"])
def test_orphan_tool_results(start: Start, dialect: str, upstream: str) -> None:
    reply = ask(start().port, dialect, {**body_for(f"{upstream}/echo"), "messages": ORPHANS[dialect]})
    assert reply.status == 400
    assert "/messages/" in reply.text()


def test_the_field_is_named(start: Start) -> None:
    proxy = start()
    messages = [{"role": "user", "content": "a"}, {"role": "assistant", "content": [{"type": "text", "text": 5}]}]
    chat = ask(proxy.port, "openai_chat", {**body_for("chat/echo"), "messages": messages})
    assert chat.json()["error"]["param"] == "messages[1].content[0].text"
    assert "/messages/1/content/0/text" in chat.json()["error"]["message"]
    anthropic = ask(proxy.port, "anthropic", {**body_for("chat/echo"), "messages": messages})
    assert "/messages/1/content/0/text" in anthropic.json()["error"]["message"]


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"content-type": "text/plain"}, 415),
        ({"content-encoding": "gzip"}, 415),
        ({"host": "a/?x="}, 400),
        ({"x-large": "y" * 70_000}, 413),
    ],
)
def test_bad_headers(start: Start, headers: dict[str, str], status: int) -> None:
    reply = ask(start().port, "anthropic", body_for("chat/echo"), headers=headers)
    assert reply.status == status, reply.body
    assert message_of("anthropic", reply.json())


def test_paths_and_methods(start: Start) -> None:
    proxy = start()
    reply = ask(proxy.port, "openai_chat", b"{}", path="/v1/nothing")
    assert (reply.status, reply.json()["error"]["code"]) == (404, "unknown_path")
    reply = ask(proxy.port, "anthropic", b"{}", path="/v1/models")
    assert (reply.status, reply.headers["allow"]) == (405, "GET, HEAD")
    assert message_of("anthropic", reply.json())


def test_too_large_and_too_slow_bodies(start: Start) -> None:
    proxy = start(sections='[limits]\nbody_bytes = "2KiB"\nbody_idle_timeout = 0.3')
    reply = ask(proxy.port, "openai_chat", body_for("chat/echo", "x" * 4000))
    assert reply.status == 413
    assert message_of("openai_chat", reply.json())
    with socket.create_connection(("127.0.0.1", proxy.port), timeout=10) as slow:
        slow.sendall(b"POST /v1/messages HTTP/1.1\r\nhost: a\r\ncontent-length: 100\r\n\r\n{")
        assert slow.recv(4096).startswith(b"HTTP/1.1 408")


def test_nothing_bad_reaches_an_upstream(start: Start, simulation: Simulation) -> None:
    proxy = start()
    for dialect in PATHS:
        for _, body, _ in BAD:
            ask(proxy.port, dialect, body)
    assert simulation.requests == []
