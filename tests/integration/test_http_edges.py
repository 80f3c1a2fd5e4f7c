"""Requests at the edge of HTTP: each gets a proper answer, none gets a 500."""

import json
import socket

from .client import body_for
from .conftest import Start
from .scripted import ScriptedUpstream

KEYS = '[[keys]]\nname = "dev"\nkey = "sk-test-client-key-0123456789"\n'
BODY = json.dumps(body_for("chat/m")).encode()
POST = b"POST /v1/chat/completions HTTP/1.1\r\nhost: a\r\ncontent-type: application/json\r\n"
CHUNKED = POST + b"transfer-encoding: chunked\r\n\r\n"


def exchange(port: int, *sent: bytes, is_half_closed: bool = False) -> bytes:
    """Everything that comes back until the proxy closes the connection."""
    with socket.create_connection(("127.0.0.1", port), timeout=10) as peer:
        peer.sendall(b"".join(sent))
        if is_half_closed:
            peer.shutdown(socket.SHUT_WR)
        received = b""
        while piece := peer.recv(65536):
            received += piece
    return received


def test_a_malformed_body_is_the_clients_mistake(start_wired: Start, wire: ScriptedUpstream) -> None:
    proxy = start_wired()
    for name, sent in {
        "bad size": CHUNKED + b"zz\r\n{}\r\n0\r\n\r\n",
        "negative size": CHUNKED + b"-1\r\n{}\r\n0\r\n\r\n",
        "huge size": CHUNKED + b"ffffffffffffffffff\r\n{}\r\n0\r\n\r\n",
        "no line end": CHUNKED + b"2\r\n{}0\r\n\r\n",
        "long extension": CHUNKED + b"1;" + b"a" * 100_000 + b"\r\n{\r\n0\r\n\r\n",
    }.items():
        reply = exchange(proxy.port, sent)
        assert reply.startswith(b"HTTP/1.1 400 "), (name, reply)
        assert b'"invalid_request_error"' in reply, name
    for sent in (CHUNKED + b"20\r\n{}", POST + b"content-length: 50\r\n\r\n{}"):
        assert b" 500 " not in exchange(proxy.port, sent, is_half_closed=True)
    assert wire.requests == []


def test_smuggled_requests_are_not_served(start_wired: Start, wire: ScriptedUpstream) -> None:
    proxy = start_wired()
    hidden = b"GET /livez HTTP/1.1\r\nhost: a\r\n\r\n"
    for head in (
        POST + b"content-length: 5\r\ncontent-length: 6\r\n\r\n",
        POST + b"transfer-encoding: xchunked\r\n\r\n",
        POST + b"transfer-encoding: chunked\r\ntransfer-encoding: identity\r\n\r\n",
        POST + b"content-length : 5\r\n\r\n",
        POST + b"x: a\r\n b\r\ncontent-length: 0\r\n\r\n",
        POST + b"content-length: +5\r\n\r\n",
        POST + b"content-length: 5\r\ntransfer-encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n",
    ):
        reply = exchange(proxy.port, head, hidden)
        assert reply.startswith(b"HTTP/1.1 400 "), (head, reply)
        assert reply.count(b"HTTP/1.1 ") == 1, (head, reply)
    assert wire.requests == []


def test_pipelined_requests_are_answered_in_order(start_wired: Start) -> None:
    proxy = start_wired()
    asked = [b"request-%d" % number for number in range(20)]
    length = b"content-length: %d\r\n" % len(BODY)
    requests = [POST + length + b"x-request-id: " + name + b"\r\n\r\n" + BODY for name in asked]
    reply = exchange(proxy.port, *requests, POST + b"connection: close\r\n" + length + b"\r\n" + BODY)
    assert reply.count(b"HTTP/1.1 200 ") == 21
    places = [reply.index(b"\r\nx-request-id: " + name + b"\r\n") for name in asked]
    assert places == sorted(places)


def test_a_wrong_key_is_told_before_the_body_is_asked_for(start_wired: Start) -> None:
    proxy = start_wired(models=KEYS)
    reply = exchange(proxy.port, POST + b"expect: 100-continue\r\ncontent-length: 100\r\n\r\n")
    assert reply.startswith(b"HTTP/1.1 401 ")


def test_head_tells_the_length_of_get(start_wired: Start) -> None:
    proxy = start_wired()
    reply = exchange(proxy.port, b"HEAD /livez HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n")
    assert b"\r\ncontent-length: 2\r\n" in reply
    assert reply.endswith(b"\r\n\r\n")


def test_hosts(start_wired: Start) -> None:
    proxy = start_wired()
    for head, status in {
        b"GET /livez HTTP/1.0\r\n": b"200",
        b"GET /livez HTTP/1.1\r\n": b"400",
        b"GET /livez HTTP/1.1\r\nhost: a\r\nhost: b\r\n": b"400",
        b"GET /livez HTTP/1.1\r\nhost: user@a\r\n": b"400",
        b"GET livez HTTP/1.1\r\nhost: a\r\n": b"400",
    }.items():
        assert exchange(proxy.port, head, b"connection: close\r\n\r\n").split(b" ")[1] == status, head


def test_paths_are_taken_as_they_are(start_wired: Start) -> None:
    """An encoded slash is part of a name, never a separator."""
    proxy = start_wired()
    for path, status in {
        b"/v1/models": b"200",
        b"/v1%2Fmodels": b"404",
        b"/v1/./models": b"404",
        b"//v1/models": b"404",
        b"/v1/models;a": b"404",
        b"/v1/models/chat%2Fm": b"200",
        b"/v1/models/%ff": b"404",
    }.items():
        reply = exchange(proxy.port, b"GET " + path + b" HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n")
        assert reply.split(b" ")[1] == status, path


def test_a_models_name_reaches_no_header_and_has_a_length(start_wired: Start, wire: ScriptedUpstream) -> None:
    proxy = start_wired()
    name = "chat/m\r\nx-evil: 1"
    body = json.dumps(body_for(name)).encode()
    length = b"connection: close\r\ncontent-length: %d\r\n\r\n"
    assert b" 200 " in exchange(proxy.port, POST + length % len(body) + body)
    assert wire.requests[-1].target == "/v1/chat/completions"
    assert wire.requests[-1].header("x-evil") is None
    body = json.dumps(body_for("chat/" + "m" * 1000)).encode()
    reply = exchange(proxy.port, POST + length % len(body) + body)
    assert reply.startswith(b"HTTP/1.1 400 ")
    assert b"mmmmm" not in reply
    assert len(wire.requests) == 1
