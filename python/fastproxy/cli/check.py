"""`fastproxy check`."""

import sys
from pathlib import Path

import click

from ..config import Loaded
from .exits import Exit
from .options import config_option, flag, json_option, load, setting_options
from .report import output, print_json, print_nothing_configured, print_problems, problem_data, talk


@click.command()
@config_option
@setting_options
@json_option
@flag("--strict", "Warnings count as errors.")
def check(
    config: Path | None, listen: str | None, data_dir: str | None, level: str | None, json: bool, strict: bool
) -> None:
    """Check the settings and start nothing.

    Every mistake is reported with file, line, column and what was probably meant. References to variables and secret
    files are followed. Exit code 2 when there is an error.

    \b
    Examples:
      fastproxy check --config fastproxy.toml
      fastproxy check --config fastproxy.toml --json
    """
    loaded = load(config, {"server.listen": listen, "server.data_dir": data_dir, "logging.level": level})
    is_fine = loaded.config is not None and not (strict and loaded.problems)
    if json:
        file = str(loaded.source.path) if loaded.source.path else None
        print_json({"ok": is_fine, "file": file, "problems": [problem_data(problem) for problem in loaded.problems]})
    else:
        _print(loaded)
    sys.exit(Exit.OK if is_fine else Exit.CONFIG)


def _print(loaded: Loaded) -> None:
    console = output()
    print_problems(console, loaded.problems)
    if loaded.config is None:
        if loaded.source.path is None and [problem.path for problem in loaded.errors] == ["upstreams"]:
            print_nothing_configured(talk())
        errors, warnings = len(loaded.errors), len(loaded.warnings)
        console.print(f"[bold red]Not usable[/]: {_count(errors, 'error')}, {_count(warnings, 'warning')}.")
        return
    served = loaded.config
    parts = [
        _count(len(served.upstreams), "upstream"),
        _count(len(served.models), "model"),
        _count(len(served.keys), "key"),
    ]
    warned = f", {_count(len(loaded.warnings), 'warning')}" if loaded.warnings else ""
    console.print(f"[bold green]OK[/]: {', '.join(parts)}{warned}.")


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"
