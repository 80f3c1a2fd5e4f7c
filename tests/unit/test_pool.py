"""Leases come back on every way out; waiting is in turn and fair; what is full or resting is told honestly."""

import asyncio
from collections.abc import Mapping, Sequence

import pytest

from fastproxy.errors import ProxyError
from fastproxy.pool import Pool, Terms
from fastproxy.shared_state import Claim, Granted, MemoryState, Refused

from .pools import Clock, account, error, fail, is_refused, lease, make_pool, serve, want


async def test_a_full_account_grants_nothing() -> None:
    pool = make_pool(1)
    held = await lease(pool)
    assert await is_refused(pool)
    held.release()
    assert not await is_refused(pool)


async def test_releasing_twice_is_releasing_once() -> None:
    pool = make_pool(2)
    first, _ = await lease(pool), await lease(pool)
    first.release()
    first.release()
    assert pool.in_flight() == 1


async def test_a_lease_is_released_on_every_way_out() -> None:
    pool = make_pool(1)
    with pytest.raises(RuntimeError), await lease(pool):
        raise RuntimeError
    assert pool.in_flight() == 0


async def test_waiters_are_served_in_turn() -> None:
    pool = make_pool(1)
    held = await lease(pool)
    order: list[int] = []

    async def ask(number: int) -> None:
        with await pool.acquire(want(), patience=5):
            order.append(number)

    waiting = [asyncio.create_task(ask(n)) for n in range(4)]
    await asyncio.sleep(0)
    held.release()
    await asyncio.gather(*waiting)
    assert order == [0, 1, 2, 3]
    assert pool.in_flight() == 0


async def test_one_caller_does_not_hold_up_another() -> None:
    pool = make_pool(1)
    held = await lease(pool)
    order: list[str] = []

    async def ask(caller: str) -> None:
        with await pool.acquire(want(caller=caller), patience=5):
            order.append(caller)

    waiting = [asyncio.create_task(ask(caller)) for caller in ["busy"] * 5 + ["rare"]]
    await asyncio.sleep(0)
    held.release()
    await asyncio.gather(*waiting)
    assert order.index("rare") == 1


async def test_nobody_waits_behind_another_needs_lack() -> None:
    pool = Pool("up", [account("a", 1, models=("m",)), account("b", 1, models=("n",))], clock=Clock())
    of_m, of_n = await lease(pool, "m"), await lease(pool, "n")
    first = asyncio.create_task(pool.acquire(want("m"), patience=60))
    second = asyncio.create_task(pool.acquire(want("n"), patience=60))
    await asyncio.sleep(0)
    of_n.release()
    assert (await second).account.name == "b"
    assert not first.done()
    of_m.release()
    assert (await first).account.name == "a"


async def test_who_tried_the_only_free_account_lets_others_have_it() -> None:
    pool = make_pool(1, 1)
    held = {h.account.name: h for h in (await lease(pool), await lease(pool))}
    picky = asyncio.create_task(pool.acquire(want(excluded=("a0",)), patience=60))
    other = asyncio.create_task(pool.acquire(want(), patience=60))
    await asyncio.sleep(0)
    held["a0"].release()
    assert (await other).account.name == "a0"
    held["a1"].release()
    assert (await picky).account.name == "a1"


async def test_a_cancelled_waiter_leaks_nothing_even_when_it_was_just_granted() -> None:
    pool = make_pool(1)
    held = await lease(pool)
    waiter = asyncio.create_task(pool.acquire(want(), patience=5))
    await asyncio.sleep(0)
    held.release()  # grants to the waiter
    waiter.cancel()  # before it has run
    with pytest.raises(asyncio.CancelledError):
        await waiter
    assert pool.in_flight() == 0


async def test_a_waiter_cancelled_in_the_turn_of_a_release_takes_nothing() -> None:
    pool = make_pool(1)
    held = await lease(pool)
    waiter = asyncio.create_task(pool.acquire(want(), patience=60))
    await asyncio.sleep(0)
    waiter.cancel()
    held.release()
    with pytest.raises(asyncio.CancelledError):
        await waiter
    assert (pool.in_flight(), pool.waiting()) == (0, 0)


async def test_waiting_ends_with_an_error() -> None:
    pool = make_pool(1)
    held = await lease(pool)
    with pytest.raises(ProxyError) as caught:
        await pool.acquire(want(), patience=1e-9)
    assert (caught.value.kind, caught.value.retry_after_ms) == ("overloaded", 1000)
    assert pool.waiting() == 0
    held.release()
    assert not await is_refused(pool)


async def test_the_queue_has_an_end() -> None:
    pool = make_pool(1, max_waiting=2)
    held = await lease(pool)
    waiting = [asyncio.create_task(pool.acquire(want(), patience=60)) for _ in range(2)]
    await asyncio.sleep(0)
    with pytest.raises(ProxyError, match="too many"):
        await pool.acquire(want(), patience=60)
    held.release()
    (await waiting[0]).release()
    (await waiting[1]).release()


async def test_when_all_rest_the_soonest_return_is_told() -> None:
    pool = make_pool(None, None)
    await fail(pool, "rate_limit", 30)
    await fail(pool, "rate_limit", 7)
    with pytest.raises(ProxyError) as caught:
        await pool.acquire(want(), patience=5)
    assert caught.value.kind == "rate_limit"
    assert caught.value.retry_after_ms == 7_000


async def test_waiters_hear_at_once_that_the_last_account_rests() -> None:
    pool = make_pool(1)
    held = await lease(pool)
    waiter = asyncio.create_task(pool.acquire(want(), patience=60))
    await asyncio.sleep(0)
    pool.charge(held, error("rate_limit", 429, 5))
    held.release()
    with pytest.raises(ProxyError, match="rate limited"):
        await waiter


async def test_a_short_rest_is_waited_for() -> None:
    pool = Pool("up", [account("a")])
    await fail(pool, "rate_limit", 0.02)
    (await pool.acquire(want(), patience=10)).release()


async def test_waiters_are_served_when_a_rest_ends() -> None:
    pool = Pool("up", [account("a0", 1), account("a1", 1)])
    name = await fail(pool, "rate_limit", 0.02)
    held = await lease(pool)
    assert held.account.name != name
    assert (await pool.acquire(want(), patience=10)).account.name == name


async def test_another_configuration_keeps_leases_and_rests() -> None:
    pool = make_pool(1, 1)
    rested = await fail(pool, "rate_limit", 5)
    held = await lease(pool)
    fresh = [account(f"a{i}", 1) for i in range(2)]
    pool.replace(fresh, Terms())
    assert await is_refused(pool)
    held.release()
    again = await lease(pool)
    assert again.account in fresh
    assert again.account.name != rested


async def test_a_new_key_is_a_new_account() -> None:
    pool = make_pool(None)
    await fail(pool, "auth", status=401)
    assert await is_refused(pool)
    other = account("a0")
    other.key = "sk-test-another"
    pool.replace([other], Terms())
    assert not await is_refused(pool)


async def test_waiters_are_served_by_another_configuration() -> None:
    pool = make_pool(1)
    await lease(pool)
    waiter = asyncio.create_task(pool.acquire(want(), patience=60))
    await asyncio.sleep(0)
    pool.replace([account("new", 1)], Terms())
    assert (await waiter).account.name == "new"


async def test_a_paused_account_finishes_what_it_has_and_takes_nothing_more() -> None:
    pool = make_pool(2, 1)
    held = [await lease(pool) for _ in range(2)]
    pool.disable("a0", "paused")
    assert await is_refused(pool)
    for each in held:
        each.release()
    assert {await serve(pool) for _ in range(4)} == {"a1"}
    pool.resume("a0")
    assert {await serve(pool) for _ in range(4)} == {"a0", "a1"}


async def test_resuming_by_hand_ends_rests() -> None:
    pool = make_pool(None)
    await fail(pool, "rate_limit", 30, model="n")
    await fail(pool, "billing", 3000)
    assert await is_refused(pool, "n")
    assert await is_refused(pool)
    pool.resume("a0")
    assert (await serve(pool), await serve(pool, "n")) == ("a0", "a0")


class Elsewhere(MemoryState):
    """A state whose answers have to be waited for."""

    async def acquire(  # type: ignore[override]
        self, lease_id: str, claims: Sequence[Claim], amounts: Mapping[str, int]
    ) -> Granted | Refused:
        await asyncio.sleep(0)
        return MemoryState.acquire(self, lease_id, claims, amounts)


async def test_a_state_that_is_elsewhere_serves_as_well() -> None:
    pool = make_pool(1, 1, state=Elsewhere(Clock()))
    held = [await lease(pool), await lease(pool)]
    assert {each.account.name for each in held} == {"a0", "a1"}
    waiter = asyncio.create_task(pool.acquire(want(), patience=60))
    for _ in range(3):
        await asyncio.sleep(0)
    held[0].release()
    (await waiter).release()
    held[1].release()
    assert pool.in_flight() == 0


async def test_cancelling_the_question_to_a_state_elsewhere_takes_nothing() -> None:
    state = Elsewhere(Clock())
    pool = make_pool(1, state=state)
    asked = asyncio.create_task(lease(pool))
    await asyncio.sleep(0)
    asked.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asked
    assert state.look("account:up/a0").in_flight == 0
    assert not await is_refused(pool)


class Gone(Elsewhere):
    """A state that is lost at some moment."""

    is_lost = False

    async def acquire(  # type: ignore[override]
        self, lease_id: str, claims: Sequence[Claim], amounts: Mapping[str, int]
    ) -> Granted | Refused:
        if self.is_lost:
            raise ConnectionError("state is gone")
        return await super().acquire(lease_id, claims, amounts)


async def test_who_waits_hears_that_the_state_has_failed() -> None:
    state = Gone(Clock())
    pool = make_pool(1, state=state)
    held = await lease(pool)
    waiter = asyncio.create_task(pool.acquire(want(), patience=60))
    for _ in range(10):
        await asyncio.sleep(0)
    assert pool.waiting() == 1
    state.is_lost = True
    held.release()
    with pytest.raises(ConnectionError):
        await waiter
    assert (pool.in_flight(), pool.waiting()) == (0, 0)
