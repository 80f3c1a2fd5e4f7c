"""Agents that people use, as programs that npm brings: what each needs to be pointed at the proxy and to work alone."""

import json
import platform
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from . import node_sdks
from .servers import CLIENT_KEY

ROOT = Path(__file__).resolve().parents[2]
FOLDER = Path(__file__).parent / "agents"
MODEL = "agent"  # what every agent asks for, unless its program insists on a name
SECONDS = 200

Variables = dict[str, str]


@dataclass(frozen=True)
class Agent:
    """One program. `prepare` writes what it wants to find in its home; `variables` and `command` are told the proxy."""

    name: str
    program: Callable[[], Path]
    prepare: Callable[[Path], None]
    variables: Callable[[str], Variables]
    command: Callable[[str, str], list[str]]
    model: str = MODEL


def native(agent: str, scope: str, package: str) -> Path:
    """A native program is an optional dependency of the npm package; npm's own install scripts are not run."""
    arch = {"x86_64": "x64", "aarch64": "arm64"}.get(platform.machine(), platform.machine())
    return FOLDER / agent / "node_modules" / scope / f"{package}-{sys.platform}-{arch}"


def claude_program() -> Path:
    return native("claude", "@anthropic-ai", "claude-code") / "claude"


def codex_program() -> Path:
    vendor = native("codex", "@openai", "codex") / "vendor"
    found = sorted(vendor.glob("*/bin/codex"))
    return found[0] if found else vendor


def gemini_program() -> Path:
    return FOLDER / "gemini" / "node_modules" / "@google" / "gemini-cli" / "bundle" / "gemini.js"


def nothing(home: Path) -> None:
    """It needs no files."""


def gemini_settings(home: Path) -> None:
    settings = {
        "security": {"auth": {"selectedType": "gemini-api-key"}},
        "privacy": {"usageStatisticsEnabled": False},
        "general": {"enableAutoUpdate": False},
    }
    (home / ".gemini").mkdir()
    (home / ".gemini" / "settings.json").write_text(json.dumps(settings), encoding="utf-8")


def claude_variables(address: str) -> Variables:
    return {
        "ANTHROPIC_BASE_URL": address,
        "ANTHROPIC_AUTH_TOKEN": CLIENT_KEY,
        "ANTHROPIC_MODEL": MODEL,
        "CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC": "1",
        "IS_SANDBOX": "1",
    }


def codex_variables(address: str) -> Variables:
    return {"PROXY_KEY": CLIENT_KEY, "PROXY_ADDRESS": address}


def gemini_variables(address: str) -> Variables:
    return {
        "GOOGLE_GEMINI_BASE_URL": address,
        "GEMINI_API_KEY": CLIENT_KEY,
        "GEMINI_CLI_TRUST_WORKSPACE": "true",
    }


def claude_command(address: str, prompt: str) -> list[str]:
    return [str(claude_program()), "-p", prompt, "--output-format", "json", "--dangerously-skip-permissions"]


def codex_command(address: str, prompt: str) -> list[str]:
    upstream = f'{{name="proxy",base_url="{address}/v1",env_key="PROXY_KEY",wire_api="responses"}}'
    settings = {"model_providers.proxy": upstream, "model_provider": "proxy", "model": MODEL}
    overrides = [word for name, value in settings.items() for word in ("-c", f"{name}={value}")]
    run = ["exec", "--skip-git-repo-check", "--dangerously-bypass-approvals-and-sandbox", "--json"]
    return [str(codex_program()), *run, *overrides, prompt]


def gemini_command(address: str, prompt: str) -> list[str]:
    return ["node", str(gemini_program()), "-m", GEMINI.model, "-y", "-o", "json", "-p", prompt]


CLAUDE = Agent("claude", claude_program, nothing, claude_variables, claude_command)
CODEX = Agent("codex", codex_program, nothing, codex_variables, codex_command)
# It thinks about names that it does not know as it does about this one's family.
GEMINI = Agent("gemini", gemini_program, gemini_settings, gemini_variables, gemini_command, model="gemini-2.5-flash")
AGENTS = {agent.name: agent for agent in (CLAUDE, CODEX, GEMINI)}


def missing(agent: Agent) -> str | None:
    """Why this agent cannot run here, if it cannot."""
    if why := node_sdks.missing():
        return why
    if not agent.program().is_file():
        return f"npm could not install {agent.name} for this platform ({agent.program()})"
    if shutil.which("unshare") is None:
        return "unshare is not installed"
    if subprocess.run(["unshare", "-rn", "true"], capture_output=True, check=False).returncode != 0:
        return "this machine does not let us make network namespaces"
    return None


def worked(agent: Agent, upstream: str, folder: Path) -> dict[str, Any]:
    """What an agent said, and what the upstream and the proxy's log saw, in a namespace with loopback only."""
    if why := missing(agent):
        pytest.skip(why)
    command = ["unshare", "-rn", sys.executable, "-m", "tests.sdk.isolated", agent.name, upstream, str(folder)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=SECONDS, check=False)
    assert done.returncode == 0, done.stderr
    told: dict[str, Any] = json.loads(done.stdout)
    return told
