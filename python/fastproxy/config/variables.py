"""Settings from outside the file: our own variables, flags, and the few variables that everybody knows."""

import re
import tomllib
from collections.abc import Mapping
from typing import Any, Final

import msgspec

from .annotations import Shape, shape_of
from .positions import Path
from .problems import Place, Problems, did_you_mean
from .secrets import Resolver, SecretError
from .structs import Config
from .tree import Origin, Tree

PREFIX: Final = "FASTPROXY_"
_WORDS: Final = {
    "true": True,
    "yes": True,
    "on": True,
    "1": True,
    "false": False,
    "no": False,
    "off": False,
    "0": False,
}


def overlay_variables(tree: Tree, environ: Mapping[str, str], problems: Problems, resolver: Resolver) -> None:
    """`FASTPROXY_SERVER__LISTEN=…`, `FASTPROXY_UPSTREAMS__0__BASE_URL=…`; `…_FILE` reads the value from a file.

    An element of an array is named by its index or by its `name`.
    """
    for variable in sorted(environ):
        if not variable.startswith(PREFIX) or "__" not in variable:
            continue
        place = Place(variable)
        try:
            path, shape, from_file = _find(tree, variable)
            text = resolver.read(environ[variable]).strip() if from_file else environ[variable]
        except (KeyError, SecretError) as error:
            problems.at(place, str(error.args[0]), error.args[1] if len(error.args) > 1 else None)
            continue
        if not tree.set(path, parse_text(text, shape), Origin("variable", variable)):
            problems.at(place, "names an element beyond the end of an array, or a key below something that is no table")


def _find(tree: Tree, variable: str) -> tuple[Path, Shape, bool]:
    """The setting that a variable names. KeyError: message and suggestion."""
    words = variable.removeprefix(PREFIX).lower().split("__")
    try:
        return (*_walk(tree, words), False)
    except KeyError:
        if not variable.endswith("_FILE"):
            raise
    return (*_walk(tree, [*words[:-1], words[-1].removesuffix("_file")]), True)


def _walk(tree: Tree, words: list[str]) -> tuple[Path, Shape]:
    path: Path = ()
    shape = shape_of(Config)
    for word in words:
        if shape.is_struct:
            fields = {field.name: field for field in msgspec.structs.fields(shape.base)}
            if word not in fields:
                raise KeyError(f"no setting {'.'.join(words)}", did_you_mean(word, fields))
            path, shape = (*path, word), shape_of(fields[word].type)
        elif shape.base is list:
            path, shape = (*path, _element(tree, path, word)), shape_of(shape.item)
        elif shape.base is dict:
            path, shape = (*path, _member(tree, path, word)), shape_of(shape.item)
        else:
            raise KeyError(f"no setting {'.'.join(words)}: {'.'.join(map(str, path))} holds no others", None)
    return path, shape


def _element(tree: Tree, path: Path, word: str) -> int:
    if word.isdecimal() and len(word) <= 4:
        return int(word)
    elements = tree.get(path)
    for index, element in enumerate(elements if isinstance(elements, list) else []):
        name = element.get("name") if isinstance(element, dict) else None
        if isinstance(name, str) and _plain(name) == word:
            return index
    raise KeyError(f'no element "{word}" in {".".join(map(str, path))}', "write its index, counted from 0")


def _member(tree: Tree, path: Path, word: str) -> str:
    members = tree.get(path)
    known = [name for name in members if _plain(name) == word] if isinstance(members, dict) else []
    return known[0] if known else word.replace("_", "-")


def _plain(name: str) -> str:
    return re.sub(r"[^a-z0-9]", "_", name.lower())


def parse_text(text: str, shape: Shape) -> Any:
    """A variable's or flag's text as the value it stands for; what does not fit is left for the type check."""
    if shape.is_secret or shape.base is str or shape.choices:
        return text
    if shape.base is bool:
        return _WORDS.get(text.strip().lower(), text)
    if shape.base is list and shape_of(shape.item).base is str and not text.lstrip().startswith("["):
        return [word.strip() for word in text.split(",") if word.strip()]
    try:
        return tomllib.loads(f"value = {text}")["value"]
    except (tomllib.TOMLDecodeError, RecursionError, ValueError):
        return text


def overlay_flags(tree: Tree, flags: Mapping[str, str]) -> None:
    """Values from the command line, by dotted path."""
    for dotted, value in flags.items():
        path = tuple(dotted.split("."))
        tree.set(path, value, Origin("flag", f"--{path[-1].replace('_', '-')}"))


def well_known(tree: Tree, environ: Mapping[str, str]) -> None:
    """`HOST`, `PORT` and `LOG_LEVEL`, where nothing else says it: they are not meant for us alone.

    Some shells export HOST as the machine's name: only an address counts.
    """
    host, port = environ.get("HOST", ""), environ.get("PORT", "")
    is_address = bool(re.fullmatch(r"[0-9.]+|localhost|\[?[0-9a-fA-F:]*::?[0-9a-fA-F:.]*\]?", host))
    if port.isdecimal():
        shown = f"[{host}]" if ":" in host and not host.startswith("[") else host
        named = "HOST and PORT" if is_address else "PORT"
        tree.fill(("server", "listen"), f"{shown if is_address else '127.0.0.1'}:{port}", Origin("variable", named))
    level = environ.get("LOG_LEVEL", "").lower()
    if level in ("debug", "info", "warning", "error"):
        tree.fill(("logging", "level"), level, Origin("variable", "LOG_LEVEL"))
