"""Runs one agent through the proxy, inside a network namespace that holds nothing but loopback.

`unshare -rn python -m tests.sdk.isolated AGENT UPSTREAM FOLDER` prints one JSON object: what the agent said, every request
that reached the upstream, and the proxy's log. The upstream is `aimock`, which others wrote, or the simulation in one of
the dialects of `servers.UPSTREAMS`; it knows nothing of the agent's dialect.
"""

import contextlib
import fcntl
import json
import os
import socket
import struct
import subprocess
import sys
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from fastproxy.demo import BackgroundSimulation

from .agent import AGENTS, MODEL, Agent
from .aimock import running_aimock
from .servers import config_for, running_proxy

# What the files hold; only real tool calls can learn it.
SECRETS = ("the-kingfisher-nests-at-dawn", "the-heron-fishes-at-dusk")
NOTES = ("note.txt", "other.txt")
SIOCGIFFLAGS, SIOCSIFFLAGS, IFF_UP = 0x8913, 0x8914, 0x1
# The simulation's families are as strict as their vendors, and `as-told` makes the calls that the prompt spells out.
MODELS = {
    "chat": "deepseek-chat+as-told+thinking",
    "responses": "gpt-5+as-told+thinking",
    "messages": "claude-sonnet-4-5+as-told+thinking",
    "gemini": "gemini-3-pro+as-told+thinking",
}
Requests = Callable[[], list[Any]]


def raise_loopback() -> None:
    """A new namespace's loopback is down."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as control:
        request = struct.pack("16sh14x", b"lo", 0)
        _, flags = struct.unpack("16sh14x", fcntl.ioctl(control, SIOCGIFFLAGS, request))
        fcntl.ioctl(control, SIOCSIFFLAGS, struct.pack("16sh14x", b"lo", flags | IFF_UP))


def prompt(agent: Agent, folder: Path) -> str:
    """What the agent is told: for the simulation, the calls that it makes; aimock makes its own."""
    first, second = (str(folder / name) for name in NOTES)
    calls: list[tuple[str, dict[str, str]]] = []
    if agent.name == "codex":
        calls = [("exec_command", {"cmd": f"cat {first}"}), ("exec_command", {"cmd": f"cat {second}"})]
        # A tool in a namespace: nobody of that name is there, and Codex says so.
        calls.append(("multi_agent_v1__close_agent", {"target": "nobody"}))
    if agent.name == "gemini":
        calls = [("read_file", {"file_path": first}), ("read_file", {"file_path": second})]
    return "\n".join(["What do the files say?", *(f"call {name} {json.dumps(arguments)}" for name, arguments in calls)])


def run_agent(agent: Agent, folder: Path, address: str) -> subprocess.CompletedProcess[str]:
    agent.prepare(folder)
    environment = {"PATH": os.environ["PATH"], "HOME": str(folder), **agent.variables(address)}
    return subprocess.run(
        agent.command(address, prompt(agent, folder)),
        cwd=folder,
        env=environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


@contextlib.contextmanager
def running_upstream(upstream: str, note: Path) -> Iterator[tuple[str, Requests]]:
    """Its address, and how to ask what it saw."""
    if upstream == "aimock":
        with running_aimock(str(note), SECRETS[0]) as mock:
            yield mock.address, lambda: journal(mock.address)
        return
    with BackgroundSimulation() as simulation:
        yield (
            simulation.origin,
            lambda: [
                {"path": seen.path, "status": seen.status, "body": seen.json() if seen.body else None}
                for seen in simulation.requests
            ],
        )


def journal(address: str) -> list[Any]:
    """Every request that aimock has seen."""
    with urllib.request.urlopen(f"{address}/__aimock/journal", timeout=10) as response:  # noqa: S310 - our own loopback
        entries: list[Any] = json.load(response)
        return entries


def main(agent: Agent, upstream: str, folder: Path) -> None:
    raise_loopback()
    for name, secret in zip(NOTES, SECRETS, strict=True):
        (folder / name).write_text(secret + "\n", encoding="utf-8")
    target = ("chat", MODEL) if upstream == "aimock" else (upstream, MODELS[upstream])
    with (
        running_upstream(upstream, folder / NOTES[0]) as (address, requests),
        running_proxy(config_for(address, target), folder) as proxy,
    ):
        done = run_agent(agent, folder, proxy.address)
        seen = requests()
    log = (folder / "fastproxy.log").read_text(encoding="utf-8").splitlines()
    result = {"code": done.returncode, "stdout": done.stdout, "stderr": done.stderr, "requests": seen, "log": log}
    sys.stdout.write(json.dumps(result))


if __name__ == "__main__":
    main(AGENTS[sys.argv[1]], sys.argv[2], Path(sys.argv[3]))
