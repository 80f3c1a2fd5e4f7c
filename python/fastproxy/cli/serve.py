"""`fastproxy serve`."""

import os
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import click
from rich.console import Console
from rich.markup import escape

from ..config import Config, Source
from ..store.revision import HEAD
from . import diagnosis
from .exits import Exit
from .options import config_option, flag, load, setting_options
from .report import print_nothing_configured, print_plan, print_problems, talk


@click.command()
@config_option
@setting_options
@flag("--quiet", "Print only mistakes.")
def serve(config: Path | None, listen: str | None, data_dir: str | None, level: str | None, quiet: bool) -> None:
    """Run the proxy.

    Without a configuration file, upstreams are built from the variables that are set (OPENAI_API_KEY,
    ANTHROPIC_API_KEY, OLLAMA_HOST, …). The file is read again when it changes and on SIGHUP; one with mistakes is
    refused and the running settings go on. SIGTERM lets requests in flight finish.

    \b
    Examples:
      fastproxy serve --config fastproxy.toml
      fastproxy serve --config fastproxy.toml --listen 127.0.0.1:9000
      OPENAI_API_KEY=… fastproxy serve
    """
    flags = {"server.listen": listen, "server.data_dir": data_dir, "logging.level": level}
    loaded = load(config, flags)
    console = talk()
    if loaded.config is None:
        if loaded.source.path is None and [problem.path for problem in loaded.errors] == ["upstreams"]:
            print_nothing_configured(console)
        else:
            print_problems(console, loaded.problems)
        sys.exit(Exit.CONFIG)
    print_problems(console, loaded.problems)
    if not quiet:
        print_plan(console, loaded, loaded.config)
    _stop_if_unfit(console, loaded.config)
    _prepare_store(loaded.config, loaded.source)
    from ..server import run  # the server takes half a second to import: only what serves pays for it

    run(loaded.config, loaded.source)


def _stop_if_unfit(console: Console, config: Config) -> None:
    """A taken port or a data directory that others may write to is told here, not by a worker that dies and respawns."""
    for finding in diagnosis.machine(config.server):
        if finding.status == "ok":
            continue
        colour = "bold red" if finding.status == "error" else "yellow"
        advice = f" [green]({escape(finding.advice)})[/]" if finding.advice else ""
        console.print(f"[{colour}]{finding.status}[/]: {escape(f'{finding.check}: {finding.detail}')}{advice}")
        if finding.status == "error":
            sys.exit(finding.exit)


def _prepare_store(config: Config, source: Source) -> None:
    """Reach the store and bring its tables to this version before anything serves: what is wrong with it ends the
    program with its reason. In a process of its own, because the database's libraries would stay in this one's memory
    (50 MB); not for an SQLite file that is new or up to date, which one look tells."""
    url = config.store.url.reveal() if config.store.url is not None else None
    if url is None and _is_ready(Path(config.server.data_dir) / "fastproxy.db"):
        return
    flags = {f"FASTPROXY_{name.replace('.', '__').upper()}": value for name, value in source.flags.items()}
    command = [sys.executable, "-m", "fastproxy", "db", "upgrade", "--quiet"]
    if source.path is not None:
        command += ["--config", str(source.path)]
    code = subprocess.run(command, env={**os.environ, **flags}, check=False).returncode  # noqa: S603 - ourselves
    if code != Exit.OK:
        sys.exit(code)


def _is_ready(file: Path) -> bool:
    if not file.exists():
        return True
    try:
        with closing(sqlite3.connect(f"file:{file}?mode=ro", uri=True)) as connection:
            return connection.execute("SELECT version_num FROM alembic_version").fetchall() == [(HEAD,)]
    except sqlite3.Error:
        return False
