"""Accounts and pools as the configuration describes them."""

from __future__ import annotations

from ..config import Account as ConfiguredAccount
from ..config import Upstream as Configured
from ..pool import Account, Limits, Terms


def account_of(entry: ConfiguredAccount) -> Account:
    """The account of one entry."""
    account = Account(
        entry.name,
        key=entry.key.reveal() if entry.key is not None else None,
        limits=Limits(
            max_in_flight=entry.max_in_flight or None,
            rpm=entry.rpm,
            tpm=entry.tpm,
            requests_per_day=entry.requests_per_day,
            tokens_per_day=entry.tokens_per_day,
            requests_per_month=entry.requests_per_month,
            tokens_per_month=entry.tokens_per_month,
        ),
        weight=entry.weight,
        priority=entry.priority,
        tags=tuple(entry.tags),
        models=tuple(entry.models) if entry.models is not None else None,
        proxy=entry.proxy.reveal() if entry.proxy is not None else None,
    )
    account.is_paused = entry.paused
    return account


def terms_of(configured: Configured) -> Terms:
    """How this upstream's pool chooses, rests and waits."""
    pool = configured.pool
    return Terms(
        policy=pool.policy,
        affinity=pool.affinity,
        max_cooldown=configured.max_cooldown,
        max_exhausted=pool.max_exhausted,
        rate_limits=pool.rate_limits,
        max_cooling=pool.max_cooling,
        max_waiting=pool.max_waiting,
        short_rest=pool.short_rest,
    )
