"""The demo's matrix: one conversation with tool calls through every client dialect, to every upstream dialect, streamed and not."""

from collections.abc import Callable, Iterator

import msgspec

from fastproxy.demo.clients import CLIENTS
from fastproxy.demo.clients.client import RESULTS, SCHEMAS, Answer, Client, Failed, Received, ToolCall, arguments_of
from fastproxy.demo.dialects import DIALECTS


class Cell(msgspec.Struct, frozen=True, kw_only=True):
    """One conversation to hold: who asks, what stands behind, and how the answer comes."""

    client: type[Client]
    upstream: str
    stream: bool

    @property
    def mode(self) -> str:
        return "stream" if self.stream else "one-shot"


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """What came of a cell. No problems: every check held."""

    cell: Cell
    text: str = ""
    calls: tuple[str, ...] = ()
    input_tokens: int | None = None
    output_tokens: int | None = None
    first_token_ms: float | None = None
    loss: str = ""
    problems: tuple[str, ...] = ()


def cells() -> Iterator[Cell]:
    """Every combination of what the proxy speaks."""
    for client in CLIENTS:
        for upstream in sorted(dialect.name for dialect in DIALECTS):
            for stream in (True, False):
                yield Cell(client=client, upstream=upstream, stream=stream)


def hold(cell: Cell, origin: str, key: str, model_for: Callable[[str], str]) -> Outcome:
    """Hold the conversation of one cell at `origin`; `model_for` names the model that reaches an upstream."""
    client = cell.client()
    base_url = origin + client.base_path
    try:
        question = client.question(model_for(cell.upstream), stream=cell.stream)
        first = client.send(base_url, key, question)
        asked = list(_call_problems(first.answer, client))
        if asked:
            return _outcome(cell, first, first, asked)
        second = client.send(base_url, key, client.follow_up(question, first.answer))
        return _outcome(cell, first, second, list(_text_problems(second.answer)))
    except Failed as error:
        return Outcome(cell=cell, problems=(str(error),))


def _outcome(cell: Cell, first: Received, last: Received, problems: list[str]) -> Outcome:
    answers = [first.answer] if first is last else [first.answer, last.answer]
    problems += [problem for answer in answers for problem in _usage_problems(answer)]
    return Outcome(
        cell=cell,
        text=last.answer.text,
        calls=tuple(_shown(call) for call in first.answer.calls),
        input_tokens=sum(answer.input_tokens or 0 for answer in answers),
        output_tokens=sum(answer.output_tokens or 0 for answer in answers),
        first_token_ms=first.first_token_ms,
        loss=first.loss or last.loss,
        problems=tuple(problems),
    )


def _shown(call: ToolCall) -> str:
    """A call as a person reads it: `get_weather city=Lisbon`; raw where the arguments are no object."""
    try:
        arguments = arguments_of(call)
    except ValueError:
        arguments = None
    if not isinstance(arguments, dict):
        return f"{call.name} {call.arguments}"
    return " ".join([call.name, *(f"{name}={value}" for name, value in arguments.items())])


def _call_problems(answer: Answer, client: Client) -> Iterator[str]:
    """The first turn must call both tools, once each, with the arguments that their schemas demand."""
    if not answer.is_complete:
        yield "the stream has no terminator"
    if answer.finish != client.tool_finish:
        yield f"finish is {answer.finish!r}, expected {client.tool_finish!r}"
    if sorted(call.name for call in answer.calls) != sorted(SCHEMAS):
        yield f"expected calls of {', '.join(SCHEMAS)}, got {', '.join(call.name for call in answer.calls) or 'none'}"
        return
    if len({call.id for call in answer.calls}) != len(answer.calls):
        yield "two calls share an id"
    for call in answer.calls:
        try:
            given = set(arguments_of(call))
        except (ValueError, TypeError):
            given = set()
        if given != set(SCHEMAS[call.name]["required"]):
            yield f"the arguments of {call.name} are {call.arguments}"


def _text_problems(answer: Answer) -> Iterator[str]:
    """The second turn must be a text that mentions both results."""
    if not answer.is_complete:
        yield "the stream has no terminator"
    if answer.calls:
        yield "the tools were called again"
    for name, result in RESULTS.items():
        if result not in answer.text:
            yield f"the answer does not mention what {name} returned"


def _usage_problems(answer: Answer) -> Iterator[str]:
    if not answer.input_tokens or not answer.output_tokens:
        yield f"usage is {answer.input_tokens} in, {answer.output_tokens} out"
