"""What all requests of one simulation share: dialects, vocabulary, identifiers, and how often a fault has struck."""

from collections.abc import Sequence

from fastproxy.demo import mishaps, modifiers, scripts
from fastproxy.demo.dialects import DIALECTS
from fastproxy.demo.dialects.dialect import Dialect
from fastproxy.demo.dialects.garbage import GARBAGE
from fastproxy.demo.ids import Ids
from fastproxy.demo.script import Group, Numbers, Plan, Vocabulary, Word
from fastproxy.demo.told import ToldStories
from fastproxy.demo.wire import HttpRequest


class Service:
    def __init__(self, seed: bytes, dialects: Sequence[type[Dialect]] = DIALECTS) -> None:
        self.dialects = [dialect() for dialect in dialects]
        self.told = ToldStories()
        self.vocabulary = vocabulary(dialects, self.told)
        self.ids = Ids(seed)
        self._strikes: dict[str, int] = {}

    def dialect_of(self, request: HttpRequest) -> tuple[Dialect, bool]:
        """The dialect of a request, and whether the path exists."""
        for dialect in self.dialects:
            if dialect.claims(request):
                return dialect, True
        return next(dialect for dialect in self.dialects if dialect.speaks(request)), False

    def struck(self, plan: Plan) -> Plan:
        """The plan for this request: without its fault once that has struck as often as it may."""
        if plan.times is None or not plan.is_faulty:
            return plan
        strikes = self._strikes.get(plan.name, 0)
        self._strikes[plan.name] = strikes + 1
        return plan if strikes < plan.times else plan.healed()


def vocabulary(dialects: Sequence[type[Dialect]] = DIALECTS, told: ToldStories | None = None) -> Vocabulary:
    """Every word: of the scripts, the mishaps, the deliveries, and the quirks of all dialects."""
    told_word = (told or ToldStories()).word()
    words = {word.name: word for word in (*scripts.WORDS, told_word, *mishaps.WORDS, *modifiers.WORDS)}
    quirks: dict[str, list[str]] = {name: [quirk.about] for name, quirk in GARBAGE.items()}
    for dialect in dialects:
        for name, quirk in dialect.quirks.items():
            if name not in GARBAGE:
                quirks.setdefault(name, []).append(f"{_title(dialect)}: {quirk.about}")
    return Vocabulary([*words.values(), *(_quirk_word(name, " ".join(about)) for name, about in quirks.items())])


def _title(dialect: type[Dialect]) -> str:
    return dialect.name.replace("_", " ").title().replace("Openai", "OpenAI")


def _quirk_word(name: str, about: str) -> Word:
    def apply(plan: Plan, numbers: Numbers) -> Plan:
        return plan.with_quirk(name)

    return Word(name=name, about=about, group=Group.QUIRK, apply=apply)
