"""RESULTS.md and RESULTS.json: every figure with its spread, every fault, and how disturbed the machine was."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from statistics import median

import msgspec
from msgspec import Struct

from bench.load.conduct import Conduct
from bench.load.loads import IDLE_GOAL, SMOKE_SLACK, STREAM_MEMORY_GOAL, Goal
from bench.load.measure import Summary
from bench.load.memory import Held
from bench.load.rounds import Cell, Row

MISSED = "over"


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

    @property
    def faults(self) -> list[str]:
        """Everything that was wrong, whatever its speed."""
        found = [
            f"{row.load.name}, {cell.lane.title}: {fault}"
            for row in self.rows
            for cell in row.cells
            for fault in dict.fromkeys(cell.faults)
        ]
        found += [f"memory, {held.lane.title}: {fault}" for held in self.memory for fault in held.faults]
        return found + [fault for conduct in self.conduct for fault in conduct.faults if conduct.lane.kind in _OURS]

    def missed(self, slack: float) -> list[str]:
        """Goals that our lanes miss by more than `slack`, by the median of the rounds."""
        found = []
        for row in self.rows:
            for cell in row.cells:
                goal, ratios = _goal(row.load.goal, cell.lane.kind), row.ratios(cell)
                if goal is not None and ratios and median(ratios) > goal * slack:
                    found.append(
                        f"{row.load.title}, {cell.lane.title}: {median(ratios):.2f}x nginx, the goal is {goal}x"
                    )
        return found + self._memory_missed(slack)

    def _memory_missed(self, slack: float) -> list[str]:
        found = []
        base = _base(self.memory)
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

    def to_markdown(self) -> str:
        """The tables, for people."""
        parts = [_HEAD, _machine(self.machine), _speed(self.rows), _memory(self.memory), _latency(self.rows)]
        parts += [_conduct(self.conduct), _noise(self.rows), _faults(self.faults)]
        return "\n\n".join(part for part in parts if part) + "\n"


_OURS = ("raw", "transcoded")

_HEAD = """\
# Results

Written by `python -m bench load` (bench/README.md tells how it measures and what the words mean). Each cell: the
median of the rounds, and behind it the multiple of nginx within the same round, as least / median / most."""


def _goal(goal: Goal, kind: str) -> float | None:
    return {"raw": goal.raw, "transcoded": goal.transcoded}.get(kind)


def _machine(machine: Machine) -> str:
    versions = ", ".join(f"{name} {version}" for name, version in machine.versions.items())
    pinned = "server on one core, mock and client on another" if machine.is_pinned_apart else "everything on one core"
    return (
        f"{machine.date}. {machine.processor}, {machine.cores} processors, {machine.kernel}; {pinned}; loopback, no TLS. "
        f"{versions}. {machine.rounds} rounds of {machine.seconds:g} s, at most {machine.streams} streams."
    )


def _speed(rows: Sequence[Row]) -> str:
    if not rows:
        return ""
    titles = [cell.lane.title for cell in max(rows, key=lambda row: len(row.cells)).cells]
    lines = [["load", "goal, raw / transcoded", *titles]]
    for row in rows:
        cells = {cell.lane.title: _cell(row, cell) for cell in row.cells}
        goal = f"≤ {row.load.goal.raw:g}x / ≤ {row.load.goal.transcoded:g}x"
        lines.append([row.load.title, goal, *(cells.get(title, "—") for title in titles)])
    return "## Against nginx\n\n" + _table(lines)


def _cell(row: Row, cell: Cell) -> str:
    figures, ratios = row.figures(cell), row.ratios(cell)
    if cell.faults:
        return "**wrong answers**"
    if not figures:
        return "—"
    shown = f"{median(figures):.3g}"
    if cell.lane.kind in ("mock", "nginx") or not ratios:
        return shown
    spread = f"{min(ratios):.2f} / {median(ratios):.2f} / {max(ratios):.2f}x"
    goal = _goal(row.load.goal, cell.lane.kind)
    over = f" {MISSED}" if goal is not None and median(ratios) > goal else ""
    return f"{shown} ({spread}){over}"


def _base(memory: Iterable[Held]) -> float | None:
    return next((held.per_stream for held in memory if held.lane.kind == "nginx"), None)


def _memory(memory: Sequence[Held]) -> str:
    if not memory:
        return ""
    base = _base(memory)
    lines = [["", "idle RSS, MB", "idle PSS, MB", "open streams", "KiB per open stream", "x nginx"]]
    for held in memory:
        ratio = f"{held.per_stream / base:.2f}" if base else "—"
        idle, streams = held.idle, str(held.streams)
        lines.append(
            [
                held.lane.title,
                f"{idle.rss / 1e6:.1f}",
                f"{idle.pss / 1e6:.1f}",
                streams,
                f"{held.per_stream / 1024:.1f}",
                ratio,
            ]
        )
    goal = f"Goals: idle ≤ {IDLE_GOAL / 1e6:.0f} MB, per open stream ≤ {STREAM_MEMORY_GOAL:g}x nginx."
    return f"## Memory\n\n{goal}\n\n" + _table(lines)


def _latency(rows: Sequence[Row]) -> str:
    lines = [["load", "lane", "per second", "what", "p10", "p50", "p99"]]
    for row in rows:
        for cell in row.cells:
            lines += _latency_lines(row, cell)
    if len(lines) == 1:
        return ""
    told = "Medians of the rounds, in µs. In closed loops of many connections a latency is queueing and is left out."
    return f"## Times that a client sees, and rates\n\n{told}\n\n" + _table(lines)


def _latency_lines(row: Row, cell: Cell) -> list[list[str]]:
    reports = [measurement.report for measurement in cell.measurements if not measurement.faults]
    if not reports:
        return []
    events = row.load.figure == "cpu_per_event"
    rate = median((report.events if events else report.requests) / report.seconds for report in reports)
    # at saturation the client is the limit of the rate, not the server
    at_least = "≥ " if any(measurement.is_saturated for measurement in cell.measurements) else ""
    shown = f"{at_least}{rate:,.0f}"
    head = [row.load.name, cell.lane.title, shown]
    if row.load.is_paced:
        kinds = [("event", [r.event_us for r in reports]), ("gap", [r.gap_us for r in reports])]
    elif row.load.concurrency == 1:
        kinds = [("request", [r.request_us for r in reports]), ("first token", [r.ttft_us for r in reports])]
    else:
        return [[*head, "—", "", "", ""]]
    return [[*head, kind, *_quantiles(found)] for kind, summaries in kinds if (found := [s for s in summaries if s])]


def _quantiles(summaries: Sequence[Summary]) -> list[str]:
    return [f"{median(values):,.0f}" for values in zip(*((s.p10, s.p50, s.p99) for s in summaries), strict=True)]


def _conduct(conduct: Sequence[Conduct]) -> str:
    if not conduct:
        return ""
    lines = [["", "upstream closed after the client left, ms", "held for a client that never reads, MiB"]]
    for found in conduct:
        left = "not within 5 s" if found.left_ms is None else f"{found.left_ms:.1f}"
        lines.append([found.lane.title, left, f"{found.unread_bytes / 2**20:.1f}"])
    return "## Clients that misbehave\n\n" + _table(lines)


def _noise(rows: Sequence[Row]) -> str:
    cells = [cell for row in rows for cell in row.cells]
    foreign = [measurement.foreign for cell in cells for measurement in cell.measurements]
    if not foreign:
        return ""
    saturated = sorted({row.load.name for row in rows for cell in row.cells if _is_bounded(cell)})
    told = ""
    if saturated:
        told = (
            f" Mock and client used over 85 % of their core in: {', '.join(saturated)} (rates there are lower bounds)."
        )
    return (
        f"Foreign CPU: {median(foreign):.2f} of a core in the median, {max(foreign):.2f} at most. {sum(c.repeated for c in cells)} "
        f"measurements were repeated for more than 0.15, {sum(c.disturbed for c in cells)} of {len(foreign)} kept in spite of it.{told}"
    )


def _is_bounded(cell: Cell) -> bool:
    """The proxy may be faster than the load: its rate is a lower bound (its cost per operation is not affected)."""
    return cell.lane.kind != "mock" and any(measurement.is_saturated for measurement in cell.measurements)


def _faults(faults: Sequence[str]) -> str:
    if not faults:
        return "Every answer was whole, in order and in its dialect's grammar."
    return "## Faults\n\n" + "\n".join(f"- {fault}" for fault in faults)


def _table(lines: Sequence[Sequence[str]]) -> str:
    head, *body = lines
    rows = [head, ["---"] * len(head), *body]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in rows)


def verdict(results: Results, slack: float) -> list[str]:
    """What must not be so: faults always, goals missed by more than the slack."""
    kind = "smoke" if slack >= SMOKE_SLACK else "gate"
    return [*results.faults, *(f"{kind}: {missed}" for missed in results.missed(slack))]
