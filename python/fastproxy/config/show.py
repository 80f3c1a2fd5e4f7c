"""The effective settings, without secrets: for `config show`, for support, for comparing two machines."""

import json
from collections.abc import Iterator, Mapping
from typing import Any, Final, NamedTuple

from msgspec import Struct

from .positions import Path
from .problems import dotted
from .secrets import Secret
from .structs import Config
from .tree import Origin

# Header and query values are free text: one whose name sounds like a credential is not shown.
_TELLING: Final = ("key", "token", "secret", "auth", "cookie", "password", "credential", "signature")


class Line(NamedTuple):
    """One setting."""

    path: Path
    value: Any
    origin: Origin

    @property
    def text(self) -> str:
        """`server.listen = "127.0.0.1:8080"`."""
        return f"{dotted(self.path)} = {json.dumps(self.value, ensure_ascii=False)}"


def plain(config: Config) -> dict[str, Any]:
    """The settings as plain values, secrets redacted to where they come from."""
    shown = _plain(config)
    assert isinstance(shown, dict)  # noqa: S101 - a Struct always becomes a dict; for the type checker
    return shown


def lines(config: Config, origins: Mapping[Path, Origin]) -> Iterator[Line]:
    """Every setting with its origin, in the order of the Structs."""
    for path, value in _leaves(plain(config), ()):
        yield Line(path, value, _origin(path, origins))


def _plain(value: Any, name: str = "") -> Any:
    if isinstance(value, Secret):
        return value.source if value.source != "literal" else "***"
    if isinstance(value, Struct):
        return {field: _plain(getattr(value, field)) for field in value.__struct_fields__}
    if isinstance(value, list):
        return [_plain(element) for element in value]
    if isinstance(value, dict):
        return {str(key): _plain(member, str(key)) for key, member in value.items()}
    if isinstance(value, str) and any(word in name.lower() for word in _TELLING):
        return "***"
    return int(value) if isinstance(value, float) and value.is_integer() else value


def _leaves(value: Any, path: Path) -> Iterator[tuple[Path, Any]]:
    if isinstance(value, dict) and value:
        for name, member in value.items():
            yield from _leaves(member, (*path, name))
    elif isinstance(value, list) and any(isinstance(element, dict) for element in value):
        for index, element in enumerate(value):
            yield from _leaves(element, (*path, index))
    else:
        yield path, value


def _origin(path: Path, origins: Mapping[Path, Origin]) -> Origin:
    """Its own, or that of an enclosing value that was given whole (a variable with an inline table)."""
    if path in origins:
        return origins[path]
    for length in range(len(path) - 1, 0, -1):
        enclosing = origins.get(path[:length])
        if enclosing is not None:
            return enclosing if enclosing.kind in ("variable", "flag") else Origin("default")
    return Origin("default")
