"""Which of the accounts that could serve comes first. Priority comes before every policy, who waited longest after it."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from .account import Account
from .lane import Key
from .terms import Policy


def _least_busy(account: Account, now: float) -> float:
    return account.load()


def _round_robin(account: Account, now: float) -> float:
    return 0.0


def _weighted(account: Account, now: float) -> float:
    """Stride scheduling: each lease moves an account on by the inverse of its weight, and the hindmost comes first."""
    return account.passed


def _fill_first(account: Account, now: float) -> float:
    return account.order


def _fastest(account: Account, now: float) -> float:
    """What an answer took lately, longer the more are under way. The unknown comes first and is known after."""
    return account.speed.seconds(now) * (1 + account.load())


KEYS: Mapping[Policy, Key] = MappingProxyType(
    {
        "least_busy": _least_busy,
        "round_robin": _round_robin,
        "weighted": _weighted,
        "fill_first": _fill_first,
        "fastest": _fastest,
    }
)
