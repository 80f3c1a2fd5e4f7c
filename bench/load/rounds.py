"""Rounds: every lane under the same load, one after the other, in another order each time."""

from __future__ import annotations

import sys
from collections.abc import Sequence

from msgspec import Struct, structs

from bench.load import process
from bench.load.contenders import Lane
from bench.load.loads import Load, Scale
from bench.load.measure import Bench, Measurement, measure
from bench.load.server import Running

#: More foreign CPU than this (of one core), and a measurement is repeated.
FOREIGN_LIMIT = 0.15


class Way(Struct, frozen=True):
    """A lane of a server that runs."""

    server: Running
    lane: Lane


class Cell(Struct, frozen=True):
    """One lane under one load."""

    lane: Lane
    #: One per round.
    measurements: list[Measurement]
    #: Measurements thrown away for foreign CPU, and rounds kept in spite of it.
    repeated: int
    disturbed: int

    @property
    def faults(self) -> list[str]:
        return [fault for measurement in self.measurements for fault in measurement.faults]


class Row(Struct, frozen=True):
    """One load through all lanes that can take it."""

    load: Load
    cells: list[Cell]

    def ratios(self, cell: Cell) -> list[float]:
        """Multiples of nginx, each within its round."""
        base = next((c for c in self.cells if c.lane.kind == "nginx"), None)
        if base is None:
            return []
        pairs = zip(cell.measurements, base.measurements, strict=True)
        figures = [(mine.figure(self.load), theirs.figure(self.load)) for mine, theirs in pairs]
        return [mine / theirs for mine, theirs in figures if mine and theirs]

    def figures(self, cell: Cell) -> list[float]:
        """The load's number, by round."""
        figures = [measurement.figure(self.load) for measurement in cell.measurements]
        return [figure for figure in figures if figure is not None]


def run(bench: Bench, ways: Sequence[Way], loads: Sequence[Load], scale: Scale) -> list[Row]:
    """Measure everything."""
    return [_row(bench, ways, load, scale) for load in loads]


def _row(bench: Bench, ways: Sequence[Way], load: Load, scale: Scale) -> Row:
    able = [way for way in ways if not (load.is_heavy and way.lane.kind == "peer")]
    kept: dict[int, list[tuple[Measurement, int]]] = {index: [] for index in range(len(able))}
    if scale.is_thorough:
        for way in able:
            measure(bench, way.server, way.lane, load, structs.replace(scale, seconds=1.0))
    for turn in range(scale.rounds):
        for index in _rotated(len(able), turn):
            way = able[index]
            kept[index].append(_one(bench, way, load, scale))
            _progress(load, way.lane, turn, kept[index][-1])
    return Row(load=load, cells=[_cell(able[index].lane, taken) for index, taken in kept.items()])


def _rotated(count: int, by: int) -> list[int]:
    return [(index + by) % count for index in range(count)]


def _one(bench: Bench, way: Way, load: Load, scale: Scale) -> tuple[Measurement, int]:
    """The first quiet measurement, or the least disturbed of a few; and how many were thrown away."""
    taken: list[Measurement] = []
    for _ in range(scale.tries):
        if scale.is_thorough:
            process.wait_for_quiet(FOREIGN_LIMIT)
        taken.append(measure(bench, way.server, way.lane, load, scale))
        if taken[-1].foreign <= FOREIGN_LIMIT or taken[-1].faults:
            return taken[-1], len(taken) - 1
    return min(taken, key=lambda measurement: measurement.foreign), len(taken) - 1


def _cell(lane: Lane, taken: list[tuple[Measurement, int]]) -> Cell:
    measurements = [measurement for measurement, _ in taken]
    return Cell(
        lane=lane,
        measurements=measurements,
        repeated=sum(count for _, count in taken),
        disturbed=sum(measurement.foreign > FOREIGN_LIMIT for measurement in measurements),
    )


def _progress(load: Load, lane: Lane, turn: int, taken: tuple[Measurement, int]) -> None:
    measurement, repeated = taken
    figure = measurement.figure(load)
    shown = "nothing" if figure is None else f"{figure:.2f}"
    print(
        f"{load.name:15} round {turn + 1}  {lane.title:26} {shown:>10}  foreign {measurement.foreign:.2f}"
        f"  generators {measurement.generators:.2f}  repeated {repeated}  {'; '.join(measurement.faults)}",
        file=sys.stderr,
        flush=True,
    )
