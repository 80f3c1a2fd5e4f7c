"""What people read: mistakes, what is served, tables. Data goes to standard output, talk to standard error."""

import json
import sys
from collections.abc import Iterable, Sequence
from typing import Any

import click
from rich.console import Console
from rich.markup import escape

from ..config import Config, Loaded, Problem
from .options import DEFAULT_FILE

_COLOURS = {"error": "bold red", "warning": "yellow"}


def output() -> Console:
    """Standard output: plain when piped, and with NO_COLOR."""
    return Console(file=sys.stdout, highlight=False, soft_wrap=True)


def talk() -> Console:
    """Standard error."""
    return Console(file=sys.stderr, highlight=False, soft_wrap=True)


def print_json(value: Any) -> None:
    """One JSON document."""
    click.echo(json.dumps(value, indent=2, ensure_ascii=False))


def print_problems(console: Console, problems: Iterable[Problem]) -> None:
    """One per line, in the form that editors and CI logs understand: FILE:LINE:COLUMN: severity: …"""
    for problem in problems:
        place = f"[bold]{escape(str(problem.place))}[/]: " if problem.place else ""
        path = f"[cyan]{escape(problem.path)}[/]: " if problem.path else ""
        colour = _COLOURS[problem.severity]
        hint = f" [green]({escape(problem.suggestion)})[/]" if problem.suggestion else ""
        console.print(f"{place}[{colour}]{problem.severity}[/]: {path}{escape(problem.message)}{hint}")


def problem_data(problem: Problem) -> dict[str, Any]:
    """A mistake as JSON."""
    place = problem.place
    return {
        "severity": problem.severity,
        "path": problem.path,
        "message": problem.message,
        "suggestion": problem.suggestion,
        "source": place.source if place else None,
        "line": place.line if place else None,
        "column": place.column if place else None,
    }


def print_table(console: Console, rows: Sequence[Sequence[str]]) -> None:
    """Aligned columns, the first row as their heading; never cut, so that it can be piped."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for index, row in enumerate(rows):
        line = "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        console.print(line, style="dim" if index == 0 else None, markup=False)


def print_plan(console: Console, loaded: Loaded, config: Config) -> None:
    """What will be served, and where each name goes."""
    source = str(loaded.source.path) if loaded.source.path else "the environment (no configuration file)"
    console.print(f"Settings from [bold]{escape(source)}[/].")
    for sentence in loaded.sentences:
        console.print(f"  {escape(sentence)}")
    upstreams = {upstream.name: upstream for upstream in config.upstreams}
    rows = [("model", "goes to", "dialect", "accounts")]
    for model in config.models:
        for target in [*model.targets, *model.fallbacks]:
            upstream = upstreams[target.upstream]
            to = f"{upstream.name}/{target.model or '…'}"
            rows.append((model.name, to, upstream.dialect, str(len(upstream.accounts))))
    for upstream in config.upstreams:
        rows.append((f"{upstream.name}/…", upstream.base_url, upstream.dialect, str(len(upstream.accounts))))
    print_table(console, rows)
    who = "with one of its keys" if config.keys else "no key needed"
    address = f"http://{config.server.listen}"
    console.print(f"OpenAI clients: base URL {address}/v1; Anthropic clients: {address} ({who}).")


def print_nothing_configured(console: Console) -> None:
    """An empty machine: what is missing, and what to do now."""
    console.print(
        f"""[bold]There is no upstream to call.[/] No configuration file was given or found ({DEFAULT_FILE} in this
directory), and none of the variables that name an account is set.

To try fastproxy without any account:

    [green]fastproxy demo[/]

With an account that you have:

    [green]export OPENAI_API_KEY=…[/]        (or ANTHROPIC_API_KEY, DEEPSEEK_API_KEY, OPENROUTER_API_KEY, OLLAMA_HOST, …)
    [green]fastproxy serve[/]

With a file:

    [green]cat > {DEFAULT_FILE} <<'END'
    {escape("[[upstreams]]")}
    name = "local"
    dialect = "openai_chat"
    base_url = "http://127.0.0.1:11434/v1"

    {escape("[[models]]")}
    name = "*"
    targets = {escape('[{ upstream = "local" }]')}
    END
    fastproxy serve --config {DEFAULT_FILE}[/]

`fastproxy config presets` lists the upstreams that are known by name and their variables."""
    )
