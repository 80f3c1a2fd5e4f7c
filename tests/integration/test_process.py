"""The life of the process: drain, cut, reload."""

import signal
import time
from pathlib import Path

from fastproxy.demo import Simulation

from ..sdk.servers import running_proxy
from .client import Stream, ask, body_for
from .conftest import Start, config_text
from .scripted import Asked, End, ScriptedUpstream, Step, chunk, opening_events, stream_head, well_behaved


def processes_of(folder: Path) -> list[int]:
    """The proxy's processes, by their working directory, parent first."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                if (entry / "cwd").resolve() == folder and b"serve" in (entry / "cmdline").read_bytes():
                    found.append(int(entry.name))
            except OSError:
                continue
    return sorted(found)


def signal_parent(folder: Path, number: signal.Signals) -> None:
    import os

    os.kill(processes_of(folder)[0], number)


def test_streams_finish_when_told_to_stop(simulation: Simulation, tmp_path: Path) -> None:
    with running_proxy(config_text(simulation), tmp_path) as proxy:
        with Stream(proxy.port, "openai_chat", body_for("chat/long-40-20", stream=True)) as stream:
            stream.read_until(b"data:")
            signal_parent(tmp_path, signal.SIGTERM)
            assert b"data: [DONE]" in stream.read_all()


def test_streams_that_do_not_finish_are_told(simulation: Simulation, tmp_path: Path) -> None:
    config = config_text(simulation, server="drain_timeout = 0.5")
    with running_proxy(config, tmp_path) as proxy:
        with Stream(proxy.port, "anthropic", body_for("messages/long-5000-20", stream=True)) as stream:
            stream.read_until(b"content_block_delta")
            started = time.monotonic()
            signal_parent(tmp_path, signal.SIGTERM)
            body = stream.read_all()
            assert time.monotonic() - started < 8
        assert b"event: error" in body
        assert b"message_stop" not in body
        assert not body.endswith(b"0\r\n\r\n")


def test_a_changed_file_is_served_and_a_broken_one_refused(start: Start, tmp_path: Path) -> None:
    proxy = start()
    file = tmp_path / "fastproxy.toml"
    good = file.read_text()
    assert ask(proxy.port, "openai_chat", body_for("new")).status == 404
    with Stream(proxy.port, "openai_chat", body_for("chat/long-100-20", stream=True)) as stream:
        stream.read_until(b"data:")
        file.write_text(good + '\n[[models]]\nname = "new"\ntargets = [{ upstream = "chat", model = "echo" }]\n')
        wait_for(proxy.port, "new", 200)
        assert b"data: [DONE]" in stream.read_all()
    file.write_text(good + "\n[[models]]\nname = ")
    log = tmp_path / "fastproxy.log"
    deadline = time.monotonic() + 10
    while "refused" not in log.read_text():
        assert time.monotonic() < deadline
        time.sleep(0.05)
    assert ask(proxy.port, "openai_chat", body_for("new")).status == 200


def wait_for(port: int, model: str, status: int) -> None:
    deadline = time.monotonic() + 10
    while ask(port, "openai_chat", body_for(model)).status != status:
        assert time.monotonic() < deadline
        time.sleep(0.05)


HELD = """
[[models]]
name = "m"
targets = [{ upstream = "chat", model = "a" }]
"""
ONE_SLOT = '[{ name = "a", key = "sk-test-a", max_in_flight = 1 }]'


def hold(asked: Asked) -> list[Step]:
    return [stream_head() + chunk(opening_events(asked.dialect)), End.HOLD]


def test_requests_that_wait_for_a_slot_are_told_too(wire: ScriptedUpstream, tmp_path: Path) -> None:
    config = config_text(wire, server="drain_timeout = 0.3", accounts=ONE_SLOT)
    wire.script = hold
    body = body_for("chat/m", stream=True)
    with running_proxy(config, tmp_path) as proxy, Stream(proxy.port, "openai_chat", body) as served:
        served.read_until(b"hello")
        with Stream(proxy.port, "openai_chat", body) as queued, Stream(proxy.port, "anthropic", body) as uploading:
            wait_for_queue(proxy.port)
            signal_parent(tmp_path, signal.SIGTERM)
            assert b"shutting down" in served.read_all()
            assert queued.read_until(b"shutting down").startswith(b"HTTP/1.1 503 ")
            assert uploading.read_until(b"shutting down").startswith(b"HTTP/1.1 529 ")
    assert len(wire.requests) == 1


def wait_for_queue(port: int) -> None:
    """Requests are read in the order in which they came: when a later one is answered, those before it wait."""
    assert ask(port, "openai_chat", body_for("nowhere")).status == 404


def test_a_second_signal_cuts_at_once(wire: ScriptedUpstream, tmp_path: Path) -> None:
    wire.script = hold
    with running_proxy(config_text(wire, server="drain_timeout = 60"), tmp_path) as proxy:
        with Stream(proxy.port, "openai_chat", body_for("chat/m", stream=True)) as stream:
            stream.read_until(b"hello")
            started = time.monotonic()
            signal_parent(tmp_path, signal.SIGTERM)
            wait_for_log(tmp_path, "draining")
            signal_parent(tmp_path, signal.SIGTERM)
            assert b"shutting down" in stream.read_all()
        while processes_of(tmp_path):
            assert time.monotonic() - started < 20
            time.sleep(0.02)


def test_a_waiting_request_is_served_by_an_account_that_a_reload_brings(
    wire: ScriptedUpstream, tmp_path: Path, start_wired: Start
) -> None:
    proxy = start_wired(accounts=ONE_SLOT, models=HELD)
    file = tmp_path / "fastproxy.toml"
    wire.script = hold
    with Stream(proxy.port, "openai_chat", body_for("chat/m", stream=True)) as served:
        served.read_until(b"hello")
        wire.script = well_behaved
        with Stream(proxy.port, "openai_chat", body_for("m", stream=True)) as queued:
            wait_for_queue(proxy.port)
            more = ONE_SLOT.replace("]", ', { name = "b", key = "sk-test-b", max_in_flight = 1 }]')
            file.write_text(file.read_text().replace(ONE_SLOT, more))
            assert b"data: [DONE]" in queued.read_all()
    assert wire.requests[-1].header("authorization") == "Bearer sk-test-b"


def wait_for_log(folder: Path, text: str) -> None:
    deadline = time.monotonic() + 10
    while text not in (folder / "fastproxy.log").read_text():
        assert time.monotonic() < deadline
        time.sleep(0.02)
