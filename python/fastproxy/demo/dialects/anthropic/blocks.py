"""Anthropic: content blocks in requests: which fields each may have, what must be in them, and the media inside."""

import base64
import binascii
import re
from collections.abc import Mapping
from types import MappingProxyType

import msgspec

from fastproxy.demo import seal
from fastproxy.demo.ask import Media
from fastproxy.demo.checked import Node
from fastproxy.demo.dialects.anthropic.terms import Terms
from fastproxy.demo.errors import Kind
from fastproxy.demo.media import is_pdf, picture

ID = re.compile(r"[a-zA-Z0-9_-]+")
PICTURES = ("image/jpeg", "image/png", "image/gif", "image/webp")
FIELDS: Mapping[str, frozenset[str]] = MappingProxyType(
    {
        kind: frozenset(("type", *fields.split()))
        for kind, fields in {
            "text": "text cache_control citations",
            "image": "source cache_control transformations",
            "document": "source title context citations cache_control",
            "search_result": "source title content citations cache_control",
            "thinking": "thinking signature",
            "redacted_thinking": "data",
            "tool_use": "id name input cache_control caller",
            "tool_result": "tool_use_id content is_error cache_control",
            "tool_reference": "tool_name cache_control",
            "container_upload": "file_id cache_control",
        }.items()
    }
)
ROLES: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "user": ("text", "image", "document", "search_result", "tool_result", "container_upload"),
        "assistant": ("text", "thinking", "redacted_thinking", "tool_use", "document"),
        "system": ("text",),
        "tool_result": ("text", "image", "document", "search_result", "tool_reference"),
    }
)
SERVER_BLOCK = re.compile(r"server_tool_use|mcp_tool_use|\w+_tool_result|compaction")


class Said(msgspec.Struct, frozen=True, kw_only=True):
    """What a list of blocks says."""

    text: str = ""
    media: tuple[Media, ...] = ()


def read_blocks(content: Node, place: str, terms: Terms) -> Said:
    """Check a string or a list of blocks that stands in `place` (a role, or inside a tool result)."""
    if isinstance(content.value, str):
        return Said(text=content.value)
    read = [_block(block, place, terms) for block in content.items()]
    return Said(text="".join(said.text for said in read), media=tuple(medium for said in read for medium in said.media))


def _block(block: Node, place: str, terms: Terms) -> Said:
    kind = block.object().need("type").text()
    if place == "assistant" and SERVER_BLOCK.fullmatch(kind):
        return Said()  # blocks of server tools are the service's own and come back as they were
    block.need("type").one_of(*ROLES[place])
    block.object(FIELDS[kind])
    _cache_control(block)
    if kind == "text":
        return _text(block, place, terms)
    if kind == "image":
        return Said(media=(_image(block.need("source").object()),))
    if kind == "document":
        return _document(block, place, terms)
    if kind == "tool_use":
        _tool_use(block)
    elif kind == "tool_result":
        return _tool_result(block, terms)
    elif kind in ("thinking", "redacted_thinking"):
        _thinking(block, kind)
    return Said()


def _cache_control(block: Node) -> None:
    if (control := block.get("cache_control")) is not None:
        control.object({"type", "ttl"}).need("type").one_of("ephemeral")
        if (ttl := control.get("ttl")) is not None:
            ttl.one_of("5m", "1h")


def _text(block: Node, place: str, terms: Terms) -> Said:
    text = block.need("text")
    if not text.text():
        text.refuse("text content blocks must be non-empty")
    if not text.value.strip():
        text.refuse("text content blocks must contain non-whitespace text")
    citations = block.get("citations")
    if citations is not None and place == "user" and terms.is_new and citations.value:
        citations.refuse("citations are not allowed on user text in this API version")
    return Said(text=text.value)


def _image(source: Node) -> Media:
    kind = source.need("type").one_of("base64", "url", "file")
    if kind == "url":
        return Media(kind="image", reference=_https(source.object({"type", "url"}).need("url")))
    if kind == "file":
        _no_file(source)
    declared = source.object({"type", "media_type", "data"}).need("media_type").one_of(*PICTURES)
    data = _decoded(source.need("data"))
    seen = picture(data)
    if seen is None:
        source.need("data").refuse("could not process image")
    elif seen.media_type != declared:
        source.need("media_type").refuse(f"the image was declared as {declared}, but appears to be {seen.media_type}")
    return Media(kind="image", media_type=declared, data=data)


def _document(block: Node, place: str, terms: Terms) -> Said:
    if place == "assistant" and terms.is_new:
        block.refuse("document blocks are not allowed in assistant messages in this API version")
    source = block.need("source").object()
    title = block.get("title")
    name = title.text() if title is not None else ""
    kind = source.need("type").one_of("base64", "text", "content", "url", "file")
    if kind == "url":
        return Said(media=(Media(kind="document", reference=_https(source.need("url")), name=name),))
    if kind == "file":
        _no_file(source)
    if kind == "content":
        inner = read_blocks(source.need("content"), "tool_result", terms)
        return Said(
            media=(Media(kind="document", media_type="text/plain", data=inner.text.encode(), name=name), *inner.media)
        )
    source.object({"type", "media_type", "data"})
    if kind == "text":
        source.need("media_type").one_of("text/plain")
        return Said(
            media=(
                Media(kind="document", media_type="text/plain", data=source.need("data").text().encode(), name=name),
            )
        )
    source.need("media_type").one_of("application/pdf")
    data = _decoded(source.need("data"))
    if not is_pdf(data):
        source.need("data").refuse("the PDF specified was not valid")
    return Said(media=(Media(kind="document", media_type="application/pdf", data=data, name=name),))


def _https(url: Node) -> str:
    if not url.text().startswith("https://"):
        url.refuse("only HTTPS URLs are supported")
    return str(url.value)


def _no_file(source: Node) -> None:
    source.need("file_id").refuse(f"file {source.need('file_id').text()} was not found", kind=Kind.NOT_FOUND)


def _decoded(node: Node) -> bytes:
    try:
        return base64.b64decode(node.text(), validate=True)
    except (binascii.Error, ValueError):
        node.refuse("invalid base64 data")


def _tool_use(block: Node) -> None:
    block.need("id").text(pattern=ID)
    block.need("name").text(low=1, high=200)
    block.need("input").object()


def _tool_result(block: Node, terms: Terms) -> Said:
    block.need("tool_use_id").text(pattern=ID)
    failed = (flag := block.get("is_error")) is not None and flag.boolean()
    content = block.get("content")
    said = read_blocks(content, "tool_result", terms) if content is not None else Said()
    if failed and not said.text and not said.media:
        block.refuse("content cannot be empty if `is_error` is true")
    return Said()


def _thinking(block: Node, kind: str) -> None:
    """Our own state must come back byte for byte; anybody else's is refused."""
    if kind == "redacted_thinking":
        if not seal.is_redacted(block.need("data").text()):
            block.refuse("invalid `data` in `redacted_thinking` block")
        return
    thinking, signature = block.need("thinking").text(), block.need("signature").text()
    if not (seal.is_signature_of(signature, thinking) if thinking else seal.is_signature(signature)):
        block.refuse("invalid `signature` in `thinking` block")
