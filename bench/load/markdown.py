"""RESULTS.md: every figure with its spread, every fault, and how disturbed the machine was."""

from __future__ import annotations

from collections.abc import Sequence
from statistics import median

from bench.load.conduct import Conduct
from bench.load.loads import IDLE_GOAL, STREAM_MEMORY_GOAL
from bench.load.measure import Summary
from bench.load.memory import LEFT_LIMIT, Held
from bench.load.results import Machine, Results, base_of, goal_of
from bench.load.rounds import Cell, Row

_HEAD = """\
# Results

Written by `python -m bench load` (bench/README.md tells how it measures and what the words mean). Each cell: the
median of the rounds, and behind it the multiple of nginx within the same round, as least / median / most."""


def render(results: Results) -> str:
    """All tables."""
    parts = [_HEAD, _machine(results.machine), _speed(results.rows), _memory(results.memory), _latency(results.rows)]
    parts += [_conduct(results.conduct), _noise(results.rows), _faults(results.faults())]
    return "\n\n".join(part for part in parts if part) + "\n"


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
    shown = _number(median(figures))
    if cell.lane.kind in ("mock", "nginx") or not ratios:
        return shown
    spread = f"{min(ratios):.2f} / {median(ratios):.2f} / {max(ratios):.2f}x"
    goal = goal_of(row.load.goal, cell.lane.kind)
    over = " over" if goal is not None and median(ratios) > goal else ""
    return f"{shown} ({spread}){over}"


def _number(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"


def _memory(memory: Sequence[Held]) -> str:
    if not memory:
        return ""
    base = base_of(memory)
    lines = [
        ["", "idle RSS, MB", "idle PSS, MB", "open streams", "KiB per open stream", "x nginx", "bytes left per request"]
    ]
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
                f"{held.left_per_request:,.0f}",
            ]
        )
    goal = f"Goals: idle ≤ {IDLE_GOAL / 1e6:.0f} MB, per open stream ≤ {STREAM_MEMORY_GOAL:g}x nginx, left per request ≤ {LEFT_LIMIT}."
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
        told = ["—", "—"] if found.error else [left, f"{found.unread_bytes / 2**20:.1f}"]
        lines.append([found.lane.title, *told])
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
