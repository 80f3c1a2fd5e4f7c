"""No history of a pool leaks a slot, exceeds a limit, or serves what rests or is paused."""

import asyncio
from collections.abc import Callable

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from fastproxy.errors import ProxyError
from fastproxy.pool import Account, Lease, Limits, Need, Policy, Pool, Terms, Want

from .states import BACKENDS, Clock, at_once

NAMES = ["a", "b", "c"]
SLOTS = 2
POLICIES: list[Policy] = ["least_busy", "round_robin", "weighted", "fill_first", "fastest"]


def accounts() -> list[Account]:
    return [Account(name, key="sk-test", limits=Limits(max_in_flight=SLOTS, rpm=20)) for name in NAMES]


class Histories(RuleBasedStateMachine):
    """Requests that come, wait, leave, fail and succeed, while accounts are paused, resumed and configured anew."""

    @initialize(backend=st.sampled_from(sorted(BACKENDS)), policy=st.sampled_from(POLICIES))
    def begin(self, backend: str, policy: Policy) -> None:
        self.loop = asyncio.new_event_loop()
        self.clock = Clock()
        self.state = BACKENDS[backend](self.clock)
        self.terms = Terms(policy=policy, affinity=True)
        self.pool = Pool("up", accounts(), self.terms, state=self.state, clock=self.clock)
        self.held: list[Lease] = []
        self.waiting: list[asyncio.Task[Lease]] = []

    def do(self, act: Callable[[], object]) -> None:
        """Within the loop, as everything that touches a pool."""

        async def run() -> None:
            act()

        self.loop.run_until_complete(run())
        self.turn()

    def turn(self) -> None:
        """Let the loop run what is ready; whoever was served holds a lease."""
        for _ in range(3):
            self.loop.run_until_complete(asyncio.sleep(0))
        for task in [task for task in self.waiting if task.done()]:
            self.waiting.remove(task)
            if not task.cancelled() and task.exception() is None:
                self.held.append(task.result())
            elif not task.cancelled():
                assert isinstance(task.exception(), ProxyError)

    @rule(
        model=st.sampled_from(["m", "n"]), excluded=st.sets(st.sampled_from(NAMES), max_size=2),
        caller=st.sampled_from(["x", "y"]), is_patient=st.booleans(), conversation=st.none() | st.integers(0, 3),
        pin=st.sampled_from(["", "", "", "b"]),
    )  # fmt: skip
    def ask(
        self, model: str, excluded: set[str], caller: str, is_patient: bool, conversation: int | None, pin: str
    ) -> None:
        want = Want(
            need=Need(model, (), pin), excluded=frozenset(excluded - {pin}), caller=caller, conversation=conversation,
            at_once=not is_patient,
        )  # fmt: skip
        task = self.loop.create_task(self.pool.acquire(want, patience=1000.0))
        self.waiting.append(task)
        before = set(map(id, self.held))
        self.turn()
        for lease in self.held:
            if id(lease) not in before and task.done() and not task.exception() and lease is task.result():
                assert lease.account.name not in excluded - {pin}
                assert not self.pool.accounts[lease.account.name].disabled

    @precondition(lambda self: self.held)
    @rule(data=st.data(), end=st.sampled_from(["succeed", "release", "undo", "rate_limit", "upstream", "billing"]))
    def end(self, data: st.DataObject, end: str) -> None:
        lease = self.held.pop(data.draw(st.integers(0, len(self.held) - 1)))
        self.do(lambda: self.finish(lease, end))

    def finish(self, lease: Lease, end: str) -> None:
        if end == "succeed":
            self.pool.succeed(lease, ttft=0.1, tokens=50, seconds=1.0)
        elif end == "undo":
            lease.is_undone = True
        elif end != "release":
            self.pool.charge(lease, ProxyError(end, end, source="upstream", upstream_status=429, retry_after_ms=5000))
        lease.release()
        lease.release()

    @precondition(lambda self: self.waiting)
    @rule(data=st.data())
    def leave(self, data: st.DataObject) -> None:
        task = self.waiting[data.draw(st.integers(0, len(self.waiting) - 1))]
        self.do(task.cancel)

    @precondition(lambda self: self.waiting and self.held)
    @rule()
    def leave_in_the_moment_of_a_release(self) -> None:
        lease, task = self.held.pop(), self.waiting[0]

        def both() -> None:
            lease.release()
            task.cancel()

        self.do(both)

    @rule(name=st.sampled_from(NAMES))
    def pause(self, name: str) -> None:
        self.do(lambda: self.pool.disable(name, "paused"))

    @rule(name=st.sampled_from(NAMES))
    def resume(self, name: str) -> None:
        self.do(lambda: self.pool.resume(name))
        assert at_once(self.state.look(f"account:up/{name}")).rest is None

    @rule()
    def configure(self) -> None:
        self.do(lambda: self.pool.replace(accounts(), self.terms))

    @rule(seconds=st.sampled_from([0.1, 2.0, 6.0, 70.0, 4000.0]))
    def wait(self, seconds: float) -> None:
        self.clock.now += seconds

    @invariant()
    def slots_are_the_leases_that_stand(self) -> None:
        by_name = {name: sum(lease.account.name == name for lease in self.held) for name in NAMES}
        for name, account in self.pool.accounts.items():
            assert len(account.leases) == by_name[name] <= SLOTS
            assert at_once(self.state.look(f"account:up/{name}")).in_flight == by_name[name]
        assert self.pool.in_flight() == len(self.held)

    @invariant()
    def who_waits_stands_in_line(self) -> None:
        assert self.pool.waiting() == len(self.waiting)

    def teardown(self) -> None:
        for task in list(self.waiting):
            self.do(task.cancel)
        for lease in list(self.held):
            self.do(lease.release)
        assert (self.pool.in_flight(), self.pool.waiting()) == (0, 0)
        assert all(at_once(self.state.look(f"account:up/{name}")).in_flight == 0 for name in NAMES)
        self.loop.close()


TestHistories = pytest.mark.timeout(120)(Histories.TestCase)
TestHistories.settings = settings(max_examples=40, stateful_step_count=40, deadline=None)
