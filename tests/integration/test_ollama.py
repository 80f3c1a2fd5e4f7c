"""Ollama in both roles: its clients in front of any upstream, and an Ollama behind any client."""

import http.client
import json
from typing import Any

import pytest

from .client import Reply, ask, body_for
from .conftest import Start
from .scripted import End, ScriptedUpstream, always, answer, chunk, stream_head

CHAT, GENERATE = "/api/chat", "/api/generate"
LINES = "application/x-ndjson"
FIRST = {"model": "served", "created_at": "2026-03-01T10:20:30Z", "message": {"role": "assistant", "content": "hel"}}
LAST = {
    **FIRST, "message": {"role": "assistant", "content": "lo"}, "done": True, "done_reason": "stop",
    "total_duration": 123, "prompt_eval_count": 3, "eval_count": 2,
}  # fmt: skip
MODELS = """
[[models]]
name = "gpt"
targets = [{ upstream = "chat", model = "echo" }]

[[models]]
name = "claude:big"
targets = [{ upstream = "messages", model = "echo" }]
"""


def local(wire: ScriptedUpstream, suffix: str = "") -> str:
    """An Ollama as a third upstream."""
    return f"""
[[upstreams]]
name = "local"
dialect = "ollama"
base_url = "http://127.0.0.1:{wire.port}{suffix}"
accounts = [{{ name = "a", key = "sk-test-upstream" }}]
max_cooldown = 0
"""


def lines(*objects: dict[str, Any]) -> bytes:
    return b"".join(json.dumps(line).encode() + b"\n" for line in objects)


def streamed(*objects: dict[str, Any], end: End | None = None) -> tuple[bytes | End, ...]:
    head = stream_head().replace(b"text/event-stream", LINES.encode())
    return (head, chunk(lines(*objects)), chunk(b"") if end is None else end)


def said(reply: Reply) -> list[dict[str, Any]]:
    return [json.loads(line) for line in reply.body.splitlines()]


def call(port: int, path: str, body: Any, **headers: str) -> Reply:
    return ask(
        port, "ollama", body, path=path, headers={name.replace("_", "-"): text for name, text in headers.items()}
    )


def get(port: int, path: str, method: str = "GET", body: bytes | None = None) -> tuple[int, Any]:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    try:
        connection.request(method, path, body=body)
        response = connection.getresponse()
        text = response.read()
        return response.status, json.loads(text) if text else None
    finally:
        connection.close()


# -- clients of an Ollama -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("model", ["chat/echo", "messages/echo"])
@pytest.mark.parametrize(("path", "asked"), [
    (CHAT, {"messages": [{"role": "user", "content": "hello"}]}),
    (GENERATE, {"prompt": "hello"}),
    ("/ollama/api/chat", {"messages": [{"role": "user", "content": "hello"}]}),
])  # fmt: skip
def test_streams_are_lines_and_the_default(start: Start, model: str, path: str, asked: dict[str, Any]) -> None:
    reply = call(start().port, path, {"model": model, **asked})
    assert (reply.status, reply.headers["content-type"]) == (200, LINES)
    *pieces, last = said(reply)
    key = "response" if path == GENERATE else "message"
    assert all(line["model"] == model and line[key] is not None for line in [*pieces, last])
    assert [line["done"] for line in [*pieces, last]] == [False] * len(pieces) + [True]
    assert last["done_reason"] == "stop"
    assert last["prompt_eval_count"] > 0
    text = "".join(line["response"] if path == GENERATE else line["message"]["content"] for line in pieces)
    whole = call(start().port, path, {"model": model, "stream": False, **asked})
    assert whole.headers["content-type"] == "application/json"
    told = whole.json()
    assert (told["response"] if path == GENERATE else told["message"]["content"]) == text != ""
    assert told["done"] is True


@pytest.mark.parametrize("script", ["cut-clean-20", "cut-rst-20"])
def test_a_cut_answer_is_an_error_line_and_an_abnormal_close(start: Start, script: str) -> None:
    body = {"model": f"chat/long-100-5+{script}", "messages": [{"role": "user", "content": "x"}]}
    reply = call(start().port, CHAT, body)
    assert reply.is_cut
    *pieces, last = said(reply)
    assert pieces
    assert isinstance(last["error"], str)
    assert not any(line.get("done") for line in pieces)


@pytest.mark.parametrize(("path", "body", "status"), [
    (CHAT, {"model": "chat/echo", "messages": "x"}, 400),
    (CHAT, {"model": "chat/echo", "messages": [{"role": "user", "content": "x"}], "think": "much"}, 400),
    (CHAT, {"messages": []}, 400),
    (CHAT, {"model": "nope", "messages": []}, 404),
    (GENERATE, {"model": "chat/echo", "prompt": "def f(", "suffix": "pass"}, 400),
    (GENERATE, b"{", 400),
    ("/api/nothing", {}, 404),
    ("/api/pull", {"model": "llama3"}, 400),
    ("/api/create", {"model": "x", "from": "y"}, 400),
    ("/api/blobs/sha256:00", b"GGUF", 400),
    ("/api/show", {"model": "nope"}, 404),
    ("/api/show", {}, 400),
    ("/api/show", b"[]", 400),
    ("/api/tags", {}, 405),
])  # fmt: skip
def test_errors_are_one_text(start: Start, path: str, body: Any, status: int) -> None:
    reply = call(start().port, path, body)
    assert reply.status == status, reply.body
    assert isinstance(reply.json()["error"], str)


def test_deleting_is_refused_too(start: Start) -> None:
    status, body = get(start().port, "/api/delete", "DELETE", b'{"model":"gpt"}')
    assert (status, list(body)) == (400, ["error"])


@pytest.mark.parametrize(("path", "body", "reason"), [
    (CHAT, {"model": "gpt", "messages": []}, "load"),
    (GENERATE, {"model": "gpt:latest", "keep_alive": 0}, "unload"),
    (GENERATE, {"model": "gpt", "prompt": "", "stream": False}, "load"),
])  # fmt: skip
def test_loading_a_model_asks_no_upstream(
    start_wired: Start, wire: ScriptedUpstream, path: str, body: dict[str, Any], reason: str
) -> None:
    reply = call(start_wired(models=MODELS).port, path, body)
    is_stream = body.get("stream", True)
    assert (reply.status, reply.headers["content-type"]) == (200, LINES if is_stream else "application/json")
    (told,) = said(reply)
    assert (told["model"], told["done"], told["done_reason"]) == (body["model"], True, reason)
    assert wire.requests == []


@pytest.mark.parametrize(("path", "body", "told"), [
    ("/api/embed", {"input": "hi"}, {"embeddings": [[0.5, -1.0]]}),
    ("/api/embed", {"input": ["hi"]}, {"embeddings": [[0.5, -1.0]]}),
    ("/api/embeddings", {"prompt": "hi"}, {"embedding": [0.5, -1.0]}),
])  # fmt: skip
def test_vectors_are_not_taken_for_loading(
    start_wired: Start, wire: ScriptedUpstream, path: str, body: dict[str, Any], told: dict[str, Any]
) -> None:
    """A request for vectors has no messages either."""
    data = [{"object": "embedding", "index": 0, "embedding": [0.5, -1.0]}]
    wire.script = always(answer({"object": "list", "data": data, "usage": {"prompt_tokens": 1, "total_tokens": 1}}))
    reply = call(start_wired(models=MODELS).port, path, {"model": "gpt", **body})
    assert (reply.status, {**reply.json(), **told}) == (200, reply.json()), reply.body
    assert wire.requests[0].json()["input"] in ("hi", ["hi"])


def test_ollamas_own_examples_declare_a_form_and_web_pages_may_not(start: Start) -> None:
    body = {"model": "chat/echo", "prompt": "hello", "stream": False}
    proxy, form = start(), "application/x-www-form-urlencoded"
    assert call(proxy.port, GENERATE, body, content_type=form).status == 200
    assert call(proxy.port, GENERATE, body, content_type=form, origin="https://evil.example").status == 415
    assert call(proxy.port, GENERATE, body, origin="https://evil.example").status == 200, (
        "a browser asks first for that"
    )


# -- what a client asks besides -------------------------------------------------------------------------------------------


def test_models_are_listed_with_a_tag_and_found_by_it(start: Start) -> None:
    proxy = start(models=MODELS)
    status, listed = get(proxy.port, "/api/tags")
    assert status == 200
    assert [entry["model"] for entry in listed["models"]] == ["claude:big", "gpt:latest"]
    for entry in listed["models"]:
        assert entry["name"] == entry["model"]
        assert len(entry["digest"]) == 64
        assert entry["details"]["family"] == "", "nothing is invented"
        shown = call(proxy.port, "/api/show", {"model": entry["name"]}).json()
        assert "tools" in shown["capabilities"]
        assert shown["model_info"]["general.basename"] == entry["name"].removesuffix(":latest")
        assert shown["modified_at"] == entry["modified_at"]
        asked = {"model": entry["name"], "prompt": "hello", "stream": False}
        assert call(proxy.port, GENERATE, asked).json()["model"] == entry["name"]
    assert call(proxy.port, "/api/show", {"name": "gpt"}).status == 200
    chat = ask(proxy.port, "openai_chat", body_for("gpt:latest"))
    assert (chat.status, chat.json()["model"]) == (200, "gpt:latest"), "VS Code lists here and asks there"


def test_version_and_running_models(start: Start) -> None:
    proxy = start()
    status, body = get(proxy.port, "/api/version")
    assert status == 200
    assert tuple(map(int, body["version"].split("."))) >= (0, 6, 4)
    assert get(proxy.port, "/api/ps") == (200, {"models": []})
    assert get(proxy.port, "/", "HEAD")[0] == 200


def test_a_key_sees_and_asks_only_for_its_own(start: Start) -> None:
    keys = '[[keys]]\nname = "k"\nkey = "sk-test-client"\nmodels = ["gpt"]\n'
    proxy = start(models=MODELS + keys)
    assert get(proxy.port, "/api/tags")[0] == 401
    assert get(proxy.port, "/api/version")[0] == 200
    mine = {"authorization": "Bearer sk-test-client"}
    assert call(proxy.port, "/api/show", {"model": "gpt:latest"}, **mine).status == 200
    assert call(proxy.port, "/api/show", {"model": "claude:big"}, **mine).status == 404
    assert call(proxy.port, GENERATE, {"model": "gpt:latest", "prompt": "x"}, **mine).status == 200
    refused = call(proxy.port, GENERATE, {"model": "claude:big", "prompt": "x"}, **mine)
    assert refused.status == 403
    assert isinstance(refused.json()["error"], str)


# -- an Ollama as the upstream ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("suffix", ["", "/", "/v1", "/api"])
def test_other_clients_reach_an_ollama(start_wired: Start, wire: ScriptedUpstream, suffix: str) -> None:
    wire.script = always(answer(LAST))
    proxy = start_wired(models=local(wire, suffix))
    reply = ask(proxy.port, "openai_chat", body_for("local/llama3:8b"))
    assert reply.status == 200, reply.body
    assert reply.json()["choices"][0]["message"]["content"] == "lo"
    assert reply.json()["usage"] == {"prompt_tokens": 3, "completion_tokens": 2, "total_tokens": 5}
    (asked,) = wire.requests
    assert (asked.method, asked.target) == ("POST", CHAT)
    assert asked.header("authorization") == "Bearer sk-test-upstream"
    assert asked.json() == {
        "model": "llama3:8b", "messages": [{"role": "user", "content": "hello"}], "stream": False,
        "options": {"num_predict": 100_000},
    }  # fmt: skip


@pytest.mark.parametrize("dialect", ["openai_chat", "anthropic"])
def test_its_lines_become_events(start_wired: Start, wire: ScriptedUpstream, dialect: str) -> None:
    wire.script = always(*streamed({**FIRST, "done": False}, LAST))
    reply = ask(start_wired(models=local(wire)).port, dialect, body_for("local/m", stream=True))
    assert reply.headers["content-type"].startswith("text/event-stream")
    assert not reply.is_cut
    assert b'"hel"' in reply.body
    assert b'"lo"' in reply.body
    assert (b"[DONE]" if dialect == "openai_chat" else b"message_stop") in reply.body


@pytest.mark.parametrize("dialect", ["openai_chat", "anthropic", "ollama"])
@pytest.mark.parametrize("end", ["lines", "reset", "error"])
def test_what_it_cuts_never_looks_whole(start_wired: Start, wire: ScriptedUpstream, dialect: str, end: str) -> None:
    first = {**FIRST, "done": False}
    wire.script = always(*{
        "lines": streamed(first),
        "reset": streamed(first, end=End.RST),
        "error": streamed(first, {"error": "CUDA error"}),
    }[end])  # fmt: skip
    path = CHAT if dialect == "ollama" else None
    reply = ask(start_wired(models=local(wire)).port, dialect, body_for("local/m", stream=True), path=path)
    assert reply.is_cut or reply.status == 502, "before anything was sent it is a status"
    assert b'"error"' in reply.body
    assert not any(mark in reply.body for mark in (b"[DONE]", b"message_stop", b'"done": true'))


@pytest.mark.parametrize(("path", "asked"), [
    (CHAT, {"messages": [{"role": "user", "content": "x"}], "options": {"num_ctx": 99}, "keep_alive": "1h"}),
    (GENERATE, {"prompt": "def f(", "suffix": "pass", "raw": True, "context": [1, 2]}),
    (GENERATE, {"keep_alive": 0}),
])  # fmt: skip
@pytest.mark.parametrize("stream", [True, False])
def test_an_ollama_client_is_relayed_byte_for_byte(
    start_wired: Start, wire: ScriptedUpstream, path: str, asked: dict[str, Any], stream: bool
) -> None:
    wire.script = always(*(streamed({**FIRST, "done": False}, LAST) if stream else [answer(LAST)]))
    proxy = start_wired(models=local(wire))
    body = {"model": "local/m:1b", "stream": stream, **asked}
    reply = call(proxy.port, path, body)
    assert reply.status == 200, reply.body
    sent = lines({**FIRST, "done": False}, LAST) if stream else json.dumps(LAST).encode()
    assert reply.body == sent.replace(b'"served"', b'"local/m:1b"')
    (request,) = wire.requests
    assert request.target == path
    assert request.json() == {**body, "model": "m:1b"}


def test_its_refusal_keeps_status_and_text(start_wired: Start, wire: ScriptedUpstream) -> None:
    wire.script = always(answer({"error": "model 'm' does not support tools"}, status=400))
    proxy = start_wired(models=local(wire))
    for dialect, path in [("ollama", CHAT), ("openai_chat", None)]:
        reply = ask(proxy.port, dialect, body_for("local/m"), path=path)
        assert reply.status == 400
        assert b"does not support tools" in reply.body


def test_its_models_are_listed_behind_a_pattern(start_wired: Start, wire: ScriptedUpstream) -> None:
    tags = {"models": [{"name": "llama3:latest", "model": "llama3:latest"}, {"name": "qwen3:8b"}]}
    wire.script = always(answer(tags))
    proxy = start_wired(models=local(wire) + '[[models]]\nname = "*"\ntargets = [{ upstream = "local" }]\n')
    assert [entry["name"] for entry in get(proxy.port, "/api/tags")[1]["models"]] == ["llama3:latest", "qwen3:8b"]
    assert [entry["id"] for entry in get(proxy.port, "/v1/models")[1]["data"]] == ["llama3:latest", "qwen3:8b"]
    assert [asked.target for asked in wire.requests] == ["/api/tags"]
