"""`fastproxy explain`."""

import asyncio
import sys
from pathlib import Path
from typing import IO, TYPE_CHECKING

import click
import msgspec
from rich.markup import escape

from ..errors import ProxyError
from .exits import Exit
from .options import config_option, json_option, load
from .report import output, print_json, print_problems, print_table, talk

if TYPE_CHECKING:
    from ..gateway.explain import Explanation, Place


@click.command()
@click.argument("model", required=False)
@click.option(
    "--body",
    type=click.File("rb"),
    metavar="FILE",
    help="A request as a client sends it; - reads it from standard input.",
)
@click.option("--dialect", default="openai_chat", show_default=True, help="The dialect that the client speaks.")
@click.option("--key", metavar="NAME", help="The client key's name; without it, anybody may use everything.")
@config_option
@json_option
def explain(
    model: str | None, body: IO[bytes] | None, dialect: str, key: str | None, config: Path | None, json: bool
) -> None:
    """Tell where a request would go, and why not elsewhere, without sending anything.

    Lists every place in order: whether it would be tried, what the request would lose there, and how its accounts stand (as far
    as that outlived the server). A running server is not asked.

    \b
    Examples:
      fastproxy explain gpt-x
      fastproxy explain gpt-x:cheapest --key dev
      fastproxy explain --body request.json --dialect anthropic --json
    """
    from ..gateway.rehearsal import plain_request, rehearse  # the core: only this command pays for it

    loaded = load(config)
    if loaded.config is None:
        print_problems(talk(), loaded.problems)
        sys.exit(Exit.CONFIG)
    if model is None and body is None:
        raise click.UsageError("name a MODEL, or give a request with --body")
    try:
        request = body.read() if body is not None else plain_request(dialect)
        explanation = asyncio.run(rehearse(loaded.config, dialect, request, key=key, model=model))
    except (ProxyError, ValueError, OSError) as error:
        talk().print(f"[bold red]error[/]: {escape(str(error))}")
        sys.exit(Exit.CONFIG)
    if json:
        print_json(msgspec.to_builtins(explanation))
    else:
        _print(explanation)
    sys.exit(Exit.FAILURE if explanation.error else Exit.OK)


def _print(explanation: "Explanation") -> None:
    console = output()
    console.print(
        f"[bold]{escape(explanation.model)}[/]: {escape(explanation.entry or 'no entry')}, order {explanation.order or '–'}"
    )
    rows = [("", "upstream", "model there", "lane", "accounts", "lost", "why")]
    rows += [_row(place) for place in explanation.places]
    if explanation.places:
        print_table(console, rows)
    if explanation.error:
        console.print(f"[bold red]It would fail[/]: {escape(explanation.error)}.")


def _row(place: "Place") -> tuple[str, str, str, str, str, str, str]:
    lost = ", ".join(f"{loss.code}{'!' if loss.is_severe else ''} {loss.path}" for loss in place.losses)
    states = ", ".join(f"{count} {state}" for state, count in sorted(place.states.items()))
    name = f"{place.upstream} (fallback)" if place.is_fallback else place.upstream
    return (
        place.verdict,
        name,
        place.model,
        "raw" if place.is_raw else "translated",
        states or "none",
        lost or "nothing",
        place.reason,
    )
