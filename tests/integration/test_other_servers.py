"""The application under an ASGI server that is not granian: the sends run on its event loop, everything else is the same."""

import asyncio
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import uvicorn

from fastproxy.app import create
from fastproxy.config.load import Source
from fastproxy.demo import Simulation
from fastproxy.gateway import Gateway, build_gateway

from ..sdk.servers import free_port
from .client import PATHS, Stream, ask, body_for
from .conftest import config_text
from .test_streams import BOTH, text_of, unchunked


@pytest.fixture
def port(simulation: Simulation, tmp_path: Path) -> Iterator[int]:
    """A proxy under uvicorn, in a thread."""
    port = free_port()
    file = tmp_path / "fastproxy.toml"
    text = config_text(simulation).replace("{listen}", f"127.0.0.1:{port}").replace('"data"', f'"{tmp_path}/data"')
    file.write_text(text)

    def start() -> Gateway:
        return build_gateway(Source(file).load().require())

    server = uvicorn.Server(uvicorn.Config(create(start), host="127.0.0.1", port=port, log_level="error"))
    thread = threading.Thread(target=lambda: asyncio.run(server.serve()))
    thread.start()
    deadline = time.monotonic() + 20
    while not server.started:
        assert time.monotonic() < deadline
        time.sleep(0.01)
    yield port
    server.should_exit = True
    thread.join()


@pytest.mark.parametrize(("dialect", "upstream"), BOTH)
def test_streams_arrive_whole_and_in_order(port: int, dialect: str, upstream: str) -> None:
    reply = ask(port, dialect, body_for(f"{upstream}/long-3000", stream=True))
    assert (reply.status, reply.is_cut) == (200, False)
    words = text_of(dialect, reply.body).split()
    assert words == [f"word{n}" for n in range(1, 3001)]


@pytest.mark.parametrize("dialect", PATHS)
def test_a_cut_answer_is_an_abnormal_close(port: int, dialect: str) -> None:
    reply = ask(port, dialect, body_for("chat/long-100-5+cut-fin-20", stream=True))
    assert reply.is_cut
    assert b'"error"' in reply.body


def test_whole_answers(port: int) -> None:
    reply = ask(port, "anthropic", body_for("chat/echo", "hello there"))
    assert reply.json()["content"][0]["text"] == "hello there"


def test_a_slow_reader_gets_everything(port: int) -> None:
    with Stream(port, "openai_chat", body_for("messages/long-20000", stream=True)) as stream:
        stream.read_until(b"data:")
        time.sleep(0.5)  # the reader is slow: that is the case under test
        text = text_of("openai_chat", unchunked(stream.read_all()))
    assert len(text.split()) == 20000


def test_a_client_that_leaves_ends_the_upstream_call(port: int, simulation: Simulation) -> None:
    with Stream(port, "openai_chat", body_for("chat/long-1000-20", stream=True)) as stream:
        stream.read_until(b"data:")
    deadline = time.monotonic() + 5
    while simulation.requests[-1].left_at is None:
        assert time.monotonic() < deadline, "the upstream call went on"
        time.sleep(0.005)
