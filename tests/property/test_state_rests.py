"""A rest is capped, is never forgotten or shortened, and ends in one probe."""

from itertools import count

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from fastproxy.shared_state import Claim, Fault, Granted, Slots

from .states import BACKENDS, Clock, acquired, at_once

CAP, GROUP_LIMIT = 30.0, 2
SUBJECTS = ["a", "b", "c", "d"]
#: How long a probe goes alone.
ALONE = 2.0


def fault(jitter: float = 1.0, stated: float | None = None, **more: object) -> Fault:
    return Fault(why="rate_limit", base=1.0, cap=CAP, jitter=jitter, stated=stated, **more)  # type: ignore[arg-type]


class Rests(RuleBasedStateMachine):
    """Faults of four subjects, of which two at most may rest for failures."""

    @initialize(backend=st.sampled_from(sorted(BACKENDS)))
    def begin(self, backend: str) -> None:
        self.clock = Clock()
        self.state = BACKENDS[backend](self.clock)
        self.ids = count()
        self.held: dict[str, str] = {}
        #: Until when a subject rests at least, and its probe.
        self.until: dict[str, float] = {}
        self.probes: dict[str, tuple[str, float]] = {}

    @rule(subject=st.sampled_from(SUBJECTS))
    def acquire(self, subject: str) -> None:
        lease = f"l{next(self.ids)}"
        claim = Claim(slots=(Slots(subject, None),), rested=(subject,))
        answer = acquired(self.state, lease, (claim,), {})
        now = self.clock.now
        probe, probe_at = self.probes.get(subject, ("", 0.0))
        if not isinstance(answer, Granted):
            block = answer.blocks[0]
            assert (block.reason, block.subject) == ("resting", subject)
            assert block.until is not None
            assert now < block.until <= now + CAP
            assert now < self.until.get(subject, 0.0) or (probe in self.held and now < probe_at + ALONE)
            return
        assert now >= self.until.get(subject, 0.0)
        assert not (probe in self.held and now < probe_at + ALONE)
        self.held[lease] = subject
        if answer.is_probe:
            self.probes[subject] = (lease, now)
        else:
            self.probes.pop(subject, None)

    @rule(subject=st.sampled_from(SUBJECTS), jitter=st.floats(0, 1), stated=st.none() | st.floats(0, 100))
    def rest(self, subject: str, jitter: float, stated: float | None) -> None:
        before = at_once(self.state.look(subject)).rest
        self.state.rest(subject, fault(jitter, stated))
        after = at_once(self.state.look(subject)).rest
        assert after is not None
        assert after.until <= self.clock.now + CAP
        if before is not None and before.until > self.clock.now:
            assert after.until >= before.until
        elif stated is not None:
            assert after.until == self.clock.now + min(stated, CAP)
        self.until[subject] = after.until
        if before is None or before.until <= self.clock.now:
            self.probes.pop(subject, None)

    @precondition(lambda self: self.held)
    @rule(data=st.data(), well=st.booleans())
    def end(self, data: st.DataObject, well: bool) -> None:
        lease = data.draw(st.sampled_from(sorted(self.held)))
        subject = self.held.pop(lease)
        probe, _ = self.probes.get(subject, ("", 0.0))
        rested = at_once(self.state.look(subject)).rest
        if well:
            self.state.recover(lease)
            if probe == lease:
                assert at_once(self.state.look(subject)).rest is None
                self.until.pop(subject, None)
                self.probes.pop(subject)
            elif rested is not None:
                assert at_once(self.state.look(subject)).rest == rested, "it began before the fault"
        self.state.settle(lease, {})

    @rule(seconds=st.sampled_from([0.0, 0.5, 2.0, 10.0, 31.0]))
    def wait(self, seconds: float) -> None:
        self.clock.now += seconds

    @rule(subject=st.sampled_from(SUBJECTS))
    def clear(self, subject: str) -> None:
        self.state.clear(subject)
        self.until.pop(subject, None)
        self.probes.pop(subject, None)
        assert at_once(self.state.look(subject)).rest is None

    @invariant()
    def nothing_rests_for_longer_than_the_cap(self) -> None:
        for subject in SUBJECTS:
            rest = at_once(self.state.look(subject)).rest
            assert rest is None or rest.until <= self.clock.now + CAP


TestRests = pytest.mark.timeout(120)(Rests.TestCase)
TestRests.settings = settings(max_examples=60, stateful_step_count=40, deadline=None)


@pytest.mark.parametrize("backend", BACKENDS)
def test_rests_grow_with_faults_in_a_row_and_with_the_draw(backend: str) -> None:
    clock = Clock()
    state = BACKENDS[backend](clock)
    lengths = []
    for _ in range(7):
        state.rest("a", fault())
        rest = at_once(state.look("a")).rest
        assert rest is not None
        lengths.append(rest.until - clock.now)
        clock.now = rest.until
    assert lengths == [1, 2, 4, 8, 16, CAP, CAP]
    state.rest("a", fault(jitter=0.25))
    drawn = at_once(state.look("a")).rest
    assert drawn is not None
    assert drawn.until - clock.now == CAP / 4


@pytest.mark.parametrize("backend", BACKENDS)
def test_of_a_group_only_so_many_rest(backend: str) -> None:
    clock = Clock()
    state = BACKENDS[backend](clock)
    grouped = fault(stated=10.0, group="pool", group_limit=GROUP_LIMIT)

    def resting() -> list[str]:
        looks = {subject: at_once(state.look(subject)).rest for subject in SUBJECTS}
        return [subject for subject, rest in looks.items() if rest is not None]

    for subject in SUBJECTS:
        state.rest(subject, grouped)
    assert resting() == ["a", "b"]
    state.clear("a")
    state.rest("c", grouped)
    assert resting() == ["b", "c"]
    clock.now += 10
    state.rest("d", grouped)
    assert "d" in resting(), "the others' rests are over"
    state.rest("a", fault(stated=10.0))
    assert "a" in resting(), "a fault that names no group is not bounded"


@pytest.mark.parametrize("backend", BACKENDS)
def test_the_first_faults_only_count_and_a_success_forgets_them(backend: str) -> None:
    clock = Clock()
    state = BACKENDS[backend](clock)
    third = fault(after=3)
    claim = Claim(rested=("a",))
    for _ in range(2):
        state.rest("a", third)
        state.rest("a", third)
        assert at_once(state.look("a")).rest is None
        assert isinstance(acquired(state, "l", (claim,), {}), Granted)
        state.recover("l")
        state.settle("l", {})
    for _ in range(3):
        state.rest("a", third)
    assert at_once(state.look("a")).rest is not None
