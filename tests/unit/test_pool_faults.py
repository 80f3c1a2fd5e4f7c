"""Faults rest what caused them, no longer than allowed, and end in one probe."""

import asyncio
from typing import Any

import pytest

from fastproxy.errors import ProxyError
from fastproxy.pool import Need, Pool, Terms, Want

from .pools import Clock, account, error, fail, is_refused, lease, make_pool, serve, want


async def test_a_rest_is_capped_and_ends_in_one_probe() -> None:
    clock = Clock()
    pool = make_pool(None, clock=clock, max_cooldown=10)
    await fail(pool, "rate_limit", 3600)
    clock.now += 9.9
    assert await is_refused(pool)
    clock.now += 0.2
    probe = await lease(pool)
    assert await is_refused(pool), "a second request while the probe runs"
    pool.succeed(probe)
    assert not await is_refused(pool)


async def test_a_probe_that_streams_for_long_lets_others_in() -> None:
    clock = Clock()
    pool = make_pool(None, clock=clock)
    await fail(pool, "rate_limit", 5)
    clock.now += 5
    await lease(pool)
    assert await is_refused(pool)
    clock.now += 2
    assert [await is_refused(pool) for _ in range(3)] == [False, False, False]


async def test_streams_from_before_a_rest_neither_hold_it_nor_end_it() -> None:
    clock = Clock()
    pool = make_pool(None, clock=clock)
    old = await lease(pool)
    await fail(pool, "rate_limit", 5)
    pool.succeed(old)
    assert await is_refused(pool), "an answer that began before the refusal"
    clock.now += 5
    assert not await is_refused(pool), "the old stream still runs"


async def test_without_cooldown_nothing_rests() -> None:
    pool = make_pool(None, max_cooldown=0)
    for kind in ("auth", "billing", "rate_limit", "upstream", "permission", "overloaded"):
        for _ in range(4):
            await fail(pool, kind, 60)
    assert not await is_refused(pool)


@pytest.mark.parametrize(
    ("kind", "status"), [("bad_request", 400), ("not_found", 404), ("too_large", 413), ("conflict", 409)]
)
async def test_a_clients_mistake_rests_nobody(kind: str, status: int) -> None:
    pool = make_pool(None)
    for _ in range(10):
        await fail(pool, kind, status=status)
    assert not await is_refused(pool)


async def miss(pool: Pool, **more: Any) -> None:
    """One attempt that reaches nobody."""
    with await lease(pool, **more) as held:
        pool.charge(held, error("unreachable", None), was_sent=False)


async def test_a_host_that_cannot_be_reached_rests_for_all_accounts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("random.random", lambda: 1.0)
    clock = Clock()
    pool = make_pool(*[None] * 10, clock=clock)
    for _ in range(4):
        await miss(pool)
    await serve(pool)
    for _ in range(5):
        await miss(pool)
    with pytest.raises(ProxyError) as caught:
        await pool.acquire(Want(need=Need("n")), patience=0.0)
    assert (caught.value.kind, caught.value.retry_after_ms) == ("unreachable", 1000)
    clock.now += 1
    probe = await lease(pool)
    assert await is_refused(pool), "one tries for all"
    pool.succeed(probe)
    probe.release()
    assert {await serve(pool) for _ in range(20)} == {f"a{n}" for n in range(10)}


async def test_a_host_is_not_given_up_for_long(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("random.random", lambda: 1.0)
    clock = Clock()
    pool = make_pool(None, clock=clock, max_cooldown=60)
    for _ in range(40):
        while await is_refused(pool):
            clock.now += 1
        await miss(pool)
    refused_from = clock.now
    while await is_refused(pool):
        clock.now += 1
    assert clock.now - refused_from <= 10


async def test_an_account_with_a_way_of_its_own_rests_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("random.random", lambda: 1.0)
    accounts = [account("far", proxy="http://127.0.0.1:1"), account("near")]
    pool = Pool("up", accounts, clock=Clock())
    for _ in range(3):
        await miss(pool, excluded=("near",))
    assert {await serve(pool) for _ in range(4)} == {"near"}


async def test_any_answer_shows_that_the_host_can_be_reached() -> None:
    pool = make_pool(*[None] * 10)
    for _ in range(20):
        await miss(pool)
        await fail(pool, "bad_request", status=400)
    assert not await is_refused(pool)


async def test_a_request_that_was_swallowed_rests_nobody() -> None:
    pool = make_pool(None)
    for _ in range(10):
        with await lease(pool) as held:
            pool.charge(held, error("unreachable", None))
    assert not await is_refused(pool)


async def test_half_an_answer_rests_nobody() -> None:
    pool = make_pool(None)
    for _ in range(10):
        await fail(pool, "truncated", status=200)
    assert not await is_refused(pool)


@pytest.mark.parametrize(("kind", "status"), [("upstream", 500), ("overloaded", 529), ("timeout", 504)])
async def test_the_third_failure_in_a_row_rests(kind: str, status: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("random.random", lambda: 1.0)
    pool = make_pool(None)
    for _ in range(2):
        await fail(pool, kind, status=status)
    await serve(pool)
    for _ in range(2):
        await fail(pool, kind, status=status)
        assert not await is_refused(pool)
    await fail(pool, kind, status=status)
    assert await is_refused(pool)


async def test_an_outage_empties_no_pool(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("random.random", lambda: 1.0)
    pool = make_pool(*[None] * 8, max_cooling=0.25)
    for _ in range(100):
        await fail(pool, "upstream", status=500)
    held = [await lease(pool) for _ in range(24)]
    assert len({each.account.name for each in held}) == 6


async def test_a_rate_limit_is_of_one_model() -> None:
    pool = make_pool(None, None)
    assert {await fail(pool, "rate_limit", 30), await fail(pool, "rate_limit", 30)} == {"a0", "a1"}
    assert await is_refused(pool, "m")
    assert {await serve(pool, "n"), await serve(pool, "n")} == {"a0", "a1"}


async def test_a_rate_limit_can_be_the_whole_accounts() -> None:
    pool = make_pool(None, rate_limits="account")
    await fail(pool, "rate_limit", 30)
    assert await is_refused(pool, "n")


async def test_a_model_that_some_rest_for_is_served_by_the_others() -> None:
    clock = Clock()
    pool = make_pool(*[None] * 50, clock=clock)
    rested = {await fail(pool, "permission", status=403) for _ in range(30)}
    assert len(rested) == 30
    assert not rested & {await serve(pool) for _ in range(60)}
    assert rested & {await serve(pool, "other") for _ in range(60)}
    clock.now += 61
    assert {await serve(pool) for _ in range(120)} & rested


async def test_an_empty_purse_is_exhausted_for_longer_than_a_fault() -> None:
    clock = Clock()
    pool = make_pool(None, None, clock=clock, max_exhausted=3600)
    poor = await fail(pool, "billing", status=402)
    clock.now += 149
    assert {await serve(pool) for _ in range(4)} != {poor}
    assert poor not in {await serve(pool) for _ in range(4)}
    clock.now += 3600
    assert poor in {await serve(pool) for _ in range(4)}


async def test_a_stated_quota_is_told_to_the_client_with_its_time() -> None:
    pool = make_pool(None)
    await fail(pool, "billing", 1800)
    with pytest.raises(ProxyError, match="quota") as caught:
        await lease(pool)
    assert (caught.value.retry_after_ms, caught.value.should_retry) == (1_800_000, False)


async def test_a_refused_key_is_not_told_as_the_clients() -> None:
    pool = make_pool(None)
    await fail(pool, "auth", status=401)
    with pytest.raises(ProxyError) as caught:
        await lease(pool)
    assert (caught.value.kind, caught.value.should_retry) == ("upstream", False)


async def test_limits_told_in_headers_hold_at_once() -> None:
    clock = Clock()
    pool = make_pool(None, clock=clock)
    with await lease(pool) as held:
        pool.observe(held, [("x-ratelimit-remaining-requests", "1"), ("x-ratelimit-reset-requests", "3s")])
    await serve(pool)
    with pytest.raises(ProxyError) as caught:
        await lease(pool)
    assert (caught.value.kind, caught.value.retry_after_ms) == ("rate_limit", 3000)
    clock.now += 3
    assert not await is_refused(pool)


async def test_requests_and_tokens_per_minute_hold() -> None:
    clock = Clock()
    pool = Pool("up", [account("a", rpm=3, tpm=1000)], Terms(), clock=clock)
    for _ in range(3):
        await serve(pool, tokens=1)
    assert await is_refused(pool, tokens=1)
    clock.now += 61
    with await lease(pool, tokens=900) as held:
        held.tokens = 990
    assert await is_refused(pool, tokens=20)
    clock.now += 1
    assert not await is_refused(pool, tokens=5), "a smaller request still fits"


async def test_a_day_that_is_used_up_is_exhausted_until_the_next() -> None:
    clock = Clock()
    pool = Pool("up", [account("a", requests_per_day=2)], Terms(), clock=clock)
    for _ in range(2):
        await serve(pool)
    with pytest.raises(ProxyError, match="quota") as caught:
        await lease(pool)
    assert caught.value.retry_after_ms == 86_400_000
    clock.now += 86_400
    assert not await is_refused(pool)


async def test_what_never_reached_the_upstream_uses_up_nothing() -> None:
    pool = Pool("up", [account("a", rpm=1)], Terms(), clock=Clock())
    with await lease(pool) as held:
        held.is_undone = True
    assert await serve(pool) == "a"
    assert await is_refused(pool)


async def test_those_who_come_while_an_account_is_tried_wait_for_what_becomes_of_it() -> None:
    clock = Clock()
    pool = make_pool(None, clock=clock)
    await fail(pool, "rate_limit", 30)
    clock.now += 30
    probe = await lease(pool)
    waiting = [asyncio.create_task(pool.acquire(want(), patience=60)) for _ in range(3)]
    await asyncio.sleep(0)
    assert not any(task.done() for task in waiting)
    pool.succeed(probe)
    assert len([(await task).account.name for task in waiting]) == 3
