"""The proxy, started for tests and known to be ready, without a sleep of fixed length."""

import contextlib
import http.client
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

HOST = "127.0.0.1"
CLIENT_KEY = "sk-test-client-0123456789abcdef"
UPSTREAM_KEY = "sk-test-upstream-0123456789abcdef"
START_SECONDS = 30.0


@dataclass(frozen=True)
class Running:
    """A server that answers."""

    port: int

    @property
    def address(self) -> str:
        return f"http://{HOST}:{self.port}"


@contextlib.contextmanager
def running_proxy(config: str, folder: Path) -> Iterator[Running]:
    """`fastproxy serve` with this configuration, in which `{listen}` stands for the address it gets."""
    port = free_port()
    file, log = folder / "fastproxy.toml", folder / "fastproxy.log"
    file.write_text(config.replace("{listen}", f"{HOST}:{port}"), encoding="utf-8")
    environment = {"PATH": os.environ["PATH"], "HOME": str(folder), "CLIENT_KEY": CLIENT_KEY, "UP_KEY": UPSTREAM_KEY}
    command = [str(Path(sys.executable).with_name("fastproxy")), "serve", "--config", str(file)]
    with log.open("wb") as output:
        process = subprocess.Popen(
            command, cwd=folder, env=environment, stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT
        )
        try:
            wait_until_ready(process, port, log)
            yield Running(port)
        finally:
            process.terminate()
            code = process.wait(timeout=START_SECONDS)
    assert code == 0, f"the proxy ended with code {code}:\n{log.read_text()}"


def wait_until_ready(process: subprocess.Popen[bytes], port: int, log: Path) -> None:
    """Ask `/readyz` until it says yes. What is waited for between two questions is the process's end."""
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        if is_ready(port):
            return
        with contextlib.suppress(subprocess.TimeoutExpired):
            code = process.wait(timeout=0.05)
            raise AssertionError(f"the proxy ended with code {code}:\n{log.read_text()}")
    raise AssertionError(f"the proxy was not ready in {START_SECONDS} s:\n{log.read_text()}")


def is_ready(port: int) -> bool:
    connection = http.client.HTTPConnection(HOST, port, timeout=2)
    try:
        connection.request("GET", "/readyz")
        return connection.getresponse().status == 200
    except OSError:
        return False
    finally:
        connection.close()


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        port: int = probe.getsockname()[1]
        return port


# Name of an upstream → its dialect, and what its base URL has behind the address.
UPSTREAMS = {
    "chat": ("openai_chat", "/v1"),
    "responses": ("openai_responses", "/v1"),
    "messages": ("anthropic", ""),
    "gemini": ("gemini", ""),
    "ollama": ("ollama", ""),
}
# Faults are what is tested here, so no account may rest after one.
UPSTREAM = """
[[upstreams]]
name = "{name}"
dialect = "{dialect}"
base_url = "{base_url}"
accounts = [{{ name = "a", key = "env:UP_KEY" }}]
max_cooldown = 0
"""


def config_for(address: str, agent: tuple[str, str] = ("chat", "agent")) -> str:
    """A configuration with one upstream of each dialect at this address, and one client key.

    `agent`: the upstream and the model behind the names that agents ask for.
    """
    target = f'{{ upstream = "{agent[0]}", model = "{agent[1]}" }}'
    upstreams = "".join(
        UPSTREAM.format(name=name, dialect=dialect, base_url=address + path)
        for name, (dialect, path) in UPSTREAMS.items()
    )
    return f"""
[server]
listen = "{{listen}}"
data_dir = "data"
{upstreams}
[[models]]
name = "agent"
targets = [{target}]

[[models]]
name = "claude-*"
targets = [{target}]

[[models]]
name = "gemini-*"
targets = [{target}]

[[keys]]
name = "sdk"
key = "env:CLIENT_KEY"
"""
