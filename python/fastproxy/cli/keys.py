"""`fastproxy keys`: keys for the configuration, and keys in the store."""

import re

import click

from ..access.keys import new_secret
from .options import flag, json_option
from .report import print_json
from .stored_keys import change, create, list_keys, revoke, rotate


@click.group()
def keys() -> None:
    """Client keys."""


for command in (create, list_keys, change, rotate, revoke):
    keys.add_command(command)


@keys.command()
@click.option(
    "--name", default="dev", metavar="NAME", envvar="FASTPROXY_NAME", show_envvar=True, show_default=True,
    help="Its name in logs and usage.",
)  # fmt: skip
@json_option
@flag("--quiet", "Print the key alone.")
def new(name: str, json: bool, quiet: bool) -> None:
    """Make a client key, and print what to write into the configuration. Nothing is stored (see `keys create`).

    \b
    Examples:
      fastproxy keys new --name laptop
      export DEV_KEY="$(fastproxy keys new --quiet)"
    """
    if not name or not name.isprintable() or len(name) > 128:
        raise click.BadParameter("must be printable and at most 128 characters", param_hint="--name")
    key = new_secret()
    variable = "FASTPROXY_KEY_" + (re.sub(r"[^A-Z0-9]+", "_", name.upper()).strip("_") or "DEV")
    escaped = name.replace("\\", "\\\\").replace('"', '\\"')
    toml = f'[[keys]]\nname = "{escaped}"\nkey = "env:{variable}"\n'
    if json:
        print_json({"name": name, "key": key, "variable": variable, "toml": toml})
    elif quiet:
        click.echo(key)
    else:
        click.echo(f"{key}\n\nIt is not shown again. Give it to the server in a variable:\n")
        click.echo(f"    export {variable}={key}\n\nand name the variable in the configuration:\n")
        click.echo("\n".join(f"    {line}" for line in toml.splitlines()))
