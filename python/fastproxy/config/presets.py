"""Known upstreams as data (presets.toml), and how they fill what a configuration leaves out."""

import tomllib
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import Any, Final

import msgspec
from msgspec import Struct

from .positions import Path
from .problems import Problems, did_you_mean
from .secrets import Secret
from .tree import Origin, Tree
from .upstream import Auth

# Stands in for an address that is missing and was reported.
_NOWHERE: Final = "https://unknown.invalid"


class KeyVariable(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A variable that holds a key, and the header such a key goes into when it is not the usual one."""

    variable: str
    auth: Auth | None = None


class Preset(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One known upstream. presets.toml says what each field means."""

    title: str
    dialect: str
    base_url: str | None = None
    keys: list[KeyVariable]
    base_urls: list[str] = []
    base_url_path: str = ""
    default_port: int | None = None
    local: bool = False
    discover: bool = True
    models: list[str] = []
    auth: Auth | None = None
    origin: str | None = None
    profile: dict[str, Any] = {}

    def key_variable(self, environ: Mapping[str, str]) -> KeyVariable | None:
        """The first of its variables that holds something."""
        return next((key for key in self.keys if environ.get(key.variable, "").strip()), None)


class DialectDefaults(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What an upstream of a dialect does unless told otherwise."""

    auth: Auth


class Known(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """All of presets.toml."""

    dialects: dict[str, DialectDefaults]
    presets: dict[str, Preset]


@cache
def known() -> Known:
    """The presets and dialects that this version knows."""
    text = files("fastproxy.config").joinpath("presets.toml").read_text(encoding="utf-8")
    return msgspec.convert(tomllib.loads(text), Known)


def fill(tree: Tree, environ: Mapping[str, str], problems: Problems) -> None:
    """Gives every upstream what its preset and its dialect say, where it says nothing itself."""
    upstreams = tree.get(("upstreams",))
    for index, raw in enumerate(upstreams if isinstance(upstreams, list) else []):
        if isinstance(raw, dict):
            _fill_one(tree, ("upstreams", index), raw, environ, problems)


def _fill_one(tree: Tree, path: Path, raw: dict[str, Any], environ: Mapping[str, str], problems: Problems) -> None:
    preset = _preset(path, raw, problems)
    is_elsewhere = preset is not None and preset.base_url is not None and "base_url" in raw
    if preset is not None:
        origin = Origin("preset", str(raw["preset"]))
        for name in ("dialect", "base_url", "auth", "origin"):
            if (value := getattr(preset, name)) is not None:
                _fill(tree, (*path, name), value, origin)
        if isinstance(raw.get("profile", {}), dict):
            for name, value in preset.profile.items():
                _fill(tree, (*path, "profile", name), value, origin)
    if "accounts" not in raw:
        _account(tree, path, preset, is_elsewhere, environ, problems)
    dialect = known().dialects.get(raw["dialect"]) if isinstance(raw.get("dialect"), str) else None
    if dialect is not None:
        tree.fill((*path, "auth"), dialect.auth, Origin("default"))
    if isinstance(raw.get("name"), str):
        tree.fill((*path, "origin"), raw["name"], Origin("default"))


def _fill(tree: Tree, path: Path, value: Any, origin: Origin) -> None:
    tree.fill(path, list(value) if isinstance(value, list) else value, origin)


def _preset(path: Path, raw: dict[str, Any], problems: Problems) -> Preset | None:
    name = raw.get("preset")
    if not isinstance(name, str):
        return None
    preset = known().presets.get(name)
    if preset is None:
        problems.error((*path, "preset"), f'no preset "{name}"', did_you_mean(name, known().presets))
        # What it would have filled in is not to be reported as missing as well.
        raw.setdefault("dialect", next(iter(known().dialects)))
        raw.setdefault("base_url", _NOWHERE)
        raw.setdefault("accounts", [{"name": "default", "key": Secret("unknown", "preset")}])
    elif preset.base_url is None and "base_url" not in raw:
        problems.error((*path, "base_url"), f"missing: {preset.title} has an address of your own", at_key=True)
        raw["base_url"] = _NOWHERE
    return preset


def _account(
    tree: Tree, path: Path, preset: Preset | None, is_elsewhere: bool, environ: Mapping[str, str], problems: Problems
) -> None:
    """The account of an upstream that names none.

    A vendor's well-known key is never sent to another address unless the configuration names the key itself.
    """
    where = (*path, "accounts")
    if preset is None or is_elsewhere:
        tree.set(where, [{"name": "default"}], Origin("default"))
        return
    found = preset.key_variable(environ)
    account = {"name": "default"}
    if found is not None:
        account["key"] = f"env:{found.variable}"
        if found.auth is not None:
            tree.fill((*path, "auth"), found.auth, Origin("variable", found.variable))
    elif not preset.local:
        names = " or ".join(key.variable for key in preset.keys)
        problems.error(
            where, f"missing, and {names} is not set", f"set {names}, or name an account with its key", at_key=True
        )
    tree.set(where, [account], Origin("variable", found.variable) if found else Origin("default"))
