"""No history of leases takes more than was allowed, and none leaves anything behind."""

from itertools import count

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from fastproxy.shared_state import Budget, Claim, Granted, Rate, Refused, Slots

from .states import BACKENDS, Clock, acquired, at_once

SLOTS, REQUESTS, TOKENS, MONEY = 3, 7, 100, 1000
PER = 60.0
CLAIM = Claim(
    slots=(Slots("a", SLOTS), Slots("all", None)),
    rates=(Rate("a", "requests", REQUESTS, PER), Rate("a", "tokens", TOKENS, PER)),
    budgets=(Budget("a", "nano_usd", MONEY, "day"),),
)
SPARE = Claim(slots=(Slots("b", 1), Slots("all", None)))


class Limits(RuleBasedStateMachine):
    """Leases that are taken, settled for at most what was reserved, cancelled and repeated while time passes."""

    @initialize(backend=st.sampled_from(sorted(BACKENDS)))
    def begin(self, backend: str) -> None:
        self.clock = Clock()
        self.state = BACKENDS[backend](self.clock)
        self.ids = count()
        #: Claim, amounts and moment of each lease that stands.
        self.held: dict[str, tuple[Claim, dict[str, int], float]] = {}
        #: Moment and amount of everything that was used of `a`, by unit.
        self.used: dict[str, list[list[float]]] = {"requests": [], "tokens": []}
        self.entries: dict[str, dict[str, list[float]]] = {}

    @rule(tokens=st.integers(0, 120), money=st.integers(0, 600))
    def acquire(self, tokens: int, money: int) -> None:
        lease, amounts = f"l{next(self.ids)}", {"requests": 1, "tokens": tokens, "nano_usd": money}
        answer = acquired(self.state, lease, (CLAIM, SPARE), amounts)
        if isinstance(answer, Refused):
            assert len(answer.blocks) == 2
            assert all(block.until is None or block.until > self.clock.now for block in answer.blocks)
            return
        claim = (CLAIM, SPARE)[answer.index]
        self.held[lease] = (claim, amounts, self.clock.now)
        if claim is CLAIM:
            self.entries[lease] = {unit: [self.clock.now, amounts[unit]] for unit in self.used}
            for unit, entry in self.entries[lease].items():
                self.used[unit].append(entry)

    @precondition(lambda self: self.held)
    @rule(data=st.data(), share=st.floats(0, 1))
    def settle(self, data: st.DataObject, share: float) -> None:
        lease = data.draw(st.sampled_from(sorted(self.held)))
        claim, amounts, _ = self.held.pop(lease)
        spent = {unit: int(amounts[unit] * share) for unit in ("tokens", "nano_usd")}
        before = at_once(self.state.look("a"))
        self.state.settle(lease, spent)
        self.state.settle(lease, spent)  # a repeated order is one
        if claim is CLAIM:
            self.entries[lease]["tokens"][1] = spent["tokens"]
        elif before.budgets:
            assert at_once(self.state.look("a")).budgets == before.budgets

    @precondition(lambda self: self.held)
    @rule(data=st.data())
    def cancel(self, data: st.DataObject) -> None:
        lease = data.draw(st.sampled_from(sorted(self.held)))
        self.held.pop(lease)
        self.state.cancel(lease)
        for entry in self.entries.pop(lease, {}).values():
            entry[1] = 0

    @precondition(lambda self: self.held)
    @rule(data=st.data())
    def ask_again(self, data: st.DataObject) -> None:
        lease = data.draw(st.sampled_from(sorted(self.held)))
        claim, amounts, _ = self.held[lease]
        answer = acquired(self.state, lease, (CLAIM, SPARE), amounts)
        assert isinstance(answer, Granted)
        assert (CLAIM, SPARE)[answer.index] is claim

    @rule(lease=st.text(max_size=3))
    def end_the_unknown(self, lease: str) -> None:
        if lease not in self.held:
            self.state.settle(lease, {"tokens": 5})
            self.state.cancel(lease)

    @rule(seconds=st.sampled_from([0.0, 0.4, 1.0, 7.0, 30.0, 61.0, 90_000.0]))
    def wait(self, seconds: float) -> None:
        self.clock.now += seconds

    @invariant()
    def slots_are_the_leases_that_stand(self) -> None:
        of_a = sum(claim is CLAIM for claim, _, _ in self.held.values())
        assert of_a <= SLOTS
        assert at_once(self.state.look("a")).in_flight == of_a
        assert at_once(self.state.look("all")).in_flight == len(self.held)

    @invariant()
    def no_window_holds_more_than_the_limit(self) -> None:
        for unit, limit in (("requests", REQUESTS), ("tokens", TOKENS)):
            for start, _ in self.used[unit]:
                within = [amount for at, amount in self.used[unit] if start <= at < start + PER]
                # What is larger than the limit itself passes an empty window, alone.
                assert sum(within) <= limit or len([amount for amount in within if amount]) == 1

    @invariant()
    def a_budget_is_never_exceeded(self) -> None:
        for spent, reserved in at_once(self.state.look("a")).budgets.values():
            assert spent >= 0
            assert reserved >= 0
            assert spent + reserved <= MONEY

    def teardown(self) -> None:
        for lease in self.held:
            self.state.cancel(lease)
        look = at_once(self.state.look("a"))
        assert look.in_flight == 0
        assert all(reserved == 0 for _, reserved in look.budgets.values())


TestLimits = pytest.mark.timeout(120)(Limits.TestCase)
TestLimits.settings = settings(max_examples=60, stateful_step_count=40, deadline=None)
