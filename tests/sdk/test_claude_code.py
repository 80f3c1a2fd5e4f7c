"""Claude Code, the real program, works a tool loop of two turns through the proxy on an upstream that speaks Chat."""

import json
import platform
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from . import node_sdks
from .isolated_claude import SECRET

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = Path(__file__).parent / "claude" / "node_modules" / "@anthropic-ai"

pytestmark = [pytest.mark.claude, pytest.mark.node, pytest.mark.timeout(240)]


def claude_binary() -> Path:
    """The native program, an optional dependency of the npm package; npm's own install script is not run."""
    arch = {"x86_64": "x64", "aarch64": "arm64"}.get(platform.machine(), platform.machine())
    return PACKAGES / f"claude-code-{sys.platform}-{arch}" / "claude"


def missing() -> str | None:
    if why := node_sdks.missing():
        return why
    if not claude_binary().is_file():
        return f"npm could not install Claude Code for this platform ({claude_binary()})"
    if shutil.which("unshare") is None:
        return "unshare is not installed"
    if subprocess.run(["unshare", "-rn", "true"], capture_output=True, check=False).returncode != 0:
        return "this machine does not let us make network namespaces"
    return None


@pytest.fixture(scope="module")
def result(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    if why := missing():
        pytest.skip(why)
    folder = tmp_path_factory.mktemp("claude")
    done = subprocess.run(
        ["unshare", "-rn", sys.executable, "-m", "tests.sdk.isolated_claude", str(claude_binary()), str(folder)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=200,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    told: dict[str, Any] = json.loads(done.stdout)
    return told


def tool_messages(request: dict[str, Any]) -> list[str]:
    return [json.dumps(message["content"]) for message in request["body"]["messages"] if message["role"] == "tool"]


def test_claude_code_answers_with_what_its_tool_found(result: dict[str, Any]) -> None:
    assert result["code"] == 0, result["stdout"] + result["stderr"]
    answer = json.loads(result["stdout"])
    assert answer["is_error"] is False
    assert SECRET in answer["result"]


def test_the_tool_result_reached_the_chat_upstream(result: dict[str, Any]) -> None:
    chat = [request for request in result["requests"] if request["path"].startswith("/v1/chat/completions")]
    assert chat
    assert len(chat) == len(result["requests"]), [request["path"] for request in result["requests"]]
    assert any(SECRET in text for request in chat for text in tool_messages(request))
