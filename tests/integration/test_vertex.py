"""Anthropic's and Google's models at Vertex AI: other paths, another place for the model, and tokens that change."""

import time
from pathlib import Path

import pytest

from .client import ask, body_for
from .conftest import Start
from .scripted import Asked, ScriptedUpstream, Step, answer, text_answer, well_behaved

PROJECT = "/v1/projects/p/locations/l"
VERTEX = """
[[upstreams]]
name = "claude"
preset = "vertex-anthropic"
base_url = "{address}/v1/projects/p/locations/l"
accounts = [{{ name = "a", key = "file:token" }}]
max_cooldown = 0

[[upstreams]]
name = "google"
preset = "vertex-gemini"
base_url = "{address}/v1/projects/p/locations/l/publishers/google"
accounts = [{{ name = "a", key = "file:token" }}]
max_cooldown = 0
"""


def vertex(asked: Asked) -> list[Step]:
    if asked.target.endswith("count-tokens:rawPredict"):
        return [answer({"input_tokens": 42})]
    if asked.target.endswith(":countTokens"):
        return [answer({"totalTokens": 43})]
    if asked.target.endswith(":rawPredict"):
        return [answer(text_answer("anthropic"))]
    if asked.target.endswith(":streamRawPredict"):
        return well_behaved(Asked(asked.connection, "POST", "/v1/messages", asked.headers, asked.body))
    return well_behaved(asked)


@pytest.fixture
def token(tmp_path: Path) -> Path:
    file = tmp_path / "token"
    file.write_text("test-token-1\n")
    file.chmod(0o600)
    return file


@pytest.fixture
def port(start_wired: Start, wire: ScriptedUpstream, token: Path) -> int:
    wire.script = vertex
    return start_wired(models=VERTEX.format(address=f"http://127.0.0.1:{wire.port}")).port


@pytest.mark.parametrize("dialect", ["anthropic", "openai_chat"])
@pytest.mark.parametrize("stream", [False, True])
def test_the_path_says_the_model_and_the_body_a_version(
    port: int, wire: ScriptedUpstream, dialect: str, stream: bool
) -> None:
    reply = ask(
        port, dialect, body_for("claude/claude-x@1", stream=stream), headers={"anthropic-version": "2026-10-21"}
    )
    assert reply.status == 200
    assert "hello" in reply.text()
    (asked,) = wire.requests
    method = "streamRawPredict" if stream else "rawPredict"
    assert asked.target == f"{PROJECT}/publishers/anthropic/models/claude-x@1:{method}"
    assert asked.header("authorization") == "Bearer test-token-1"
    assert asked.header("anthropic-version") is None
    body = asked.json()
    assert body["anthropic_version"] == "vertex-2023-10-16"
    assert "model" not in body
    assert body.get("stream", False) is stream


@pytest.mark.parametrize("dialect", ["anthropic", "openai_responses"])
def test_a_count_names_its_model_in_the_body(port: int, wire: ScriptedUpstream, dialect: str) -> None:
    path = {"anthropic": "/v1/messages/count_tokens", "openai_responses": "/v1/responses/input_tokens"}[dialect]
    text = {"messages": [{"role": "user", "content": "hi"}]} if dialect == "anthropic" else {"input": "hi"}
    reply = ask(port, dialect, {"model": "claude/claude-x@1", **text}, path=path)
    assert reply.json()["input_tokens"] == 42
    (asked,) = wire.requests
    assert asked.target == f"{PROJECT}/publishers/anthropic/models/count-tokens:rawPredict"
    body = asked.json()
    assert (body["model"], body["anthropic_version"]) == ("claude-x@1", "vertex-2023-10-16")


def test_a_count_of_geminis_is_one_object(port: int, wire: ScriptedUpstream) -> None:
    body = {"model": "google/gemini-x", "messages": [{"role": "user", "content": "hi"}], "system": "Be brief."}
    reply = ask(port, "anthropic", body, path="/v1/messages/count_tokens")
    assert reply.json() == {"input_tokens": 43}
    (asked,) = wire.requests
    assert asked.target == f"{PROJECT}/publishers/google/models/gemini-x:countTokens"
    assert asked.header("authorization") == "Bearer test-token-1"
    assert sorted(asked.json()) == ["contents", "systemInstruction"]


def test_a_token_that_was_replaced_on_disk_is_used(port: int, wire: ScriptedUpstream, token: Path) -> None:
    token.write_text("test-token-2\n")
    deadline = time.monotonic() + 20
    while (sent := last_token(port, wire)) != "Bearer test-token-2":
        assert sent == "Bearer test-token-1"
        assert time.monotonic() < deadline


def last_token(port: int, wire: ScriptedUpstream) -> str | None:
    assert ask(port, "anthropic", body_for("claude/m")).status == 200
    return wire.requests[-1].header("authorization")
