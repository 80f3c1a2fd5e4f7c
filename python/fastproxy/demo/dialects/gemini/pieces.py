"""Gemini: arguments of a call piece by piece, each with the JSON path of the value that it belongs to."""

from collections.abc import Iterator
from typing import Any

from fastproxy.demo.ask import Json

PIECE = 8


def argument_parts(arguments: Json) -> Iterator[Json]:
    """`partialArgs` entries, one value at a time; texts in several of them."""
    for name, value in arguments.items():
        yield from _of(value, f"$.{name}")


def _of(value: Any, path: str) -> Iterator[Json]:
    if isinstance(value, dict):
        for name, inner in value.items():
            yield from _of(inner, f"{path}.{name}")
    elif isinstance(value, list):
        for at, inner in enumerate(value):
            yield from _of(inner, f"{path}[{at}]")
    elif isinstance(value, str):
        for at in range(0, len(value), PIECE):
            yield {"jsonPath": path, "stringValue": value[at : at + PIECE], "willContinue": True}
        yield {"jsonPath": path, "stringValue": ""}
    elif isinstance(value, bool):
        yield {"jsonPath": path, "boolValue": value}
    elif value is None:
        yield {"jsonPath": path, "nullValue": "NULL_VALUE"}
    else:
        yield {"jsonPath": path, "numberValue": value}
