"""What a run has found: figures, faults, and which goals are missed."""

from __future__ import annotations

from collections.abc import Iterable
from statistics import median
from typing import get_args

import msgspec
from msgspec import Struct

from bench.load.conduct import Conduct
from bench.load.contenders import Kind
from bench.load.loads import IDLE_GOAL, STREAM_MEMORY_GOAL, Goal
from bench.load.memory import Held
from bench.load.rounds import Row

_OURS: tuple[Kind, ...] = ("raw", "transcoded")


class Machine(Struct, frozen=True):
    """Where it was measured, and what."""

    date: str
    processor: str
    cores: int
    kernel: str
    versions: dict[str, str]
    rounds: int
    seconds: float
    streams: int
    is_pinned_apart: bool


class Results(Struct, frozen=True):
    """All of a run."""

    machine: Machine
    rows: list[Row]
    memory: list[Held]
    conduct: list[Conduct]

    def faults(self, kinds: tuple[Kind, ...] = get_args(Kind)) -> list[str]:
        """Everything that was wrong in lanes of these kinds, whatever their speed."""
        cells = [(row.load.name, cell) for row in self.rows for cell in row.cells if cell.lane.kind in kinds]
        found = [f"{load}, {cell.lane.title}: {fault}" for load, cell in cells for fault in dict.fromkeys(cell.faults)]
        held = [held for held in self.memory if held.lane.kind in kinds]
        found += [f"memory, {one.lane.title}: {fault}" for one in held for fault in one.faults]
        conducts = [conduct for conduct in self.conduct if conduct.lane.kind in kinds]
        return found + [fault for conduct in conducts for fault in conduct.faults]

    def missed(self, slack: float) -> list[str]:
        """Goals that our lanes miss by more than `slack`, by the median of the rounds."""
        found = []
        for row in self.rows:
            for cell in row.cells:
                goal, ratios = goal_of(row.load.goal, cell.lane.kind), row.ratios(cell)
                if goal is not None and ratios and median(ratios) > goal * slack:
                    found.append(
                        f"{row.load.title}, {cell.lane.title}: {median(ratios):.2f}x nginx, the goal is {goal}x"
                    )
        return found + self._memory_missed(slack)

    def _memory_missed(self, slack: float) -> list[str]:
        found = []
        base = base_of(self.memory)
        for held in self.memory:
            if held.lane.kind not in _OURS:
                continue
            if held.idle.rss > IDLE_GOAL * slack:
                found.append(f"idle process, {held.lane.title}: {held.idle.rss / 1e6:.0f} MB")
            if base and held.per_stream > base * STREAM_MEMORY_GOAL * slack:
                found.append(f"memory per open stream, {held.lane.title}: {held.per_stream / base:.2f}x nginx")
        return found

    def to_json(self) -> bytes:
        """Everything, for programs."""
        return msgspec.json.format(msgspec.json.encode(self), indent=1) + b"\n"


def goal_of(goal: Goal, kind: Kind) -> float | None:
    """What a lane of this kind is to reach; `None` for lanes that are not ours."""
    return {"raw": goal.raw, "transcoded": goal.transcoded}.get(kind)


def base_of(memory: Iterable[Held]) -> float | None:
    """What an open stream costs nginx."""
    return next((held.per_stream for held in memory if held.lane.kind == "nginx"), None)


def verdict(results: Results, slack: float) -> list[str]:
    """What must not be so: faults always (a peer's are its own affair), goals missed by more than the slack."""
    return [*results.faults(("mock", "nginx", *_OURS)), *results.missed(slack)]
