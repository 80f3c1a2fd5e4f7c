"""What went wrong in other gateways where HTTP matters, for clients of all five dialects."""

import json
from typing import Any

import pytest

from .client import Reply, Stream, ask, body_for
from .conftest import Start
from .scripted import Asked, End, ScriptedUpstream, Step, always, answer, chunk, opening_events, stream_head

CLIENTS = ["openai_chat", "openai_responses", "anthropic", "gemini", "ollama"]
UPSTREAMS = ["chat", "messages", "responses"]
BOTH = [(client, upstream) for client in CLIENTS for upstream in UPSTREAMS]


def path_of(client: str, upstream: str, *, stream: bool) -> str | None:
    """The path that this client asks."""
    method = "streamGenerateContent?alt=sse" if stream else "generateContent"
    paths = {"gemini": f"/v1beta/models/{upstream}/m:{method}", "ollama": "/api/chat"}
    return paths.get(client)


def body_of(client: str, upstream: str, *, stream: bool) -> dict[str, Any]:
    """One question as this client asks it."""
    body = body_for(f"{upstream}/m", stream=stream)
    if client == "gemini":
        return {"contents": [{"role": "user", "parts": [{"text": "hello"}]}]}
    if client == "openai_responses":
        body["input"] = body.pop("messages")
        del body["max_tokens"]
    return body


def question(port: int, client: str, upstream: str, *, stream: bool = False) -> Reply:
    path = path_of(client, upstream, stream=stream)
    return ask(port, client, body_of(client, upstream, stream=stream), path=path)


@pytest.mark.parametrize(("client", "upstream"), BOTH)
@pytest.mark.parametrize("stream", [True, False])
def test_retry_after_was_lost(
    start_wired: Start, wire: ScriptedUpstream, client: str, upstream: str, stream: bool
) -> None:
    """LiteLLM, CLIProxyAPI and Busbar lost it on every pair; one turned an early 429 into a 200 with an error in it."""
    error = {"type": "error", "error": {"type": "rate_limit_error", "message": "slow down"}}
    wire.script = always(answer(error, "retry-after: 7", status=429))
    reply = question(start_wired().port, client, upstream, stream=stream)
    assert (reply.status, reply.headers["retry-after"]) == (429, "7")
    assert "slow down" in reply.text()
    if client == "gemini":
        assert any(detail.get("retryDelay") == "7s" for detail in reply.json()["error"]["details"])


@pytest.mark.parametrize(("client", "upstream"), BOTH)
def test_the_operators_key_was_the_clients(
    start_wired: Start, wire: ScriptedUpstream, client: str, upstream: str
) -> None:
    error = {"type": "error", "error": {"type": "authentication_error", "message": "invalid key sk-test-upstream"}}
    wire.script = always(answer(error, status=401))
    reply = question(start_wired().port, client, upstream)
    assert reply.status in {502, 503}
    assert "sk-test-upstream" not in reply.text()


@pytest.mark.parametrize(("client", "upstream"), BOTH)
def test_the_answer_came_in_one_burst(start_wired: Start, wire: ScriptedUpstream, client: str, upstream: str) -> None:
    """The upstream says its first word and then nothing: the client must have that word all the same."""

    def first_word(asked: Asked) -> list[Step]:
        return [stream_head(), chunk(opening_events(asked.dialect, "early-word")), End.HOLD]

    wire.script = first_word
    proxy = start_wired()
    path = path_of(client, upstream, stream=True)
    with Stream(proxy.port, client, body_of(client, upstream, stream=True), path=path) as reader:
        assert b"early-word" in reader.read_until(b"early-word")


@pytest.mark.parametrize(("client", "upstream"), BOTH)
@pytest.mark.parametrize("stream", [True, False])
def test_an_error_with_status_200_was_an_answer(
    start_wired: Start, wire: ScriptedUpstream, client: str, upstream: str, stream: bool
) -> None:
    error = {"type": "error", "error": {"type": "server_error", "message": "broken inside"}}
    pages = [
        answer(error),
        answer(b"<html><body>sorry</body></html>", media_type="text/html"),
        stream_head() + chunk(b"event: error\ndata: %s\n\n" % json.dumps(error).encode()) + chunk(b""),
    ]
    proxy = start_wired()
    for page in pages:
        wire.script = always(page)
        reply = question(proxy.port, client, upstream, stream=stream)
        assert reply.status >= 500, (page, reply.body)
        assert "error" in reply.json()


@pytest.mark.parametrize("client", CLIENTS)
def test_a_redirect_took_the_key_along(start_wired: Start, wire: ScriptedUpstream, client: str) -> None:
    with ScriptedUpstream(always(answer({"stolen": True}))) as elsewhere:
        wire.script = always(answer(b"", f"location: http://127.0.0.1:{elsewhere.port}/v1/messages", status=307))
        reply = question(start_wired().port, client, "messages")
    assert reply.status == 502
    assert elsewhere.requests == []
