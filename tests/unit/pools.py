"""Pools for tests: small ones, a clock that moves when told, errors as upstreams cause them."""

from typing import Any

from fastproxy.errors import ProxyError
from fastproxy.pool import Account, Lease, Limits, Need, Pool, Terms, Want
from fastproxy.shared_state import SharedState

#: 2026-11-20 00:00 UTC.
START = 1_795_132_800.0


class Clock:
    """Time that moves when told."""

    def __init__(self) -> None:
        self.now = START

    def __call__(self) -> float:
        return self.now


def account(name: str, slots: int | None = None, **more: Any) -> Account:
    limits = Limits(
        max_in_flight=slots, **{key: more.pop(key) for key in list(more) if key in Limits.__struct_fields__}
    )
    return Account(name, key=f"sk-test-{name}", limits=limits, **more)


def make_pool(*slots: int | None, clock: Clock | None = None, state: SharedState | None = None, **terms: Any) -> Pool:
    accounts = [account(f"a{i}", n) for i, n in enumerate(slots)]
    return Pool("up", accounts, Terms(**terms), clock=clock or Clock(), state=state)


def want(model: str = "m", **more: Any) -> Want:
    need = Need(model, more.pop("tags", ()), more.pop("pin", ""))
    return Want(need=need, excluded=frozenset(more.pop("excluded", ())), **more)


async def lease(pool: Pool, model: str = "m", **more: Any) -> Lease:
    """One at once; raises when there is none."""
    return await pool.acquire(want(model, at_once=True, **more))


async def is_refused(pool: Pool, model: str = "m", **more: Any) -> bool:
    try:
        granted = await lease(pool, model, **more)
    except ProxyError:
        return True
    granted.release()
    return False


def error(kind: str, status: int | None = 429, wait: float | None = None) -> ProxyError:
    wait_ms = round(wait * 1000) if wait is not None else None
    return ProxyError(
        kind, kind, source="upstream", retry="other_account", upstream_status=status, retry_after_ms=wait_ms
    )


async def fail(
    pool: Pool, kind: str, wait: float | None = None, *, model: str = "m", status: int = 429, **more: Any
) -> str:
    """One attempt that fails; the name of the account that it was charged to."""
    with await lease(pool, model, **more) as held:
        pool.charge(held, error(kind, status, wait))
        return held.account.name


async def serve(pool: Pool, model: str = "m", **more: Any) -> str:
    """One attempt that succeeds; the name of its account."""
    with await lease(pool, model, **more) as held:
        pool.succeed(held)
        return held.account.name
