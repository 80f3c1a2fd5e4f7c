"""Limits of one key under any interleaving of requests: never passed by more than one reservation, nothing left behind."""

import asyncio
from collections.abc import Coroutine
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from fastproxy.access import Admission, Allowance, Caller, Terms
from fastproxy.access.terms import MONEY, TOKENS, subject_of
from fastproxy.errors import ProxyError
from fastproxy.shared_state import Look, MemoryState

BUDGET, DAILY, TOKEN_RATE, AT_ONCE, RPM = 1000, 10_000, 500, 4, 30
TERMS = Terms(
    requests_per_minute=RPM,
    tokens_per_minute=TOKEN_RATE,
    concurrency=AT_ONCE,
    budgets=(Allowance(period="total", nano_usd=BUDGET), Allowance(period="day", tokens=DAILY)),
)
CALLER = Caller(name="dev", terms=TERMS)
#: The most that one request of these tests sets aside.
LARGEST = 400


def now(work: Coroutine[Any, Any, Any]) -> Any:
    """The state of one process answers without waiting: so no event loop is needed."""
    try:
        work.send(None)
    except StopIteration as done:
        return done.value
    raise AssertionError("it waited")


class Clock:
    def __init__(self) -> None:
        self.now = 1_790_000_000.0

    def __call__(self) -> float:
        return self.now


class Keys(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.clock = Clock()
        self.state = MemoryState(self.clock)
        self.running: list[tuple[Admission, dict[str, int]]] = []
        self.spent = 0
        self.entered: list[float] = []
        self.count = 0

    def look(self) -> Look:
        look = self.state.look(subject_of("dev"))
        assert isinstance(look, Look)
        return look

    @rule(tokens=st.integers(1, 200), money=st.integers(0, LARGEST))
    def begin(self, tokens: int, money: int) -> None:
        self.count += 1
        admission = Admission(self.state, CALLER, f"r{self.count}", clock=self.clock)
        amounts = {TOKENS: tokens, MONEY: money}
        error = self.refusal(admission, amounts)
        if error is None:
            self.running.append((admission, amounts))
            return
        admission.leave(None)
        assert error.kind in ("rate_limit", "billing")
        assert (error.kind == "billing") == (error.retry_after_ms is None)
        if error.kind == "billing":
            budgets = self.look().budgets
            assert budgets[MONEY, "total"][0] >= BUDGET or budgets[TOKENS, "day"][0] >= DAILY

    def refusal(self, admission: Admission, amounts: dict[str, int]) -> ProxyError | None:
        try:
            now(admission.enter())
            self.entered.append(self.clock.now)
            now(admission.reserve(amounts))
        except ProxyError as error:
            return error
        return None

    @rule(which=st.integers(0, 10), share=st.floats(0, 1))
    def end(self, which: int, share: float) -> None:
        if self.running:
            admission, amounts = self.running.pop(which % len(self.running))
            spent = {unit: int(amount * share) for unit, amount in amounts.items()}
            self.spent += spent[MONEY]
            admission.leave(spent)
            admission.leave(spent)  # a second time is nothing

    @rule(which=st.integers(0, 10))
    def give_up(self, which: int) -> None:
        if self.running:
            self.running.pop(which % len(self.running))[0].leave(None)

    @rule(which=st.integers(0, 10), money=st.integers(0, LARGEST))
    def try_another_target(self, which: int, money: int) -> None:
        if not self.running:
            return
        index = which % len(self.running)
        admission, amounts = self.running[index]
        try:
            now(admission.reserve({**amounts, MONEY: money}))
        except ProxyError:
            admission.leave(None)
            self.running.pop(index)
        else:
            self.running[index] = (admission, {**amounts, MONEY: max(money, amounts[MONEY])})

    @rule(seconds=st.floats(0.1, 90))
    def wait(self, seconds: float) -> None:
        self.clock.now += seconds

    @invariant()
    def limits_hold(self) -> None:
        look = self.look()
        spent, reserved = look.budgets.get((MONEY, "total"), (0, 0))
        assert spent == self.spent
        assert spent <= BUDGET + LARGEST
        assert spent + reserved <= BUDGET or reserved == 0
        assert look.in_flight == len(self.running)
        assert len(self.running) <= AT_ONCE
        assert sum(at > self.clock.now - 60 for at in self.entered) <= RPM

    def teardown(self) -> None:
        for admission, _ in self.running:
            admission.leave(None)
        look = self.look()
        assert look.in_flight == 0
        assert all(reserved == 0 for _, reserved in look.budgets.values())


Keys.TestCase.settings = settings(max_examples=60, stateful_step_count=40, deadline=None)
TestKeys = Keys.TestCase


@given(st.integers(1, 10**9), st.integers(1, 10**9))
@settings(max_examples=50, deadline=None)
def test_500_at_once_on_the_last_cent(budget: int, reservation: int) -> None:
    state = MemoryState()
    caller = Caller(name="dev", terms=Terms(budgets=(Allowance(period="total", nano_usd=budget),)))
    admitted = 0

    async def request(number: int) -> None:
        nonlocal admitted
        admission = Admission(state, caller, f"r{number}")
        await admission.enter()
        try:
            await admission.reserve({TOKENS: 1, MONEY: reservation})
        except ProxyError:
            admission.leave(None)
            return
        admitted += 1
        await asyncio.sleep(0)
        admission.leave({TOKENS: 1, MONEY: reservation})

    async def rush() -> None:
        await asyncio.gather(*(request(number) for number in range(500)))

    asyncio.run(rush())
    assert admitted >= 1
    assert admitted * reservation < budget + reservation


async def test_a_key_without_limits_asks_nothing_of_the_state() -> None:
    class Untouched:
        def __getattr__(self, name: str) -> object:
            raise AssertionError(name)

    state: Any = Untouched()
    admission = Admission(state, Caller(name="free"), "r")
    await admission.enter()
    await admission.reserve({TOKENS: 10**9, MONEY: 10**18})
    admission.leave({TOKENS: 10**9, MONEY: 10**18})
    assert admission.caller.terms.on_entry("free") is None


@pytest.mark.parametrize("unit", [TOKENS, MONEY])
async def test_what_is_left_can_be_used_up(unit: str) -> None:
    """A key whose rest is smaller than its usual reservation may still ask once."""
    allowance = Allowance(period="month", tokens=100) if unit == TOKENS else Allowance(period="month", nano_usd=100)
    state, caller = MemoryState(), Caller(name="dev", terms=Terms(budgets=(allowance,)))
    first = Admission(state, caller, "1")
    await first.reserve({unit: 90})
    first.leave({unit: 90})
    second, third = Admission(state, caller, "2"), Admission(state, caller, "3")
    await second.reserve({unit: 90})
    with pytest.raises(ProxyError) as caught:
        await third.reserve({unit: 90})
    assert (caught.value.kind, caught.value.retry_after_ms) == ("rate_limit", 1000)
    second.leave({unit: 90})
    with pytest.raises(ProxyError) as caught:
        await third.reserve({unit: 90})
    assert caught.value.kind == "billing"
