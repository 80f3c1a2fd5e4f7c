"""`fastproxy version` and `fastproxy completion`."""

import platform
from importlib.metadata import PackageNotFoundError
from importlib.metadata import version as version_of

import click
from click.shell_completion import get_completion_class

from .. import __version__
from .options import json_option
from .report import print_json

_PARTS = ("granian", "msgspec", "orjson", "uvloop", "click", "rich")


@click.command()
@json_option
def version(json: bool) -> None:
    """Print the version.

    \b
    Example:
      fastproxy version --json
    """
    if not json:
        click.echo(f"fastproxy {__version__}")
        return
    print_json(
        {
            "fastproxy": __version__,
            "python": platform.python_version(),
            "implementation": platform.python_implementation(),
            "platform": platform.platform(),
            "dependencies": {name: _installed(name) for name in _PARTS},
        }
    )


def _installed(name: str) -> str | None:
    try:
        return version_of(name)
    except PackageNotFoundError:
        return None


@click.command()
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
@click.pass_context
def completion(context: click.Context, shell: str) -> None:
    """Print the completion script of a shell.

    \b
    Examples:
      fastproxy completion bash > ~/.local/share/bash-completion/completions/fastproxy
      fastproxy completion zsh > ~/.zfunc/_fastproxy
      fastproxy completion fish > ~/.config/fish/completions/fastproxy.fish
    """
    complete = get_completion_class(shell)
    if complete is None:
        raise click.ClickException(f"no completion for {shell}")
    click.echo(complete(context.find_root().command, {}, "fastproxy", "_FASTPROXY_COMPLETE").source())
