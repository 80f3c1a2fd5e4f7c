"""The benchmark's own arithmetic and programs: what it would report, and that what it compares does the same work."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from bench.codec import meaning, samples, with_msgspec, with_orjson
from bench.load import markdown, process
from bench.load.conduct import Conduct
from bench.load.contenders import Fastproxy, Lane, Nginx
from bench.load.loads import GATE_SLACK, LOADS, SMOKE, SMOKE_LOADS
from bench.load.measure import Faults, Measurement, Report, Summary
from bench.load.memory import Held
from bench.load.process import Memory
from bench.load.results import Machine, Results, verdict
from bench.load.rounds import Cell, Row
from msgspec import json

from fastproxy import _core
from fastproxy.config.load import Source

ROOT = Path(__file__).parents[2]
NGINX = Lane(title="nginx", dialect="openai_chat", kind="nginx")
RAW = Lane(title="fastproxy raw", dialect="openai_chat", kind="raw")
PEER = Lane(title="a peer", dialect="openai_chat", kind="peer")
BULK = next(load for load in LOADS if load.name == "bulk")


def measured(us_per_event: float, faults: list[str] | None = None) -> Measurement:
    summary = Summary(count=1, min=1, p10=2, p50=3, p99=4, max=5, mean=3)
    report = Report(
        seconds=2.0,
        requests=10,
        events=1000,
        bytes=1,
        reconnects=0,
        streams=0,
        errors=Faults(total=0, by_kind={}, first=[]),
        request_us=summary,
        ttft_us=summary,
        event_us=summary,
        gap_us=None,
    )
    server = round(us_per_event * 1000 * 1000)
    return Measurement(report=report, server_ns=server, generators=0.9, foreign=0.02, faults=faults or [])


def cell(lane: Lane, *figures: float, faults: list[str] | None = None) -> Cell:
    return Cell(lane=lane, measurements=[measured(f, faults) for f in figures], repeated=1, disturbed=0)


def results(*cells: Cell, memory: list[Held] | None = None, conduct: list[Conduct] | None = None) -> Results:
    machine = Machine(
        date="2026-01-01",
        processor="any",
        cores=2,
        kernel="Linux",
        versions={},
        rounds=3,
        seconds=2,
        streams=1000,
        is_pinned_apart=True,
    )
    return Results(machine=machine, rows=[Row(load=BULK, cells=[*cells])], memory=memory or [], conduct=conduct or [])


def test_ratios_are_of_the_same_round() -> None:
    # each round half as fast as the one before, as on a machine that others use: the ratio stays
    row = Row(load=BULK, cells=[cell(NGINX, 1, 2, 4), cell(RAW, 1.5, 3, 6)])
    assert row.ratios(row.cells[1]) == [1.5, 1.5, 1.5]
    assert row.figures(row.cells[1]) == [1.5, 3.0, 6.0]


def test_without_nginx_there_is_no_ratio_and_no_verdict() -> None:
    found = results(cell(RAW, 100))
    assert found.rows[0].ratios(found.rows[0].cells[0]) == []
    assert verdict(found, GATE_SLACK) == []


@pytest.mark.parametrize(("figure", "is_missed"), [(1.2, False), (1.43, False), (1.45, True)])
def test_a_goal_is_missed_beyond_its_slack(figure: float, is_missed: bool) -> None:
    # the goal is 1.2 times nginx, the gate 20 % wider
    missed = verdict(results(cell(NGINX, 1, 1, 1), cell(RAW, figure, figure, 99)), GATE_SLACK)
    assert bool(missed) == is_missed


def test_wrong_answers_fail_whatever_their_speed() -> None:
    found = results(cell(NGINX, 1), cell(RAW, 0.1, faults=["3 wrong answers: delta 5 where 4 belongs"]))
    assert verdict(found, float("inf")) == ["bulk, fastproxy raw: 3 wrong answers: delta 5 where 4 belongs"]
    assert "**wrong answers**" in markdown.render(found)


def test_a_peers_faults_are_told_and_do_not_fail() -> None:
    found = results(cell(NGINX, 1), cell(PEER, 50, faults=["cut"]))
    assert verdict(found, GATE_SLACK) == []
    assert "- bulk, a peer: cut" in markdown.render(found)


def test_memory_and_conduct_are_judged() -> None:
    def held(lane: Lane, idle: int, per_stream: int, left: float) -> Held:
        before, after = Memory(rss=idle, pss=idle), Memory(rss=idle + 10 * per_stream, pss=idle)
        return Held(lane=lane, streams=10, idle=before, open=after, left_per_request=left, failures=[])

    memory = [held(NGINX, 10_000_000, 18_000, 0), held(RAW, 80_000_000, 36_000, 6500)]
    conduct = [Conduct(lane=RAW, left_ms=None, unread_bytes=2**30), Conduct(lane=NGINX, left_ms=0.2, unread_bytes=0)]
    wrong = verdict(results(memory=memory, conduct=conduct), GATE_SLACK)
    assert [line.split(",")[0].split(":")[0] for line in wrong] == [
        "memory",
        "fastproxy raw",
        "fastproxy raw",
        "idle process",
        "memory per open stream",
    ]


def test_the_tables_show_every_figure() -> None:
    found = results(cell(NGINX, 1, 2, 4), cell(RAW, 1.5, 3, 8))
    text = markdown.render(found)
    assert "| 2 | 3 (1.50 / 1.50 / 2.00x) over |" in text
    assert "| bulk | fastproxy raw | ≥ 500 |" in text
    assert "in: bulk (rates there are lower bounds)" in text
    assert json.decode(found.to_json(), type=Results) == found


def test_smoke_loads_exist() -> None:
    assert set(SMOKE_LOADS) <= {load.name for load in LOADS}
    paced = next(load for load in LOADS if load.name == "paced-50")
    assert paced.command(SMOKE)[-6:] == ["--warm-up", "0.2", "--concurrency", "50", "--seconds", "0.3"]


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc and the clocks of processes")
def test_clocks_and_memory_of_a_tree() -> None:
    before = process.cpu_ns(os.getpid())
    deadline = time.process_time() + 0.02
    while time.process_time() < deadline:
        pass
    assert 20_000_000 <= process.cpu_ns(os.getpid()) - before < 2_000_000_000
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as child:
        assert {os.getpid(), child.pid} <= set(process.tree(os.getpid()))
        child.communicate(b"\n")
    assert process.cpu_ns(child.pid) == 0, "it has gone"
    assert child.pid not in process.tree(os.getpid())
    memory = process.tree_memory(os.getpid())
    assert memory.rss >= memory.pss > 1_000_000
    assert process.busy_ns() > 0


_HARNESS = """
import subprocess, sys
from bench.load.server import pinned
core = int(sys.argv[1])
# It keeps our output open as long as it lives, and of itself notices nothing; should the test fail, the alarm ends it.
server = "import signal; signal.alarm(30); print('up', flush=True); signal.pause()"
subprocess.Popen([*pinned(core), sys.executable, "-c", server], stdin=subprocess.DEVNULL, start_new_session=True)
input()
"""


@pytest.mark.skipif(sys.platform != "linux", reason="taskset and setpriv")
def test_a_killed_harness_leaves_no_server_behind() -> None:
    core = str(min(os.sched_getaffinity(0)))
    line = [sys.executable, "-c", _HARNESS, core]
    with subprocess.Popen(line, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as harness:
        assert harness.stdout is not None
        assert harness.stdout.readline() == b"up\n"
        harness.kill()
        assert harness.stdout.read() == b"", "the end comes when the server has gone too"


def test_our_configuration_is_valid(tmp_path: Path) -> None:
    command = Fastproxy().command(tmp_path, port=8080, mock=9100)
    loaded = Source(path=Path(command.line[-1]), environ=command.environment).load()
    assert loaded.problems == ()
    assert [upstream.name for upstream in loaded.require().upstreams] == ["chat", "messages"]


@pytest.mark.skipif(not Nginx.is_installed(), reason="nginx is not installed")
def test_nginx_takes_its_configuration(tmp_path: Path) -> None:
    command = Nginx().command(tmp_path, port=8080, mock=9100)
    tested = subprocess.run([*command.line, "-t"], check=False, capture_output=True, text=True)
    assert tested.returncode == 0, tested.stderr


def ours(upstream: str, client: str) -> Callable[[bytes, str], bytes]:
    return lambda body, model: _core.transcode_stream(upstream, client, body, model=model)


@pytest.mark.parametrize(
    ("upstream", "client", "translate"),
    [
        ("openai_chat", "anthropic", ours("openai_chat", "anthropic")),
        ("openai_chat", "anthropic", with_orjson.stream_to_anthropic),
        ("openai_chat", "anthropic", with_msgspec.stream_to_anthropic),
        ("anthropic", "openai_chat", ours("anthropic", "openai_chat")),
        ("anthropic", "openai_chat", with_orjson.stream_to_chat),
        ("anthropic", "openai_chat", with_msgspec.stream_to_chat),
    ],
)
def test_streams_that_are_timed_say_the_same(
    upstream: str, client: str, translate: Callable[[bytes, str], bytes]
) -> None:
    assert meaning.of_stream(client, translate(samples.stream(upstream), samples.MODEL)) == samples.STREAMED


@pytest.mark.parametrize(
    ("client", "target", "translate"),
    [
        ("openai_chat", "anthropic", with_orjson.request_to_anthropic),
        ("openai_chat", "anthropic", with_msgspec.request_to_anthropic),
        ("anthropic", "openai_chat", with_orjson.request_to_chat),
        ("anthropic", "openai_chat", with_msgspec.request_to_chat),
    ],
)
def test_requests_that_are_timed_say_the_same(
    client: str, target: str, translate: Callable[[bytes, str], bytes]
) -> None:
    body = samples.request(client)
    assert meaning.of_request(client, body) == samples.CONVERSATION
    assert meaning.of_request(target, translate(body, samples.MODEL)) == samples.CONVERSATION
    theirs = _core.transcode_request(client, target, body, samples.MODEL, version="2023-06-01")
    assert meaning.of_request(target, theirs) == samples.CONVERSATION
