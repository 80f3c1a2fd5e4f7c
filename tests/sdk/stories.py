"""Stories that hypothesis makes up, and what of each must be heard, whoever tells it and whoever listens."""

import json
from dataclasses import dataclass

from hypothesis import strategies as st

from fastproxy.demo.story import Call, Finish, Part, Pieces, Reasoning, Refusal, Story, Text, Usage

from .conversation import Answer, Json, Tool

TOOLS = tuple(
    Tool(name, f"The tool {name}", {"type": "object", "properties": {}, "additionalProperties": True})
    for name in ("look_up", "get-time", "send")
)
# The largest whole number that every JSON reader keeps: JavaScript's are doubles.
MOST = 2**53 - 1

words = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=40)
values = st.recursive(
    st.none() | st.booleans() | st.integers(-MOST, MOST) | st.floats(allow_nan=False, allow_infinity=False) | words,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(words, inner, max_size=3),
    max_leaves=6,
)
arguments = st.dictionaries(words, values, max_size=4)
counts = st.integers(0, 100_000)


@st.composite
def stories(draw: st.DrawFn) -> Story:
    """An answer of any shape that every dialect has a place for, in deltas cut anyhow."""
    usage = Usage(
        fresh=draw(st.integers(1, 100_000)),
        cache_read=draw(counts),
        cache_write=draw(counts),
        visible=draw(st.integers(1, 100_000)),
        reasoning=draw(counts),
    )
    pieces = draw(st.sampled_from(Pieces))
    if draw(st.integers(0, 9)) == 0:
        refusal = Refusal(draw(words))
        return Story(parts=(refusal,), finish=Finish.REFUSAL, explanation=refusal.text, usage=usage, pieces=pieces)
    parts = draw(spoken())
    has_calls = any(isinstance(part, Call) for part in parts)
    natural = Finish.TOOLS if has_calls else Finish.END
    finish = draw(st.sampled_from([natural, natural, natural, Finish.LENGTH]))
    return Story(parts=parts, finish=finish, usage=usage, pieces=pieces)


@st.composite
def spoken(draw: st.DrawFn) -> tuple[Part, ...]:
    """Thoughts first, then texts and calls in any order."""
    thoughts = draw(st.lists(st.builds(Reasoning, words), max_size=2))
    names = st.sampled_from([tool.name for tool in TOOLS])
    calls = st.builds(Call, names, arguments.map(written) | st.just(""))
    return (*thoughts, *draw(st.lists(st.builds(Text, words) | calls, max_size=5)))


def written(arguments: Json) -> str:
    return json.dumps(arguments, ensure_ascii=False)


@dataclass(frozen=True)
class Heard:
    """An answer without what differs by nature: ids, the model's name."""

    text: str
    thinking: str
    calls: tuple[tuple[str, Json], ...]
    stop: str
    usage: tuple[int, int]
    refusal: str


def joined(text: str) -> str:
    """A character whose halves came in two deltas, as one: the raw lane relays the halves as they came."""
    return text.encode("utf-16", "surrogatepass").decode("utf-16")


def heard(answer: Answer) -> Heard:
    assert answer.usage is not None
    return Heard(
        text=joined(answer.text),
        thinking=joined(answer.thinking),
        calls=tuple((call.name, call.arguments) for call in answer.calls),
        stop=answer.stop,
        usage=(answer.usage.input, answer.usage.output),
        refusal=joined(answer.refusal),
    )


STOPS = {Finish.END: "end", Finish.TOOLS: "tools", Finish.LENGTH: "length", Finish.REFUSAL: "refusal"}


def told(story: Story) -> Heard:
    """The whole of a story."""
    return Heard(
        text=story.text,
        thinking="".join(part.text for part in story.reasoning),
        calls=tuple((call.name, json.loads(call.arguments or "{}")) for call in story.calls),
        stop=STOPS[story.finish],
        usage=(story.usage.prompt, story.usage.output),
        refusal="".join(part.text for part in story.parts if isinstance(part, Refusal)),
    )
