"""`python -m bench load`: measure, write RESULTS.md and RESULTS.json, fail on wrong answers or missed goals."""

from __future__ import annotations

import argparse
import datetime
import json
import os
import platform
import resource
import signal
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from contextlib import ExitStack
from importlib import metadata
from pathlib import Path

from bench.load import conduct, markdown, memory, process, rounds
from bench.load.contenders import Contender, Fastproxy, Litellm, Nginx
from bench.load.loads import GATE_SLACK, LOADS, SMOKE, SMOKE_LOADS, SMOKE_SLACK, Load, Scale
from bench.load.measure import Bench
from bench.load.results import Machine, Results, verdict
from bench.load.rounds import Way
from bench.load.server import Cores, Running, mock, started

_ROOT = Path(__file__).parents[2]
_RESULTS = _ROOT / "bench"


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the comparison; 0 when all answers were right and, where asked for, the goals met."""
    options = _options(arguments)
    # as an interrupt does: servers are stopped, folders removed
    signal.signal(signal.SIGTERM, lambda number, _frame: sys.exit(128 + number))
    cores = _cores(options.server_core, options.load_core)
    os.sched_setaffinity(0, {cores.load})
    # thousands of streams: two sockets each in a proxy
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    contenders = _contenders(options)
    loadkit = options.loadkit or _build_loadkit()
    with mock(loadkit, cores.load) as upstream:
        results = _measured(Bench(loadkit=loadkit, cores=cores, mock=upstream), contenders, options)
    tables = markdown.render(results)
    if options.write and not options.smoke:
        (_RESULTS / "RESULTS.md").write_text(tables)
        (_RESULTS / "RESULTS.json").write_bytes(results.to_json())
    print(tables)
    wrong = verdict(results, _slack(options))
    for line in wrong:
        print(f"FAILED {line}", file=sys.stderr)
    return 1 if wrong else 0


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench load", description=__doc__)
    parser.add_argument(
        "--smoke", action="store_true", help="a few seconds: everything works, nothing is absurdly slow"
    )
    parser.add_argument("--gate", action="store_true", help="fail when a goal is missed by more than 20 %%")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=3.0, help="measured window of each load in each round")
    parser.add_argument("--tries", type=int, default=4, help="of a measurement that other work disturbs")
    parser.add_argument("--only", action="append", choices=[load.name for load in LOADS], help="this load (repeatable)")
    parser.add_argument("--without", action="append", default=[], choices=["nginx", "fastproxy"])
    parser.add_argument("--litellm", metavar="PROGRAM", help="measure LiteLLM too: the litellm program of its venv")
    parser.add_argument("--loadkit", type=Path, metavar="PROGRAM", help="default: built with cargo")
    parser.add_argument("--server-core", type=int)
    parser.add_argument("--load-core", type=int)
    parser.add_argument("--no-write", dest="write", action="store_false", help="print only")
    options = parser.parse_args(arguments)
    return options


def _cores(server: int | None, load: int | None) -> Cores:
    available = sorted(os.sched_getaffinity(0))
    return Cores(
        server=available[0] if server is None else server,
        load=available[1 % len(available)] if load is None else load,
    )


def _contenders(options: argparse.Namespace) -> list[Contender]:
    found: list[Contender] = []
    if "nginx" not in options.without:
        if Nginx.is_installed():
            found.append(Nginx())
        else:
            print("nginx is not installed (apt-get install nginx-light): no multiples of it, no goals", file=sys.stderr)
    if "fastproxy" not in options.without:
        found.append(Fastproxy())
    if options.litellm:
        found.append(Litellm(options.litellm))
    return found


def _measured(bench: Bench, contenders: list[Contender], options: argparse.Namespace) -> Results:
    scale = SMOKE if options.smoke else Scale(rounds=options.rounds, seconds=options.seconds, tries=options.tries)
    chosen = options.only or (SMOKE_LOADS if options.smoke else [load.name for load in LOADS])
    loads = [load for load in LOADS if load.name in chosen]
    rows, conducted = _beside(bench, contenders, loads, scale)
    held = [] if options.only else memory.run(bench, contenders, scale)
    return Results(machine=_machine(bench, scale), rows=rows, memory=held, conduct=conducted)


def _beside(
    bench: Bench, contenders: list[Contender], loads: Sequence[Load], scale: Scale
) -> tuple[list[rounds.Row], list[conduct.Conduct]]:
    """Everything that is measured while all servers run, each once started."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="bench-")))
        servers: list[Running] = [
            stack.enter_context(started(contender, folder / contender.name, bench.mock, bench.cores.server))
            for contender in contenders
        ]
        ways = [Way(server=server, lane=lane) for server in servers for lane in server.lanes]
        direct = [Way(server=bench.mock, lane=lane) for lane in bench.mock.lanes]
        return rounds.run(bench, direct + ways, loads, scale), conduct.run(bench.mock, ways)


def _build_loadkit() -> Path:
    line = ["cargo", "build", "--release", "--locked", "--package", "fastproxy-loadkit", "--message-format", "json"]
    built = subprocess.run(line, cwd=_ROOT, check=True, stdout=subprocess.PIPE, text=True)
    messages = [json.loads(message) for message in built.stdout.splitlines()]
    programs = [message["executable"] for message in messages if message.get("executable")]
    return Path(programs[-1])


def _machine(bench: Bench, scale: Scale) -> Machine:
    return Machine(
        date=datetime.datetime.now(tz=datetime.UTC).date().isoformat(),
        processor=process.model_name(),
        cores=os.cpu_count() or 1,
        kernel=f"{platform.system()} {platform.release()}",
        versions=_versions(),
        rounds=scale.rounds,
        seconds=scale.seconds,
        streams=scale.streams,
        is_pinned_apart=bench.cores.server != bench.cores.load,
    )


def _versions() -> dict[str, str]:
    versions = {"Python": platform.python_version()}
    for package in ("fastproxy", "granian", "uvloop"):
        try:
            versions[package] = metadata.version(package)
        except metadata.PackageNotFoundError:
            continue
    if Nginx.is_installed():
        versions["nginx"] = Nginx.version()
    return versions


def _slack(options: argparse.Namespace) -> float:
    if options.smoke:
        return SMOKE_SLACK
    return GATE_SLACK if options.gate else float("inf")


if __name__ == "__main__":
    sys.exit(main())
