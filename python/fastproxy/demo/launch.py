"""Starts a proxy for the demo as a process of its own, on a free port with a temporary configuration, and ends it again."""

import http.client
import json
import os
import secrets
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import msgspec

from fastproxy.demo.dialects import DIALECTS
from fastproxy.demo.server import Simulation

HOST = "127.0.0.1"
READY_SECONDS, POLL_SECONDS, STOP_SECONDS = 30.0, 0.05, 15.0
LOG_TAIL = 30
COMMAND = (sys.executable, "-m", "fastproxy")
CLIENT_KEY_NAME, UPSTREAM_KEY_NAME = "FASTPROXY_DEMO_KEY", "FASTPROXY_DEMO_UPSTREAM_KEY"


class NotStarted(Exception):
    """The proxy did not come up; the text holds the end of its log."""


class Proxy(msgspec.Struct, frozen=True, kw_only=True):
    """A running proxy and the client key that it takes."""

    origin: str
    key: str
    process: subprocess.Popen[bytes]
    log: Path


def model_for(upstream: str) -> str:
    """The model name under which the demo's configuration offers an upstream."""
    return f"demo-{upstream}"


def configuration(simulation: Simulation, listen: str, data_dir: Path, script: str) -> str:
    """The demo's configuration file: one upstream per dialect, one model for each, one client key."""
    lines = ["[server]", f"listen = {_quoted(listen)}", f"data_dir = {_quoted(str(data_dir))}", ""]
    for dialect in DIALECTS:
        target = f"{{ upstream = {_quoted(dialect.name)}, model = {_quoted(script)} }}"
        lines += [
            "[[upstreams]]",
            f"name = {_quoted(dialect.name)}",
            f"dialect = {_quoted(dialect.name)}",
            f"base_url = {_quoted(simulation.base_url(dialect.name))}",
            f'accounts = [{{ name = "simulated", key = "env:{UPSTREAM_KEY_NAME}" }}]',
            "",
            "[[models]]",
            f"name = {_quoted(model_for(dialect.name))}",
            f"targets = [{target}]",
            "",
        ]
    return "\n".join([*lines, "[[keys]]", 'name = "demo"', f'key = "env:{CLIENT_KEY_NAME}"', ""])


def _quoted(text: str) -> str:
    """A TOML basic string; its escapes are those of JSON."""
    return json.dumps(text)


@contextmanager
def proxy(simulation: Simulation, directory: Path, script: str, command: Sequence[str] = COMMAND) -> Iterator[Proxy]:
    """A proxy in front of the simulation, ready to serve; ended when the block is left."""
    port = free_port()
    config, log = directory / "fastproxy.toml", directory / "proxy.log"
    data = directory / "data"
    data.mkdir()
    config.write_text(configuration(simulation, f"{HOST}:{port}", data, script))
    key = f"sk-test-demo-{secrets.token_hex(8)}"
    environment = {**os.environ, CLIENT_KEY_NAME: key, UPSTREAM_KEY_NAME: "sk-test-upstream"}
    arguments = [*command, "serve", "--config", str(config)]
    with log.open("wb") as output:
        # A session of its own: Ctrl-C reaches us alone, and we end the proxy in our order.
        process = subprocess.Popen(  # noqa: S603 - our own interpreter and module
            arguments, stdout=output, stderr=subprocess.STDOUT, env=environment, start_new_session=True
        )
    try:
        wait_until_ready(process, port, log)
        yield Proxy(origin=f"http://{HOST}:{port}", key=key, process=process, log=log)
    finally:
        end(process)


def free_port() -> int:
    """A port that was free a moment ago."""
    with socket.create_server((HOST, 0)) as server:
        return int(server.getsockname()[1])


def wait_until_ready(process: subprocess.Popen[bytes], port: int, log: Path, seconds: float = READY_SECONDS) -> None:
    """Poll `/readyz` until it answers 200; fails at once when the process ends before."""
    deadline = time.monotonic() + seconds
    while not _is_ready(port):
        try:
            status = process.wait(POLL_SECONDS)
        except subprocess.TimeoutExpired:
            if time.monotonic() < deadline:
                continue
            raise NotStarted(f"the proxy was not ready within {seconds:g} seconds\n{tail(log)}") from None
        raise NotStarted(f"the proxy ended with status {status}\n{tail(log)}")


def _is_ready(port: int) -> bool:
    connection = http.client.HTTPConnection(HOST, port, timeout=1)
    try:
        connection.request("GET", "/readyz")
        return connection.getresponse().status == http.HTTPStatus.OK
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def tail(log: Path) -> str:
    return "\n".join(log.read_text(errors="replace").splitlines()[-LOG_TAIL:])


def end(process: subprocess.Popen[bytes]) -> None:
    """Ask the process to end, and kill it when it does not."""
    if process.poll() is not None:
        return
    process.terminate()
    try:
        process.wait(STOP_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
