"""Reloading: notice a change, check the whole, swap or refuse. No clock and no task here: the app calls `check`.

A broken file is refused with its reasons and the running settings go on; the refusal is told once, not at every look.
"""

import os
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path as FilePath
from typing import Any, Final, Literal, NamedTuple

import msgspec
from msgspec import Struct

from .annotations import shape_of
from .load import Loaded
from .problems import Problem
from .structs import Config

_Mark = tuple[int, int, int]  # inode, time of the last change, size
_GONE: Final = (0, 0, -1)


class Change(NamedTuple):
    """One setting that differs: `upstreams[local-chat].max_cooldown`. Values are not told: some are secrets."""

    path: str
    kind: Literal["added", "removed", "changed", "reordered"]
    needs_restart: bool = False


class Reloaded(NamedTuple):
    """New settings are in force (those that need a restart are not)."""

    config: Config
    changes: tuple[Change, ...]
    warnings: tuple[Problem, ...]

    @property
    def waiting(self) -> tuple[Change, ...]:
        """Changes that take effect after a restart."""
        return tuple(change for change in self.changes if change.needs_restart)


class Refused(NamedTuple):
    """The new settings are not usable; the old ones go on."""

    problems: tuple[Problem, ...]


Outcome = Reloaded | Refused


class Reloader:
    """Watches the files of a configuration. `apply` swaps: it is called with checked settings only.

    A change is acted upon when two looks in a row see the same files: an editor may be in the middle of writing.
    `request` (SIGHUP, an admin's call) skips that and loads at the next look, whether files changed or not.
    """

    def __init__(self, loaded: Loaded, apply: Callable[[Reloaded], None]) -> None:
        self.config = loaded.require()
        self._source = loaded.source
        self._files = loaded.files
        self._apply = apply
        self._seen = self._pending = look(loaded.files)
        self._requested = False

    def request(self) -> None:
        """Load at the next look. Safe in a signal handler."""
        self._requested = True

    def check(self) -> Outcome | None:
        """One look. None: nothing to do. A second between looks is a good pace; it costs a few `stat` calls."""
        now = look(self._files)
        if not self._requested:
            is_settled, self._pending = now == self._pending, now
            if now == self._seen or not is_settled:
                return None
        self._requested = False
        return self._load(now)

    def _load(self, before: dict[FilePath, _Mark]) -> Outcome:
        loaded = self._source.load()
        # While the new settings are unusable, what the old ones read is watched as well: mending either may help.
        self._files = tuple(dict.fromkeys((*loaded.files, *(self._files if loaded.config is None else ()))))
        # The marks from before reading: a write during it shows as a further change.
        self._seen = self._pending = {
            **look(self._files),
            **{path: before[path] for path in self._files if path in before},
        }
        if loaded.config is None:
            return Refused(loaded.errors)
        outcome = Reloaded(loaded.config, tuple(differences(self.config, loaded.config)), loaded.warnings)
        self._apply(outcome)
        self.config = loaded.config
        return outcome


def look(files: Iterable[FilePath]) -> dict[FilePath, _Mark]:
    """What tells a changed file: editors write a new inode, others a new time or size. Links are followed."""
    marks: dict[FilePath, _Mark] = {}
    for path in files:
        try:
            status = os.stat(path)
        except OSError:
            marks[path] = _GONE
        else:
            marks[path] = (status.st_ino, status.st_mtime_ns, status.st_size)
    return marks


def differences(old: Config, new: Config) -> Iterator[Change]:
    """Every setting that differs, elements of arrays told apart by their names."""
    yield from _structs("", old, new)


def _structs(path: str, old: Struct, new: Struct) -> Iterator[Change]:
    for field in msgspec.structs.fields(type(old)):
        was, now = getattr(old, field.name), getattr(new, field.name)
        below = f"{path}.{field.name}" if path else field.name
        if was == now:
            continue
        if isinstance(was, Struct) and type(was) is type(now):
            yield from _structs(below, was, now)
        elif _is_named(was) and _is_named(now):
            yield from _elements(below, was, now)
        else:
            yield Change(below, "changed", bool(shape_of(field.type).note("restart")))


def _elements(path: str, old: list[Any], new: list[Any]) -> Iterator[Change]:
    was = {element.name: element for element in old}
    now = {element.name: element for element in new}
    for name in [name for name in was if name not in now]:
        yield Change(f"{path}[{name}]", "removed")
    for name, element in now.items():
        if name not in was:
            yield Change(f"{path}[{name}]", "added")
        else:
            yield from _structs(f"{path}[{name}]", was[name], element)
    if list(was) != list(now) and was.keys() == now.keys():
        yield Change(path, "reordered")


def _is_named(value: Any) -> bool:
    return isinstance(value, list) and all(
        isinstance(element, Struct) and hasattr(element, "name") for element in value
    )
