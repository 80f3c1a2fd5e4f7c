"""Mistakes in the settings: all of them, each with its place and what was probably meant."""

from collections.abc import Callable, Iterable
from difflib import get_close_matches
from typing import Literal

from msgspec import Struct

from .positions import Path

Severity = Literal["error", "warning"]


class Place(Struct, frozen=True):
    """Where a setting came from: a file (with line and column from 1), a variable or a flag."""

    source: str
    line: int | None = None
    column: int | None = None

    def __str__(self) -> str:
        return ":".join(str(part) for part in (self.source, self.line, self.column) if part is not None)


class Problem(Struct, frozen=True, kw_only=True):
    """One mistake. `path` is dotted, as in `upstreams[0].base_url`."""

    severity: Severity
    path: str
    message: str
    suggestion: str | None = None
    place: Place | None = None

    def __str__(self) -> str:
        parts = [str(self.place)] if self.place else []
        parts.append(self.severity)
        if self.path:
            parts.append(self.path)
        text = ": ".join([*parts, self.message])
        return f"{text} ({self.suggestion})" if self.suggestion else text


class ConfigError(ValueError):
    """The settings cannot be used. `problems` holds every reason."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(str(problem) for problem in self.problems))


class Problems:
    """Collects mistakes; `locate` finds the place of a path (of its key, or of its value)."""

    def __init__(self, locate: Callable[[Path, bool], Place | None]) -> None:
        self._locate = locate
        self._found: dict[Problem, None] = {}

    def error(self, path: Path, message: str, suggestion: str | None = None, *, at_key: bool = False) -> None:
        """Something that keeps the settings from being used."""
        self._add("error", path, message, suggestion, self._locate(path, at_key))

    def warning(self, path: Path, message: str, suggestion: str | None = None) -> None:
        """Something that works and is probably not meant."""
        self._add("warning", path, message, suggestion, self._locate(path, False))

    def at(self, place: Place, message: str, suggestion: str | None = None) -> None:
        """An error of a place that is no setting: a file's syntax, a variable's name."""
        self._add("error", (), message, suggestion, place)

    def _add(self, severity: Severity, path: Path, message: str, suggestion: str | None, place: Place | None) -> None:
        problem = Problem(severity=severity, path=dotted(path), message=message, suggestion=suggestion, place=place)
        self._found.setdefault(problem)

    @property
    def found(self) -> list[Problem]:
        """What was found so far, each once."""
        return list(self._found)


def dotted(path: Path) -> str:
    """`("upstreams", 0, "base_url")` → `upstreams[0].base_url`."""
    text = ""
    for part in path:
        text += f"[{part}]" if isinstance(part, int) else f".{part}" if text else part
    return text


def did_you_mean(given: str, known: Iterable[str]) -> str | None:
    """A suggestion when something known is close; else what is known, when that is short."""
    names = sorted(known)
    by_lower = {name.lower().replace("-", "_"): name for name in names}
    close = get_close_matches(given.lower().replace("-", "_"), by_lower, n=1, cutoff=0.6)
    if close:
        return f'did you mean "{by_lower[close[0]]}"?'
    if names and sum(map(len, names)) <= 120:
        return "known: " + ", ".join(names)
    return None
