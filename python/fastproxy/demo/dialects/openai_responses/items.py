"""OpenAI Responses: input items. Which fields each may have, what must be in them, and the opaque state that comes back."""

from collections.abc import Callable, Mapping
from types import MappingProxyType

import msgspec

from fastproxy.demo import seal
from fastproxy.demo.ask import Json, Media
from fastproxy.demo.checked import Node
from fastproxy.demo.dialects.openai import media
from fastproxy.demo.dialects.openai_responses.kept import Kept
from fastproxy.demo.errors import Kind

FIELDS: Mapping[str, frozenset[str]] = MappingProxyType(
    {
        kind: frozenset(("type", "id", *fields.split()))
        for kind, fields in {
            "message": "role content status phase",
            "function_call": "call_id name arguments namespace status caller created_by",
            "function_call_output": "call_id output status caller created_by",
            "custom_tool_call": "call_id name input namespace status caller created_by",
            "custom_tool_call_output": "call_id output status caller created_by",
            "reasoning": "summary content encrypted_content status",
            "item_reference": "",
            "compaction": "encrypted_content created_by",
        }.items()
    }
)
# Items of tools that the service runs itself: they come back as they were.
HOSTED = frozenset(
    "web_search_call file_search_call code_interpreter_call image_generation_call computer_call computer_call_output "
    "local_shell_call local_shell_call_output shell_call shell_call_output apply_patch_call apply_patch_call_output "
    "mcp_call mcp_list_tools mcp_approval_request mcp_approval_response tool_search_call tool_search_output "
    "program program_output additional_tools compaction_trigger".split()
)
PREFIXES: Mapping[str, str] = MappingProxyType(
    {"message": "msg", "function_call": "fc", "custom_tool_call": "ctc", "reasoning": "rs", "compaction": "cmp"}
)
ROLES = ("user", "assistant", "system", "developer")
INPUT_PARTS = ("input_text", "input_image", "input_file", "input_audio")
OUTPUT_PARTS = ("output_text", "refusal")
CALL_ID_LENGTH = ITEM_ID_LENGTH = 64
REASONING = "openai reasoning"
COMPACTION = "openai compaction"


class Said(msgspec.Struct, frozen=True, kw_only=True):
    """What one item says."""

    text: str = ""
    media: tuple[Media, ...] = ()


def kind_of(item: Json) -> str:
    """Messages and references may leave their type out."""
    if item.get("type") is not None:
        return str(item["type"])
    return "item_reference" if "role" not in item and "id" in item else "message"


def read_item(node: Node, kept: Kept, *, is_open: bool) -> Said:
    """Check one item and tell what it says."""
    kind = kind_of(node.object().value)
    if kind in HOSTED:
        return Said()
    if kind not in FIELDS:
        Node(kind, (*node.path, "type")).one_of(*FIELDS, *sorted(HOSTED))
    node.object(None if is_open else FIELDS[kind])
    _id(node, kind)
    return READERS[kind](node, kept, is_open)


def _id(node: Node, kind: str) -> None:
    name = node.get("id")
    if name is None:
        return
    prefix = PREFIXES.get(kind, "")
    if not name.text(low=1, high=ITEM_ID_LENGTH).startswith(prefix):
        name.refuse(f"'{name.value}' is not an ID that begins with '{prefix}'", code="invalid_value")


def _message(node: Node, kept: Kept, is_open: bool) -> Said:
    role = node.need("role").one_of(*ROLES)
    content = node.need("content")
    if (phase := node.get("phase")) is not None:
        phase.one_of("commentary", "final_answer")
    if isinstance(content.value, str):
        return Said(text=content.value)
    return read_parts(content, OUTPUT_PARTS if role == "assistant" else INPUT_PARTS)


def read_parts(content: Node, allowed: tuple[str, ...]) -> Said:
    """A list of content parts."""
    texts: list[str] = []
    seen: list[Media] = []
    for part in content.items():
        kind = part.object().need("type").one_of(*allowed)
        if kind in ("input_text", "output_text"):
            known = {"type", "text", "prompt_cache_breakpoint"}
            part.object(known if kind == "input_text" else known | {"annotations", "logprobs"})
            texts.append(part.need("text").text())
        elif kind == "refusal":
            texts.append(part.object({"type", "refusal"}).need("refusal").text())
        else:
            seen.append(MEDIA[kind](part))
    return Said(text="".join(texts), media=tuple(seen))


def _image(part: Node) -> Media:
    part.object({"type", "image_url", "file_id", "detail", "prompt_cache_breakpoint"})
    if (detail := part.get("detail")) is not None:
        detail.one_of("auto", "low", "high", "original")
    if (file_id := part.get("file_id")) is not None:
        file_id.refuse(f"file {file_id.text()} was not found", kind=Kind.NOT_FOUND)
    return media.image(part.need("image_url"))


def _file(part: Node) -> Media:
    part.object({"type", "file_data", "file_url", "file_id", "filename", "detail", "prompt_cache_breakpoint"})
    named = part.get("filename")
    name = named.text() if named is not None else ""
    if (file_id := part.get("file_id")) is not None:
        file_id.refuse(f"file {file_id.text()} was not found", kind=Kind.NOT_FOUND)
    if (url := part.get("file_url")) is not None:
        return Media(kind="document", reference=url.text(low=1), name=name)
    if not name:
        part.need("filename")
    media_type, data = media.data_url(part.need("file_data"))
    return Media(kind="document", media_type=media_type, data=data, name=name)


def _audio(part: Node) -> Media:
    return media.audio(part.object({"type", "input_audio"}).need("input_audio"))


def _call(node: Node, kept: Kept, is_open: bool) -> Said:
    node.need("call_id").text(low=1, high=CALL_ID_LENGTH)
    node.need("name").text(low=1)
    return Said(text=node.need("arguments" if kind_of(node.value) == "function_call" else "input").text())


def _output(node: Node, kept: Kept, is_open: bool) -> Said:
    node.need("call_id").text(low=1, high=CALL_ID_LENGTH)
    output = node.need("output")
    return Said(text=output.value) if isinstance(output.value, str) else read_parts(output, INPUT_PARTS)


def _reasoning(node: Node, kept: Kept, is_open: bool) -> Said:
    """State that was issued here, for the item that it was issued with; else the item must be one that we kept."""
    for part in node.need("summary").items():
        part.object({"type", "text"}).need("type").one_of("summary_text")
    state, name = node.get("encrypted_content"), node.get("id")
    if state is not None:
        revealed = seal.reveal(REASONING, state.text())
        reason = None if revealed is not None else "Encrypted content could not be decrypted or parsed"
        if revealed is not None and name is not None and revealed.partition("\0")[0] != name.value:
            reason = "Encrypted content item_id did not match the target item id"
        if reason:
            state.refuse(
                f"the encrypted content could not be verified. Reason: {reason}", code="invalid_encrypted_content"
            )
    elif not is_open and (name is None or kept.item(name.value) is None):
        not_kept(node, "" if name is None else name.value)
    return Said()


def _reference(node: Node, kept: Kept, is_open: bool) -> Said:
    name = node.need("id")
    if kept.item(name.text()) is None:
        not_kept(name, name.value)
    return Said()


def not_kept(node: Node, name: str) -> None:
    node.refuse(
        f"Item with id '{name}' not found. Items are not persisted when `store` is set to false", kind=Kind.NOT_FOUND
    )


def _compaction(node: Node, kept: Kept, is_open: bool) -> Said:
    state = node.need("encrypted_content")
    revealed = seal.reveal(COMPACTION, state.text())
    if revealed is None:
        state.refuse("the encrypted content could not be verified", code="invalid_encrypted_content")
    return Said(text=revealed)


MEDIA: Mapping[str, Callable[[Node], Media]] = MappingProxyType(
    {"input_image": _image, "input_file": _file, "input_audio": _audio}
)
READERS: Mapping[str, Callable[[Node, Kept, bool], Said]] = MappingProxyType(
    {
        "message": _message,
        "function_call": _call,
        "custom_tool_call": _call,
        "function_call_output": _output,
        "custom_tool_call_output": _output,
        "reasoning": _reasoning,
        "item_reference": _reference,
        "compaction": _compaction,
    }
)
