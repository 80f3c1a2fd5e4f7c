"""`fastproxy keys create`, `list`, `change`, `rotate`, `revoke`: keys in the store, while the server runs."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
import msgspec

from ..access import Terms
from ..access.terms import NANO_PER_USD
from ..clock import format_moment, now_ms
from ..config import Config
from ..config.units import parse_duration
from .key_terms import changed_terms, terms_options
from .open_store import with_store
from .options import config_option, flag, json_option
from .report import output, print_json, print_table

if TYPE_CHECKING:
    from ..access.stored import ClientKeys, StoredKey
    from ..store.database import Store


def _keys(store: "Store") -> "ClientKeys":
    from ..access.stored import ClientKeys  # with the database's libraries, which other commands need not load

    return ClientKeys(store)


@click.command()
@click.argument("name")
@config_option
@terms_options
@json_option
@flag("--quiet", "Print the key alone.")
def create(name: str, config: Path | None, json: bool, quiet: bool, **given: Any) -> None:
    """Make a client key in the store. A running server takes it within a second.

    \b
    Examples:
      fastproxy keys create laptop
      fastproxy keys create ci --model 'gpt-*' --budget day:5usd --requests-per-minute 60 --expires 90d
    """
    if not name or not name.isprintable() or len(name) > 128:
        raise click.BadParameter("must be printable and at most 128 characters", param_hint="NAME")
    terms = changed_terms(Terms(), given)

    async def work(store: "Store", settings: Config) -> str:
        if any(key.name == name for key in settings.keys):
            raise ValueError(f"there is a key named {name!r} in the configuration")
        return await _keys(store).create(name, terms, expires_at=given["expires"] or None)

    _show_secret(name, with_store(config, work), json=json, quiet=quiet)


@click.command("list")
@config_option
@json_option
def list_keys(config: Path | None, json: bool) -> None:
    """List the keys of the store, without their secrets.

    \b
    Example:
      fastproxy keys list
    """
    keys = with_store(config, lambda store, _: _keys(store).list())
    now = now_ms()
    if json:
        print_json([{**msgspec.to_builtins(key), "state": key.state(now)} for key in keys])
        return
    rows = [("name", "key", "state", "owner", "project", "expires", "limits")]
    for key in keys:
        expires = format_moment(key.expires_at) if key.expires_at is not None else ""
        terms = key.terms
        rows.append((key.name, key.hint, key.state(now), terms.owner or "", terms.project or "", expires, _limits(key)))
    print_table(output(), rows)


@click.command()
@click.argument("name")
@config_option
@terms_options
def change(name: str, config: Path | None, **given: Any) -> None:
    """Change what a key of the store may do. What is not named stays; `*` takes a list away.

    \b
    Example:
      fastproxy keys change ci --budget day:10usd --model '*'
    """

    async def work(store: "Store", _: Config) -> None:
        keys = _keys(store)
        before = await keys.get(name)
        expires = before.expires_at if given["expires"] is None else given["expires"] or None
        await keys.change(name, changed_terms(before.terms, given), expires_at=expires)

    with_store(config, work)


@click.command()
@click.argument("name")
@config_option
@click.option(
    "--grace", default="0s", metavar="DURATION", envvar="FASTPROXY_GRACE", show_envvar=True, show_default=True,
    help="How long the secret before stays good.",
)  # fmt: skip
@json_option
@flag("--quiet", "Print the key alone.")
def rotate(name: str, config: Path | None, grace: str, json: bool, quiet: bool) -> None:
    """Give a key of the store a new secret; its name, limits and usage stay.

    \b
    Example:
      fastproxy keys rotate ci --grace 1h
    """
    try:
        grace_ms = round(parse_duration(grace) * 1000)
    except ValueError as error:
        raise click.BadParameter(str(error), param_hint="--grace") from error
    secret = with_store(config, lambda store, _: _keys(store).rotate(name, grace_ms=grace_ms))
    _show_secret(name, secret, json=json, quiet=quiet)


@click.command()
@click.argument("name")
@config_option
def revoke(name: str, config: Path | None) -> None:
    """End a key of the store for good. A running server refuses it within a second.

    \b
    Example:
      fastproxy keys revoke ci
    """
    with_store(config, lambda store, _: _keys(store).revoke(name))


def _show_secret(name: str, secret: str, *, json: bool, quiet: bool) -> None:
    if json:
        print_json({"name": name, "key": secret})
    elif quiet:
        click.echo(secret)
    else:
        click.echo(f"{secret}\n\nIt is not shown again.")


def _limits(key: "StoredKey") -> str:
    terms = key.terms
    parts = [f"{terms.requests_per_minute} requests/min"] if terms.requests_per_minute else []
    parts += [f"{terms.tokens_per_minute} tokens/min"] if terms.tokens_per_minute else []
    parts += [f"{terms.concurrency} at once"] if terms.concurrency else []
    for budget in terms.budgets:
        amount = f"{budget.nano_usd / NANO_PER_USD:.12g} USD" if budget.nano_usd is not None else ""
        parts.append(
            " and ".join(filter(None, [amount, f"{budget.tokens} tokens" if budget.tokens else ""]))
            + f"/{budget.period}"
        )
    parts += [f"models {', '.join(terms.models)}"] if terms.models is not None else []
    parts += [f"upstreams {', '.join(terms.upstreams)}"] if terms.upstreams is not None else []
    return "; ".join(parts)
