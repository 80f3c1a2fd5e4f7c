"""What an upstream may do on the wire, byte by byte, and what its client must see of it."""

import gzip
import json
from collections.abc import Callable, Iterable
from pathlib import Path

import pytest

from .client import PATHS, ask, body_for
from .conftest import Start
from .scripted import (
    Asked,
    End,
    Script,
    ScriptedUpstream,
    Step,
    always,
    answer,
    chunk,
    closing_events,
    opening_events,
    stream,
    stream_head,
    text_answer,
    well_behaved,
)

UPSTREAMS = {"chat": "openai_chat", "messages": "anthropic"}
BOTH = [(dialect, upstream) for dialect in PATHS for upstream in UPSTREAMS]
SHORT = "max_cooldown = 0\ntimeouts = { connect = 1, first_byte = 0.3, idle = 0.3, total = 3 }"
JSON = "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n"

BROKEN: dict[str, tuple[int, list[Step]]] = {
    "no answer": (504, [End.HOLD]),
    "closed": (502, [End.FIN]),
    "reset": (502, [End.RST]),
    "cut in the head": (502, [b"HTTP/1.1 200 OK\r\ncontent-ty", End.FIN]),
    "cut after the head": (502, [stream_head(), End.FIN]),
    "silent after the head": (504, [stream_head(), End.HOLD]),
    "longer than it is": (502, [f"{JSON}content-length: 900\r\n\r\n{{}}".encode(), End.FIN]),
    "two lengths": (502, [f"{JSON}content-length: 2\r\ncontent-length: 3\r\n\r\n{{}}".encode(), End.FIN]),
    "length and chunks": (502, [f"{JSON}content-length: 2\r\ntransfer-encoding: chunked\r\n\r\n".encode(), End.FIN]),
    "a redirect": (502, [answer(b"", "location: http://127.0.0.1:1/", status=307)]),
    "another protocol": (502, [b"HTTP/1.1 101 x\r\nupgrade: x\r\nconnection: upgrade\r\n\r\n", End.HOLD]),
    "a page": (502, [answer(b"<html>login</html>", media_type="text/html")]),
    "nothing": (502, [answer(b" \n")]),
    "half a document": (502, [answer(b'{"a":')]),
    "too deep": (502, [answer(b"[" * 100_000)]),
    "an unknown coding": (502, [answer(b"{}", "content-encoding: zip")]),
    "a wrong coding": (502, [answer(b"{}", "content-encoding: gzip")]),
    "a bomb": (502, [answer(gzip.compress(b"data: " + b"x" * (64 << 20)), "content-encoding: gzip")]),
    "an error with 200": (503, [answer({"type": "error", "error": {"type": "overloaded_error", "message": "o"}})]),
}


@pytest.mark.parametrize(("dialect", "upstream"), BOTH)
def test_a_broken_answer_is_an_error(start_wired: Start, wire: ScriptedUpstream, dialect: str, upstream: str) -> None:
    proxy = start_wired(upstream=SHORT)
    for name, (status, steps) in BROKEN.items():
        wire.script = always(*steps)
        for is_stream in (True, False):
            reply = ask(proxy.port, dialect, body_for(f"{upstream}/m", stream=is_stream))
            expected = 529 if status == 503 and dialect == "anthropic" else status
            assert (reply.status, reply.is_cut) == (expected, False), (name, is_stream, reply.body)
            assert reply.json()["error"]["message"], name
    wire.script = well_behaved
    assert ask(proxy.port, dialect, body_for(f"{upstream}/m")).status == 200


@pytest.mark.parametrize(("dialect", "upstream"), BOTH)
def test_an_event_over_the_limit_is_the_upstreams_fault(
    start_wired: Start, wire: ScriptedUpstream, dialect: str, upstream: str
) -> None:
    proxy = start_wired(sections='[limits]\nevent_bytes = "64KiB"')
    wire.script = lambda asked: [stream(opening_events(asked.dialect, "x" * 100_000) + closing_events(asked.dialect))]
    assert ask(proxy.port, dialect, body_for(f"{upstream}/m", stream=True)).status == 502


def swallowing(last: int, end: End) -> Script:
    """Connections up to this one close on their next request; later ones answer."""
    return lambda asked: [end] if asked.connection <= last else well_behaved(asked)


@pytest.mark.parametrize("end", [End.FIN, End.RST])
def test_a_request_that_an_old_connection_swallowed_is_sent_again_once(
    start_wired: Start, wire: ScriptedUpstream, end: End
) -> None:
    proxy = start_wired()
    for is_stream in (True, False):
        wire.script = well_behaved
        ask(proxy.port, "openai_chat", body_for("chat/m"))
        before = len(wire.requests)
        wire.script = swallowing(wire.connections, end)
        reply = ask(proxy.port, "openai_chat", body_for("chat/m", stream=is_stream))
        assert (reply.status, reply.headers["x-fastproxy-attempts"]) == (200, "1")
        assert len(wire.requests) - before == 2


def test_when_in_doubt_one_more_try_at_most(start_wired: Start, wire: ScriptedUpstream) -> None:
    models = """
[[models]]
name = "m"
targets = [{ upstream = "chat", model = "a" }]
fallbacks = [{ upstream = "messages", model = "b" }, { upstream = "chat", model = "c" }]
"""
    proxy = start_wired(models=models, upstream=SHORT)
    for end in (End.FIN, End.HOLD):
        wire.requests.clear()
        wire.script = always(end)
        assert ask(proxy.port, "openai_chat", body_for("m")).status == (502 if end is End.FIN else 504)
        assert [asked.json()["model"] for asked in wire.requests] == ["a", "b"]


def test_the_client_waits_for_the_first_account_to_be_back(start_wired: Start, wire: ScriptedUpstream) -> None:
    accounts = '[{ name = "soon", key = "sk-test-soon" }, { name = "late", key = "sk-test-late" }]'
    proxy = start_wired(accounts=accounts, upstream="max_cooldown = 600")

    def limited(asked: Asked) -> Iterable[Step]:
        wait = 5 if "soon" in (asked.header("authorization") or "") else 50
        yield answer({"error": {"message": "slow down"}}, f"retry-after: {wait}", status=429)

    wire.script = limited
    for _ in range(2):
        reply = ask(proxy.port, "openai_chat", body_for("chat/m"))
        assert (reply.status, reply.headers["retry-after"]) == (429, "5")
    assert len(wire.requests) == 2


@pytest.mark.parametrize(("dialect", "upstream"), BOTH)
def test_keys_and_hosts_are_told_to_nobody(
    start_wired: Start, wire: ScriptedUpstream, tmp_path: Path, dialect: str, upstream: str
) -> None:
    """A key without any form, and the host without a scheme: nothing but knowing them finds them in a text."""
    key, host = "plain canary".replace(" ", "-"), f"127.0.0.1:{wire.port}"
    proxy = start_wired(accounts=f'[{{ name = "account-canary", key = "{key}" }}]')
    spoken = {"type": "error", "error": {"type": "api_error", "message": f"{key} at {host}", "code": key}}
    scripts: list[list[Step]] = [[answer(spoken, status=status)] for status in (400, 401, 403, 404, 429, 500, 529)]
    scripts.append([answer(spoken)])
    event = b"event: error\ndata: %s\n\n" % json.dumps(spoken).encode()
    begun = opening_events(UPSTREAMS[upstream])
    scripts += [[stream(event)], [stream_head(), chunk(begun), chunk(event), chunk(b"")]]
    for script in scripts:
        wire.script = always(*script)
        reply = ask(proxy.port, dialect, body_for(f"{upstream}/m", stream=True))
        told = f"{reply.headers}{reply.text()}"
        assert not [secret for secret in (key, host, "account-canary") if secret in told], told
    lines = [line for line in (tmp_path / "fastproxy.log").read_text().splitlines() if line.startswith("{")]
    assert len(lines) > len(scripts)
    assert not [line for line in lines if key in line or host in line]


RAW: dict[str, Callable[[bytes], bytes]] = {
    "crlf": lambda events: events.replace(b"\n", b"\r\n"),
    "cr": lambda events: events.replace(b"\n", b"\r"),
    "comments": lambda events: b": hello\n\n" + events.replace(b"\n\n", b"\n: c\n\n: d\n\n", 1),
    "no space": lambda events: events.replace(b"data: ", b"data:"),
    "id and retry": lambda events: b"retry: 100\nid: 7\n" + events,
    "unknown fields": lambda events: events.replace(b'"served"', b'"served", "new": {"a": [1.50, 1e3, "\\u00e9"]}'),
    "half an emoji": lambda events: events.replace(b"hello", b"a\\ud83d"),
}


@pytest.mark.parametrize("upstream", UPSTREAMS)
def test_equal_dialects_are_relayed_byte_for_byte(start_wired: Start, wire: ScriptedUpstream, upstream: str) -> None:
    proxy, dialect = start_wired(), UPSTREAMS[upstream]
    for name, changed in RAW.items():
        events = changed(opening_events(dialect) + closing_events(dialect))
        pieces = [chunk(events[at : at + 1]) for at in range(len(events))]
        for script in ([stream(events)], [stream_head(), *pieces, chunk(b"")]):
            wire.script = always(*script)
            reply = ask(proxy.port, dialect, body_for(f"{upstream}/m", stream=True))
            assert reply.body == events.replace(b'"served"', f'"{upstream}/m"'.encode()), name
    whole = json.dumps({**text_answer(dialect), "new": 1.50, "big": 10**24}, indent=3).encode()
    wire.script = lambda asked: [answer(whole)]
    sent = json.dumps({**body_for(f"{upstream}/m"), "new": [1.50, 1e3]}, indent=2).encode()
    assert ask(proxy.port, dialect, sent).body == whole.replace(b'"served"', f'"{upstream}/m"'.encode())
    assert wire.requests[-1].body == sent.replace(f'"{upstream}/m"'.encode(), b'"m"')


@pytest.mark.parametrize("dialect", PATHS)
def test_an_event_without_data_is_none(start_wired: Start, wire: ScriptedUpstream, dialect: str) -> None:
    proxy = start_wired()
    for upstream, spoken in UPSTREAMS.items():
        events = b"event: ping\ndata:\n\n" + opening_events(spoken) + b"data: \n\n" + closing_events(spoken)
        wire.script = always(stream(events))
        reply = ask(proxy.port, dialect, body_for(f"{upstream}/m", stream=True))
        assert (reply.status, reply.is_cut) == (200, False), reply.body
        assert b"hello" in reply.body


FILTERED = json.dumps(
    {"error": {"message": "The prompt was filtered.", "code": "content_filter", "status": 400}}
).encode()


@pytest.mark.parametrize("stream", [True, False])
def test_a_filter_of_azure_is_a_refusal_to_who_does_not_know_it(
    wire: ScriptedUpstream, start_wired: Start, stream: bool
) -> None:
    """Azure says by a 400 what others say in an answer; the status stays what it is for clients of its own dialect."""
    head = b"HTTP/1.1 400 Bad Request\r\ncontent-type: application/json\r\ncontent-length: %d\r\n\r\n" % len(FILTERED)
    wire.script = always(head + FILTERED)
    proxy = start_wired()
    own = ask(proxy.port, "openai_chat", body_for("chat/m", stream=stream))
    assert (own.status, own.json()["error"]["code"]) == (400, "content_filter")
    other = ask(proxy.port, "anthropic", body_for("chat/m", stream=stream))
    assert other.status == 200
    assert '"stop_reason":"refusal"' in other.text()
    assert "The prompt was filtered." in other.text()
    assert len(wire.requests) == 2
