"""OpenAI Responses: the items of a request as a conversation: history first, calls paired with outputs, turns counted."""

from collections.abc import Sequence

import msgspec

from fastproxy.demo.ask import Conversation, Json, Result
from fastproxy.demo.checked import Node
from fastproxy.demo.dialects.openai_responses.items import Said, kind_of, read_item
from fastproxy.demo.dialects.openai_responses.kept import Kept

CALLS = ("function_call", "custom_tool_call")
OUTPUTS = ("function_call_output", "custom_tool_call_output")


class Entry(msgspec.Struct, frozen=True):
    """One item, what it says, and where it stands in this request; items of the history stand under `input` itself."""

    item: Json
    said: Said
    node: Node

    @property
    def kind(self) -> str:
        return kind_of(self.item)

    @property
    def is_models(self) -> bool:
        """Is this something that the model said or did?"""
        return self.kind in (*CALLS, "reasoning") or (self.kind == "message" and self.item["role"] == "assistant")


def entries(field: Node, history: Sequence[Json], kept: Kept, *, is_open: bool) -> list[Entry]:
    """The history and the request's own items, each checked; references are replaced by what they refer to."""
    if isinstance(field.value, str):
        new = [Node({"type": "message", "role": "user", "content": field.value}, field.path)]
    else:
        new = list(field.items())
    read = [Entry(item, read_item(Node(item, field.path), kept, is_open=True), field) for item in history]
    for node in new:
        said = read_item(node, kept, is_open=is_open)
        item: Json = node.value
        if kind_of(item) == "item_reference":
            item = kept.item(item["id"]) or {}
            said = read_item(Node(item, node.path), kept, is_open=True)
        read.append(Entry(item, said, node))
    return read


def read(found: list[Entry], field: Node, *, is_open: bool) -> Conversation:
    """Check how the items belong together, and gather what scripts need."""
    _pair(found, field)
    if not is_open:
        _follow(found)
    by_user = [entry.said for entry in found if entry.item.get("role") == "user"]
    return Conversation(
        said=tuple(said.text for said in by_user if said.text),
        prompt=" ".join(entry.said.text for entry in found),
        media=by_user[-1].media if by_user else (),
        results=_results(found),
        rounds=_rounds(found),
    )


def _pair(found: list[Entry], field: Node) -> None:
    """Every call has one output behind it, every output one call of its kind before it."""
    waiting: dict[str, str] = {}
    seen: set[str] = set()
    for entry in found:
        if entry.kind not in (*CALLS, *OUTPUTS):
            continue
        name, kind = entry.item["call_id"], entry.kind.removesuffix("_output")
        if entry.kind in CALLS:
            if name in seen:
                entry.node.refuse(f"duplicate call_id {name}", code="invalid_value")
            seen.add(name)
            waiting[name] = kind
        elif waiting.pop(name, None) != kind:
            what = "custom tool call" if kind == "custom_tool_call" else "function call"
            field.refuse(f"no tool call found for {what} output with call_id {name}")
    if waiting:
        what = "custom tool call" if "custom_tool_call" in waiting.values() else "function call"
        field.refuse(f"no tool output found for {what} {next(iter(waiting))}")


def _follow(found: list[Entry]) -> None:
    """A reasoning item is refused without the item that it led to."""
    for entry, following in zip(found, [*found[1:], None], strict=True):
        if entry.kind == "reasoning" and (following is None or not (following.is_models or _is_hosted(following))):
            name = entry.item.get("id", "")
            entry.node.refuse(f"Item '{name}' of type 'reasoning' was provided without its required following item")


def _is_hosted(entry: Entry) -> bool:
    return entry.kind.endswith("_call")


def _results(found: list[Entry]) -> tuple[Result, ...]:
    """The outputs since the model spoke last, named by their calls; the user may have spoken after them."""
    names: dict[str, str] = {}
    results: list[Result] = []
    for entry in found:
        if entry.kind in CALLS:
            names[entry.item["call_id"]] = entry.item["name"]
        if entry.is_models:
            results.clear()
        elif entry.kind in OUTPUTS:
            said = entry.said
            results.append(Result(name=names[entry.item["call_id"]], text=said.text, media=said.media))
    return tuple(results)


def _rounds(found: list[Entry]) -> int:
    """Turns of the model with calls, since one that ended with an answer."""
    turns: list[bool] = []
    was_models = False
    for entry in found:
        if entry.is_models and not was_models:
            turns.append(False)
        if entry.kind in CALLS:
            turns[-1] = True
        was_models = entry.is_models
    turns.reverse()
    return turns.index(False) if False in turns else len(turns)
