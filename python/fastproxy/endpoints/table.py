"""The route table: paths, some with parameters, to the endpoints behind them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from ..asgi import Scope
from .route import Endpoint

_PARAMETER = re.compile(r"\{([a-z_]+)(\*?)\}")
_NOTHING: Mapping[str, str] = {}

Found = tuple[list[Endpoint], Mapping[str, str]]


class RouteTable:
    """Finds what stands at a path. A path without parameters comes before patterns, and those in their order."""

    def __init__(self, endpoints: Iterable[Endpoint]) -> None:
        self._exact: dict[str, list[Endpoint]] = {}
        patterns: dict[str, list[Endpoint]] = {}
        for endpoint in endpoints:
            for path in endpoint.paths:
                (patterns if "{" in path else self._exact).setdefault(path, []).append(endpoint)
        self._patterns = [(compiled(path), "*}" in path, behind) for path, behind in patterns.items()]

    def find(self, scope: Scope) -> Found:
        """The endpoints of a request's path (one per set of methods) and the values of its parameters."""
        path: str = scope["path"]
        # An encoded slash is no separator; only what takes slashes anyway (a model's name) may hold one.
        has_encoded = b"%2f" in (scope.get("raw_path") or b"").lower()
        if not has_encoded and (found := self._exact.get(path) or self._exact.get(path.rstrip("/"))):
            return found, _NOTHING
        for pattern, takes_slashes, behind in self._patterns:
            if (takes_slashes or not has_encoded) and (match := pattern.fullmatch(path)):
                return behind, match.groupdict()
        return [], _NOTHING


def compiled(path: str) -> re.Pattern[str]:
    """`{name}` is one segment or a part of one; `{name*}` takes slashes, too."""
    pieces, at = [], 0
    for parameter in _PARAMETER.finditer(path):
        kind = ".+" if parameter[2] else "[^/]+"
        pieces += [re.escape(path[at : parameter.start()]), f"(?P<{parameter[1]}>{kind})"]
        at = parameter.end()
    return re.compile("".join([*pieces, re.escape(path[at:])]), re.DOTALL)
