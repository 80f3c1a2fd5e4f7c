"""A lease taken and given back, at 1,000 and 10,000 accounts: it must not matter how many there are.

Half of the slots are held, every account counts its requests per minute, and the accounts take turns, so that each
lease touches another one. With `rested`, a tenth of the accounts rests for the model that is asked for.
"""

from __future__ import annotations

import pytest
from pytest_benchmark.fixture import BenchmarkFixture

from fastproxy.errors import ProxyError
from fastproxy.pool import Account, Lease, Limits, Need, Policy, Pool, Terms, Want

_WANT = Want(need=Need("m"), at_once=True)


def acquired(pool: Pool, want: Want = _WANT) -> Lease:
    """What the gateway awaits; with the state in this process it never suspends."""
    try:
        pool.acquire(want).send(None)
    except StopIteration as done:
        lease: Lease = done.value
        return lease
    raise AssertionError("acquire suspended")


def filled(size: int, policy: Policy) -> Pool:
    limits = Limits(max_in_flight=8, rpm=1_000_000)
    pool = Pool("up", [Account(f"a{n}", limits=limits) for n in range(size)], Terms(policy=policy))
    for _ in range(size * 4):
        acquired(pool)
    for _ in range(size * 2):  # every account has been asked once
        acquired(pool).release()
    return pool


@pytest.mark.parametrize("size", [1_000, 10_000])
@pytest.mark.parametrize("policy", ["least_busy", "round_robin", "weighted", "fill_first", "fastest"])
def test_acquire_and_release(benchmark: BenchmarkFixture, policy: Policy, size: int) -> None:
    benchmark.group = f"lease, {policy}"
    pool = filled(size, policy)
    benchmark(lambda: acquired(pool).release())
    assert pool.in_flight() == size * 4


@pytest.mark.parametrize("size", [1_000, 10_000])
def test_when_many_rest_for_the_model(benchmark: BenchmarkFixture, size: int) -> None:
    benchmark.group = "lease, a tenth rests for the model"
    pool = filled(size, "least_busy")
    refused = ProxyError("rate_limit", "later", source="upstream", upstream_status=429, retry_after_ms=60_000)
    for _ in range(size // 10):
        lease = acquired(pool)
        pool.charge(lease, refused)
        lease.release()
    benchmark(lambda: acquired(pool).release())
    assert pool.in_flight() == size * 4
