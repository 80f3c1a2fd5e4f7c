"""The scripts: what the simulated model answers. Each turns an `Ask` into a `Story` and knows no dialect."""

import re
from collections.abc import Callable

import msgspec

from fastproxy.demo import schema
from fastproxy.demo.ask import Ask, Media, Mode, Result, Tool
from fastproxy.demo.media import picture
from fastproxy.demo.obliging import obliging
from fastproxy.demo.script import Group, Numbers, Plan, Tell, Word
from fastproxy.demo.sse import dumps
from fastproxy.demo.story import Call, Citation, Finish, Pieces, Refusal, Story, Text

MOST_WORDS = 200_000
# Every kind of text that has broken a reader: astral and joined emoji, combining marks, right-to-left, the line ends
# that are none in SSE (U+2028, U+2029, U+0085), escapes, and things that look like framing.
TORTURE = (
    "Emoji 😀 👩‍👩‍👧‍👦 🇵🇹 𐍈; combining e\u0301 n\u0303; rtl שלום مرحبا; wide 你好; "
    'separators [\u2028] [\u2029] [\u0085] [\u00a0] [\ufeff]; escapes \\ " \\u0041 \t \b; '
    "framing data: [DONE] event: error\n\ndata: [DONE]\n\nretry: 1\r\n: comment\n[DONE]\n"
    '{"error":{"message":"this is text"}} <|DSML|> </tool_call>'
)
REFUSAL = "I can't help with that."
_SPELLED_OUT = re.compile(r"^call (?P<name>\S+) (?P<arguments>\{.*\})$", re.MULTILINE)
SOURCES = (
    ("Lisbon has seven hills.", "https://example.org/hills", "Hills of Lisbon"),
    ("The tram climbs them.", "https://example.org/tram", "The tram"),
)


def echo(ask: Ask, numbers: Numbers) -> Story:
    return Story(parts=(Text(ask.text),))


def long_text(ask: Ask, numbers: Numbers) -> Story:
    count = min(numbers[0] or 0, MOST_WORDS)
    return Story(parts=(Text(" ".join(f"word{number}" for number in range(1, count + 1))),))


def offered(ask: Ask) -> list[Tool]:
    """The tools that may be called."""
    if ask.choice.mode is Mode.NONE:
        return []
    return [tool for tool in ask.tools if not ask.choice.only or tool.name in ask.choice.only]


def call(tool: Tool) -> Call:
    if tool.custom:
        return Call(tool.name, "print('hello')\n", custom=True)
    return Call(tool.name, dumps(schema.example(tool.schema) if tool.schema else {}))  # no schema: no arguments


def calling(ask: Ask, calls: list[Call], preamble: str = "") -> Story:
    if not calls:
        return Story(parts=(Text("No tool is on offer."),))
    before = (Text(preamble),) if preamble else ()
    return Story(parts=(*before, *(calls if ask.parallel else calls[:1])), finish=Finish.TOOLS)


def tools(ask: Ask, numbers: Numbers) -> Story:
    """The first tools on offer at once; with their results, a text that mentions each."""
    if ask.results:
        return reported(ask)
    return calling(ask, [call(tool) for tool in offered(ask)[: numbers[0] or 2]])


def as_told(ask: Ask, numbers: Numbers) -> Story:
    """What an agent is to do stands in its prompt, among all that it puts around it."""
    if ask.results:
        return reported(ask)
    found = [match for text in ask.said for match in _SPELLED_OUT.finditer(text)]
    return calling(ask, [Call(match["name"], match["arguments"]) for match in found])


def preamble(ask: Ask, numbers: Numbers) -> Story:
    if ask.results:
        return reported(ask)
    return calling(ask, [call(tool) for tool in offered(ask)[:2]], "Let me look that up. ")


def twice(ask: Ask, numbers: Numbers) -> Story:
    if ask.results:
        return reported(ask)
    return calling(ask, [call(tool) for tool in offered(ask)[:1]] * 2)


def chain(ask: Ask, numbers: Numbers) -> Story:
    """One call per turn, so many turns, each waiting for the result before."""
    able = offered(ask)
    if ask.rounds >= (numbers[0] or 2) or not able:
        return reported(ask)
    return calling(ask, [call(able[ask.rounds % len(able)])])


def with_arguments(arguments: str) -> Tell:
    def tell(ask: Ask, numbers: Numbers) -> Story:
        if ask.results:
            return reported(ask)
        return calling(ask, [Call(tool.name, arguments) for tool in offered(ask)[:1]])

    return tell


def reported(ask: Ask) -> Story:
    lines = [_result_line(result) for result in ask.results]
    return Story(parts=(Text("Results: " + "; ".join(lines) if lines else "No result came back."),))


def _result_line(result: Result) -> str:
    seen = [result.text] if result.text else []
    seen += [described(medium) for medium in result.media]
    return f"{result.name} {'failed with' if result.is_error else 'gave'} {' and '.join(seen) or 'nothing'}"


def described(medium: Media) -> str:
    """A medium as the model sees it: type and size from its bytes, not from its label."""
    name = f" {medium.name}" if medium.name else ""
    if medium.data is None:
        return f"{medium.kind}{name} at {medium.reference}"
    seen = picture(medium.data)
    kind = f"{seen.media_type} {seen.width}x{seen.height}" if seen else medium.media_type
    return f"{medium.kind}{name} {kind} ({len(medium.data)} bytes)"


def media(ask: Ask, numbers: Numbers) -> Story:
    seen = [f"{at}. {described(medium)}" for at, medium in enumerate(ask.media, 1)]
    return Story(parts=(Text("I see: " + "; ".join(seen) if seen else "I see nothing."),))


def json_answer(ask: Ask, numbers: Numbers) -> Story:
    value = schema.example(ask.schema) if ask.schema is not None else {"echo": ask.text}
    return Story(parts=(Text(dumps(value)),))


def refusal(ask: Ask, numbers: Numbers) -> Story:
    return Story(
        parts=(Refusal(REFUSAL),), finish=Finish.REFUSAL, explanation="The simulated policy forbids an answer."
    )


def ending_as(finish: Finish, text: str) -> Tell:
    def tell(ask: Ask, numbers: Numbers) -> Story:
        return Story(parts=(Text(text),), finish=finish, explanation="The simulated filter stopped the answer.")

    return tell


def citations(ask: Ask, numbers: Numbers) -> Story:
    """Two sources; what they say stands behind characters of several bytes, where careless offsets go wrong."""
    text, found = "Olá 😀: ", []
    for claim, url, title in SOURCES:
        found.append(Citation(start=len(text), end=len(text) + len(claim), url=url, title=title))
        text += claim + " "
    return Story(parts=(Text(text, tuple(found)),))


def empty(ask: Ask, numbers: Numbers) -> Story:
    return Story()


def unicode(ask: Ask, numbers: Numbers) -> Story:
    return Story(parts=(Text(TORTURE),))


def huge(ask: Ask, numbers: Numbers) -> Story:
    size = (2048 if numbers[0] is None else numbers[0]) * 1024
    return Story(parts=(Text(("0123456789abcdef" * (size // 16 + 1))[:size]),), pieces=Pieces.WHOLE)


def _script(name: str, about: str, tell: Tell, then: Callable[[Plan, Numbers], Plan] | None = None) -> Word:
    def apply(plan: Plan, numbers: Numbers) -> Plan:
        plan = msgspec.structs.replace(plan, script=name, tell=tell, numbers=numbers)
        return then(plan, numbers) if then else plan

    return Word(name=name, about=about, group=Group.SCRIPT, apply=apply)


def _paced(plan: Plan, numbers: Numbers) -> Plan:
    return plan if numbers[1] is None else plan.delivered(pace_ms=numbers[1])


WORDS = (
    _script("echo", "The last user text, again. The default.", echo),
    _script(
        "long-<words>[-<ms>]",
        "`word1 word2 …`; with `<ms>`, so many milliseconds between the deltas.",
        long_text,
        _paced,
    ),
    _script(
        "tools[-<n>]",
        "Calls the first two (or n) tools on offer in parallel; with their results, a text that names each.",
        tools,
    ),
    _script("as-told", "Makes all calls that the user spells out, each a line `call NAME {…}`.", as_told),
    _script("preamble", "Like `tools`, with a sentence before the calls.", preamble),
    _script("twice", "Calls the first tool twice in one turn.", twice),
    _script("chain-<n>", "n calls, one per turn, then a text.", chain),
    _script("bad-arguments", "A call whose arguments are invalid JSON.", with_arguments('{"city": "Lisbon", "days": ')),
    _script("no-arguments", "A call whose arguments are the empty string.", with_arguments("")),
    _script(
        "media",
        "Names every image, document and sound of the last user turn with type and size, read from the bytes.",
        media,
    ),
    _script("obliging", "Does what it is asked: calls the tool that the words name, with their numbers.", obliging),
    _script("json", 'An instance of the requested JSON schema, or `{"echo": …}`.', json_answer),
    _script("refusal", "The model refuses.", refusal),
    _script(
        "filter",
        "A content filter stops the answer after some text.",
        ending_as(Finish.FILTER, "The first words are harmless"),
    ),
    _script(
        "max-tokens", "The answer ends at the token limit.", ending_as(Finish.LENGTH, "This sentence is cut off in the")
    ),
    _script("context", "The context window is full.", ending_as(Finish.CONTEXT, "There is no more room for")),
    _script(
        "pause", "The turn is paused (Anthropic `pause_turn`).", ending_as(Finish.PAUSE, "I will go on in a moment.")
    ),
    _script("empty", "An answer without content.", empty),
    _script("citations", "A text with two sources (none in Ollama, which has no field for them).", citations),
    _script("unicode", "Text that breaks careless readers.", unicode),
    _script("huge[-<kb>]", "One delta of 2 MiB (or so many KiB).", huge),
)
