"""One tree of raw values that remembers which layer gave each of them.

Later layers win: defaults < presets < file < `FASTPROXY_<SECTION>__<KEY>` variables < flags. Values stay as the layer
gave them; types are checked once, on the merged tree.
"""

import re
import tomllib
from itertools import pairwise
from pathlib import Path as FilePath
from typing import Any, Final, Literal, NamedTuple

from .positions import Path, Positions
from .problems import Place, Problems

_LARGEST_FILE: Final = 8 * 2**20

Kind = Literal["default", "preset", "file", "variable", "flag"]


class Origin(NamedTuple):
    """Which layer gave a value, and where there."""

    kind: Kind
    name: str = ""
    key: tuple[int, int] | None = None
    value: tuple[int, int] | None = None

    def __str__(self) -> str:
        if self.kind == "file" and self.value:
            return f"{self.name}:{self.value[0]}"
        return f"{self.kind} {self.name}" if self.kind in ("preset", "variable") else self.name or self.kind


class Tree:
    """Raw values and their origins."""

    def __init__(self) -> None:
        self.values: dict[str, Any] = {}
        self.origins: dict[Path, Origin] = {}
        self.file: FilePath | None = None

    def get(self, path: Path) -> Any:
        """The value at a path; None where there is none."""
        node: Any = self.values
        for part in path:
            if isinstance(part, int):
                node = node[part] if isinstance(node, list) and part < len(node) else None
            else:
                node = node.get(part) if isinstance(node, dict) else None
        return node

    def set(self, path: Path, value: Any, origin: Origin) -> bool:
        """Puts a value, making the tables on the way; False where something that is no table is in the way."""
        node: Any = self.values
        for part, following in pairwise(path):
            fresh: Any = [] if isinstance(following, int) else {}
            if isinstance(part, int):
                if not isinstance(node, list) or part > len(node):
                    return False
                if part == len(node):
                    node.append(fresh)
                node = node[part]
            elif isinstance(node, dict):
                node = node.setdefault(part, fresh)
            else:
                return False
        return self._put(node, path, value, origin)

    def _put(self, node: Any, path: Path, value: Any, origin: Origin) -> bool:
        last = path[-1]
        replaced = self.get(path)
        if isinstance(last, int):
            if not isinstance(node, list) or last > len(node):
                return False
            node[last : last + 1] = [value]
        elif isinstance(node, dict):
            node[last] = value
        else:
            return False
        if isinstance(replaced, dict | list):
            for below in [known for known in self.origins if known[: len(path)] == path]:
                del self.origins[below]
        self.origins[path] = origin
        return True

    def fill(self, path: Path, value: Any, origin: Origin) -> None:
        """Puts a value where none is."""
        if self.get(path) is None:
            self.set(path, value, origin)

    def origin(self, path: Path) -> Origin:
        """Where a value came from: its own origin, or that of what encloses it."""
        for length in range(len(path), 0, -1):
            if path[:length] in self.origins:
                return self.origins[path[:length]]
        return Origin("default")

    def place(self, path: Path, at_key: bool) -> Place | None:
        """Where to point for a mistake at this path."""
        origin = self.origin(path)
        if origin.kind == "default":
            return Place(str(self.file)) if self.file else None
        line, column = (origin.key if at_key else origin.value) or (None, None)
        return Place(origin.name or origin.kind, line, column)


def read_file(tree: Tree, path: FilePath, problems: Problems) -> None:
    """The TOML file. A syntax error is one problem: nothing after it can be read."""
    place = Place(str(path))
    tree.file = path
    try:
        if path.stat().st_size > _LARGEST_FILE:
            problems.at(place, f"larger than {_LARGEST_FILE // 2**20} MiB: not a configuration")
            return
        text = path.read_bytes().decode("utf-8-sig")
        tree.values = tomllib.loads(text)
    except OSError as error:
        problems.at(place, f"cannot be read: {(error.strerror or 'failed').lower()}")
    except UnicodeDecodeError as error:
        line = error.object.count(b"\n", 0, error.start) + 1
        problems.at(Place(str(path), line), "not UTF-8")
    except tomllib.TOMLDecodeError as error:
        problems.at(*_syntax(path, text, str(error)))
    except (RecursionError, ValueError):
        problems.at(place, "not readable as TOML (nested too deeply, or a number too long)")
    else:
        positions = Positions(text)
        for found in positions.marks:
            tree.origins[found] = Origin("file", str(path), positions.key(found), positions.value(found))


def _syntax(path: FilePath, text: str, message: str) -> tuple[Place, str]:
    """Place and reason. Python before 3.14 tells the place only inside the text."""
    reason, _, rest = message.partition(" (at ")
    if found := re.match(r"line (\d+), column (\d+)\)", rest):
        return Place(str(path), int(found[1]), int(found[2])), reason[:1].lower() + reason[1:]
    return Place(str(path), text.count("\n") + 1), f"{reason[:1].lower()}{reason[1:]} at the end of the file"
