"""From raw values to Structs, collecting every mistake instead of stopping at the first.

`msgspec.convert` judges single values; the walk over tables and arrays is ours, because it must go on after a mistake
and knows paths, units, secrets and suggestions.
"""

import re
from collections.abc import Iterator
from math import isfinite
from typing import Any, Final, TypeVar

import msgspec
from msgspec import Struct

from .annotations import Shape, shape_of
from .positions import Path
from .problems import Problems, did_you_mean
from .secrets import Resolver, Secret, SecretError
from .tree import Tree
from .units import parse_duration, parse_size

T = TypeVar("T", bound=Struct)

_WRONG: Final = object()  # stands for a value that was reported and cannot be used
_NAMES: Final = {
    dict: "a table",
    list: "an array",
    str: "a text",
    bool: "true or false",
    int: "a whole number",
    float: "a number",
}


class Reader:
    """Builds Structs from a tree. `built` keeps every Struct that could be built, by path, for the checks after it."""

    def __init__(self, tree: Tree, resolver: Resolver, problems: Problems) -> None:
        self._tree = tree
        self._resolver = resolver
        self._problems = problems
        self.built: dict[Path, Struct] = {}

    def all(self, struct: type[T]) -> Iterator[tuple[Path, T]]:
        """What was built of one kind, with its path."""
        for path, value in self.built.items():
            if isinstance(value, struct):
                yield path, value

    def struct(self, struct: type[T], raw: dict[str, Any], path: Path = ()) -> T:
        """One Struct. Where something that it cannot be without is missing or wrong, a stand-in takes its place, so
        that the rest can still be checked; the error that was reported keeps the whole from being used.
        """
        fields = {field.name: field for field in msgspec.structs.fields(struct)}
        for name in raw:
            if name not in fields:
                self._problems.error((*path, name), "no such setting", did_you_mean(str(name), fields), at_key=True)
        values: dict[str, Any] = {}
        for name, field in fields.items():
            shape = shape_of(field.type)
            value = self._value(shape, field.type, raw[name], (*path, name)) if name in raw else _WRONG
            if name not in raw and field.required:
                self._problems.error((*path, name), "missing", _needed(name), at_key=True)
            if value is not _WRONG:
                values[name] = value
            elif field.required:
                values[name] = _stand_in(shape, raw.get(name))
        made = struct(**values)
        self.built[path] = made
        return made

    def _value(self, shape: Shape, annotation: Any, raw: Any, path: Path) -> Any:
        if shape.is_struct:
            if not isinstance(raw, dict):
                return self._wrong(path, f"expected a table, got {_kind(raw)}")
            return self.struct(shape.base, raw, path)
        if shape.is_secret:
            return self._secret(raw, path)
        if shape.base is list:
            return self._array(shape, raw, path)
        if shape.base is dict:
            return self._table(shape, raw, path)
        return self._single(shape, annotation, raw, path)

    def _array(self, shape: Shape, raw: Any, path: Path) -> Any:
        item = shape_of(shape.item)
        if not isinstance(raw, list):
            how = f"write [[{path[-1]}]]" if isinstance(raw, dict) and item.is_struct else "write it in [ ]"
            self._problems.error(path, f"expected an array, got {_kind(raw)}", how)
            return _WRONG
        least = max((meta.min_length or 0 for meta in shape.metas), default=0)
        if len(raw) < least:
            return self._wrong(path, f"needs at least {least}")
        values = [self._value(item, shape.item, element, (*path, index)) for index, element in enumerate(raw)]
        return [value for value in values if value is not _WRONG]

    def _table(self, shape: Shape, raw: Any, path: Path) -> Any:
        if not isinstance(raw, dict):
            return self._wrong(path, f"expected a table, got {_kind(raw)}")
        item = shape_of(shape.item)
        values = {name: self._value(item, shape.item, member, (*path, name)) for name, member in raw.items()}
        return {name: value for name, value in values.items() if value is not _WRONG}

    def _secret(self, raw: Any, path: Path) -> Any:
        if isinstance(raw, Secret):
            return raw
        if not isinstance(raw, str):
            return self._wrong(path, f'expected a text like "env:NAME" or "file:PATH", got {_kind(raw)}')
        self._resolver.warnings.clear()
        try:
            secret = self._resolver.resolve(raw)
        except SecretError as error:
            return self._wrong(path, str(error))
        for warning in self._resolver.warnings:
            self._problems.warning(path, warning)
        return secret

    def _single(self, shape: Shape, annotation: Any, raw: Any, path: Path) -> Any:
        try:
            value = _in_units(shape.note("unit"), raw)
        except ValueError as error:
            return self._wrong(path, str(error))
        if isinstance(value, float) and not isfinite(value):
            return self._wrong(path, "expected a finite number")
        if isinstance(value, str) and any(ord(letter) < 0x20 or ord(letter) == 0x7F for letter in value):
            return self._wrong(path, "holds a line end or another control character")
        try:
            return msgspec.convert(value, annotation)
        except msgspec.ValidationError as error:
            return self._refused(shape, value, path, str(error))

    def _refused(self, shape: Shape, value: Any, path: Path, reason: str) -> object:
        if shape.choices and isinstance(value, str):
            self._problems.error(path, f'"{value}" is not one of its words', did_you_mean(value, shape.choices))
            return _WRONG
        expected = _NAMES.get(shape.base)
        if shape.choices or (expected and not _fits(value, shape.base)):
            return self._wrong(path, f"expected {'a text' if shape.choices else expected}, got {_kind(value)}")
        if expects := shape.note("expects"):
            return self._wrong(path, f"expected {expects}")
        return self._wrong(path, _plainly(reason, value))

    def _wrong(self, path: Path, message: str) -> object:
        self._problems.error(path, message)
        return _WRONG


def _stand_in(shape: Shape, raw: Any) -> Any:
    """The text as written, where it is one; else something empty, which the checks pass over."""
    if shape.is_secret:
        return Secret("")
    if shape.base is str:
        return raw if isinstance(raw, str) else ""
    return shape.base()


def _in_units(unit: str | None, raw: Any) -> Any:
    if unit == "duration":
        return parse_duration(raw)
    return parse_size(raw) if unit == "size" else raw


def _fits(value: Any, base: Any) -> bool:
    if base is float:
        return isinstance(value, int | float) and not isinstance(value, bool)
    return isinstance(value, base) and (base is bool or not isinstance(value, bool))


def _plainly(reason: str, value: Any) -> str:
    """`Expected `int` >= 1` → `must be >= 1, got 0`. Texts are not repeated: they may hold what should not be shown."""
    bound = reason.replace("`", "").removeprefix("Expected ").split(" ", 1)
    rule = re.sub(r"(\d)\.0\b", r"\1", f"must be {bound[1]}" if len(bound) > 1 else reason)
    return (
        f"{rule}, got {value:.12g}" if isinstance(value, int | float) else rule.replace("be of length", "have a length")
    )


def _needed(name: str) -> str | None:
    if name in ("dialect", "base_url"):
        return 'or name a preset: preset = "openai"'
    return None


def _kind(raw: Any) -> str:
    return _NAMES.get(type(raw), "a date or time")
