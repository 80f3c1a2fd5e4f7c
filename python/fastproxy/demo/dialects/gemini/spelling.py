"""Gemini: proto JSON takes field names in camelCase and in snake_case; here they all become camelCase before they are checked."""

import re
from typing import Any

from fastproxy.demo.ask import Json

SNAKE = re.compile(r"_([a-z0-9])")
# Fields whose value is data: what it calls its own fields is not ours to spell.
DATA = frozenset(
    "args response parametersJsonSchema responseJsonSchema labels partMetadata default example enum required "
    "propertyOrdering".split()
)
# Fields whose keys are data, but whose values are messages again.
MAPS = frozenset(("properties", "$defs"))


def camel(value: Any) -> Any:
    """The value with every field name in camelCase."""
    if isinstance(value, list):
        return [camel(entry) for entry in value]
    if not isinstance(value, dict):
        return value
    return _fields(value)


def _fields(value: Json) -> Json:
    spelled: Json = {}
    for given, inner in value.items():
        name = SNAKE.sub(lambda match: match[1].upper(), given)
        if name in DATA:
            spelled[name] = inner
        elif name in MAPS and isinstance(inner, dict):
            spelled[name] = {key: camel(part) for key, part in inner.items()}
        else:
            spelled[name] = camel(inner)
    return spelled


def snake(name: str) -> str:
    """A field as error messages spell it."""
    return re.sub(r"([A-Z])", lambda match: f"_{match[1].lower()}", name)
