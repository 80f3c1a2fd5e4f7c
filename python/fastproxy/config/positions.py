"""Where each setting stands in a TOML file: the standard parser gives values but no lines.

This is a scanner, not a second parser: it runs on text that `tomllib` has accepted, only finds borders, and never
decides what a value means. What it does not expect ends the scan; settings after it then have no line, nothing worse.
"""

import re
import tomllib
from bisect import bisect_right
from collections.abc import Mapping
from typing import Final, NamedTuple

Path = tuple[str | int, ...]

_BARE: Final = re.compile(r"[A-Za-z0-9_-]+")
_SPACE: Final = re.compile(r"[ \t]*")
_BLANK: Final = re.compile(r"(?:[ \t\n]|#[^\n]*)*")
_SCALAR: Final = re.compile(r"[^,\]}#\n]*")
_BASIC: Final = re.compile(r'"(?:[^"\\\n]|\\.)*"')
_LITERAL: Final = re.compile(r"'[^'\n]*'")
# Up to two quotes may stand directly before the closing three.
_LONG_BASIC: Final = re.compile(r'"""(?:[^\\]|\\.)*?"""(?:"{0,2})', re.DOTALL)
_LONG_LITERAL: Final = re.compile(r"'''.*?'''(?:'{0,2})", re.DOTALL)


class Mark(NamedTuple):
    """Offsets of a setting's key and of its value."""

    key: int
    value: int


class Positions:
    """Marks by path, and lines and columns by offset (both from 1)."""

    def __init__(self, text: str) -> None:
        self._text = text.replace("\r\n", "\n")
        self._lines = [0, *(found.end() for found in re.finditer("\n", self._text))]
        self.marks: Mapping[Path, Mark] = _Scanner(self._text).scan()

    def key(self, path: Path) -> tuple[int, int] | None:
        """Line and column of the key."""
        mark = self.marks.get(path)
        return None if mark is None else self._place(mark.key)

    def value(self, path: Path) -> tuple[int, int] | None:
        """Line and column of the value."""
        mark = self.marks.get(path)
        return None if mark is None else self._place(mark.value)

    def _place(self, offset: int) -> tuple[int, int]:
        line = bisect_right(self._lines, offset)
        return line, offset - self._lines[line - 1] + 1


class _Unexpected(Exception):
    """The scanner met something it does not know."""


class _Scanner:
    def __init__(self, text: str) -> None:
        self._text = text
        self._at = 0
        self._marks: dict[Path, Mark] = {}
        self._elements: dict[Path, int] = {}  # arrays of tables: index of the newest element
        self._table: Path = ()

    def scan(self) -> dict[Path, Mark]:
        try:
            self._skip(_BLANK)
            while self._at < len(self._text):
                if self._text.startswith("[", self._at):
                    self._header()
                else:
                    self._pair(self._table)
                self._skip(_BLANK)
        except (_Unexpected, RecursionError):
            pass
        return self._marks

    def _header(self) -> None:
        start = self._at
        is_element = self._text.startswith("[[", start)
        self._at += 2 if is_element else 1
        names = self._key()
        self._expect("]]" if is_element else "]")
        parents, name = self._inside(tuple(names[:-1])), names[-1]
        path: Path = (*parents, name)
        if is_element:
            self._elements[path] = self._elements.get(path, -1) + 1
            self._marks.setdefault(path, Mark(start, start))
            path = (*path, self._elements[path])
        elif path in self._elements:
            path = (*path, self._elements[path])
        self._marks.setdefault(path, Mark(start, start))
        self._table = path

    def _inside(self, names: Path) -> Path:
        """The path of these names, through the newest element of every array of tables on the way."""
        path: Path = ()
        for name in names:
            path = (*path, name)
            if path in self._elements:
                path = (*path, self._elements[path])
        return path

    def _pair(self, table: Path) -> None:
        start = self._at
        names = self._key()
        self._expect("=")
        self._skip(_SPACE)
        path = table
        for name in names:
            path = (*path, name)
            self._marks.setdefault(path, Mark(start, self._at))
        self._value(path)

    def _key(self) -> list[str]:
        names: list[str] = []
        while True:
            self._skip(_SPACE)
            names.append(self._name())
            self._skip(_SPACE)
            if not self._text.startswith(".", self._at):
                return names
            self._at += 1

    def _name(self) -> str:
        for pattern in (_BASIC, _LITERAL):
            if found := pattern.match(self._text, self._at):
                self._at = found.end()
                return str(tomllib.loads(f"name = {found[0]}")["name"])
        found = _BARE.match(self._text, self._at)
        if found is None:
            raise _Unexpected
        self._at = found.end()
        return found[0]

    def _value(self, path: Path) -> None:
        if self._text.startswith("[", self._at):
            self._array(path)
        elif self._text.startswith("{", self._at):
            self._inline_table(path)
        else:
            self._scalar()

    def _array(self, path: Path) -> None:
        self._at += 1
        index = 0
        self._skip(_BLANK)
        while not self._text.startswith("]", self._at):
            element = (*path, index)
            self._marks[element] = Mark(self._at, self._at)
            self._value(element)
            index += 1
            self._skip(_BLANK)
            self._separator("]")
        self._at += 1

    def _inline_table(self, path: Path) -> None:
        self._at += 1
        self._skip(_BLANK)
        while not self._text.startswith("}", self._at):
            self._pair(path)
            self._skip(_BLANK)
            self._separator("}")
        self._at += 1

    def _separator(self, closing: str) -> None:
        if self._text.startswith(",", self._at):
            self._at += 1
            self._skip(_BLANK)
        elif not self._text.startswith(closing, self._at):
            raise _Unexpected

    def _scalar(self) -> None:
        for pattern in (_LONG_BASIC, _LONG_LITERAL, _BASIC, _LITERAL, _SCALAR):
            found = pattern.match(self._text, self._at)
            if found and found.end() > self._at:
                self._at = found.end()
                return
        raise _Unexpected

    def _skip(self, pattern: re.Pattern[str]) -> None:
        found = pattern.match(self._text, self._at)
        if found:
            self._at = found.end()

    def _expect(self, text: str) -> None:
        self._skip(_SPACE)
        if not self._text.startswith(text, self._at):
            raise _Unexpected
        self._at += len(text)
