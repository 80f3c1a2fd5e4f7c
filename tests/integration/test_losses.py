"""What cannot be carried is told: in the header, in the log, or (strict) by refusing."""

import json
import time
from pathlib import Path
from typing import Any

import pytest

from .client import ask, body_for
from .conftest import Start

STRICT = """
[[models]]
name = "exact"
targets = [{ upstream = "messages", model = "echo" }]
strict = true
"""


@pytest.mark.parametrize("stream", [True, False])
def test_the_header_and_the_log_name_it(start: Start, tmp_path: Path, stream: bool) -> None:
    proxy = start()
    reply = ask(proxy.port, "openai_chat", body_for("messages/echo", stream=stream, seed=7, logit_bias={"5": 1}))
    assert reply.status == 200
    assert reply.headers["x-fastproxy-loss"].split("; ")[0] == "2"
    assert "field_dropped=/seed" in reply.headers["x-fastproxy-loss"]
    access = logged(tmp_path / "fastproxy.log")
    assert sorted(access["loss"]) == ["field_dropped=/logit_bias", "field_dropped=/seed"]


def logged(log: Path) -> dict[str, Any]:
    """The access line of the request; it is written after the client has its last byte."""
    deadline = time.monotonic() + 5
    while time.monotonic() < deadline:
        lines = [line for line in log.read_text().splitlines() if line.startswith("{") and line.endswith("}")]
        for entry in map(json.loads, lines):
            if entry.get("path") == "/v1/chat/completions":
                found: dict[str, Any] = entry
                return found
        time.sleep(0.01)
    raise AssertionError("the request was never logged")


def test_nothing_lost_is_not_told(start: Start) -> None:
    reply = ask(start().port, "openai_chat", body_for("messages/echo"))
    assert "x-fastproxy-loss" not in reply.headers


def test_strict_refuses_before_the_upstream_is_called(start: Start) -> None:
    proxy = start(models=STRICT)
    refused = ask(proxy.port, "openai_chat", body_for("exact", seed=7))
    assert (refused.status, refused.json()["error"]["code"]) == (400, "lossy_request")
    assert "/seed" in refused.json()["error"]["message"]
    assert ask(proxy.port, "openai_chat", body_for("exact")).status == 200
