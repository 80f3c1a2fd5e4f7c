"""`fastproxy config show`, `config schema`, `config presets`."""

import sys
from pathlib import Path

import click
import msgspec
from rich.markup import escape

from ..config import show as shown
from ..config.presets import known
from ..config.schema import schema as json_schema
from .exits import Exit
from .options import config_option, flag, json_option, load, setting_options
from .report import output, print_json, print_problems, print_table, talk


@click.group()
def config() -> None:
    """Look at the settings."""


@config.command()
@config_option
@setting_options
@flag("--origin", "Tell where each value came from.")
@flag("--changed", "Leave out defaults.")
@json_option
def show(
    config: Path | None,
    listen: str | None,
    data_dir: str | None,
    level: str | None,
    origin: bool,
    changed: bool,
    json: bool,
) -> None:
    """Print the settings in force, one per line, without secrets.

    \b
    Examples:
      fastproxy config show --origin
      fastproxy config show --changed --json
    """
    loaded = load(config, {"server.listen": listen, "server.data_dir": data_dir, "logging.level": level})
    if loaded.config is None:
        print_problems(talk(), loaded.problems)
        sys.exit(Exit.CONFIG)
    lines = [
        line for line in shown.lines(loaded.config, loaded.origins) if not changed or line.origin.kind != "default"
    ]
    if json and (origin or changed):
        print_json(
            [{"path": line.text.partition(" = ")[0], "value": line.value, "origin": str(line.origin)} for line in lines]
        )
    elif json:
        print_json(shown.plain(loaded.config))
    else:
        _print(lines, origin)


def _print(lines: list[shown.Line], origin: bool) -> None:
    console = output()
    width = min(72, max((len(line.text) for line in lines), default=0))
    for line in lines:
        where = f"  [dim]# {escape(str(line.origin))}[/]" if origin else ""
        console.print(f"{escape(line.text.ljust(width) if origin else line.text)}{where}")


@config.command()
def schema() -> None:
    """Print the JSON Schema of the configuration file, for editors.

    \b
    Example (then, in the first line of the file: #:schema ./fastproxy.schema.json):
      fastproxy config schema > fastproxy.schema.json
    """
    print_json(json_schema())


@config.command()
@json_option
def presets(json: bool) -> None:
    """List the upstreams that are known by name.

    \b
    Example:
      fastproxy config presets
    """
    if json:
        print_json(msgspec.to_builtins(known().presets))
        return
    rows = [("preset", "for", "dialect", "base URL", "key from")]
    for name, preset in known().presets.items():
        keys = ", ".join(key.variable for key in preset.keys)
        rows.append((name, preset.title, preset.dialect, preset.base_url or "(yours)", keys))
    print_table(output(), rows)
