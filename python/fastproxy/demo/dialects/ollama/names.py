"""Ollama: model names carry a tag, `latest` where none is given."""

from fastproxy.demo.checked import Node
from fastproxy.demo.dialects.dialect import Context
from fastproxy.demo.errors import Kind, Refused
from fastproxy.demo.script import Plan

LATEST = ":latest"


def planned(body: Node, context: Context) -> Plan:
    """The plan of the request's model."""
    if body.get("model") is None:
        raise Refused(Kind.INVALID, "model is required")
    name = body.need("model").text(low=1)
    return context.vocabulary.plan(name.removesuffix(LATEST))
