"""Options that say what a client key is for and how much it may use."""

import datetime
import re
from collections.abc import Callable
from typing import Any, Final, TypeVar

import click
import msgspec

from ..access import Allowance, Terms
from ..access.terms import nano_usd
from ..clock import now_ms, parse_moment
from ..config.units import parse_duration

Command = TypeVar("Command", bound=Callable[..., Any])

_BUDGET: Final = re.compile(r"(day|month|total)[:=](\d+(?:\.\d+)?)\s*(usd|tokens)", re.IGNORECASE)


class Budget(click.ParamType[Allowance]):
    """`day:5usd`, `month:1000000tokens`."""

    name = "budget"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Allowance:
        """The allowance."""
        if isinstance(value, Allowance):
            return value
        found = _BUDGET.fullmatch(str(value).strip())
        if found is None or float(found[2]) <= 0:
            self.fail(f"{value!r} is not like day:5usd, month:1000000tokens or total:20usd", param, ctx)
        period: Any = found[1].lower()
        if found[3].lower() == "usd":
            return Allowance(period=period, nano_usd=nano_usd(float(found[2])))
        if "." in found[2]:
            self.fail("tokens are whole", param, ctx)
        return Allowance(period=period, tokens=int(found[2]))


class Expiry(click.ParamType[int]):
    """A moment, or how long from now; `never`."""

    name = "expiry"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        """Milliseconds since 1970; 0: never."""
        if isinstance(value, int) or value == "never":
            return value if isinstance(value, int) else 0
        try:
            return parse_moment(value) if re.match(r"\d{4}-", value) else now_ms() + round(parse_duration(value) * 1000)
        except (ValueError, OverflowError):
            example = datetime.date.today() + datetime.timedelta(days=90)
            self.fail(f"{value!r} is not like {example}, {example}T12:00:00Z, 90d or never", param, ctx)


def _option(name: str, variable: str, text: str, **more: Any) -> Callable[[Command], Command]:
    return click.option(name, envvar=f"FASTPROXY_{variable}", show_envvar=True, help=text, **more)


def terms_options(command: Command) -> Command:
    """The options of `keys create` and `keys change`."""
    count = click.IntRange(min=1)
    for declare in (
        _option("--shows-account", "SHOWS_ACCOUNT", "Answers name the account that served.", type=bool, default=None),
        _option(
            "--budget", "BUDGET", "What it may spend: day:5usd, month:1000000tokens; may be repeated.",
            type=Budget(), multiple=True, metavar="BUDGET",
        ),
        _option("--concurrency", "CONCURRENCY", "Requests in flight at once.", type=count, metavar="N"),
        _option("--tokens-per-minute", "TOKENS_PER_MINUTE", "Tokens in and out together.", type=count, metavar="N"),
        _option("--requests-per-minute", "REQUESTS_PER_MINUTE", "Requests.", type=count, metavar="N"),
        _option("--expires", "EXPIRES", "When it ends: 2027-01-31, 90d, never.", type=Expiry(), metavar="WHEN"),
        _option("--project", "PROJECT", "What it is for; a label in usage.", metavar="LABEL"),
        _option("--owner", "OWNER", "Whose it is; a label in usage.", metavar="LABEL"),
        _option("--upstream", "UPSTREAM", "An upstream that may serve it; may be repeated.", multiple=True, metavar="NAME"),
        _option("--model", "MODEL", "A model it may ask for (prefix-*); may be repeated.", multiple=True, metavar="NAME"),
    ):  # fmt: skip
        command = declare(command)
    return command


def changed_terms(before: Terms, given: dict[str, Any]) -> Terms:
    """Terms with what the options say; what they do not say stays."""
    changes: dict[str, Any] = {}
    for option, field in (("model", "models"), ("upstream", "upstreams"), ("budget", "budgets")):
        if given[option]:
            # `*` alone takes the bound away again.
            changes[field] = None if given[option] == ("*",) else tuple(given[option])
    for field in ("owner", "project", "requests_per_minute", "tokens_per_minute", "concurrency", "shows_account"):
        if given[field] is not None:
            changes[field] = given[field]
    _check(changes)
    return msgspec.structs.replace(before, **changes)


def _check(changes: dict[str, Any]) -> None:
    seen = set()
    for allowance in changes.get("budgets", ()):
        what = (allowance.period, allowance.nano_usd is None)
        if what in seen:
            raise click.BadParameter(f"there are two of one kind per {allowance.period}", param_hint="--budget")
        seen.add(what)
    for field in ("owner", "project"):
        text = changes.get(field, "x")
        if not text or not text.isprintable() or len(text) > 128:
            raise click.BadParameter("must be printable and at most 128 characters", param_hint=f"--{field}")
