"""`fastproxy explain`: where a request would go, why not elsewhere, what it would lose."""

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from fastproxy.cli.program import program
from fastproxy.gateway import StateFile
from fastproxy.gateway.keeping import Document
from fastproxy.shared_state import Kept, steady_clock

CONFIG = """
[server]
data_dir = "{data}"

[[upstreams]]
name = "chat"
dialect = "openai_chat"
base_url = "http://127.0.0.1:9/v1"
accounts = [{{ name = "a", key = "sk-test-a" }}, {{ name = "b", key = "sk-test-b", paused = true }}]

[[upstreams]]
name = "messages"
dialect = "anthropic"
base_url = "http://127.0.0.1:9"
accounts = [{{ name = "a", key = "sk-test-a", models = ["y"], tags = ["eu"] }}]

[[models]]
name = "gpt-x"
targets = [{{ upstream = "chat", model = "x" }}]
fallbacks = [{{ upstream = "messages", model = "y" }}, {{ upstream = "messages", model = "z" }}]

[[models]]
name = "loose"
targets = [{{ upstream = "chat" }}]
fallbacks = [{{ upstream = "messages", model = "y", tags = ["eu"] }}]
lossy_fallback = true

[[keys]]
name = "dev"
key = "sk-test-client-0123456789"
models = ["gpt-x"]
default_model = "gpt-x"
"""
HELLO = [{"role": "user", "content": "hello"}]


@pytest.fixture
def config(tmp_path: Path) -> Path:
    path = tmp_path / "fastproxy.toml"
    path.write_text(CONFIG.format(data=tmp_path / "data"))
    return path


def explained(config: Path, *arguments: str, body: dict[str, Any] | None = None, code: int = 0) -> Any:
    words = ["explain", *arguments, "--config", str(config), "--json"]
    given = json.dumps(body) if body is not None else None
    result = CliRunner().invoke(program, [*words, *(["--body", "-"] if given else [])], input=given)
    assert result.exit_code == code, result.output
    return json.loads(result.stdout)


def places(explanation: Any) -> list[tuple[str, str, str]]:
    return [(place["upstream"], place["model"], place["verdict"]) for place in explanation["places"]]


def test_every_place_stands_in_its_order_with_its_verdict(config: Path) -> None:
    found = explained(config, "gpt-x")
    assert found["entry"] == "models[gpt-x]"
    assert places(found) == [("chat", "x", "try"), ("messages", "y", "try"), ("messages", "z", "skip")]
    first, second, third = found["places"]
    assert first["states"] == {"ready": 1, "disabled": 1}
    assert (first["is_raw"], second["is_raw"]) == (True, False)
    assert "no account is for this model" in third["reason"]
    assert {account["name"]: account["why"] for account in first["accounts"]} == {"a": "", "b": "paused"}


def test_a_fallback_that_would_lose_a_part_is_skipped_unless_allowed(config: Path) -> None:
    body = {"model": "gpt-x", "messages": HELLO, "response_format": {"type": "json_object"}, "seed": 7}
    found = explained(config, body=body)
    assert places(found)[1] == ("messages", "y", "skip")
    losses = {loss["path"]: loss["is_severe"] for loss in found["places"][1]["losses"]}
    assert losses["/response_format"]
    assert not losses["/seed"]
    assert places(explained(config, body={**body, "model": "loose"}))[1] == ("messages", "y", "try")
    assert places(explained(config, body={"model": "gpt-x", "messages": HELLO, "seed": 7}))[1][2] == "try"


def test_what_a_restart_keeps_is_seen(config: Path, tmp_path: Path) -> None:
    until = steady_clock()() + 600
    facts = [Kept("account:chat/a", until=until, why="exhausted")]
    StateFile(tmp_path / "data" / "accounts.json").save(json.dumps({"facts": [{"subject": f.subject, "until": f.until,
        "why": f.why} for f in facts], "disabled": {"messages/a": "draining"}}).encode())  # fmt: skip
    assert Document().version == 1
    found = explained(config, "gpt-x", code=1)
    assert places(found)[0] == ("chat", "x", "skip")
    assert found["places"][0]["states"] == {"exhausted": 1, "disabled": 1}
    assert "1 disabled" in found["places"][1]["reason"]
    assert found["error"] == "no place can serve this request now"


def test_a_key_sees_what_it_may_see(config: Path) -> None:
    assert places(explained(config, "default", "--key", "dev"))[0] == ("chat", "x", "try")
    assert "may not use" in explained(config, "loose", "--key", "dev", code=1)["error"]


def test_close_names_are_told(config: Path) -> None:
    assert explained(config, "gpt-y", code=1)["error"].endswith("close to it: gpt-x")


@pytest.mark.parametrize("dialect", ["openai_chat", "openai_responses", "anthropic", "gemini", "ollama"])
def test_a_request_of_every_dialect_is_explained(config: Path, dialect: str) -> None:
    found = explained(config, "gpt-x", "--dialect", dialect)
    assert places(found)[:2] == [("chat", "x", "try"), ("messages", "y", "try")]
    assert found["places"][0]["is_raw"] == (dialect == "openai_chat")


def test_ollamas_tag_is_left_out(config: Path) -> None:
    assert places(explained(config, "gpt-x:latest", "--dialect", "ollama"))[0] == ("chat", "x", "try")
    assert places(explained(config, "default:latest", "--key", "dev"))[0] == ("chat", "x", "try")


def test_gemini_names_its_model_beside_the_body(config: Path) -> None:
    body = {"contents": [{"role": "user", "parts": [{"text": "hello"}]}]}
    assert explained(config, "gpt-x", "--dialect", "gemini", body=body)["model"] == "gpt-x"
    words = ["explain", "--dialect", "gemini", "--body", "-", "--config", str(config)]
    result = CliRunner().invoke(program, words, input=json.dumps(body))
    assert (result.exit_code, "beside the body" in result.output) == (2, True)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["gpt-x", "--key", "nobody"], "there are: dev"),
        (["gpt-x", "--dialect", "klingon"], "klingon"),
        (["--body", "-"], "must be a JSON object"),
        ([], "MODEL"),
    ],
)
def test_wrong_usage_is_told(config: Path, arguments: list[str], said: str) -> None:
    result = CliRunner().invoke(program, ["explain", *arguments, "--config", str(config)], input="[]")
    assert result.exit_code == 2
    assert said in result.output


def test_people_get_a_table(config: Path) -> None:
    result = CliRunner().invoke(program, ["explain", "gpt-x", "--config", str(config)])
    assert result.exit_code == 0
    assert "messages (fallback)" in result.output
    assert "if those before it fail" in result.output
