"""Model lists and token counts, in the caller's dialect."""

import http.client
import json
import time
from typing import Any

import pytest

from .client import Stream, ask, body_for
from .conftest import Start
from .scripted import End, ScriptedUpstream, Step, always, answer

MODELS = """
[[models]]
name = "chat-1"
targets = [{ upstream = "chat", model = "echo" }]

[[models]]
name = "echo*"
targets = [{ upstream = "chat" }]
"""


def get(port: int, path: str, **headers: str) -> tuple[int, Any]:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    try:
        connection.request("GET", path, headers={name.replace("_", "-"): value for name, value in headers.items()})
        response = connection.getresponse()
        return response.status, json.loads(response.read())
    finally:
        connection.close()


def test_each_caller_gets_its_own_list(start: Start) -> None:
    proxy = start(models=MODELS)
    status, openai = get(proxy.port, "/v1/models")
    assert (status, openai["object"]) == (200, "list")
    ids = [entry["id"] for entry in openai["data"]]
    assert ids[0] == "chat-1"
    assert "echo" in ids, "what the upstream behind the pattern says it has"
    status, anthropic = get(proxy.port, "/v1/models?limit=1", anthropic_version="2023-06-01")
    assert (status, anthropic["has_more"], anthropic["first_id"]) == (200, True, "chat-1")
    assert anthropic["data"][0]["type"] == "model"
    status, rest = get(proxy.port, "/anthropic/v1/models?limit=1000&after_id=chat-1")
    assert (status, rest["has_more"]) == (200, False)
    assert [entry["id"] for entry in rest["data"]] == ids[1:]


@pytest.mark.parametrize(("name", "status"), [("chat-1", 200), ("chat/any/thing", 200), ("nope", 404)])
def test_one_model(start: Start, name: str, status: int) -> None:
    proxy = start(models=MODELS)
    assert get(proxy.port, f"/v1/models/{name}")[0] == status
    found, body = get(proxy.port, f"/openai/v1/models/{name}", anthropic_version="2023-06-01")
    assert found == status
    assert body["id" if status == 200 else "error"]


def test_a_page_must_have_a_size(start: Start) -> None:
    status, body = get(start().port, "/anthropic/v1/models?limit=0")
    assert (status, body["error"]["type"]) == (400, "invalid_request_error")


@pytest.mark.parametrize("upstream", ["chat", "messages"])
def test_tokens_are_counted(start: Start, upstream: str) -> None:
    proxy = start()
    body = body_for(f"{upstream}/echo", "count these few words")
    del body["max_tokens"], body["stream"]
    reply = ask(proxy.port, "anthropic", body, path="/v1/messages/count_tokens?beta=true")
    assert reply.status == 200, reply.body
    assert 4 <= reply.json()["input_tokens"] <= 30


def test_a_bad_count_is_refused(start: Start) -> None:
    reply = ask(start().port, "anthropic", {"model": "chat/echo", "messages": 5}, path="/v1/messages/count_tokens")
    assert reply.status == 400


def test_what_is_no_count_is_estimated_instead(start_wired: Start, wire: ScriptedUpstream) -> None:
    proxy = start_wired()
    body = {"model": "messages/m", "messages": [{"role": "user", "content": "hi there"}]}
    overloaded = {"type": "error", "error": {"type": "overloaded_error", "message": "Overloaded"}}
    deep = answer(b'{"input_tokens":' + b"[" * 100_000 + b"]" * 100_000 + b"}")
    scripts: list[Step] = [answer(b"<html>"), answer({"input_tokens": -7}), answer(overloaded), deep, End.FIN]
    for script in scripts:
        wire.script = always(script)
        reply = ask(proxy.port, "anthropic", body, path="/v1/messages/count_tokens")
        assert reply.status == 200
        assert 1 <= reply.json()["input_tokens"] <= 20
    wire.script = always(answer({"input_tokens": 7}))
    assert ask(proxy.port, "anthropic", body, path="/v1/messages/count_tokens").json() == {"input_tokens": 7}


def test_a_client_that_leaves_ends_its_count(start_wired: Start, wire: ScriptedUpstream) -> None:
    proxy = start_wired()
    wire.script = always(End.HOLD)
    body = {"model": "messages/m", "messages": [{"role": "user", "content": "hi there"}]}
    deadline = time.monotonic() + 5
    with Stream(proxy.port, "anthropic", body, path="/v1/messages/count_tokens"):
        while not wire.requests:
            assert time.monotonic() < deadline
            time.sleep(0.005)
    while wire.requests[0].left_at is None:
        assert time.monotonic() < deadline, "the upstream call went on"
        time.sleep(0.005)
