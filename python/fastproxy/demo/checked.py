"""A JSON value that knows where it stands, so that each check of a request can name the field at fault."""

import json
import re
from collections.abc import Collection, Iterator
from typing import Any, NoReturn

from fastproxy.demo.errors import Kind, Path, Refused

NAMES = {
    dict: "an object",
    list: "an array",
    str: "a string",
    bool: "a boolean",
    int: "an integer",
    float: "a number",
    type(None): "null",
}


class Node:
    """One value of a request body and the path to it. Reading it as the wrong thing refuses the request."""

    __slots__ = ("path", "value")

    def __init__(self, value: Any, path: Path = ()) -> None:
        self.value = value
        self.path = path

    def refuse(self, message: str, *, kind: Kind = Kind.INVALID, code: str | None = None) -> NoReturn:
        raise Refused(kind, message, path=self.path, code=code)

    def _expected(self, what: str) -> NoReturn:
        self.refuse(f"expected {what}, but got {NAMES[type(self.value)]} instead", code="invalid_type")

    def object(self, known: Collection[str] | None = None) -> "Node":
        """This value as an object; with `known`, any other field is refused."""
        if not isinstance(self.value, dict):
            self._expected("an object")
        for name in self.value if known is not None else ():
            if known is not None and name not in known:
                Node(self.value[name], (*self.path, name)).refuse("unknown field", code="unknown_parameter")
        return self

    def get(self, name: str) -> "Node | None":
        """A field, or None when it is absent or null."""
        value = self.object().value.get(name)
        return None if value is None else Node(value, (*self.path, name))

    def need(self, name: str) -> "Node":
        found = self.get(name)
        if found is None:
            Node(None, (*self.path, name)).refuse("missing required field", code="missing_required_parameter")
        return found

    def __getitem__(self, index: int) -> "Node":
        return Node(self.value[index], (*self.path, index))

    def items(self, low: int = 0, high: int | None = None) -> Iterator["Node"]:
        """This value as an array of `low` to `high` entries."""
        if not isinstance(self.value, list):
            self._expected("an array")
        if len(self.value) < low:
            self.refuse(f"expected an array with at least {low} entries, but got {len(self.value)}", code="empty_array")
        if high is not None and len(self.value) > high:
            self.refuse(
                f"expected an array with at most {high} entries, but got {len(self.value)}",
                code="array_above_max_length",
            )
        return (self[index] for index in range(len(self.value)))

    def text(self, *, low: int = 0, high: int | None = None, pattern: re.Pattern[str] | None = None) -> str:
        if not isinstance(self.value, str):
            self._expected("a string")
        if len(self.value) < low:
            self.refuse(
                f"expected a string with minimum length {low}, but got length {len(self.value)}", code="empty_string"
            )
        if high is not None and len(self.value) > high:
            self.refuse(
                f"expected a string with maximum length {high}, but got length {len(self.value)}",
                code="string_above_max_length",
            )
        if pattern is not None and not pattern.fullmatch(self.value):
            self.refuse(f"string does not match pattern '{pattern.pattern}'", code="invalid_value")
        return self.value

    def one_of(self, *allowed: str) -> str:
        text = self.text()
        if text not in allowed:
            self.refuse(f"'{text}' is not supported; expected one of {', '.join(allowed)}", code="invalid_value")
        return text

    def number(self, low: float, high: float) -> float:
        if isinstance(self.value, bool) or not isinstance(self.value, int | float):
            self._expected("a number")
        return self._within(self.value, low, high)

    def integer(self, low: float, high: float = float("inf")) -> int:
        if isinstance(self.value, bool) or not isinstance(self.value, int):
            self._expected("an integer")
        return int(self._within(self.value, low, high))

    def _within(self, value: float, low: float, high: float) -> float:
        if not low <= value <= high:
            bound = f"at least {low}" if value < low else f"at most {high}"
            self.refuse(
                f"expected a value of {bound}, but got {value}",
                code="integer_below_min_value" if value < low else "integer_above_max_value",
            )
        return value

    def boolean(self) -> bool:
        if not isinstance(self.value, bool):
            self._expected("a boolean")
        return self.value


def parse(body: bytes) -> Node:
    """The body as a JSON object. NaN and Infinity, which Python would read, are not JSON."""
    try:
        value = json.loads(body.decode(), parse_constant=_not_json)
    except (ValueError, RecursionError) as error:
        raise Refused(Kind.INVALID, f"the request body is not valid JSON: {error}", code="invalid_json") from None
    return Node(value).object()


def _not_json(constant: str) -> NoReturn:
    raise ValueError(f"{constant} is not JSON")
