"""JSON Schema of the configuration file, for editors: completion, types, descriptions."""

from typing import Any, Final

import msgspec

from .presets import known
from .secrets import Secret
from .structs import Config
from .units import DURATION_PATTERN, SIZE_PATTERN

_DRAFT: Final = "https://json-schema.org/draft/2020-12/schema"


def schema() -> dict[str, Any]:
    """Names, types, bounds, defaults. What needs the whole file to judge is left to `fastproxy check`."""
    _, definitions = msgspec.json.schema_components([Config], schema_hook=_secret)
    _from_presets(definitions["Upstream"])
    for definition in definitions.values():
        definition["properties"] = {name: _with_units(entry) for name, entry in definition["properties"].items()}
    config = definitions.pop("Config")
    return {"$schema": _DRAFT, **config, "title": "fastproxy configuration", "$defs": definitions}


def _secret(kind: type) -> dict[str, Any]:
    if kind is Secret:
        return {"type": "string", "minLength": 1, "examples": ["env:NAME", "file:secrets/name"]}
    raise NotImplementedError(f"no schema for {kind}")


def _with_units(entry: dict[str, Any]) -> dict[str, Any]:
    """A duration or size is a number, or a text with units."""
    unit = entry.pop("unit", None)
    if unit is None:
        return entry
    about: dict[str, Any] = {key: entry.pop(key) for key in ("description", "default") if key in entry}
    pattern = DURATION_PATTERN if unit == "duration" else SIZE_PATTERN
    return {"anyOf": [entry, {"type": "string", "pattern": pattern}], **about}


def _from_presets(upstream: dict[str, Any]) -> None:
    """What a preset fills in need not be written; names that only data knows become words to choose from."""
    names = sorted(known().presets)
    upstream["required"] = [name for name in upstream["required"] if name not in ("dialect", "base_url")]
    without_address = [name for name, preset in known().presets.items() if preset.base_url is None]
    upstream["anyOf"] = [
        {"required": ["dialect", "base_url"]},
        {"required": ["preset"], "properties": {"preset": {"not": {"enum": without_address}}}},
        {"required": ["preset", "base_url"]},
    ]
    upstream["properties"]["dialect"]["enum"] = sorted(known().dialects)
    upstream["properties"]["preset"] = {
        **{key: text for key, text in upstream["properties"]["preset"].items() if key == "description"},
        "type": "string",
        "enum": names,
    }
