"""Usage rows as requests leave them, through the whole proxy."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from fastproxy.demo import Simulation

from ..sdk.servers import running_proxy
from .client import PATHS, Stream, ask, body_for
from .conftest import Start, config_text
from .kept import usage_of, wait_for_usage

PRICED = """
[[prices]]
model = "echo"
input = 1.0
output = 10.0

[[keys]]
name = "dev"
key = "sk-test-client-key-0123456789"
owner = "ann"
project = "web"
shows_account = true
"""
KEY = {"authorization": "Bearer sk-test-client-key-0123456789"}


@pytest.mark.parametrize("dialect", PATHS)
@pytest.mark.parametrize("stream", [True, False])
def test_a_row_tells_who_asked_what_and_what_it_cost(start: Start, tmp_path: Path, dialect: str, stream: bool) -> None:
    proxy = start(sections=PRICED)
    reply = ask(proxy.port, dialect, body_for("chat/echo", stream=stream), headers=KEY)
    assert reply.headers["x-fastproxy-account"] == "a"
    [row] = wait_for_usage(tmp_path, bool)
    assert row["request_id"] == reply.headers["x-request-id"]
    told = (
        "status",
        "key",
        "owner",
        "project",
        "dialect",
        "stream",
        "model_asked",
        "model",
        "upstream",
        "account",
        "attempts",
    )
    assert [row[name] for name in told] == [
        "ok", "dev", "ann", "web", dialect, stream, "chat/echo", "echo", "chat", "a", 1,
    ]  # fmt: skip
    assert (row["is_estimated"], row["is_recovered"], row["error"]) == (False, False, None)
    assert row["input"] > 0
    assert row["output"] > 0
    assert row["cost_nano_usd"] == row["input"] * 1000 + row["output"] * 10_000
    assert 0 <= row["ttft_ms"] <= row["duration_ms"]


def test_a_client_that_leaves_pays_for_what_was_produced(start: Start, tmp_path: Path) -> None:
    proxy = start()
    with Stream(proxy.port, "anthropic", body_for("messages/long-5000-20", stream=True)) as stream:
        for _ in range(3):
            stream.received.clear()
            stream.read_until(b"content_block_delta")
    [row] = wait_for_usage(tmp_path, bool)
    assert (row["status"], row["is_estimated"]) == ("aborted", True)
    assert row["input"] > 0
    assert row["output"] > 0


def test_a_refusal_costs_nothing_and_the_attempts_are_counted(start: Start, tmp_path: Path) -> None:
    proxy = start(accounts='[{ name = "bad", key = "sk-bad-key" }, { name = "good", key = "sk-test-good" }]')
    while ask(proxy.port, "openai_chat", body_for("chat/echo")).headers["x-fastproxy-attempts"] != "2":
        pass
    assert ask(proxy.port, "openai_chat", body_for("chat/error-400")).status == 400
    rows = wait_for_usage(tmp_path, lambda rows: any(row["error"] for row in rows))
    retried = next(row for row in rows if row["attempts"] == 2)
    assert (retried["status"], retried["account"]) == ("ok", "good")
    refused = next(row for row in rows if row["error"])
    assert (refused["status"], refused["input"], refused["output"], refused["cost_nano_usd"]) == ("error", 0, 0, None)


def test_what_reached_no_upstream_has_no_row(start: Start, tmp_path: Path) -> None:
    proxy = start(sections=PRICED)
    assert ask(proxy.port, "openai_chat", body_for("nowhere"), headers=KEY).status == 404
    assert ask(proxy.port, "openai_chat", body_for("chat/echo")).status == 401
    count = {"model": "chat/echo", "messages": [{"role": "user", "content": "hi"}]}
    assert ask(proxy.port, "anthropic", count, path="/v1/messages/count_tokens", headers=KEY).status == 200
    assert ask(proxy.port, "openai_chat", body_for("chat/echo"), headers=KEY).status == 200
    assert len(wait_for_usage(tmp_path, bool)) == 1


def test_one_request_id_for_many_requests_hides_none(start: Start, tmp_path: Path) -> None:
    proxy = start()
    for _ in range(3):
        reply = ask(proxy.port, "openai_chat", body_for("chat/echo"), headers={"x-request-id": "always-the-same"})
        assert reply.headers["x-request-id"] == "always-the-same"
    rows = wait_for_usage(tmp_path, lambda rows: len(rows) == 3)
    assert {row["request_id"] for row in rows} == {"always-the-same"}


def test_no_text_is_kept(start: Start, tmp_path: Path) -> None:
    proxy = start(sections=PRICED)
    ask(proxy.port, "openai_chat", body_for("chat/echo", "canary-in-the-prompt"), headers=KEY)
    wait_for_usage(tmp_path, bool)
    for path in (tmp_path / "data").rglob("*"):
        if path.is_file():
            assert b"canary-in-the-prompt" not in path.read_bytes()
            assert b"sk-test-client-key" not in path.read_bytes()
            assert b"sk-test-upstream" not in path.read_bytes()


def test_everything_is_in_the_store_when_the_proxy_ends(simulation: Simulation, tmp_path: Path) -> None:
    with running_proxy(config_text(simulation, sections="[usage]\nflush = 60"), tmp_path) as proxy:
        for _ in range(5):
            ask(proxy.port, "openai_chat", body_for("chat/echo"))
        assert usage_of(tmp_path) == []
    assert len(usage_of(tmp_path)) == 5
    assert list((tmp_path / "data" / "journal").iterdir()) == []


def fastproxy(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [str(Path(sys.executable).with_name("fastproxy")), *arguments]
    environment = {"PATH": os.environ["PATH"], "HOME": str(folder)}
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)


def test_the_command_line_tells_it_while_the_proxy_runs(start: Start, tmp_path: Path) -> None:
    proxy = start(sections=PRICED)
    ask(proxy.port, "openai_chat", body_for("chat/echo"), headers=KEY)
    [row] = wait_for_usage(tmp_path, bool)
    shown = json.loads(fastproxy(tmp_path, "usage", "show", "--by", "project,model", "--since", "1h", "--json").stdout)
    assert [(line["project"], line["model"], line["requests"]) for line in shown] == [("web", "echo", 1)]
    assert shown[0]["cost_usd"] == f"{row['cost_nano_usd'] / 1e9:.9f}"
    exported = json.loads(fastproxy(tmp_path, "usage", "export", "--key", "dev").stdout)
    assert {**exported, "started_at": 0} == {**row, "started_at": 0}
    table = fastproxy(tmp_path, "usage", "export", "--format", "csv").stdout.splitlines()
    assert (len(table), table[0].split(",")[0]) == (2, "id")
    assert fastproxy(tmp_path, "usage", "show", "--by", "colour").returncode == 2
    assert fastproxy(tmp_path, "usage", "export", "--since", "yesterday").returncode == 2


def test_a_store_that_cannot_be_reached_ends_the_start_with_its_reason(simulation: Simulation, tmp_path: Path) -> None:
    sections = '[store]\nurl = "postgresql://user:sk-test-password@127.0.0.1:9/none"\n'
    text = config_text(simulation, sections=sections).replace("{listen}", "127.0.0.1:0")
    (tmp_path / "fastproxy.toml").write_text(text, encoding="utf-8")
    done = fastproxy(tmp_path, "serve", "--config", "fastproxy.toml")
    assert done.returncode == 3
    assert "127.0.0.1:9" in done.stderr
    assert "sk-test-password" not in done.stderr
