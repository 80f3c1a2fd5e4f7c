"""What tokens cost: prices from the configuration, then those that come with fastproxy (`prices.toml`).

All in whole numbers: prices as nano-USD per million tokens, sums as nano-USD. A price that is not known gives no cost,
never zero.
"""

from __future__ import annotations

import datetime
import re
import tomllib
from collections.abc import Iterable
from decimal import Decimal
from pathlib import Path
from typing import Any

import msgspec

from ..clock import DAY_MS, parse_moment
from ..config import Config
from ..config import Price as Configured
from .records import Counters

_MILLION = 1_000_000
_NANO = 10**9
#: Snapshots of a model cost what the model does: `gpt-4o-2024-08-06`, `claude-opus-4-5-20251101`, `…-latest`.
_SNAPSHOT = re.compile(r"-(?:20\d{2}-?\d{2}-?\d{2}|latest)$")
#: Remembered answers; clients choose the names of models behind a pattern.
_MOST = 4096


class Rates(msgspec.Struct, frozen=True):
    """Nano-USD per million tokens, in the order of the counters."""

    input: int
    cache_read: int
    cache_write: int
    cache_write_1h: int
    output: int
    reasoning: int

    def cost(self, counters: Counters) -> int | None:
        """Nano-USD, rounded up; `None` when neither input nor output is known."""
        if counters[0] is None and counters[4] is None:
            return None
        prices = (self.input, self.cache_read, self.cache_write, self.cache_write_1h, self.output, self.reasoning)
        total = sum(price * (count or 0) for price, count in zip(prices, counters, strict=True))
        return -(-total // _MILLION)


class Price(msgspec.Struct, frozen=True, kw_only=True):
    """The price of one model from one day on."""

    rates: Rates
    model: str
    upstream: str | None = None
    since: int = 0
    #: Prompts above so many tokens cost `long`; `None` there: a price that is not known.
    long_above: int | None = None
    long: Rates | None = None
    #: Minutes of the day (UTC) from Monday to Friday in which `peak` holds.
    peak_minutes: tuple[tuple[int, int], ...] = ()
    peak: Rates | None = None

    def at(self, counters: Counters, moment: int) -> Rates | None:
        """The rates for this request."""
        if self.long_above is not None and sum(count or 0 for count in counters[:4]) > self.long_above:
            return self.long
        if self.peak is not None and _is_peak(moment, self.peak_minutes):
            return self.peak
        return self.rates

    def matches(self, model: str) -> bool:
        """`*` and `prefix-*` as their form says; anything else is the model or a snapshot of it."""
        if self.model.endswith("*"):
            return model.startswith(self.model[:-1])
        return self.model == model or self.model == _SNAPSHOT.sub("", model)


class PriceBook:
    """Every price, and where upstreams' tags lead."""

    def __init__(self, prices: Iterable[Price], origins: dict[str, str]) -> None:
        self._prices = sorted(prices, key=_precision, reverse=True)
        self._origins = origins
        self._found: dict[tuple[str, str, int], Price | None] = {}

    def cost(self, upstream: str, model: str, counters: Counters, at: int) -> int | None:
        """Nano-USD; `None`: the price is not known."""
        price = self.find(upstream, model, at)
        rates = price.at(counters, at) if price is not None else None
        return rates.cost(counters) if rates is not None else None

    def find(self, upstream: str, model: str, at: int) -> Price | None:
        """The price of this model there and then: the configuration's before ours, the most exact, the newest."""
        asked = (upstream, model, at // DAY_MS)
        if asked not in self._found:
            if len(self._found) >= _MOST:
                self._found.clear()
            self._found[asked] = self._find(upstream, model, at)
        return self._found[asked]

    def _find(self, upstream: str, model: str, at: int) -> Price | None:
        names = (None, upstream, self._origins.get(upstream))
        return next(
            (p for p in self._prices if p.upstream in names and p.since <= at and p.matches(model)),
            None,
        )


def price_book(config: Config) -> PriceBook:
    """The prices of a configuration, and ours behind them."""
    origins = {upstream.name: upstream.origin or upstream.name for upstream in config.upstreams}
    own = [_configured(price) for price in config.prices]
    # One that is configured for a model hides ours for it altogether, whatever their days.
    rest = [price for price in shipped() if not any(p.matches(price.model) and _covers(p, price, origins) for p in own)]
    return PriceBook([*own, *rest], origins)


def shipped() -> list[Price]:
    """`prices.toml`."""
    text = Path(__file__).with_name("prices.toml").read_text(encoding="utf-8")
    return [_read(entry) for entry in tomllib.loads(text, parse_float=Decimal)["prices"]]


def _covers(own: Price, other: Price, origins: dict[str, str]) -> bool:
    return own.upstream is None or other.upstream in (own.upstream, origins.get(own.upstream))


def _precision(price: Price) -> tuple[bool, bool, int, int]:
    return price.upstream is not None, not price.model.endswith("*"), len(price.model), price.since


def _configured(price: Configured) -> Price:
    entry = {
        name: Decimal(repr(value)) for name in Rates.__struct_fields__ if (value := getattr(price, name)) is not None
    }
    since = parse_moment(price.from_day) if price.from_day is not None else 0
    return Price(rates=_rates(entry), model=price.model, upstream=price.upstream, since=since)


def _read(entry: dict[str, Any]) -> Price:
    since = entry.get("from_day")
    return Price(
        rates=_rates(entry),
        model=entry["model"],
        upstream=entry["origin"],
        since=parse_moment(since.isoformat()) if isinstance(since, datetime.date) else 0,
        long_above=entry.get("long_above"),
        long=_rates(entry["long"]) if "long" in entry else None,
        peak_minutes=tuple((_minute(begin), _minute(end)) for begin, end in entry.get("peak_hours", [])),
        peak=_rates(entry["peak"]) if "peak" in entry else None,
    )


def _rates(entry: dict[str, Any]) -> Rates:
    given = {name: int(Decimal(entry[name]) * _NANO) for name in Rates.__struct_fields__ if name in entry}
    write = given.get("cache_write", given["input"])
    return Rates(
        input=given["input"],
        cache_read=given.get("cache_read", given["input"]),
        cache_write=write,
        cache_write_1h=given.get("cache_write_1h", write),
        output=given["output"],
        reasoning=given.get("reasoning", given["output"]),
    )


def _minute(text: str) -> int:
    hours, _, minutes = text.partition(":")
    return int(hours) * 60 + int(minutes)


def _is_peak(at: int, windows: tuple[tuple[int, int], ...]) -> bool:
    day, rest = divmod(at, DAY_MS)
    minute = rest // 60_000
    is_weekday = (day + 3) % 7 < 5  # 1970 began on a Thursday
    return is_weekday and any(begin <= minute < end for begin, end in windows)
