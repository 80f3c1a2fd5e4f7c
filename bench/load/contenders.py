"""The proxies that are compared: how each is configured and started, and which lanes lead through it."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Literal, Protocol

from msgspec import Struct

CLIENT_KEY = "sk-test-bench-client"
UPSTREAM_KEY = "sk-test-bench-upstream"

Kind = Literal["mock", "nginx", "raw", "transcoded", "peer"]


class Lane(Struct, frozen=True):
    """One way from a client to the mock."""

    title: str
    dialect: str
    kind: Kind
    prefix: str = ""


class Command(Struct, frozen=True):
    """What starts a server, and the path that answers 200 once it serves."""

    line: list[str]
    ready: str
    environment: Mapping[str, str] = {}


class Contender(Protocol):
    """A proxy that can be started in front of the mock."""

    name: str
    lanes: tuple[Lane, ...]

    def command(self, folder: Path, port: int, mock: int) -> Command:
        """Write its configuration into `folder`; say how to start it."""
        ...


# Debian puts nginx where only root looks.
_PATH = f"{os.environ.get('PATH', '')}:/usr/sbin:/usr/local/sbin"

_NGINX = """\
{user}
worker_processes 1;
daemon off;
pid {folder}/nginx.pid;
error_log {folder}/error.log;
worker_rlimit_nofile 16384;
events {{ worker_connections 8192; }}
http {{
    access_log off;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    keepalive_requests 1000000000;
    keepalive_timeout 3600s;
    upstream mock {{
        server 127.0.0.1:{mock};
        keepalive 1024;
        keepalive_requests 1000000000;
        keepalive_timeout 3600s;
    }}
    server {{
        listen 127.0.0.1:{port} backlog=4096;
        location = /ready {{ return 200; }}
        location / {{
            proxy_pass http://mock;
            proxy_http_version 1.1;
            proxy_set_header Connection "";
            proxy_buffering off;
            proxy_read_timeout 600s;
        }}
    }}
}}
"""


class Nginx:
    """What all are measured against: it passes bytes on and understands none of them."""

    name = "nginx"
    lanes: tuple[Lane, ...] = (Lane(title="nginx", dialect="openai_chat", kind="nginx"),)

    @staticmethod
    def is_installed() -> bool:
        return shutil.which("nginx", path=_PATH) is not None

    @staticmethod
    def version() -> str:
        told = subprocess.run([_program(), "-v"], check=True, stderr=subprocess.PIPE, text=True)
        return told.stderr.rpartition("/")[2].strip()

    def command(self, folder: Path, port: int, mock: int) -> Command:
        config = folder / "nginx.conf"
        # as root the worker would become another user, who may not write into our folder
        user = "user root;" if os.geteuid() == 0 else ""
        config.write_text(_NGINX.format(folder=folder, port=port, mock=mock, user=user))
        return Command(line=[_program(), "-p", str(folder), "-c", str(config), "-e", "stderr"], ready="/ready")


def _program() -> str:
    return shutil.which("nginx", path=_PATH) or "nginx"


_FASTPROXY = """\
[server]
listen = "127.0.0.1:{port}"
data_dir = "{folder}/data"
access_log = false                                # as nginx above

[[upstreams]]
name = "chat"
dialect = "openai_chat"
base_url = "http://127.0.0.1:{mock}/v1"
accounts = [{{ name = "a", key = "env:BENCH_UPSTREAM_KEY", max_in_flight = 8192 }}]

[[upstreams]]
name = "messages"
dialect = "anthropic"
base_url = "http://127.0.0.1:{mock}"
accounts = [{{ name = "a", key = "env:BENCH_UPSTREAM_KEY", max_in_flight = 8192 }}]

[[models]]
name = "*"
targets = [{{ upstream = "chat" }}]

[[keys]]
name = "bench"
key = "env:BENCH_CLIENT_KEY"
"""


class Fastproxy:
    """Ours: one process, both upstreams; which lane is taken is the request's dialect and model."""

    name = "fastproxy"
    lanes: tuple[Lane, ...] = (
        Lane(title="fastproxy raw", dialect="openai_chat", kind="raw"),
        Lane(title="fastproxy messages → chat", dialect="anthropic", kind="transcoded"),
        Lane(title="fastproxy chat → messages", dialect="openai_chat", kind="transcoded", prefix="messages/"),
    )

    def __init__(self, python: str = sys.executable) -> None:
        self._python = python

    def command(self, folder: Path, port: int, mock: int) -> Command:
        config = folder / "fastproxy.toml"
        config.write_text(_FASTPROXY.format(folder=folder, port=port, mock=mock))
        return Command(
            line=[self._python, "-m", "fastproxy", "serve", "--config", str(config)],
            ready="/readyz",
            environment={"BENCH_UPSTREAM_KEY": UPSTREAM_KEY, "BENCH_CLIENT_KEY": CLIENT_KEY},
        )


_LITELLM = """\
model_list:
  - model_name: "*"
    litellm_params:
      model: "openai/*"
      api_base: "http://127.0.0.1:{mock}/v1"
      api_key: "{key}"
litellm_settings:
  use_chat_completions_url_for_anthropic_messages: true    # else it calls /v1/responses
"""


class Litellm:
    """A peer, when somebody has installed it: `pip install 'litellm[proxy]'` in a venv of its own."""

    name = "litellm"
    lanes: tuple[Lane, ...] = (
        Lane(title="LiteLLM chat → chat", dialect="openai_chat", kind="peer"),
        Lane(title="LiteLLM messages → chat", dialect="anthropic", kind="peer"),
    )

    def __init__(self, program: str) -> None:
        self._program = program

    def command(self, folder: Path, port: int, mock: int) -> Command:
        config = folder / "litellm.yaml"
        config.write_text(_LITELLM.format(mock=mock, key=UPSTREAM_KEY))
        line = [
            self._program,
            "--config",
            str(config),
            "--host",
            "127.0.0.1",
            "--port",
            str(port),
            "--num_workers",
            "1",
        ]
        environment = {"LITELLM_LOG": "ERROR", "LITELLM_MASTER_KEY": CLIENT_KEY, "LITELLM_LOCAL_MODEL_COST_MAP": "True"}
        return Command(line=line, ready="/health/liveliness", environment=environment)
