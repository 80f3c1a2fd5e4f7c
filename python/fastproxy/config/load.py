"""Loading: all layers, all checks, one answer."""

import os
from collections.abc import Mapping
from pathlib import Path as FilePath
from typing import NamedTuple

from . import environment, presets, rules, tree, variables
from .positions import Path
from .problems import ConfigError, Problem, Problems
from .reading import Reader
from .secrets import Resolver
from .structs import Config, Server
from .tree import Origin, Tree


class Source(NamedTuple):
    """Where settings come from; loading it again is a reload. Without a path, the environment alone."""

    path: FilePath | None = None
    environ: Mapping[str, str] = os.environ
    flags: Mapping[str, str] = {}

    def __repr__(self) -> str:
        return f"Source({str(self.path) if self.path else 'environment'})"  # variables hold keys

    def load(self) -> "Loaded":
        """Everything this source says, with every mistake in it. Never raises for bad input."""
        return load(self)


class Loaded(NamedTuple):
    """What came out. `config` is None when there are errors."""

    source: Source
    config: Config | None
    problems: tuple[Problem, ...]
    origins: Mapping[Path, Origin]
    sentences: tuple[str, ...]  # what was made of the environment, when there is no file
    files: tuple[FilePath, ...]  # to be watched
    read: Config | None = None  # what could be read, mistakes or not: for commands that need only a part of it

    @property
    def errors(self) -> tuple[Problem, ...]:
        """The problems that keep it from being used."""
        return tuple(problem for problem in self.problems if problem.severity == "error")

    @property
    def warnings(self) -> tuple[Problem, ...]:
        """The problems that do not."""
        return tuple(problem for problem in self.problems if problem.severity == "warning")

    def require(self) -> Config:
        """The settings, or ConfigError with every reason."""
        if self.config is None:
            raise ConfigError(self.errors)
        return self.config


def load(source: Source) -> Loaded:
    """See [`Source.load`]."""
    values = Tree()
    problems = Problems(values.place)
    directory = source.path.absolute().parent if source.path else FilePath.cwd()
    resolver = Resolver(source.environ, directory)
    if source.path is not None:
        tree.read_file(values, source.path, problems)
        if problems.found:
            return _answer(source, None, values, problems, resolver, [])
    sentences = [] if source.path else _discover(values, source, resolver)
    variables.overlay_variables(values, source.environ, problems, resolver)
    variables.overlay_flags(values, source.flags)
    variables.well_known(values, source.environ)
    presets.fill(values, source.environ, problems)
    _settle(values, directory)
    reader = Reader(values, resolver, problems)
    config = reader.struct(Config, values.values)
    rules.check(values, reader, problems)
    return _answer(source, config, values, problems, resolver, sentences)


def _discover(values: Tree, source: Source, resolver: Resolver) -> list[str]:
    """Upstreams from well-known variables, unless our own variables define upstreams. Those lie above what is found
    here, and are looked at first only for the address that we listen on.
    """
    ours = Tree()
    variables.overlay_variables(ours, source.environ, Problems(ours.place), resolver)
    variables.overlay_flags(ours, source.flags)
    variables.well_known(ours, source.environ)
    upstreams = ours.get(("upstreams",))
    if any(isinstance(raw, dict) and ("base_url" in raw or "preset" in raw) for raw in upstreams or []):
        return []
    listen = ours.get(("server", "listen"))
    return environment.discover(values, source.environ, listen if isinstance(listen, str) else Server().listen)


def _settle(values: Tree, directory: FilePath) -> None:
    """One spelling: addresses without a slash at the end, files from the root."""
    upstreams = values.get(("upstreams",))
    for raw in upstreams if isinstance(upstreams, list) else []:
        if isinstance(raw, dict) and isinstance(url := raw.get("base_url"), str):
            raw["base_url"] = url.rstrip("/")
        if isinstance(raw, dict) and isinstance(file := raw.get("ca_file"), str) and "\0" not in file:
            raw["ca_file"] = str(directory / FilePath(file).expanduser())


def _answer(
    source: Source, config: Config | None, values: Tree, problems: Problems, resolver: Resolver, sentences: list[str]
) -> Loaded:
    found = tuple(sorted(problems.found, key=_reading_order))
    is_usable = not any(problem.severity == "error" for problem in found)
    files = ([source.path] if source.path else []) + list(dict.fromkeys(resolver.files))
    return Loaded(source, config if is_usable else None, found, values.origins, tuple(sentences), tuple(files), config)


def _reading_order(problem: Problem) -> tuple[bool, str, int, int]:
    place = problem.place
    if place is None:
        return (True, "", 0, 0)
    return (False, "" if place.line else place.source, place.line or 0, place.column or 0)
