"""Plausible values from a JSON Schema: the arguments of simulated tool calls and structured answers."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from fastproxy.demo.ask import Json

MAX_DEPTH = 12
PLAUSIBLE: Mapping[str, Any] = MappingProxyType(
    {
        "city": "Lisbon",
        "location": "Lisbon, Portugal",
        "country": "Portugal",
        "name": "Ada Lovelace",
        "email": "ada@example.org",
        "query": "opening hours",
        "path": "notes/today.md",
        "file_path": "/home/ada/notes/today.md",
        "command": "echo hello",
        "timezone": "Europe/Lisbon",
        "url": "https://example.org/",
        "code": "print('hello')",
        "language": "en",
    }
)
FORMATS: Mapping[str, str] = MappingProxyType(
    {
        "date-time": "2026-01-31T09:30:00Z",
        "date": "2026-01-31",
        "time": "09:30:00Z",
        "email": "ada@example.org",
        "uri": "https://example.org/",
        "uuid": "6ba7b810-9dad-41d1-80b4-00c04fd430c8",
        "ipv4": "192.0.2.1",
        "ipv6": "2001:db8::1",
        "hostname": "example.org",
        "duration": "PT1H",
    }
)


def example(schema: Any) -> Any:
    """A value that the schema allows; an empty or boolean schema gives a short text."""
    return _value(schema, schema if isinstance(schema, dict) else {}, "", MAX_DEPTH)


def _value(schema: Any, root: Json, name: str, depth: int) -> Any:
    if not isinstance(schema, dict):
        return PLAUSIBLE.get(name, "text")
    schema = _resolved(schema, root, MAX_DEPTH)
    for fixed in ("const", "default"):
        if fixed in schema:
            return schema[fixed]
    for listed in ("enum", "examples"):
        if schema.get(listed):
            return schema[listed][0]
    kind = _kind(schema)
    if kind == "object":
        return _object(schema, root, depth)
    if kind == "array":
        count = max(schema.get("minItems", 1), 0 if depth <= 0 else 1)
        ordered = schema.get("prefixItems", [])
        return [
            _value(ordered[at] if at < len(ordered) else schema.get("items", {}), root, name, depth - 1)
            for at in range(max(count, len(ordered)))
        ]
    if kind in ("integer", "number"):
        return _number(schema, kind)
    return {"boolean": True, "null": None}.get(kind, _text(schema, name))


def _kind(schema: Json) -> str:
    kind = schema.get("type")
    if isinstance(kind, list):
        return next((str(entry) for entry in kind if entry != "null"), "null")
    if isinstance(kind, str):
        return kind
    return "object" if "properties" in schema else "array" if "items" in schema else "string"


def _resolved(schema: Json, root: Json, hops: int) -> Json:
    """The schema with references followed, the first alternative taken and `allOf` joined; a cycle ends in a free schema."""
    if hops <= 0:
        return {}
    if isinstance(reference := schema.get("$ref"), str):
        return _resolved(
            {**_target(reference, root), **{k: v for k, v in schema.items() if k != "$ref"}}, root, hops - 1
        )
    for choice in ("anyOf", "oneOf"):
        options = [option for option in schema.get(choice) or () if option != {"type": "null"}]
        if options:
            rest = {key: value for key, value in schema.items() if key not in ("anyOf", "oneOf")}
            return _resolved({**rest, **options[0]}, root, hops - 1)
    if schema.get("allOf"):
        joined: Json = {key: value for key, value in schema.items() if key != "allOf"}
        for part in schema["allOf"]:
            joined = _joined(joined, _resolved(part, root, hops - 1))
        return joined
    return schema


def _joined(one: Json, other: Json) -> Json:
    joined = {**one, **other}
    if "properties" in one and "properties" in other:
        joined["properties"] = {**one["properties"], **other["properties"]}
    if "required" in one and "required" in other:
        joined["required"] = list(dict.fromkeys([*one["required"], *other["required"]]))
    return joined


def _target(reference: str, root: Json) -> Json:
    found: Any = root
    for step in reference.removeprefix("#").split("/")[1:]:
        found = found.get(step.replace("~1", "/").replace("~0", "~")) if isinstance(found, dict) else None
    return found if isinstance(found, dict) else {}


def _object(schema: Json, root: Json, depth: int) -> Json:
    """Every property while there is depth left; then only the required ones, so that a recursive schema ends."""
    required = schema.get("required", [])
    properties: Json = schema.get("properties", {})
    wanted = {name: properties.get(name, {}) for name in (properties if depth > MAX_DEPTH - 4 else ())}
    wanted |= {name: properties.get(name, {}) for name in required if depth > 0}
    return {name: _value(part, root, name, depth - 1) for name, part in wanted.items()}


def _number(schema: Json, kind: str) -> int | float:
    low, high = (
        schema.get("minimum", schema.get("exclusiveMinimum")),
        schema.get("maximum", schema.get("exclusiveMaximum")),
    )
    step = schema.get("multipleOf", 1)
    value: float = 21 if low is None else low
    if low is not None and "exclusiveMinimum" in schema:
        value += step
    if high is not None and value > high:
        value = high - (step if "exclusiveMaximum" in schema else 0)
    if step != 1 and low is None:
        value = step
    return int(value) if kind == "integer" or float(value).is_integer() else value


def _text(schema: Json, name: str) -> str:
    text = FORMATS.get(
        schema.get("format", ""), PLAUSIBLE.get(name, f"some {name.replace('_', ' ')}" if name else "text")
    )
    text = text.ljust(schema.get("minLength", 0), "x")
    return str(text[: schema["maxLength"]] if "maxLength" in schema else text)
