"""`fastproxy demo`: the simulated upstream, a proxy in front of it, one conversation through every pair of dialects, a table."""

import json
import signal
import tempfile
import threading
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import FrameType

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from fastproxy.demo.background import BackgroundSimulation
from fastproxy.demo.clients import CLIENTS
from fastproxy.demo.clients.client import Client
from fastproxy.demo.dialects import DIALECTS
from fastproxy.demo.launch import COMMAND, NotStarted, Proxy, model_for, proxy, tail
from fastproxy.demo.matrix import Outcome, cells, hold

SCRIPT = "tools"
TEXT_WIDTH, LOSS_WIDTH = 60, 20
WATCH_SECONDS = 0.2
INTERRUPTED = 130


def run(keep: bool = False, *, console: Console | None = None, command: Sequence[str] = COMMAND) -> int:
    """Show the demo; 0 when every cell of the table is right. `keep` goes on serving until interrupted."""
    console = console or Console()
    with tempfile.TemporaryDirectory(prefix="fastproxy-demo-") as directory, _interruption() as stop:
        try:
            with BackgroundSimulation() as simulation, proxy(simulation, Path(directory), SCRIPT, command) as served:
                console.print(f"Simulated upstream at {simulation.origin}, proxy at {served.origin}\n")
                return _serve(console, served, stop, keep)
        except NotStarted as error:
            console.print(f"[red]{escape(str(error))}[/red]")
            return 1


def _serve(console: Console, served: Proxy, stop: threading.Event, keep: bool) -> int:
    """Everything that happens while the proxy runs."""
    outcomes = []
    for cell in cells():
        if stop.is_set():
            return INTERRUPTED
        outcomes.append(hold(cell, served.origin, served.key, model_for))
    console.print(table(outcomes))
    wrong = sum(bool(outcome.problems) for outcome in outcomes)
    console.print(f"{wrong} of {len(outcomes)} are wrong." if wrong else f"All {len(outcomes)} are right.")
    if keep and not _kept(console, served, stop):
        return 1
    return 1 if wrong else 0


def table(outcomes: Iterable[Outcome]) -> Table:
    """One row per cell."""
    shown = Table(
        title="A question, two tool calls, their results, an answer: every client dialect to every upstream dialect"
    )
    shown.add_column("client\n→ upstream", no_wrap=True)
    shown.add_column("tool calls\nanswer", overflow="fold", ratio=1)
    shown.add_column("tokens\nTTFT", justify="right", no_wrap=True)
    shown.add_column("loss", overflow="fold", max_width=LOSS_WIDTH)
    shown.add_column("")
    for outcome in outcomes:
        shown.add_row(*_row(outcome), "[red]✗[/red]" if outcome.problems else "[green]✓[/green]", end_section=True)
    return shown


def _row(outcome: Outcome) -> list[str]:
    cell, first = outcome.cell, outcome.first_token_ms
    problems = [f"[red]{escape(problem)}[/red]" for problem in outcome.problems]
    counts = [] if first is None else [f"{outcome.input_tokens} in", f"{outcome.output_tokens} out", f"{first:.1f} ms"]
    return [
        f"{cell.client.name}\n→ {cell.upstream}\n{cell.mode}",
        "\n".join([*map(escape, outcome.calls), *(problems or [escape(_short(outcome.text))])]),
        "\n".join(counts),
        escape(outcome.loss) or "none",
    ]


def _short(text: str) -> str:
    return text if len(text) <= TEXT_WIDTH else text[: TEXT_WIDTH - 1] + "…"


def curl_lines(origin: str, key: str) -> Iterator[str]:
    """A line to try for each pair of dialects."""
    for known in CLIENTS:
        client: Client = known()
        headers = " ".join(f"-H '{name}: {value}'" for name, value in client.headers(key).items())
        for dialect in DIALECTS:
            path, body = client.address(client.question(model_for(dialect.name), stream=True))
            data = json.dumps(body).replace("'", "'\\''")
            yield f"curl -sN '{origin}{client.base_path}{path}' {headers} -d '{data}'"


def _kept(console: Console, served: Proxy, stop: threading.Event) -> bool:
    """Print lines to try and serve until interrupted; False when the proxy ended before that."""
    console.print("\nStill running. Try:\n")
    for line in curl_lines(served.origin, served.key):
        console.print(line, soft_wrap=True, highlight=False, markup=False)
    names = " or ".join(f"`{dialect.name}/<script>`" for dialect in DIALECTS)
    console.print(f"\nAny script can be asked for as {names}. Ctrl-C stops.")
    while not stop.wait(WATCH_SECONDS):
        if (status := served.process.poll()) is not None:
            console.print(f"[red]The proxy ended with status {status}.[/red]\n{escape(tail(served.log))}")
            return False
    console.print("Stopping.")
    return True


@contextmanager
def _interruption() -> Iterator[threading.Event]:
    """Ctrl-C and SIGTERM set the event, so that everything that was started is ended in order; a second one interrupts."""
    stop = threading.Event()
    if threading.current_thread() is not threading.main_thread():
        yield stop
        return

    def interrupt(number: int, frame: FrameType | None) -> None:
        if stop.is_set():
            raise KeyboardInterrupt
        stop.set()

    before = [(number, signal.signal(number, interrupt)) for number in (signal.SIGINT, signal.SIGTERM)]
    try:
        yield stop
    finally:
        for number, former in before:
            signal.signal(number, former)
