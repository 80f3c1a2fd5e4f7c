"""`fastproxy doctor`: each look finds what it is for."""

import json
import os
import socket
import sys
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest
from click.testing import CliRunner, Result

from fastproxy.cli import diagnosis
from fastproxy.cli.exits import Exit
from fastproxy.cli.program import program
from fastproxy.config import Secret, Server, Timeouts, Upstream

FILE = """\
[server]
listen = "127.0.0.1:{port}"
[[upstreams]]
name = "u"
dialect = "openai_chat"
base_url = "http://127.0.0.1:{upstream}/v1"
[[models]]
name = "*"
targets = [{{ upstream = "u" }}]
"""


@pytest.fixture
def listener() -> Iterator[socket.socket]:
    """Something that listens on a port of this machine."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])


def upstream(port: int, scheme: str = "http", proxy: Secret | None = None) -> Upstream:
    url = f"{scheme}://127.0.0.1:{port}/v1"
    return Upstream(name="u", dialect="openai_chat", base_url=url, timeouts=Timeouts(connect=2), proxy=proxy)


def test_data_directory(tmp_path: Path) -> None:
    fresh = diagnosis.data_directory(tmp_path / "a" / "b")
    assert (fresh.status, "will be created" in fresh.detail) == ("ok", True)
    private = tmp_path / "private"
    private.mkdir(mode=0o700)
    assert diagnosis.data_directory(private).status == "ok"
    (tmp_path / "file").write_text("x")
    assert diagnosis.data_directory(tmp_path / "file").exit == Exit.DENIED
    (tmp_path / "link").symlink_to(private)
    assert diagnosis.data_directory(tmp_path / "link").status == "warning"


@pytest.mark.skipif(os.name != "posix", reason="modes are those of POSIX")
@pytest.mark.parametrize(("mode", "status"), [(0o700, "ok"), (0o755, "warning"), (0o770, "error"), (0o777, "error")])
def test_modes_of_the_data_directory(tmp_path: Path, mode: int, status: str) -> None:
    directory = tmp_path / "data"
    directory.mkdir()
    directory.chmod(mode)
    assert diagnosis.data_directory(directory).status == status


def test_port(listener: socket.socket) -> None:
    taken = diagnosis.port("127.0.0.1", listener.getsockname()[1])
    assert (taken.status, "is in use" in taken.detail) == ("error", True)
    assert diagnosis.port("127.0.0.1", free_port()).status == "ok"
    assert diagnosis.port("192.0.2.1", 1).status == "error"


def test_open_files() -> None:
    assert diagnosis.open_files(Server(backpressure=1)).status == "ok"
    assert diagnosis.open_files(Server(backpressure=1_000_000)).status in ("ok", "warning")


def test_reach(listener: socket.socket) -> None:
    port = listener.getsockname()[1]
    (reached,) = diagnosis.reach([upstream(port)])
    assert (reached.status, reached.check) == ("ok", "upstream u")
    (refused,) = diagnosis.reach([upstream(free_port())])
    assert (refused.status, refused.exit) == ("error", Exit.UNREACHABLE)


def test_reach_through_a_proxy_tells_no_password(listener: socket.socket) -> None:
    proxy = Secret(f"http://user:sk-test-canary@127.0.0.1:{listener.getsockname()[1]}")
    (reached,) = diagnosis.reach([upstream(free_port(), proxy=proxy)])
    assert reached.status == "ok"
    assert "was not tried" in reached.detail
    assert "canary" not in str(reached)


def test_reach_of_tls_that_is_none(listener: socket.socket) -> None:
    target = upstream(listener.getsockname()[1], "https")
    listener.settimeout(5)
    with_answer = SimpleNamespace(done=False)

    def answer() -> None:
        connection, _ = listener.accept()
        with connection:
            connection.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")
            with_answer.done = True

    from threading import Thread

    thread = Thread(target=answer)
    thread.start()
    (finding,) = diagnosis.reach([target])
    thread.join(5)
    assert with_answer.done
    assert (finding.status, finding.exit) == ("error", Exit.UNREACHABLE)


@pytest.fixture
def installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A directory, an empty environment, and an installation that loads."""
    monkeypatch.chdir(tmp_path)
    for name in list(os.environ):
        if name not in ("PATH", "HOME", "PYTHONPATH", "TMPDIR"):
            monkeypatch.delenv(name)
    monkeypatch.setitem(sys.modules, "fastproxy._core", SimpleNamespace())
    monkeypatch.setitem(sys.modules, "granian", SimpleNamespace())
    return tmp_path


def doctor(*arguments: str) -> Result:
    return CliRunner().invoke(program, ["doctor", *arguments], prog_name="fastproxy", catch_exceptions=False)


def test_doctor_of_a_healthy_machine(installed: Path, listener: socket.socket) -> None:
    text = FILE.format(port=free_port(), upstream=listener.getsockname()[1])
    (installed / "fastproxy.toml").write_text(text, encoding="utf-8")
    result = doctor("--upstreams", "--json")
    assert result.exit_code == 0
    found = {entry["check"]: entry["status"] for entry in json.loads(result.output)}
    assert found["installation"] == found["port"] == found["data directory"] == found["upstream u"] == "ok"


def test_doctor_calls_nobody_unless_asked(installed: Path) -> None:
    text = FILE.format(port=free_port(), upstream=free_port())
    (installed / "fastproxy.toml").write_text(text, encoding="utf-8")
    assert doctor().exit_code == 0
    asked = doctor("--upstreams")
    assert asked.exit_code == Exit.UNREACHABLE
    assert "upstream u: 127.0.0.1:" in asked.output


def test_doctor_of_a_taken_port_and_of_broken_settings(installed: Path, listener: socket.socket) -> None:
    text = FILE.format(port=listener.getsockname()[1], upstream=1)
    (installed / "fastproxy.toml").write_text(text, encoding="utf-8")
    taken = doctor()
    assert (taken.exit_code, "is in use" in taken.output) == (1, True)
    (installed / "fastproxy.toml").write_text("[server", encoding="utf-8")
    broken = doctor()
    assert (broken.exit_code, "fastproxy.toml:1:" in broken.output) == (2, True)


def test_doctor_of_a_broken_installation(installed: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "fastproxy._core", None)
    finding = diagnosis.installation()
    assert (finding.status, "fastproxy._core cannot be loaded" in finding.detail) == ("error", True)
    assert doctor().exit_code == Exit.FAILURE
