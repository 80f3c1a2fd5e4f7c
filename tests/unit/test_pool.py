"""Leases come back on every way out; waiting is in turn; faults rest accounts no longer than allowed."""

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fastproxy.errors import ProxyError
from fastproxy.pool import Account, Lease, Pool


class Clock:
    """Time that moves when told."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


def make_pool(*slots: int, max_cooldown: float = 60, clock: Clock | None = None) -> Pool:
    accounts = [
        Account(f"a{i}", key=f"sk-test-{i}", max_in_flight=n, weight=1, proxy=None) for i, n in enumerate(slots)
    ]
    return Pool("up", accounts, max_cooldown=max_cooldown, clock=clock or Clock())


def test_the_least_busy_account_is_chosen() -> None:
    pool = make_pool(0, 0)
    first, second = pool.try_acquire(), pool.try_acquire()
    assert first is not None
    assert second is not None
    assert {first.account.name, second.account.name} == {"a0", "a1"}


def test_a_full_account_grants_nothing() -> None:
    pool = make_pool(1)
    lease = pool.try_acquire()
    assert lease is not None
    assert pool.try_acquire() is None
    lease.release()
    assert pool.try_acquire() is not None


def test_releasing_twice_is_releasing_once() -> None:
    pool = make_pool(2)
    first, second = pool.try_acquire(), pool.try_acquire()
    assert first is not None
    assert second is not None
    first.release()
    first.release()
    assert pool.in_flight() == 1


@given(st.lists(st.sampled_from(["acquire", "release", "fail", "succeed", "pass_time"]), max_size=60))
def test_no_history_leaks_or_oversubscribes(steps: list[str]) -> None:
    clock = Clock()
    pool = make_pool(2, 1, clock=clock)
    held: list[Lease] = []
    for step in steps:
        if step == "acquire":
            lease = pool.try_acquire()
            held += [lease] if lease is not None else []
        elif step == "pass_time":
            clock.now += 20
        elif held:
            lease = held.pop(0)
            if step == "fail":
                pool.charge(lease.account, "rate_limit", None)
            elif step == "succeed":
                lease.account.succeed(lease)
            lease.release()
        assert pool.in_flight() == len(held)
        assert all(len(a.leases) <= a.max_in_flight for a in pool.accounts)
        assert all(a.rests_until <= clock.now + 60 for a in pool.accounts)
    for lease in held:
        lease.release()
    assert pool.in_flight() == 0


async def test_waiters_are_served_in_turn() -> None:
    pool = make_pool(1)
    held = pool.try_acquire()
    assert held is not None
    order: list[int] = []

    async def want(number: int) -> None:
        with await pool.acquire(excluded=frozenset(), patience=5):
            order.append(number)

    waiting = [asyncio.create_task(want(n)) for n in range(4)]
    await asyncio.sleep(0)
    held.release()
    await asyncio.gather(*waiting)
    assert order == [0, 1, 2, 3]
    assert pool.in_flight() == 0


async def test_a_cancelled_waiter_leaks_nothing_even_when_it_was_just_granted() -> None:
    pool = make_pool(1)
    held = pool.try_acquire()
    assert held is not None
    waiter = asyncio.create_task(pool.acquire(excluded=frozenset(), patience=5))
    await asyncio.sleep(0)
    held.release()  # grants to the waiter
    waiter.cancel()  # before it has run
    with pytest.raises(asyncio.CancelledError):
        await waiter
    assert pool.in_flight() == 0


async def test_waiting_ends_with_an_error() -> None:
    pool = make_pool(1)
    held = pool.try_acquire()
    with pytest.raises(ProxyError) as caught:
        await pool.acquire(excluded=frozenset(), patience=0)
    assert caught.value.kind == "overloaded"
    assert held is not None
    held.release()
    assert pool.try_acquire() is not None


async def test_when_all_rest_the_soonest_return_is_told() -> None:
    clock = Clock()
    pool = make_pool(0, 0, clock=clock)
    pool.charge(pool.accounts[0], "rate_limit", 30_000)
    pool.charge(pool.accounts[1], "rate_limit", 7_000)
    with pytest.raises(ProxyError) as caught:
        await pool.acquire(excluded=frozenset(), patience=5)
    assert caught.value.kind == "rate_limit"
    assert caught.value.retry_after_ms == 7_000


async def test_waiters_hear_at_once_that_the_last_account_rests() -> None:
    pool = make_pool(1)
    held = pool.try_acquire()
    assert held is not None
    waiter = asyncio.create_task(pool.acquire(excluded=frozenset(), patience=60))
    await asyncio.sleep(0)
    pool.charge(held.account, "rate_limit", 5_000)
    held.release()
    with pytest.raises(ProxyError, match="rate limited"):
        await waiter


def test_a_rest_is_capped_and_ends_in_one_probe() -> None:
    clock = Clock()
    pool = make_pool(0, clock=clock, max_cooldown=10)
    pool.charge(pool.accounts[0], "rate_limit", 3_600_000)
    assert pool.accounts[0].rests_until == clock.now + 10
    clock.now += 10
    probe = pool.try_acquire()
    assert probe is not None
    assert pool.try_acquire() is None, "a second request while the probe runs"
    probe.account.succeed(probe)
    assert pool.try_acquire() is not None


def test_without_cooldown_nothing_rests() -> None:
    pool = make_pool(0, max_cooldown=0)
    for _ in range(10):
        pool.charge(pool.accounts[0], "credential", None)
    assert pool.try_acquire() is not None


def test_one_server_error_rests_nobody() -> None:
    pool = make_pool(0)
    pool.charge(pool.accounts[0], "failure", None)
    assert pool.try_acquire() is not None


def test_another_configuration_keeps_leases_and_rests() -> None:
    pool = make_pool(1, 1)
    lease = pool.try_acquire()
    assert lease is not None
    pool.charge(pool.accounts[1], "rate_limit", 5_000)
    fresh = [Account(f"a{i}", key=f"sk-test-{i}", max_in_flight=1, weight=1, proxy=None) for i in range(2)]
    pool.replace(fresh, max_cooldown=60)
    assert pool.try_acquire() is None
    lease.release()
    again = pool.try_acquire()
    assert again is not None
    assert again.account is fresh[0]


def test_streams_from_before_a_rest_neither_hold_it_nor_end_it() -> None:
    clock = Clock()
    pool = make_pool(0, clock=clock)
    old = pool.try_acquire()
    assert old is not None
    pool.charge(old.account, "rate_limit", 5_000)
    old.account.succeed(old)
    assert pool.try_acquire() is None, "an answer that began before the refusal"
    clock.now += 5
    assert pool.try_acquire() is not None, "the old stream still runs"


def test_a_probe_that_streams_for_long_lets_others_in() -> None:
    clock = Clock()
    pool = make_pool(0, clock=clock)
    pool.charge(pool.accounts[0], "rate_limit", 5_000)
    clock.now += 5
    assert pool.try_acquire() is not None
    assert pool.try_acquire() is None
    clock.now += 2
    assert [pool.try_acquire() is not None for _ in range(3)] == [True, True, True]


async def test_waiters_are_served_when_a_rest_ends() -> None:
    pool = Pool("up", make_pool(1, 1).accounts, max_cooldown=60)
    held = pool.try_acquire()
    assert held is not None
    resting = next(account for account in pool.accounts if account is not held.account)
    pool.charge(resting, "rate_limit", 20)
    lease = await pool.acquire(excluded=frozenset(), patience=10)
    assert lease.account is resting


async def test_waiters_are_served_by_another_configuration() -> None:
    pool = make_pool(1)
    assert pool.try_acquire() is not None
    waiter = asyncio.create_task(pool.acquire(excluded=frozenset(), patience=60))
    await asyncio.sleep(0)
    pool.replace([Account("new", key="sk-test-new", max_in_flight=1, weight=1, proxy=None)], max_cooldown=60)
    assert (await waiter).account.name == "new"


async def test_a_waiter_cancelled_in_the_turn_of_a_release_takes_nothing() -> None:
    pool = make_pool(1)
    held = pool.try_acquire()
    assert held is not None
    waiter = asyncio.create_task(pool.acquire(excluded=frozenset(), patience=60))
    await asyncio.sleep(0)
    waiter.cancel()
    held.release()
    with pytest.raises(asyncio.CancelledError):
        await waiter
    assert pool.in_flight() == 0
