"""Thousands of requests, a third of them cancelled at whatever turn of the loop: no slot is lost, none is used twice."""

import asyncio
import random
from collections import Counter

from fastproxy.errors import ProxyError
from fastproxy.pool import Pool, Terms

from .pools import account, error, want

SLOTS, ACCOUNTS, REQUESTS, AT_ONCE = 3, 5, 20_000, 60


async def test_no_slot_is_lost_among_cancelled_requests() -> None:
    draw = random.Random(20261120)  # noqa: S311 - repeatable, not secret
    pool = Pool("up", [account(f"a{n}", SLOTS) for n in range(ACCOUNTS)], Terms(max_cooldown=0.001))
    held: Counter[str] = Counter()
    ends: Counter[str] = Counter()

    async def request(turns: int) -> None:
        with await pool.acquire(want(caller=draw.choice("xyz")), patience=60) as lease:
            held[lease.account.name] += 1
            assert held[lease.account.name] <= SLOTS
            try:
                for _ in range(turns):
                    await asyncio.sleep(0)
                if draw.random() < 0.1:
                    pool.charge(lease, error("rate_limit", 429))
                else:
                    pool.succeed(lease)
            finally:
                held[lease.account.name] -= 1

    async def asker(number: int) -> None:
        for _ in range(REQUESTS // AT_ONCE):
            task = asyncio.create_task(request(draw.randrange(6)))
            if draw.random() < 0.3:
                for _ in range(draw.randrange(8)):
                    await asyncio.sleep(0)
                task.cancel()
            try:
                await task
                ends["served"] += 1
            except asyncio.CancelledError:
                ends["cancelled"] += 1
            except ProxyError:
                ends["refused"] += 1

    await asyncio.gather(*(asker(number) for number in range(AT_ONCE)))
    assert ends["cancelled"] > REQUESTS / 10
    assert ends["served"] > REQUESTS / 3
    assert (pool.in_flight(), pool.waiting(), +held) == (0, 0, Counter())
    for name in pool.accounts:
        pool.resume(name)
    filled = [await pool.acquire(want(at_once=True)) for _ in range(SLOTS * ACCOUNTS)]
    assert Counter(lease.account.name for lease in filled) == {f"a{n}": SLOTS for n in range(ACCOUNTS)}
