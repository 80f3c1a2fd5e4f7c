"""`fastproxy doctor`: what could go wrong on this machine, looked at before it does."""

import sys
from pathlib import Path

import click
from rich.markup import escape

from . import diagnosis
from .diagnosis import Finding
from .exits import Exit
from .options import config_option, flag, json_option, load, setting_options
from .report import output, print_json, print_problems

_COLOURS = {"ok": "green", "warning": "yellow", "error": "bold red"}


@click.command()
@config_option
@setting_options
@flag("--upstreams", "Connect to every upstream (no request is sent, no key leaves).")
@json_option
def doctor(
    config: Path | None, listen: str | None, data_dir: str | None, level: str | None, upstreams: bool, json: bool
) -> None:
    """Look for what would keep the proxy from running well here.

    Installation, settings, data directory, port, limits of the system. Nothing is called from outside this machine
    unless --upstreams asks for it.

    \b
    Examples:
      fastproxy doctor
      fastproxy doctor --config fastproxy.toml --upstreams
    """
    loaded = load(config, {"server.listen": listen, "server.data_dir": data_dir, "logging.level": level})
    findings = [diagnosis.installation(), diagnosis.settings(loaded)]
    if loaded.config is not None:
        findings += diagnosis.machine(loaded.config.server)
        if upstreams:
            findings += diagnosis.reach(loaded.config.upstreams)
    if json:
        print_json(
            [
                {"check": item.check, "status": item.status, "detail": item.detail, "advice": item.advice}
                for item in findings
            ]
        )
    else:
        _print(findings)
        print_problems(output(), loaded.problems)
    sys.exit(next((item.exit for item in findings if item.status == "error"), Exit.OK))


def _print(findings: list[Finding]) -> None:
    console = output()
    for item in findings:
        console.print(f"[{_COLOURS[item.status]}]{item.status:<8}[/]{escape(f'{item.check}: {item.detail}')}")
        if item.advice:
            console.print(f"        {escape(item.advice)}")
