"""Model name → ordered candidates.

Exact names come before `prefix-*` (longest first) before `*`. A name that no entry takes but that addresses an upstream
as `upstream/model` or `model:upstream` goes there: the upstream is switched with one parameter. `:fastest` or `:cheapest`
behind a name orders its targets so for this request.

Ollama's clients add the tag `:latest` to names without one; it is left out where nothing has it in its name.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable, Sequence
from difflib import get_close_matches
from typing import Literal

import msgspec

from .config import Config, Model
from .config import Target as ConfiguredTarget
from .errors import ProxyError
from .patterns import matches

Order = Literal["weighted", "listed", "fastest", "cheapest"]
#: The name that stands for a key's own default model.
DEFAULT = "default"
_SUFFIXES: tuple[Order, ...] = ("fastest", "cheapest")
#: As many close names are told at most.
_CLOSE = 3

#: What Ollama calls a model that was named without a tag.
_DEFAULT_TAG = ":latest"


class Candidate(msgspec.Struct, frozen=True):
    """One place to try: an upstream, the model's name there, and the tags that its accounts must have."""

    upstream: str
    model: str
    tags: tuple[str, ...] = ()
    is_fallback: bool = False


#: Seconds that an answer takes at a place lately; 0: not known.
Speeds = Callable[[Candidate], float]
#: What a million tokens cost at a place, in nano-USD; `None`: not known.
Prices = Callable[[Candidate], int | None]


class Route(msgspec.Struct, frozen=True):
    """Where a request may go, in order, and how strictly."""

    candidates: Sequence[Candidate]
    strict: bool = False
    #: Fallbacks may lose what the first candidate carries.
    lossy_fallback: bool = False
    #: The entry that took the name: `models[NAME]`, or `upstreams[NAME]` for one that was addressed.
    entry: str = ""
    order: Order = "listed"


def no_speed(candidate: Candidate) -> float:
    """Where nothing is measured."""
    return 0.0


def no_price(candidate: Candidate) -> int | None:
    """Where no prices are known."""
    return None


class Router:
    """All routes of one configuration. `speeds` and `prices` order the targets of those who ask for it."""

    def __init__(self, config: Config, *, speeds: Speeds = no_speed, prices: Prices = no_price) -> None:
        self._exact = {model.name: model for model in config.models if not model.name.endswith("*")}
        patterns = [model for model in config.models if model.name.endswith("*")]
        self._patterns = sorted(patterns, key=lambda model: -len(model.name))
        self._upstreams = {upstream.name: upstream for upstream in config.upstreams}
        self._speeds = speeds
        self._prices = prices

    def route(self, name: str, *, may_use: Callable[[str], bool] | None = None) -> Route:
        """Candidates for a model name; `ProxyError` `not_found`, with close names that may be used, when there are none."""
        name = self.untagged(name)
        route = self._route(name, None)
        if route is None:
            model, _, suffix = name.rpartition(":")
            order = next((order for order in _SUFFIXES if order == suffix), None)
            route = self._route(model, order) if model and order is not None else None
        if route is None:
            raise self._unknown(name, may_use)
        return route

    def untagged(self, name: str) -> str:
        """The name without `:latest`, unless a model or an upstream is called so."""
        bare = name.removesuffix(_DEFAULT_TAG)
        return bare if bare and name not in self._exact and _DEFAULT_TAG[1:] not in self._upstreams else name

    def names(self) -> list[str]:
        """The models that the configuration names."""
        return sorted(self._exact)

    def open_upstreams(self) -> list[str]:
        """Upstreams that take any model's name as it is asked for: those of patterns without a model of their own."""
        targets = [target for pattern in self._patterns for target in pattern.targets if target.model is None]
        return list(dict.fromkeys(target.upstream for target in targets))

    def _route(self, name: str, order: Order | None) -> Route | None:
        model = self._exact.get(name) or next((m for m in self._patterns if matches(m.name, name)), None)
        addressed = self._addressed(name)
        if model is not None and not (model.name == "*" and (addressed or self._has_suffix(name))):
            return self._of_model(model, name, order or model.order)
        if addressed is not None:
            return Route([addressed], entry=f"upstreams[{addressed.upstream}]")
        return None

    def _has_suffix(self, name: str) -> bool:
        return name.rpartition(":")[2] in _SUFFIXES

    def _of_model(self, model: Model, name: str, order: Order) -> Route | None:
        targets = self._ordered([_candidate(target, name) for target in self._drawn(model, order)], order)
        fallbacks = [_candidate(target, name, is_fallback=True) for target in model.fallbacks]
        candidates = [candidate for candidate in [*targets, *fallbacks] if self._serves(candidate)]
        if not candidates:
            return None
        return Route(candidates, model.strict, model.lossy_fallback, f"models[{model.name}]", order)

    def _drawn(self, model: Model, order: Order) -> Iterable[ConfiguredTarget]:
        """Drawn by weight, where nothing else orders them or the orders tie."""
        if order == "listed":
            return model.targets
        return sorted(model.targets, key=lambda target: random.random() ** (1 / target.weight), reverse=True)  # noqa: S311

    def _ordered(self, candidates: list[Candidate], order: Order) -> list[Candidate]:
        if order == "fastest":
            return sorted(candidates, key=self._speeds)
        if order == "cheapest":
            return sorted(candidates, key=lambda c: price if (price := self._prices(c)) is not None else float("inf"))
        return candidates

    def _serves(self, candidate: Candidate) -> bool:
        """Whether the upstream may be asked for this model."""
        allowed = self._upstreams[candidate.upstream].models
        return allowed is None or any(matches(pattern, candidate.model) for pattern in allowed)

    def _addressed(self, name: str) -> Candidate | None:
        upstream, _, model = name.partition("/")
        if model and upstream in self._upstreams and self._serves(found := Candidate(upstream, model)):
            return found
        model, _, upstream = name.rpartition(":")
        if model and upstream in self._upstreams and self._serves(found := Candidate(upstream, model)):
            return found
        return None

    def _unknown(self, name: str, may_use: Callable[[str], bool] | None) -> ProxyError:
        known = [known for known in self._exact if may_use is None or may_use(known)]
        close = get_close_matches(name, known, n=_CLOSE)
        hint = f"; close to it: {', '.join(close)}" if close else ""
        message = f"the model {name!r} does not exist here{hint}"
        return ProxyError("not_found", message, code="model_not_found", pointer="/model")


def _candidate(target: ConfiguredTarget, asked: str, *, is_fallback: bool = False) -> Candidate:
    return Candidate(target.upstream, target.model or asked, tuple(target.tags), is_fallback)
