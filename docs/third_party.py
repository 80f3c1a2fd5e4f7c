"""Writes THIRD-PARTY-LICENSES.txt: the licence texts of every Rust crate that is linked into the wheel.

Their licences ask that the texts go where the binary goes; the wheel carries this file beside LICENSE. `--check` (CI) fails when
Cargo.lock has moved on, `--write` writes it. Build and test dependencies are not linked and not listed.
"""

import argparse
import json
import re
import subprocess
import sys
from collections import deque
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
TARGET = ROOT / "THIRD-PARTY-LICENSES.txt"
BINDING = "fastproxy-py"
NAMES = re.compile(r"^(licen[cs]e|copying|notice|unlicense|copyright)([-._].*)?$", re.IGNORECASE)
RULE = "=" * 100

Json = dict[str, Any]


def metadata() -> Json:
    """What cargo knows, for every platform."""
    command = ["cargo", "metadata", "--format-version", "1", "--locked"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)  # noqa: S603 - fixed words
    known: Json = json.loads(done.stdout)
    return known


def linked(known: Json) -> list[Json]:
    """Packages that the extension links, ours left out, by name and version."""
    packages = {package["id"]: package for package in known["packages"]}
    nodes = {node["id"]: node for node in known["resolve"]["nodes"]}
    start = next(id for id, package in packages.items() if package["name"] == BINDING)
    found, waiting = {start}, deque([start])
    while waiting:
        for dependency in nodes[waiting.popleft()]["deps"]:
            is_linked = any(kind["kind"] is None for kind in dependency["dep_kinds"])
            if is_linked and dependency["pkg"] not in found and not is_macro(packages[dependency["pkg"]]):
                found.add(dependency["pkg"])
                waiting.append(dependency["pkg"])
    foreign = [packages[id] for id in found if packages[id]["source"]]
    return sorted(foreign, key=lambda package: (package["name"], package["version"]))


def is_macro(package: Json) -> bool:
    """A macro runs in the compiler; it is not linked."""
    return any("proc-macro" in target["kind"] for target in package["targets"])


def texts(package: Json) -> list[str]:
    """The licence files beside the package's manifest; where it offers MIT among others, that one."""
    folder = Path(package["manifest_path"]).parent
    files = sorted(path for path in folder.iterdir() if path.is_file() and NAMES.match(path.name))
    if re.search(r"\bMIT\b", package["license"] or "") and re.search(r" OR |/", package["license"]):
        files = [path for path in files if "MIT" in path.name.upper()] or files
    return [path.read_text(encoding="utf-8", errors="replace").strip() for path in files]


def page(packages: list[Json]) -> str:
    """A list of what is linked, then every text once with the packages that it is for."""
    owners: dict[str, list[str]] = {}
    for package in packages:
        for text in texts(package):
            owners.setdefault("\n".join(line.rstrip() for line in text.splitlines()), []).append(package["name"])
    listed = "\n".join(f"{p['name']} {p['version']}: {p['license'] or 'see its text'}" for p in packages)
    parts = [
        "The extension module of fastproxy links these Rust packages. Written by docs/third_party.py.\n",
        listed,
        *(f"\n{RULE}\n{', '.join(sorted(set(names)))}\n{RULE}\n\n{text}" for text, names in owners.items()),
    ]
    return "\n".join(parts) + "\n"


def main() -> int:
    """Compare or write the file."""
    parser = argparse.ArgumentParser(description=__doc__)
    mode = parser.add_mutually_exclusive_group(required=True)
    mode.add_argument("--check", action="store_true", help="fail when the file is out of date")
    mode.add_argument("--write", action="store_true", help="write the file")
    options = parser.parse_args()
    text = page(linked(metadata()))
    if options.write:
        TARGET.write_text(text, encoding="utf-8")
    elif not TARGET.exists() or TARGET.read_text(encoding="utf-8") != text:
        sys.stderr.write(f"{TARGET.name} is out of date; run `make docs`\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
