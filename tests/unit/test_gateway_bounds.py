"""What bounds retries, hedges and waits."""

import pytest

from fastproxy.gateway.deadline import Deadline
from fastproxy.gateway.hedging import HedgeBudget
from fastproxy.gateway.retries import RetryBudget


def test_hedges_are_a_share_of_the_requests_after_a_small_burst() -> None:
    budget = HedgeBudget()
    hedged = 0
    for _ in range(1000):
        budget.deposit(0.05)
        hedged += budget.withdraw()
    assert 50 <= hedged <= 52


def test_retries_are_a_fifth_of_the_requests_after_a_burst() -> None:
    budget = RetryBudget()
    retried = 0
    for _ in range(1000):
        budget.deposit()
        while budget.withdraw():
            retried += 1
    assert 200 <= retried <= 210


@pytest.mark.parametrize(
    ("headers", "patience"),
    [
        ([], 60), ([(b"x-stainless-timeout", b"10")], 9.5), ([(b"x-stainless-read-timeout", b"600")], 60),
        ([(b"x-stainless-timeout", b"soon")], 60), ([(b"x-stainless-timeout", b"-1")], 60), ([(b"x-stainless-timeout", b"nan")], 60),
    ],
)  # fmt: skip
def test_a_client_is_believed_how_long_it_waits(headers: list[tuple[bytes, bytes]], patience: float) -> None:
    deadline = Deadline(headers)
    assert deadline.patience(60) == pytest.approx(patience, abs=0.1)
    assert not deadline.is_past


def test_after_a_clients_time_nothing_is_tried() -> None:
    deadline = Deadline([(b"x-stainless-timeout", b"0.0000001")])
    assert deadline.is_past
    assert deadline.patience(60) == 0
