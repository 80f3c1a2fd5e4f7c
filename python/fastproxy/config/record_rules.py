"""What must hold between settings of keys, the store, prices and metrics."""

import datetime
from typing import Final

from .positions import Path
from .problems import Problems, did_you_mean
from .reading import Reader
from .structs import Budget, Key, Metrics, Price, Store
from .upstream import Upstream

_SHORTEST_KEY: Final = 32
_SHORTEST_TOKEN: Final = 16
_SCHEMES: Final = ("sqlite:", "postgresql://", "postgres://")


def check_records(reader: Reader, problems: Problems) -> None:
    """Every rule of this file."""
    upstreams = {upstream.name for _, upstream in reader.all(Upstream)}
    origins = upstreams | {upstream.origin for _, upstream in reader.all(Upstream)}
    for path, key in reader.all(Key):
        _check_key(path, key, upstreams, problems)
    for path, budget in reader.all(Budget):
        if budget.usd is None and budget.tokens is None:
            problems.error(path, "bounds nothing", "set usd, tokens or both")
    for path, store in reader.all(Store):
        _check_store(path, store, problems)
    for path, price in reader.all(Price):
        if price.upstream is not None and price.upstream not in origins:
            problems.warning(
                (*path, "upstream"), "is no upstream's name or origin", did_you_mean(price.upstream, origins)
            )
        _check_day((*path, "from_day"), price.from_day, problems)
    for path, metrics in reader.all(Metrics):
        _check_metrics(path, metrics, problems)


def _check_key(path: Path, key: Key, upstreams: set[str], problems: Problems) -> None:
    for index, name in enumerate(key.upstreams or []):
        if name not in upstreams:
            problems.error((*path, "upstreams", index), f'no upstream "{name}"', did_you_mean(name, upstreams))
    _check_day((*path, "expires"), key.expires, problems)
    seen: set[tuple[str, bool]] = set()
    for index, budget in enumerate(key.budgets):
        for measured in ("usd", "tokens"):
            if getattr(budget, measured) is None:
                continue
            if (budget.period, measured == "usd") in seen:
                problems.error((*path, "budgets", index), f"there is another budget per {budget.period} in {measured}")
            seen.add((budget.period, measured == "usd"))


def _check_store(path: Path, store: Store, problems: Problems) -> None:
    if store.url is not None and (url := store.url.reveal()) and not url.startswith(_SCHEMES):
        problems.error(
            (*path, "url"), "is no address of a store", "sqlite:PATH or postgresql://USER:PASSWORD@HOST/DATABASE"
        )
    for name in ("key", "previous_key"):
        secret = getattr(store, name)
        if secret is not None and 0 < len(secret.reveal()) < _SHORTEST_KEY:
            problems.error((*path, name), f"is shorter than {_SHORTEST_KEY} characters", "openssl rand -hex 32")


def _check_metrics(path: Path, metrics: Metrics, problems: Problems) -> None:
    if metrics.serve == "token" and metrics.token is None:
        problems.error((*path, "token"), 'is needed for serve = "token"', "openssl rand -hex 32")
    if metrics.token is not None and 0 < len(metrics.token.reveal()) < _SHORTEST_TOKEN:
        problems.error((*path, "token"), f"is shorter than {_SHORTEST_TOKEN} characters", "openssl rand -hex 32")


def _check_day(path: Path, text: str | None, problems: Problems) -> None:
    """The pattern allows the 31st of February."""
    if text is None:
        return
    try:
        datetime.datetime.fromisoformat(text)
    except ValueError:
        problems.error(path, f'"{text}" is no day of the calendar')
