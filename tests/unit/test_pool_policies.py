"""Who comes first: by load, in turn, by weight, by order, by speed; by conversation and by name before all."""

from collections import Counter

import pytest

from fastproxy.errors import ProxyError
from fastproxy.pool import Pool, Terms

from .pools import Clock, account, fail, lease, make_pool, serve


async def test_the_least_busy_comes_first() -> None:
    pool = make_pool(None, None, None)
    held = [await lease(pool) for _ in range(6)]
    assert set(Counter(each.account.name for each in held).values()) == {2}
    held[2].release()
    assert (await lease(pool)).account is held[2].account


async def test_load_counts_by_weight() -> None:
    pool = Pool("up", [account("a", weight=3), account("b", weight=1)], clock=Clock())
    held = [await lease(pool) for _ in range(8)]
    assert Counter(each.account.name for each in held) == {"a": 6, "b": 2}


async def test_round_robin_takes_turns_whoever_is_busy() -> None:
    pool = make_pool(None, None, None, policy="round_robin")
    held = [await lease(pool)]
    assert [await serve(pool) for _ in range(4)] == ["a1", "a2", "a0", "a1"]
    held[0].release()


async def test_weights_share_exactly() -> None:
    accounts = [account("a", weight=5), account("b", weight=3), account("c", weight=2)]
    pool = Pool("up", accounts, Terms(policy="weighted"), clock=Clock())
    assert Counter([await serve(pool) for _ in range(1000)]) == {"a": 500, "b": 300, "c": 200}


async def test_who_joins_late_makes_up_for_nothing() -> None:
    pool = Pool("up", [account("a"), account("b")], Terms(policy="weighted"), clock=Clock())
    for _ in range(1000):
        await serve(pool)
    pool.replace([account("a"), account("b"), account("c")], pool.terms)
    assert Counter([await serve(pool) for _ in range(300)])["c"] in range(95, 106)


async def test_fill_first_goes_on_when_the_first_is_full() -> None:
    pool = make_pool(2, None, policy="fill_first")
    held = [await lease(pool) for _ in range(3)]
    assert [each.account.name for each in held] == ["a0", "a0", "a1"]
    held[0].release()
    assert (await lease(pool)).account.name == "a0"


async def test_priority_comes_before_the_policy() -> None:
    pool = Pool("up", [account("spare"), account("first", 1, priority=10)], clock=Clock())
    assert [await serve(pool) for _ in range(3)] == ["first"] * 3
    held = await lease(pool)
    assert await serve(pool) == "spare"
    held.release()


async def test_the_fastest_comes_first_and_old_measurements_are_taken_again() -> None:
    clock = Clock()
    pool = make_pool(None, None, clock=clock, policy="fastest")
    for _ in range(4):
        with await lease(pool) as held:
            pool.succeed(held, ttft=3.0 if held.account.name == "a0" else 0.3, tokens=100, seconds=1.0)
    assert {await serve(pool) for _ in range(10)} == {"a1"}
    assert pool.seconds("m") > 0
    clock.now += 301
    assert "a0" in {await serve(pool), await serve(pool)}


async def test_a_conversation_stays_where_it_was_while_it_can() -> None:
    pool = make_pool(None, None, None, affinity=True)
    home = await serve(pool, conversation=7)
    for number in range(20):
        await serve(pool, conversation=100 + number)
        assert await serve(pool, conversation=7) == home
    await fail(pool, "rate_limit", 30, conversation=7)
    moved = await serve(pool, conversation=7)
    assert moved != home
    assert await serve(pool, conversation=7) == moved


async def test_a_pinned_account_and_no_other() -> None:
    pool = make_pool(1, 1, 1)
    held = await lease(pool, pin="a2")
    assert held.account.name == "a2"
    with pytest.raises(ProxyError):
        await lease(pool, pin="a2")
    held.release()
    assert await serve(pool, pin="a2") == "a2"
    with pytest.raises(ProxyError, match="'nobody'"):
        await lease(pool, pin="nobody")


async def test_models_and_tags_choose_accounts() -> None:
    accounts = [account("a", models=("m-*",), tags=("eu",)), account("b", tags=("eu", "paid")), account("c")]
    pool = Pool("up", accounts, clock=Clock())
    assert {await serve(pool, "m-1") for _ in range(9)} == {"a", "b", "c"}
    assert {await serve(pool, "n") for _ in range(9)} == {"b", "c"}
    assert {await serve(pool, "m-1", tags=("eu",)) for _ in range(9)} == {"a", "b"}
    with pytest.raises(ProxyError, match="in service is for"):
        await lease(pool, tags=("us",))
