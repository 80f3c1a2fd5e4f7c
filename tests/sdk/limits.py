"""What a dialect cannot say of a story, and why: the only differences between two faces of it that pass."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace

from .stories import Heard

Change = Callable[[Heard], Heard]


@dataclass(frozen=True)
class Limit:
    """`change` is what becomes of an answer in the dialects; `apart_from` are those of the other side that it spares."""

    dialects: frozenset[str]
    why: str
    change: Change
    apart_from: frozenset[str] = frozenset()


def refused(change: Change) -> Change:
    return lambda heard: change(heard) if heard.stop == "refusal" else heard


def _as_text(heard: Heard) -> Heard:
    return replace(heard, text=heard.text + heard.refusal)


def _as_any_text(heard: Heard) -> Heard:
    return replace(_as_text(heard), stop="end", refusal="")


def _as_calls(heard: Heard) -> Heard:
    return replace(heard, stop="tools") if heard.calls else heard


OF_UPSTREAMS = (
    Limit(
        frozenset({"ollama"}),
        "A refusal is text as any other; every end but the limit is `stop`.",
        refused(_as_any_text),
    ),
    Limit(
        frozenset({"gemini"}),
        "A refused prompt has no candidate: no words, and no tokens of an answer.",
        refused(lambda heard: replace(heard, refusal="", usage=(heard.usage[0], 0))),
    ),
    Limit(
        frozenset({"anthropic"}),
        "It explains a refusal beside the answer (`stop_details`), which no other dialect has a field for.",
        refused(lambda heard: replace(heard, refusal="")),
        apart_from=frozenset({"anthropic"}),
    ),
)
OF_CLIENTS = (
    Limit(
        frozenset({"anthropic", "gemini"}),
        "The words of a refusal are text; the stop reason makes them one.",
        refused(_as_text),
        apart_from=frozenset({"anthropic"}),
    ),
    Limit(
        frozenset({"ollama"}),
        "A refusal is text as any other; every end but the limit is `stop`.",
        refused(_as_any_text),
    ),
    Limit(frozenset({"ollama"}), "No stop reason tells calls: that there are some does.", _as_calls),
)


def expected(story: Heard, upstream: str, client: str) -> Heard:
    """What a client of one dialect hears of the story that an upstream of another one tells."""
    heard = _limited(story, OF_UPSTREAMS, upstream, client)
    return _limited(heard, OF_CLIENTS, client, upstream)


def _limited(heard: Heard, limits: Iterable[Limit], dialect: str, other: str) -> Heard:
    for limit in limits:
        if dialect in limit.dialects and other not in limit.apart_from:
            heard = limit.change(heard)
    return heard
