"""Media named by a URL, for an upstream that needs the bytes: only when told to, and from nowhere private."""

import base64
from pathlib import Path
from typing import Any

import pytest

from .client import Reply, ask
from .conftest import Start
from .scripted import End, ScriptedUpstream, Step, answer, well_behaved

PNG = b"\x89PNG\r\n\x1a\n" + bytes(range(256))
NEEDS_BYTES = "max_cooldown = 0\nprofile = { media_urls = false }"
FETCH = "[media]\nfetch = true\nallow_private = true\nmax_bytes = 4096\nmax_count = 2"


def serving(*steps: Step) -> Any:
    """An upstream that also serves media."""
    return lambda asked: steps if asked.method == "GET" else well_behaved(asked)


def show(port: int, *urls: str) -> Reply:
    sources = [{"type": "image", "source": {"type": "url", "url": url}} for url in urls]
    body = {"model": "chat/m", "max_tokens": 9, "messages": [{"role": "user", "content": sources}]}
    return ask(port, "anthropic", body)


def sent(wire: ScriptedUpstream) -> list[str]:
    asked = next(asked for asked in wire.requests if asked.method == "POST")
    return [part["image_url"]["url"] for part in asked.json()["messages"][0]["content"]]


def test_the_bytes_are_sent_where_they_are_needed(start_wired: Start, wire: ScriptedUpstream) -> None:
    port = start_wired(sections=FETCH, upstream=NEEDS_BYTES).port
    wire.script = serving(answer(PNG, media_type="text/html"))
    url = f"http://127.0.0.1:{wire.port}/a/b.png?size=2"
    reply = show(port, url, url)
    assert reply.status == 200, reply.body
    assert "media_fetched=" in reply.headers["x-fastproxy-loss"]
    assert sent(wire) == ["data:image/png;base64," + base64.b64encode(PNG).decode()] * 2
    (fetched,) = [asked for asked in wire.requests if asked.method == "GET"]
    assert fetched.target == "/a/b.png?size=2"
    assert not {"authorization", "x-api-key", "cookie"} & {name for name, _ in fetched.headers}


@pytest.mark.parametrize(("sections", "upstream"), [(FETCH, "max_cooldown = 0"), ("", NEEDS_BYTES)])
def test_nothing_is_fetched_unasked(start_wired: Start, wire: ScriptedUpstream, sections: str, upstream: str) -> None:
    url = f"http://127.0.0.1:{wire.port}/a.png"
    assert show(start_wired(sections=sections, upstream=upstream).port, url).status == 200
    assert sent(wire) == [url]
    assert len(wire.requests) == 1


def test_private_addresses_are_not_asked(start_wired: Start, wire: ScriptedUpstream, tmp_path: Path) -> None:
    port = start_wired(sections="[media]\nfetch = true", upstream=NEEDS_BYTES).port
    told = set()
    for host in ("127.0.0.1", "localhost", "[::1]", "[::ffff:127.0.0.1]", "0.0.0.0", "2130706433", "169.254.169.254"):
        reply = show(port, f"http://{host}:{wire.port}/a.png")
        assert (reply.status, reply.json()["error"]["type"]) == (400, "invalid_request_error"), host
        told.add(reply.json()["error"]["message"])
    assert wire.connections == 0
    assert len(told) == 1, "what is there and what is not are told alike"


@pytest.mark.parametrize(
    "steps",
    [
        [answer(b"<html>", media_type="image/png")],
        [answer(b"")],
        [answer(PNG, status=404)],
        [answer(PNG * 20)],
        [answer(b"", "location: http://127.0.0.1/", status=302)],
        [answer(PNG)[:-5], End.FIN],
        [End.RST],
    ],
)
def test_what_cannot_be_had_is_told_with_its_place(
    start_wired: Start, wire: ScriptedUpstream, steps: list[Step]
) -> None:
    port = start_wired(sections=FETCH, upstream=NEEDS_BYTES).port
    wire.script = serving(*steps)
    reply = show(port, f"http://127.0.0.1:{wire.port}/a.png")
    assert reply.status == 400
    assert "/messages/0/content/0" in reply.json()["error"]["message"]
    assert not [asked for asked in wire.requests if asked.method == "POST"]


@pytest.mark.parametrize("url", ["ftp://a/b", "file:///etc/passwd", "http://user:word@a/b", "http://", "http://a b/"])
def test_only_plain_web_addresses_are_taken(start_wired: Start, wire: ScriptedUpstream, url: str) -> None:
    reply = show(start_wired(sections=FETCH, upstream=NEEDS_BYTES).port, url)
    assert reply.status == 400
    assert wire.requests == []


def test_a_request_names_only_so_many(start_wired: Start, wire: ScriptedUpstream) -> None:
    urls = [f"http://127.0.0.1:{wire.port}/{number}.png" for number in range(3)]
    assert show(start_wired(sections=FETCH, upstream=NEEDS_BYTES).port, *urls).status == 400
    assert wire.requests == []


def test_strict_models_are_sent_nothing_that_was_fetched(start_wired: Start, wire: ScriptedUpstream) -> None:
    models = '[[models]]\nname = "exact"\nstrict = true\ntargets = [{ upstream = "chat", model = "m" }]'
    wire.script = serving(answer(PNG))
    port = start_wired(sections=FETCH, upstream=NEEDS_BYTES, models=models).port
    image = {"type": "image", "source": {"type": "url", "url": f"http://127.0.0.1:{wire.port}/a.png"}}
    body = {"model": "exact", "max_tokens": 9, "messages": [{"role": "user", "content": [image]}]}
    reply = ask(port, "anthropic", body)
    assert (reply.status, "media_fetched" in reply.text()) == (400, True)
