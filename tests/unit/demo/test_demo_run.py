"""`fastproxy demo`: its own small clients, the matrix and its verdicts, and the processes that it starts and ends."""

import io
import re
import signal
import socket
import subprocess
import sys
import tomllib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from fastproxy.demo import BackgroundSimulation, Simulation
from fastproxy.demo.clients import CLIENTS
from fastproxy.demo.clients.client import Failed
from fastproxy.demo.dialects import DIALECTS
from fastproxy.demo.launch import NotStarted, configuration, free_port, wait_until_ready
from fastproxy.demo.matrix import Cell, Outcome, cells, hold
from fastproxy.demo.run import curl_lines, run, table

CELLS = list(cells())
# Every client against the simulation itself, which answers it in its own dialect.
DIRECT = [Cell(client=client, upstream="none", stream=stream) for client in CLIENTS for stream in (True, False)]
CALLS_MAY_LACK_IDS = ("gemini", "ollama")
SAYS_STOP_WITH_CALLS = ("openai_chat", "anthropic")
RELAY = Path(__file__).parent / "relay.py"


def console() -> Console:
    return Console(file=io.StringIO(), width=200, color_system=None)


def shown(screen: Console) -> str:
    assert isinstance(screen.file, io.StringIO)
    return screen.file.getvalue()


@pytest.fixture(scope="module")
def background() -> Iterator[Simulation]:
    with BackgroundSimulation(seed=b"test") as simulation:
        yield simulation


def model(name: str) -> Callable[[str], str]:
    return lambda upstream: name


@pytest.mark.parametrize("cell", DIRECT, ids=lambda cell: f"{cell.client.name}-{cell.mode}")
@pytest.mark.parametrize("name", ["tools", "preamble+thinking", "tools+letters"])
def test_the_demos_clients_understand_the_simulation(background: Simulation, cell: Cell, name: str) -> None:
    outcome = hold(cell, background.origin, "sk-test-1", model(name))
    assert outcome.problems == ()
    assert outcome.text == "Results: get_weather gave 21 degrees and sunny; get_time gave half past nine"
    assert outcome.calls == ("get_weather city=Lisbon", "get_time timezone=Europe/Lisbon")
    assert (outcome.input_tokens or 0) > 50
    assert (outcome.output_tokens or 0) > 15
    assert outcome.first_token_ms is not None


@pytest.mark.parametrize("cell", [cell for cell in DIRECT if cell.client.name in CALLS_MAY_LACK_IDS])
def test_calls_without_ids_are_answered_by_name(background: Simulation, cell: Cell) -> None:
    assert hold(cell, background.origin, "sk-test-1", model("tools+no-ids")).problems == ()


@pytest.mark.parametrize("cell", DIRECT, ids=lambda cell: f"{cell.client.name}-{cell.mode}")
@pytest.mark.parametrize(
    ("name", "problem"),
    [
        ("echo", "got none"),
        ("tools-1", "expected calls of get_weather, get_time, got get_weather"),
        ("twice", "expected calls of get_weather, get_time, got get_weather, get_weather"),
        ("chain-2", "expected calls of"),
        ("tools+no-usage", "usage is None in, None out"),
        ("error-500", "HTTP 500: the server had an error"),
        ("error-502", "HTTP 502: <!DOCTYPE html>"),
        ("html-200", ""),
        ("vanish", ""),
    ],
)
def test_what_is_wrong_is_named(background: Simulation, cell: Cell, name: str, problem: str) -> None:
    outcome = hold(cell, background.origin, "sk-test-1", model(name))
    assert outcome.problems
    assert problem in "\n".join(outcome.problems)


@pytest.mark.parametrize("cell", [cell for cell in DIRECT if cell.client.name in SAYS_STOP_WITH_CALLS])
def test_a_wrong_finish_is_named(background: Simulation, cell: Cell) -> None:
    assert "finish is" in hold(cell, background.origin, "sk-test-1", model("tools+stop-with-tools")).problems[0]


@pytest.mark.parametrize("client", CLIENTS)
@pytest.mark.parametrize(
    ("name", "problem"), [("tools+no-done", "no terminator"), ("error-event", "error event"), ("tools+cut-fin", "")]
)
def test_what_is_wrong_in_a_stream_is_named(background: Simulation, client: Any, name: str, problem: str) -> None:
    outcome = hold(Cell(client=client, upstream="x", stream=True), background.origin, "sk-test-1", model(name))
    assert problem in outcome.problems[0]


@pytest.mark.parametrize("client", CLIENTS)
def test_a_refused_key_fails_with_the_services_words(background: Simulation, client: Any) -> None:
    own = client()
    status = 400 if own.name == "gemini" else 401  # to Google a bad key is a bad argument
    with pytest.raises(Failed, match=f"HTTP {status}: the key is not valid"):
        own.send(background.origin + own.base_path, "sk-bad-1", own.question("tools", stream=False))


def test_the_table_shows_each_cell(background: Simulation) -> None:
    screen = console()
    names = iter(["tools", "echo"] * len(CELLS))
    screen.print(table([hold(cell, background.origin, "sk-test-1", lambda upstream: next(names)) for cell in cells()]))
    text = shown(screen)
    assert text.count("✗") + text.count("✓") == len(CELLS)
    assert "✗" in text
    assert "get_weather city=Lisbon" in text


def test_configuration_offers_every_upstream(background: Simulation, tmp_path: Path) -> None:
    settings = tomllib.loads(configuration(background, "127.0.0.1:1", tmp_path, "tools"))
    assert settings["server"] == {"listen": "127.0.0.1:1", "data_dir": str(tmp_path)}
    assert {upstream["name"]: upstream["base_url"] for upstream in settings["upstreams"]} == {
        "openai_chat": f"{background.origin}/v1",
        "anthropic": background.origin,
        "openai_responses": f"{background.origin}/v1",
        "gemini": background.origin,
        "ollama": background.origin,
    }
    assert sorted(upstream["dialect"] for upstream in settings["upstreams"]) == sorted(
        dialect.name for dialect in DIALECTS
    )
    assert [entry["name"] for entry in settings["models"]] == [
        f"demo-{name}" for name in ("anthropic", "gemini", "ollama", "openai_responses", "openai_chat")
    ]
    assert settings["keys"] == [{"name": "demo", "key": "env:FASTPROXY_DEMO_KEY"}]


def test_curl_lines_cover_every_pair() -> None:
    lines = list(curl_lines("http://127.0.0.1:1", "sk-test-1"))
    assert len(lines) == len(CELLS) // 2
    assert all(line.startswith("curl -sN 'http://127.0.0.1:1/") and "sk-test-1" in line for line in lines)


def test_run_is_right_when_every_cell_is() -> None:
    screen = console()
    assert run(console=screen, command=[sys.executable, str(RELAY), "lossy"]) == 0
    assert f"All {len(CELLS)} are right." in shown(screen)
    assert "order_lost" in shown(screen)


def test_run_is_wrong_when_a_cell_is() -> None:
    screen = console()
    assert run(console=screen, command=[sys.executable, str(RELAY), "narrow"]) == 1
    assert f"{len(CELLS) - 2 * len(CLIENTS)} of {len(CELLS)} are wrong." in shown(screen)
    assert "HTTP 502: no such pair" in shown(screen)


def test_a_line_for_each_dialect_is_all_that_the_matrix_needs() -> None:
    everything = tuple(dialect.name for dialect in DIALECTS)
    assert sorted(client.name for client in CLIENTS) == sorted(everything)
    screen = console()
    assert run(console=screen, command=[sys.executable, str(RELAY), "full"]) == 0
    assert f"All {2 * len(everything) ** 2} are right." in shown(screen)
    gemini = [line for line in curl_lines("http://127.0.0.1:1", "sk-test-1") if "x-goog-api-key" in line]
    assert len(gemini) == len(everything)
    assert "'http://127.0.0.1:1/v1beta/models/demo-ollama:streamGenerateContent?alt=sse'" in "".join(gemini)


def test_run_says_why_the_proxy_did_not_start() -> None:
    screen = console()
    assert run(console=screen, command=[sys.executable, str(RELAY), "broken"]) == 1
    assert "ended with status 1" in shown(screen)
    assert "no configuration was good enough" in shown(screen)


def test_a_proxy_that_never_gets_ready_is_given_up(tmp_path: Path) -> None:
    log = tmp_path / "log"
    log.write_text("starting\n")
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as process:
        with pytest.raises(NotStarted, match=r"not ready within 0\.2 seconds\nstarting"):
            wait_until_ready(process, free_port(), log, seconds=0.2)
        process.kill()


def kept(mode: str, act: Callable[[subprocess.Popen[bytes], str], None]) -> tuple[int, str]:
    """Run `fastproxy demo --keep` in a process of its own; `act` sees each line that it prints."""
    program = f"import sys; from fastproxy.demo.run import run; sys.exit(run(True, command=[sys.executable, {str(RELAY)!r}, {mode!r}]))"
    with subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        seen = []
        for raw_line in process.stdout:
            seen.append(raw_line.decode())
            act(process, seen[-1])
        return process.wait(), "".join(seen)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_keep_serves_until_interrupted_and_leaves_nothing_behind(number: signal.Signals) -> None:
    def interrupt(process: subprocess.Popen[bytes], line: str) -> None:
        if "Ctrl-C stops" in line:
            process.send_signal(number)

    status, text = kept("full", interrupt)
    assert status == 0
    assert text.endswith("Stopping.\n")
    assert text.count("curl -sN 'http://127.0.0.1:") == len(CELLS) // 2
    port = re.search(r"proxy at http://127\.0\.0\.1:(\d+)", text)
    assert port is not None
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", int(port[1])))


def test_keep_notices_that_the_proxy_ended() -> None:
    def stop_the_relay(process: subprocess.Popen[bytes], line: str) -> None:
        if "Ctrl-C stops" in line:
            port = re.search(r"proxy at http://127\.0\.0\.1:(\d+)", "".join(lines))
            assert port is not None
            with socket.create_connection(("127.0.0.1", int(port[1]))) as connection:
                connection.sendall(b"GET /quit HTTP/1.0\r\n\r\n")
        lines.append(line)

    lines: list[str] = []
    status, text = kept("full", stop_the_relay)
    assert status == 1
    assert "The proxy ended with status 3." in text


def test_interrupted_before_the_table(monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(*args: Any) -> Any:
        signal.raise_signal(signal.SIGTERM)
        return Outcome(cell=CELLS[0])

    monkeypatch.setattr(sys.modules[run.__module__], "hold", interrupted)
    former = signal.getsignal(signal.SIGTERM)
    assert run(console=console(), command=[sys.executable, str(RELAY), "full"]) == 130
    assert signal.getsignal(signal.SIGTERM) is former
