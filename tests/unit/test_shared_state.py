"""What shared state answers: what is left, when it comes back, and what a restart keeps."""

import datetime

from fastproxy.shared_state import (
    Amounts,
    Block,
    Budget,
    Claim,
    Fault,
    Granted,
    Kept,
    MemoryState,
    Rate,
    Refused,
    Slots,
    period_of,
    steady_clock,
)

START = datetime.datetime(2026, 11, 30, 23, 59, 0, tzinfo=datetime.UTC).timestamp()


class Clock:
    now = START

    def __call__(self) -> float:
        return self.now


def block(state: MemoryState, claim: Claim, amounts: Amounts) -> Block:
    answer = state.acquire("refused", (claim,), amounts)
    assert isinstance(answer, Refused)
    return answer.blocks[0]


def test_the_first_claim_that_fits_is_taken_whole_or_not_at_all() -> None:
    state = MemoryState(Clock())
    claims = tuple(
        Claim(slots=(Slots(name, 1),), budgets=(Budget(name, "tokens", left, "total"),))
        for name, left in (("a", 5), ("b", 20))
    )
    assert state.acquire("1", claims, {"tokens": 10}) == Granted(1)
    assert (state.look("a").in_flight, state.look("b").in_flight) == (0, 1)
    assert state.look("b").budgets == {("tokens", "total"): (0, 10)}


def test_a_rate_tells_when_it_has_room_again() -> None:
    clock = Clock()
    state = MemoryState(clock)
    claim = Claim(rates=(Rate("a", "requests", 2),))
    for name in ("1", "2"):
        assert isinstance(state.acquire(name, (claim,), {"requests": 1}), Granted)
        clock.now += 10
    refused = block(state, claim, {"requests": 1})
    assert (refused.reason, refused.why, refused.until) == ("rate", "requests", START + 61)
    clock.now = START + 60.5
    assert block(state, claim, {"requests": 1}).until == START + 61
    clock.now = START + 61
    assert isinstance(state.acquire("3", (claim,), {"requests": 1}), Granted)


def test_more_than_was_reserved_counts_and_less_is_given_back() -> None:
    clock = Clock()
    state = MemoryState(clock)
    claim = Claim(rates=(Rate("a", "tokens", 100),), budgets=(Budget("a", "tokens", 1000, "day"),))
    state.acquire("1", (claim,), {"tokens": 40})
    state.settle("1", {"tokens": 90})
    assert state.look("a").rates == {("tokens", 60.0): 90}
    assert state.look("a").budgets == {("tokens", "day"): (90, 0)}
    state.acquire("2", (claim,), {"tokens": 10})
    state.settle("2", {"tokens": 3})
    assert state.look("a").rates == {("tokens", 60.0): 93}


def test_what_others_know_is_believed_downwards_only_and_until_its_time() -> None:
    clock = Clock()
    state = MemoryState(clock)
    claim = Claim(rates=(Rate("a", "requests", None),))
    state.observe("a", "requests", 1, clock.now + 5)
    state.observe("a", "requests", 50, clock.now + 5)
    assert isinstance(state.acquire("1", (claim,), {"requests": 1}), Granted)
    assert block(state, claim, {"requests": 1}).until == START + 5
    clock.now += 5
    assert isinstance(state.acquire("2", (claim,), {"requests": 1}), Granted)


def test_a_budget_begins_anew_with_its_period_and_old_reservations_stay_in_theirs() -> None:
    clock = Clock()
    state = MemoryState(clock)
    claim = Claim(budgets=(Budget("a", "nano_usd", 10, "day"), Budget("a", "nano_usd", 100, "month")))
    state.acquire("1", (claim,), {"nano_usd": 10})
    state.settle("1", {})
    assert block(state, claim, {"nano_usd": 1}).until == START + 60
    clock.now += 59
    state.settle("1", {"nano_usd": 9})
    clock.now += 1
    assert isinstance(state.acquire("2", (claim,), {"nano_usd": 10}), Granted)
    assert state.look("a").budgets == {("nano_usd", "day"): (0, 10), ("nano_usd", "month"): (0, 10)}


def test_a_reservation_that_may_return_has_no_time() -> None:
    state = MemoryState(Clock())
    claim = Claim(budgets=(Budget("a", "nano_usd", 10, "day"),))
    state.acquire("1", (claim,), {"nano_usd": 8})
    assert block(state, claim, {"nano_usd": 5}).until is None


def test_a_restart_keeps_long_rests_and_spending() -> None:
    clock = Clock()
    state = MemoryState(clock)
    state.rest("a", Fault(why="quota", base=1, cap=3600, jitter=1, stated=600))
    state.rest("b", Fault(why="failure", base=1, cap=3600, jitter=1, stated=30))
    claim = Claim(budgets=(Budget("a", "tokens", 100, "month"),))
    state.acquire("1", (claim,), {"tokens": 70})
    state.settle("1", {})
    kept = state.snapshot(60)
    assert kept == [
        Kept("a", until=START + 600, why="quota"),
        Kept("a", unit="tokens", period="month", of="2026-11", spent=70),
    ]
    clock.now += 10
    again = MemoryState(clock)
    again.seed(kept)
    rest = again.look("a").rest
    assert rest is not None
    assert rest.until == START + 600
    assert block(again, claim, {"tokens": 31}).reason == "budget"
    clock.now += 600
    late = MemoryState(clock)
    late.seed(kept)
    assert late.look("a").rest is None
    assert late.look("a").budgets == {("tokens", "month"): (0, 0)}, "another month"


def test_periods_are_calendar_ones() -> None:
    assert period_of("day", START) == ("2026-11-30", START + 60)
    assert period_of("month", START) == ("2026-11", START + 60)
    assert period_of("month", START + 60)[0] == "2026-12"
    assert period_of("total", START) == ("", float("inf"))


def test_the_steady_clock_tells_the_time_of_day_and_never_goes_back() -> None:
    clock = steady_clock()
    moments = [clock() for _ in range(100)]
    assert moments == sorted(moments)
    assert abs(moments[0] - datetime.datetime.now(datetime.UTC).timestamp()) < 60
