"""Model name → ordered candidates.

Exact names come before `prefix-*` (longest first) before `*`. A name that no entry takes but that addresses an upstream
as `upstream/model` or `model:upstream` goes there: the backend is switched with one parameter.
"""

from __future__ import annotations

import random
from collections.abc import Sequence

import msgspec

from .patterns import matches
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
            candidates = [c for c in _candidates(model, name) if self._serves(c)]
            if candidates:
                return Route(candidates=candidates, strict=model.strict)
        elif addressed is not None:
            return Route(candidates=[addressed], strict=False)
        raise ProxyError(
            "not_found", f"the model {name!r} does not exist here", code="model_not_found", pointer="/model"
        )

    def _serves(self, candidate: Candidate) -> bool:
        """Whether the upstream may be asked for this model."""
        allowed = self._upstreams[candidate.upstream].models
        return allowed is None or any(matches(pattern, candidate.model) for pattern in allowed)

    def names(self) -> list[str]:
        """The models that the configuration names."""
        return sorted(self._exact)

    def open_upstreams(self) -> list[str]:
        """Upstreams that take any model's name as it is asked for: those of patterns without a model of their own."""
        targets = [target for pattern in self._patterns for target in pattern.targets if target.model is None]
        return list(dict.fromkeys(target.upstream for target in targets))

    def _addressed(self, name: str) -> Candidate | None:
        upstream, _, model = name.partition("/")
        if model and upstream in self._upstreams and self._serves(found := Candidate(upstream, model)):
            return found
        model, _, upstream = name.rpartition(":")
        if model and upstream in self._upstreams and self._serves(found := Candidate(upstream, model)):
            return found
        return None


def _candidates(model: Model, asked: str) -> list[Candidate]:
    """Targets in an order drawn by weight, then the fallbacks in theirs."""
    drawn = sorted(model.targets, key=lambda target: random.random() ** (1 / target.weight), reverse=True)  # noqa: S311
    return [_candidate(target, asked) for target in [*drawn, *model.fallbacks]]


def _candidate(target: ConfiguredTarget, asked: str) -> Candidate:
    return Candidate(target.upstream, target.model or asked)
