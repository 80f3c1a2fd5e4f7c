"""Ollama: embeddings, by the present path and by the one before it."""

from fastproxy.demo.ask import Ask, Json
from fastproxy.demo.checked import Node, parse
from fastproxy.demo.dialects.dialect import Context, Renderer
from fastproxy.demo.dialects.ollama.answer import LOAD_NS, PROMPT_NS
from fastproxy.demo.dialects.ollama.options import planned
from fastproxy.demo.dialects.oneshot import OneShot
from fastproxy.demo.embedding import vector
from fastproxy.demo.story import tokens

DIMENSIONS = 768


def read(raw: bytes, context: Context) -> Renderer:
    body = parse(raw)
    plan = planned(body, context)
    texts = _inputs(body.get("input"))
    size = DIMENSIONS if (node := body.get("dimensions")) is None else node.integer(1, DIMENSIONS)
    count = sum(len(tokens(text)) for text in texts)
    answer: Json = {
        "model": body.value["model"],
        "embeddings": [vector(text, size) for text in texts],
        "total_duration": LOAD_NS + count * PROMPT_NS,
        "load_duration": LOAD_NS,
        "prompt_eval_count": count,
    }
    return OneShot(Ask(model=body.value["model"], prompt=" ".join(texts)), plan, answer)


def read_old(raw: bytes, context: Context) -> Renderer:
    body = parse(raw)
    plan = planned(body, context)
    text = "" if (node := body.get("prompt")) is None else node.text()
    values = vector(text, DIMENSIONS) if text else []
    return OneShot(Ask(model=body.value["model"], prompt=text), plan, {"embedding": values})


def _inputs(node: Node | None) -> list[str]:
    """A text or several; nothing asks for nothing but that the model be loaded."""
    if node is None or node.value == "":
        return []
    return [node.value] if isinstance(node.value, str) else [entry.text() for entry in node.items()]
