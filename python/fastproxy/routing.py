"""Model name → ordered candidates.

Exact names come before `prefix-*` (longest first) before `*`. A name that no entry takes but that addresses an upstream
as `upstream/model` or `model:upstream` goes there: the backend is switched with one parameter.
"""

from __future__ import annotations

import random
from collections.abc import Sequence

import msgspec

from .access.keys import matches
from .config import Config, Model
from .config import Target as ConfiguredTarget
from .errors import ProxyError


class Candidate(msgspec.Struct, frozen=True):
    """One place to try: an upstream and the model's name there."""

    upstream: str
    model: str


class Route(msgspec.Struct, frozen=True):
    """Where a request may go, in order, and how strictly."""

    candidates: Sequence[Candidate]
    strict: bool


class Router:
    """All routes of one configuration."""

    def __init__(self, config: Config) -> None:
        self._exact = {model.name: model for model in config.models if not model.name.endswith("*")}
        patterns = [model for model in config.models if model.name.endswith("*")]
        self._patterns = sorted(patterns, key=lambda model: -len(model.name))
        self._upstreams = {upstream.name: upstream for upstream in config.upstreams}

    def route(self, name: str) -> Route:
        """Candidates for a model name; `ProxyError` `not_found` when there are none."""
        model = self._exact.get(name) or next((m for m in self._patterns if matches(m.name, name)), None)
        addressed = self._addressed(name)
        if model is not None and not (model.name == "*" and addressed):
            return Route(candidates=_candidates(model, name), strict=model.strict)
        if addressed is not None:
            return Route(candidates=[addressed], strict=False)
        raise ProxyError("not_found", f"the model {name!r} does not exist here", code="model_not_found", pointer="/model")

    def names(self) -> list[str]:
        """The models that can be asked for by name, for the model lists."""
        return sorted(self._exact)

    def _addressed(self, name: str) -> Candidate | None:
        upstream, _, model = name.partition("/")
        if model and upstream in self._upstreams:
            return Candidate(upstream, model)
        model, _, upstream = name.rpartition(":")
        if model and upstream in self._upstreams:
            return Candidate(upstream, model)
        return None


def _candidates(model: Model, asked: str) -> list[Candidate]:
    """Targets in an order drawn by weight, then the fallbacks in theirs."""
    drawn = sorted(model.targets, key=lambda target: random.random() ** (1 / target.weight), reverse=True)  # noqa: S311
    return [_candidate(target, asked) for target in [*drawn, *model.fallbacks]]


def _candidate(target: ConfiguredTarget, asked: str) -> Candidate:
    return Candidate(target.upstream, target.model or asked)
