"""Embeddings over HTTP, and as the official SDK reads them."""

import base64
import struct

import openai
import pytest

from .client import ask
from .conftest import Start
from .scripted import ScriptedUpstream, always, answer

PATH = "/v1/embeddings"
VECTOR = [-0.1, 1e-07, 0.30000001192092896]
ANSWER = {
    "object": "list", "model": "served", "data": [{"object": "embedding", "index": 0, "embedding": VECTOR}],
    "usage": {"prompt_tokens": 4, "total_tokens": 4},
}  # fmt: skip


@pytest.mark.parametrize("upstream", ["chat", "responses"])
@pytest.mark.parametrize("path", [PATH, "/embeddings", "/openai/v1/embeddings"])
def test_vectors_are_relayed(start_wired: Start, wire: ScriptedUpstream, upstream: str, path: str) -> None:
    wire.script = always(answer(ANSWER))
    body = {"model": f"{upstream}/vectors", "input": ["some words"], "user": "u", "dimensions": 3}
    reply = ask(start_wired().port, "openai_chat", body, path=path)
    assert reply.json() == {**ANSWER, "model": f"{upstream}/vectors"}
    assert (wire.requests[0].target, wire.requests[0].json()) == (PATH, {**body, "model": "vectors"})
    assert wire.requests[0].header("authorization") == "Bearer sk-test-upstream"


def test_the_sdk_reads_what_it_asks_for(start_wired: Start, wire: ScriptedUpstream) -> None:
    """The SDK asks for base64 unless it is told otherwise."""
    coded = base64.b64encode(struct.pack("<3f", *VECTOR)).decode()
    data = [{"object": "embedding", "index": 0, "embedding": coded}]
    wire.script = always(answer({**ANSWER, "data": data}))
    port = start_wired().port
    with openai.OpenAI(base_url=f"http://127.0.0.1:{port}/v1", api_key="sk-test", max_retries=0) as client:
        vector = client.embeddings.create(model="chat/vectors", input="some words").data[0].embedding
    assert wire.requests[0].json()["encoding_format"] == "base64"
    assert vector == list(struct.unpack("<3f", struct.pack("<3f", *VECTOR)))


def test_a_service_without_vectors_is_not_asked(start_wired: Start, wire: ScriptedUpstream) -> None:
    reply = ask(start_wired().port, "openai_chat", {"model": "messages/m", "input": "x"}, path=PATH)
    assert (reply.status, reply.json()["error"]["param"]) == (400, "model")
    assert wire.requests == []


@pytest.mark.parametrize("broken", [{}, {"data": []}, {"error": {"message": "no"}}, b"<html>", b"data: {}\n\n"])
def test_what_holds_no_vectors_is_no_answer(start_wired: Start, wire: ScriptedUpstream, broken: object) -> None:
    wire.script = always(answer(broken))
    assert ask(start_wired().port, "openai_chat", {"model": "chat/m", "input": "x"}, path=PATH).status == 502


def test_a_bad_request_names_its_place(start_wired: Start, wire: ScriptedUpstream) -> None:
    reply = ask(start_wired().port, "openai_chat", {"model": "chat/m", "input": {"a": 1}}, path=PATH)
    assert (reply.status, reply.json()["error"]["param"]) == (400, "input")
    assert wire.requests == []


def test_an_upstreams_error_is_told(start_wired: Start, wire: ScriptedUpstream) -> None:
    wire.script = always(answer({"error": {"message": "slow down"}}, "retry-after: 7", status=429))
    reply = ask(start_wired().port, "openai_chat", {"model": "chat/m", "input": "x"}, path=PATH)
    assert (reply.status, reply.headers["retry-after"]) == (429, "7")
