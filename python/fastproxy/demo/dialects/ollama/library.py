"""Ollama: which models there are, and what is known about one."""

import hashlib

from fastproxy.demo.ask import Json
from fastproxy.demo.checked import parse
from fastproxy.demo.dialects.dialect import Context, Reply
from fastproxy.demo.dialects.ollama.options import LATEST
from fastproxy.demo.errors import Kind, Refused

VERSION = "0.30.2"
MODIFIED = "2026-01-01T00:00:00Z"
SIZE = 4_683_087_332
DETAILS: Json = {
    "parent_model": "",
    "format": "gguf",
    "family": "simulated",
    "families": ["simulated"],
    "parameter_size": "7.6B",
    "quantization_level": "Q4_K_M",
}
CAPABILITIES = ["completion", "tools", "vision", "thinking"]


def tags(context: Context) -> Reply:
    return Reply(body={"models": [_model(name) for name in context.vocabulary.model_names()]})


def running(context: Context) -> Reply:
    """The first model is in memory."""
    first = _model(context.vocabulary.model_names()[0])
    del first["modified_at"]
    return Reply(body={"models": [{**first, "expires_at": "2026-12-31T00:00:00Z", "size_vram": SIZE}]})


def version(context: Context) -> Reply:
    return Reply(body={"version": VERSION})


def show(raw: bytes, context: Context) -> Reply:
    body = parse(raw)
    named = body.get("model") or body.get("name")
    if named is None:
        raise Refused(Kind.INVALID, "model is required")
    name = named.text(low=1).removesuffix(LATEST)
    context.vocabulary.plan(name)
    return Reply(
        body={
            "license": "none: nothing was trained",
            "modelfile": f"FROM {name}",
            "parameters": 'stop "<|end|>"',
            "template": "{{ .Prompt }}",
            "details": DETAILS,
            "model_info": {
                "general.architecture": "simulated",
                "general.parameter_count": 7_615_616_512,
                "simulated.context_length": 131_072,
                "simulated.embedding_length": 768,
            },
            "capabilities": CAPABILITIES,
            "modified_at": MODIFIED,
        }
    )


def _model(name: str) -> Json:
    full = name + LATEST
    digest = hashlib.sha256(name.encode()).hexdigest()
    return {"name": full, "model": full, "modified_at": MODIFIED, "size": SIZE, "digest": digest, "details": DETAILS}
