"""Anthropic: the conversation. Roles and their order, then the pairing of tool calls and results in the merged turns."""

import msgspec

from fastproxy.demo.ask import Media, Result
from fastproxy.demo.checked import Node
from fastproxy.demo.dialects.anthropic.blocks import Said, read_blocks
from fastproxy.demo.dialects.anthropic.terms import Terms

MOST_MESSAGES = 100_000


class Turn(msgspec.Struct, kw_only=True):
    """Consecutive messages of one role, which the service joins."""

    role: str
    blocks: list[Node]
    texts: list[str]
    media: list[Media]

    def of(self, kind: str) -> list[Node]:
        return [block for block in self.blocks if block.value["type"] == kind]


class Conversation(msgspec.Struct, frozen=True, kw_only=True):
    said: tuple[str, ...]
    prompt: str
    media: tuple[Media, ...]
    results: tuple[Result, ...]
    rounds: int


def read(messages: Node, terms: Terms, *, prefill: bool, manual_thinking: bool) -> Conversation:
    """Check all messages as the service does and gather what scripts need."""
    nodes = list(messages.items(low=1, high=MOST_MESSAGES))
    turns = _turns(nodes, terms)
    if turns[0].role != "user":
        messages.refuse('first message must use the "user" role')
    _end(nodes[-1], turns[-1], prefill)
    _pair(turns)
    for turn in turns:
        if turn.role == "assistant":
            _thinking_place(turn)
    talk = [turn for turn in turns if turn.role != "system"]
    if manual_thinking:
        _starts_with_thinking(talk)
    users = [turn for turn in talk if turn.role == "user"]
    return Conversation(
        said=tuple(text for turn in users if (text := "".join(turn.texts))),
        prompt=" ".join(text for turn in turns for text in turn.texts),
        media=tuple(users[-1].media),
        results=_results(talk, terms),
        rounds=_rounds(talk),
    )


def _turns(nodes: list[Node], terms: Terms) -> list[Turn]:
    turns: list[Turn] = []
    for at, node in enumerate(nodes):
        role = node.object({"role", "content"}).need("role").one_of("user", "assistant", "system")
        if role == "system" and not terms.allows_system_turns:
            node.need("role").refuse("role 'system' is not allowed in messages in this API version")
        content = node.need("content")
        said = read_blocks(content, role, terms)
        if not content.value and not (role == "assistant" and at == len(nodes) - 1):
            node.refuse("all messages must have non-empty content except for the optional final assistant message")
        if not turns or turns[-1].role != role:
            turns.append(Turn(role=role, blocks=[], texts=[], media=[]))
        _add(turns[-1], content, said)
    return turns


def _add(turn: Turn, content: Node, said: Said) -> None:
    if isinstance(content.value, str):
        turn.blocks.append(Node({"type": "text", "text": content.value}, content.path))
    else:
        turn.blocks += content.items()
    turn.texts.append(said.text)
    turn.media += said.media


def _end(last: Node, turn: Turn, prefill: bool) -> None:
    if turn.role != "assistant":
        return
    if not prefill:
        last.refuse(
            "this model does not support assistant message prefill; the conversation must end with a user message"
        )
    if turn.blocks and turn.blocks[-1].value.get("text", "").endswith((" ", "\n", "\t")):
        last.refuse("final assistant content cannot end with trailing whitespace")


def _pair(turns: list[Turn]) -> None:
    """Results stand first in the user turn right after the calls, one for each call."""
    seen: set[str] = set()
    for at, turn in enumerate(turns):
        follower = turns[at + 1] if at + 1 < len(turns) else None
        calls = {block.value["id"]: block for block in turn.of("tool_use")}
        _unique_ids(turn, seen)
        if calls:
            _answered(turn, calls, follower)
        if turn.role == "user":
            _expected(turn, turns[at - 1] if at else None)


def _unique_ids(turn: Turn, seen: set[str]) -> None:
    for block in turn.of("tool_use"):
        if block.value["id"] in seen:
            block.need("id").refuse("`tool_use` ids must be unique")
        seen.add(block.value["id"])


def _answered(turn: Turn, calls: dict[str, Node], follower: Turn | None) -> None:
    """Only the results that come before any other block count."""
    given = set()
    for block in follower.blocks if follower is not None and follower.role == "user" else ():
        if block.value["type"] != "tool_result":
            break
        given.add(block.value["tool_use_id"])
    if missing := [call_id for call_id in calls if call_id not in given]:
        turn.blocks[0].refuse(
            f"`tool_use` ids were found without `tool_result` blocks immediately after: {', '.join(missing)}; "
            "each `tool_use` block must have its result at the start of the next message"
        )


def _expected(turn: Turn, before: Turn | None) -> None:
    calls = {block.value["id"] for block in before.of("tool_use")} if before is not None else set()
    for block in turn.of("tool_result"):
        call_id = block.value["tool_use_id"]
        if call_id not in calls:
            block.refuse(
                f"unexpected `tool_use_id` found in `tool_result` blocks: {call_id}; it must have a `tool_use` block in the previous message"
            )
        calls.discard(call_id)  # a second result for the same call is unexpected too


def _thinking_place(turn: Turn) -> None:
    if turn.blocks and turn.blocks[-1].value["type"] in ("thinking", "redacted_thinking"):
        turn.blocks[-1].refuse("the final block in an assistant message cannot be `thinking`")


def _starts_with_thinking(turns: list[Turn]) -> None:
    """With manual thinking, the assistant turn of an open tool loop must begin with its thinking."""
    if not (len(turns) > 1 and turns[-1].role == "user" and turns[-1].of("tool_result")):
        return
    first = turns[-2].blocks[0]
    if first.value["type"] not in ("thinking", "redacted_thinking"):
        first.need("type").refuse(f"expected `thinking` or `redacted_thinking`, but found `{first.value['type']}`")


def _results(turns: list[Turn], terms: Terms) -> tuple[Result, ...]:
    """The results in the last user turn, named by the calls they answer."""
    if turns[-1].role != "user" or len(turns) < 2:
        return ()
    names = {block.value["id"]: block.value["name"] for block in turns[-2].of("tool_use")}
    results = []
    for block in turns[-1].of("tool_result"):
        content = block.get("content")
        said = read_blocks(content, "tool_result", terms) if content is not None else Said()
        failed = bool(block.value.get("is_error"))
        results.append(
            Result(name=names[block.value["tool_use_id"]], text=said.text, is_error=failed, media=said.media)
        )
    return tuple(results)


def _rounds(turns: list[Turn]) -> int:
    """Assistant turns with calls since one that ended with an answer."""
    called = [bool(turn.of("tool_use")) for turn in reversed(turns) if turn.role == "assistant"]
    return called.index(False) if False in called else len(called)
