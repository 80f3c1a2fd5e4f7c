"""The language of model names: `script+modifier+modifier`, each word of it defined once in a vocabulary.

A model name says what to answer and how to fail: `tools`, `long-500-20`, `echo+gzip`, `deepseek-chat+tools+cut-rst-3`.
A user text that holds `script:<name>` does the same for clients that cannot choose the model.
"""

import re
from collections.abc import Callable, Iterable, Sequence
from enum import StrEnum

import msgspec

from fastproxy.demo.ask import Ask
from fastproxy.demo.delivery import Delivery, Ending
from fastproxy.demo.errors import Header, Kind, Refused
from fastproxy.demo.story import Pieces, Story

Numbers = tuple[int | None, ...]
Tell = Callable[[Ask, Numbers], Story]
IN_TEXT = re.compile(r"script:([A-Za-z0-9_.+-]*[A-Za-z0-9_-])")


class Page(msgspec.Struct, frozen=True, kw_only=True):
    """An answer that is no dialect's: an HTML page, a redirect, an empty body. `{origin}` in a header is our own address."""

    status: int
    headers: tuple[Header, ...] = ()
    body: bytes = b""


class Mishap(msgspec.Struct, frozen=True, kw_only=True):
    """What comes instead of an answer: an error in the dialect's words (`status` overrides its own), or a page."""

    refuse: Callable[[], Refused] | None = None
    page: Page | None = None
    status: int | None = None


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    """What one model name asks for."""

    name: str
    script: str = ""
    tell: Tell | None = None
    numbers: Numbers = ()
    family: str = ""
    thinking: bool = False
    redacted: bool = False
    cached: bool = False
    lenient: bool = False
    exact: bool = False
    """The story is told as it is: neither limits nor thinking nor counters are added to it."""
    pieces: Pieces | None = None
    quirks: tuple[str, ...] = ()
    delivery: Delivery = Delivery()
    mishap: Mishap | None = None
    times: int | None = None
    """The fault strikes only so many times for this name; None: always."""

    @property
    def is_faulty(self) -> bool:
        return self.mishap is not None or self.delivery.is_faulty or self.delivery.delay_ms > 0

    def healed(self) -> "Plan":
        """The same plan without its faults."""
        delivery = msgspec.structs.replace(self.delivery, ending=Ending.COMPLETE, stale="", delay_ms=0)
        return msgspec.structs.replace(self, mishap=None, delivery=delivery)

    def with_quirk(self, name: str) -> "Plan":
        return msgspec.structs.replace(self, quirks=(*self.quirks, name))

    def delivered(self, **changes: object) -> "Plan":
        return msgspec.structs.replace(self, delivery=msgspec.structs.replace(self.delivery, **changes))


class Group(StrEnum):
    """The chapters of the reference table."""

    FAMILY = "Families"
    SCRIPT = "Scripts"
    TOLD = "Told by a test"
    TWIST = "Twists"
    PACE = "Pace and size"
    FAULT = "Faults"
    ERROR = "Errors"
    RATE = "Rate limits"
    FRAMING = "Event framing"
    HTTP = "HTTP and coding"
    QUIRK = "Quirks of hosts"


class Word(msgspec.Struct, frozen=True, kw_only=True):
    """One word: `name` is its form, `<n>` a number, `[-<n>]` one that may be left out, `*` any rest."""

    name: str
    about: str
    group: Group
    apply: Callable[[Plan, Numbers], Plan]

    def pattern(self) -> re.Pattern[str]:
        form = re.escape(self.name).replace(r"\*", r"[a-z0-9._-]*")
        form = re.sub(r"\\\[\\-<\w+>\\\]", r"(?:-(\\d{1,9}))?", form)
        return re.compile(re.sub(r"<\w+>", r"(\\d{1,9})", form))


class Vocabulary:
    """All words that a model name may be made of. Earlier words win; families, which match any rest, come last."""

    def __init__(self, words: Iterable[Word]) -> None:
        self.words = tuple(sorted(words, key=lambda word: word.group is Group.FAMILY))
        self._patterns = tuple((word.pattern(), word) for word in self.words)

    def plan(self, model: str) -> Plan:
        """The plan of a model name. A name with an unknown word is a model that does not exist."""
        plan = Plan(name=model)
        for segment in model.split("+"):
            plan = self._applied(plan, segment, model)
        return plan

    def directed(self, plan: Plan, said: Sequence[str]) -> Plan:
        """The plan after the last `script:` direction in what the user said, if there is one."""
        directions = [direction for text in said for direction in IN_TEXT.findall(text)]
        if not directions:
            return plan
        for segment in directions[-1].split("+"):
            plan = self._applied(plan, segment, directions[-1])
        return msgspec.structs.replace(plan, name=f"{plan.name} {directions[-1]}")

    def _applied(self, plan: Plan, segment: str, model: str) -> Plan:
        for pattern, word in self._patterns:
            if match := pattern.fullmatch(segment.lower()):
                return word.apply(plan, tuple(None if number is None else int(number) for number in match.groups()))
        raise Refused(Kind.NO_MODEL, model)

    def __contains__(self, segment: str) -> bool:
        return any(pattern.fullmatch(segment) for pattern, _ in self._patterns)

    def model_names(self) -> list[str]:
        """The scripts as models to list: a name for each, numbers filled in."""
        return [
            re.sub(r"<\w+>", "20", re.sub(r"\[-<\w+>\]", "", w.name)) for w in self.words if w.group is Group.SCRIPT
        ]
