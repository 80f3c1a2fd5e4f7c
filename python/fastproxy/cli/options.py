"""Options that several commands share. Every option names the variable that sets it."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final, TypeVar

import click

from ..config import Loaded, Source

Command = TypeVar("Command", bound=Callable[..., Any])

DEFAULT_FILE: Final = "fastproxy.toml"


class Setting(click.Option):
    """A flag over a setting: its variable is that of the setting, which the configuration reads itself."""

    def __init__(self, *arguments: Any, setting: str, **attributes: Any) -> None:
        super().__init__(*arguments, **attributes)
        self.setting = setting

    @property
    def variable(self) -> str:
        """`FASTPROXY_SERVER__LISTEN`."""
        return f"FASTPROXY_{self.setting.replace('.', '__').upper()}"

    def get_help_record(self, ctx: click.Context) -> tuple[str, str] | None:
        """The usual record, with the variable."""
        record = super().get_help_record(ctx)
        return None if record is None else (record[0], f"{record[1]}  [env var: {self.variable}]")


def flag(name: str, help_text: str) -> Callable[[Command], Command]:
    """A yes-or-no option with its variable: `--json`, `FASTPROXY_JSON`."""
    variable = f"FASTPROXY_{name.removeprefix('--').replace('-', '_').upper()}"
    return click.option(name, is_flag=True, envvar=variable, show_envvar=True, help=help_text)


def config_option(command: Command) -> Command:
    """`--config FILE`."""
    return click.option(
        "--config",
        "-c",
        "config",
        type=click.Path(path_type=Path),
        metavar="FILE",
        envvar="FASTPROXY_CONFIG",
        show_envvar=True,
        help=f"Configuration file.  [default: {DEFAULT_FILE} in this directory, if there is one]",
    )(command)


def setting_options(command: Command) -> Command:
    """Flags over single settings."""
    levels = click.Choice(["debug", "info", "warning", "error"])
    for declare in (
        click.option("--level", cls=Setting, setting="logging.level", type=levels, help="Least severe log level."),
        click.option("--data-dir", cls=Setting, setting="server.data_dir", metavar="DIR", help="Where state is kept."),
        click.option(
            "--listen", cls=Setting, setting="server.listen", metavar="HOST:PORT", help="Address to listen on."
        ),
    ):
        command = declare(command)
    return command


json_option = flag("--json", "Print JSON, for programs.")


def load(config: Path | None, flags: Mapping[str, str | None] | None = None) -> Loaded:
    """Settings from the file (the usual one where none is named), the environment and flags."""
    usual = Path(DEFAULT_FILE)
    path = config or (usual if usual.is_file() else None)
    given = {name: value for name, value in (flags or {}).items() if value is not None}
    return Source(path, flags=given).load()
