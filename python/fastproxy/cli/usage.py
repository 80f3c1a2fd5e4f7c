"""`fastproxy usage show`, `fastproxy usage export`."""

import csv
import datetime
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click
import orjson

from ..clock import DAY_MS, format_moment, now_ms, parse_moment
from ..config import Config
from ..config.units import parse_duration
from ..usage.asking import BY, Filter
from .open_store import with_store
from .options import config_option, json_option
from .report import output, print_json, print_table

if TYPE_CHECKING:
    from ..store.database import Store

Command = TypeVar("Command", bound=Callable[..., Any])
_NANO = 10**9


class Moment(click.ParamType[int]):
    """A date, a time, or how long ago."""

    name = "moment"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        """Milliseconds since 1970."""
        if isinstance(value, int):
            return value
        try:
            return parse_moment(value) if "-" in value else now_ms() - round(parse_duration(value) * 1000)
        except (ValueError, OverflowError):
            self.fail(f"{value!r} is not like 2026-11-20, 2026-11-20T12:00:00Z or 7d (ago)", param, ctx)


def filter_options(command: Command) -> Command:
    """Which rows."""
    for name, text in (
        ("status", "ok, error, aborted or ambiguous."),
        ("model", "The upstream's name of the model."),
        ("account", "Account at an upstream."),
        ("upstream", "Upstream."),
        ("project", "Project of the client key."),
        ("owner", "Owner of the client key."),
        ("key", "Client key."),
    ):
        command = click.option(
            f"--{name}", envvar=f"FASTPROXY_{name.upper()}", show_envvar=True, metavar="NAME", help=f"Only this: {text}"
        )(command)
    for name, text in (("until", "Before this moment."), ("since", "From this moment on.")):
        command = click.option(
            f"--{name}", type=Moment(), envvar=f"FASTPROXY_{name.upper()}", show_envvar=True, metavar="WHEN",
            help=f"{text} 2026-11-20, or 7d for so long ago.",
        )(command)  # fmt: skip
    return command


@click.group()
def usage() -> None:
    """What was used, by whom, and what it cost."""


@usage.command()
@config_option
@filter_options
@click.option(
    "--by", default="key", show_default=True, envvar="FASTPROXY_BY", show_envvar=True, metavar="NAMES",
    help=f"What to add up by, joined by commas: {', '.join(BY)}.",
)  # fmt: skip
@json_option
def show(config: Path | None, by: str, json: bool, **chosen: Any) -> None:
    """Add up tokens and cost.

    \b
    Examples:
      fastproxy usage show --since 7d
      fastproxy usage show --by project,model --since 2026-11-01 --json
    """
    names = [name.strip() for name in by.split(",") if name.strip()]
    if unknown := [name for name in names if name not in BY]:
        raise click.BadParameter(f"{unknown[0]!r} is none of {', '.join(BY)}", param_hint="--by")
    from ..usage.query import sums  # 20 MB and a third of a second that other commands need not pay

    found = with_store(config, lambda store, _: sums(store, Filter(**chosen), names))
    told = [_told(row) for row in found]
    if json:
        print_json(told)
        return
    columns = [
        *names,
        "requests",
        "failed",
        "input",
        "cache_read",
        "cache_write",
        "output",
        "reasoning",
        "cost_usd",
        "unpriced",
    ]
    print_table(output(), [columns, *([str(row[name]) for name in columns] for row in told)])


@usage.command()
@config_option
@filter_options
@click.option(
    "--format", "form", type=click.Choice(["ndjson", "csv"]), default="ndjson", show_default=True,
    envvar="FASTPROXY_FORMAT", show_envvar=True, help="One JSON object per line, or a table for spreadsheets.",
)  # fmt: skip
def export(config: Path | None, form: str, **chosen: Any) -> None:
    """Write the rows themselves to standard output, oldest first.

    \b
    Example:
      fastproxy usage export --since 2026-11-01 --format csv > november.csv
    """

    from ..usage.query import rows

    async def work(store: "Store", _: Config) -> None:
        write = _csv_writer() if form == "csv" else _write_json
        async for row in rows(store, Filter(**chosen)):
            write({**row, "started_at": format_moment(row["started_at"])})

    with_store(config, work)


def _write_json(row: dict[str, Any]) -> None:
    sys.stdout.write(orjson.dumps(row).decode() + "\n")


def _csv_writer() -> Callable[[dict[str, Any]], None]:
    from ..store.tables import USAGE

    writer = csv.DictWriter(sys.stdout, [column.name for column in USAGE.columns], lineterminator="\n")
    writer.writeheader()
    return lambda row: writer.writerow({name: _safe(value) for name, value in row.items()})


def _safe(value: Any) -> Any:
    """Spreadsheets take a text that begins like this for a formula, and clients choose the names of models."""
    return f"'{value}" if isinstance(value, str) and value[:1] in ("=", "+", "-", "@", "\t") else value


def _told(row: dict[str, Any]) -> dict[str, Any]:
    told = dict(row)
    if "day" in told:
        told["day"] = datetime.datetime.fromtimestamp(told["day"] * DAY_MS / 1000, datetime.UTC).date().isoformat()
    if "hour" in told:
        told["hour"] = format_moment(told["hour"] * 3_600_000)[:13] + "Z"
    told["cost_usd"] = f"{told.pop('cost_nano_usd') / _NANO:.9f}"
    return told
