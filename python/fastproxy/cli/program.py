"""The program: its commands, and how it ends."""

import sys
from difflib import get_close_matches
from typing import NoReturn

import click
from rich.markup import escape

from ..config import ConfigError
from .check import check
from .db import db
from .demo import demo
from .doctor import doctor
from .exits import Exit
from .explain import explain
from .keys import keys
from .report import print_problems, talk
from .serve import serve
from .settings import config
from .usage import usage
from .version import completion, version


class Program(click.Group):
    """A group that says what was probably meant."""

    def resolve_command(
        self, context: click.Context, arguments: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """The command, or a usage error with a suggestion."""
        name = arguments[0]
        if self.get_command(context, name) is None and not name.startswith("-"):
            close = get_close_matches(name, self.list_commands(context), n=1)
            hint = f" Did you mean {close[0]!r}?" if close else ""
            context.fail(f"No such command {name!r}.{hint}")
        return super().resolve_command(context, arguments)


@click.group(cls=Program, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110})
@click.version_option(package_name="fastproxy", message="%(prog)s %(version)s")
def program() -> None:
    """One proxy between any LLM client and any LLM API.

    \b
    Exit codes:
      0 fine · 1 failed at run time · 2 wrong usage or settings · 3 an upstream cannot be reached
      4 no permission · 130 interrupted
    """


for command in (serve, check, config, doctor, explain, demo, keys, usage, db, version, completion):
    program.add_command(command)


def main(arguments: list[str] | None = None) -> NoReturn:
    """The entry point: runs a command and turns what ends it into an exit code."""
    sys.exit(_run(arguments))


def _run(arguments: list[str] | None) -> int:
    try:
        result = program.main(arguments, prog_name="fastproxy", standalone_mode=False)
    except click.ClickException as error:
        error.show()
        return error.exit_code
    except (click.Abort, KeyboardInterrupt):
        return Exit.INTERRUPTED
    except ConfigError as error:
        print_problems(talk(), error.problems)
        return Exit.CONFIG
    except PermissionError as error:
        return _failed(error, Exit.DENIED)
    except OSError as error:
        return _failed(error, Exit.FAILURE)
    return result if isinstance(result, int) else Exit.OK


def _failed(error: OSError, code: Exit) -> int:
    place = f"{error.filename}: " if error.filename else ""
    talk().print(f"[bold red]error[/]: {escape(f'{place}{error.strerror or error}')}")
    return code
