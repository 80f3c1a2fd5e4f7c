"""OpenAI embeddings: texts or token lists, as numbers or as base64 of little-endian floats."""

import base64
import struct

from fastproxy.demo.ask import Ask
from fastproxy.demo.checked import Node, parse
from fastproxy.demo.dialects.dialect import Context, Renderer
from fastproxy.demo.dialects.oneshot import OneShot
from fastproxy.demo.embedding import vector
from fastproxy.demo.story import tokens

FIELDS = frozenset("input model encoding_format dimensions user".split())
MOST_INPUTS = 2048
DIMENSIONS, MOST_DIMENSIONS = 1536, 3072


def read(raw: bytes, context: Context) -> Renderer:
    body = parse(raw)
    model = body.need("model").text(low=1)
    plan = context.vocabulary.plan(model)
    body.object(None if plan.lenient or plan.family == "host" else FIELDS)
    texts = _inputs(body.need("input"))
    wanted = body.get("encoding_format")
    is_base64 = wanted is not None and wanted.one_of("float", "base64") == "base64"
    size = DIMENSIONS if (node := body.get("dimensions")) is None else node.integer(1, MOST_DIMENSIONS)
    if (user := body.get("user")) is not None:
        user.text()
    count = sum(len(tokens(text)) for text in texts)
    vectors = [vector(text, size) for text in texts]
    data = [
        {"object": "embedding", "index": index, "embedding": _packed(values) if is_base64 else values}
        for index, values in enumerate(vectors)
    ]
    usage = {"prompt_tokens": count, "total_tokens": count}
    answer = {"object": "list", "data": data, "model": model, "usage": usage}
    return OneShot(Ask(model=model, prompt=" ".join(texts)), plan, answer)


def _packed(values: list[float]) -> str:
    return base64.b64encode(struct.pack(f"<{len(values)}f", *values)).decode()


def _inputs(node: Node) -> list[str]:
    """One text, several, one list of tokens, or several; tokens stand for themselves."""
    if isinstance(node.value, str):
        return [node.text(low=1)]
    entries = list(node.items(low=1, high=MOST_INPUTS))
    if isinstance(entries[0].value, int):
        return [_spelled(entries)]
    return [
        entry.text(low=1) if isinstance(entry.value, str) else _spelled(list(entry.items(low=1))) for entry in entries
    ]


def _spelled(entries: list[Node]) -> str:
    return " ".join(str(entry.integer(0)) for entry in entries)
