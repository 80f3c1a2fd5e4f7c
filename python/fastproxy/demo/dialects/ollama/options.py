"""Ollama: what its requests have in common: the model and its tag, options, format, thinking, images."""

import base64
import binascii

import msgspec

from fastproxy.demo.ask import Json, Media
from fastproxy.demo.checked import Node
from fastproxy.demo.dialects.dialect import Context
from fastproxy.demo.errors import Kind, Refused
from fastproxy.demo.script import Plan

LATEST = ":latest"
INTEGERS = (
    "num_ctx",
    "num_predict",
    "num_keep",
    "seed",
    "top_k",
    "repeat_last_n",
    "num_batch",
    "num_gpu",
    "num_thread",
)
NUMBERS = ("temperature", "top_p", "min_p", "typical_p", "repeat_penalty", "presence_penalty", "frequency_penalty")
LEVELS = ("high", "medium", "low", "max")
UNLIMITED = (-1, -2)
MOST_LOGPROBS = 20


def planned(body: Node, context: Context) -> Plan:
    """The plan of the request's model."""
    if body.get("model") is None:
        raise Refused(Kind.INVALID, "model is required")
    name = body.need("model").text(low=1)
    return context.vocabulary.plan(name.removesuffix(LATEST))


class Options(msgspec.Struct, frozen=True, kw_only=True):
    max_tokens: int | None = None
    stops: tuple[str, ...] = ()
    schema: Json | None = None
    json_mode: bool = False
    reasoning: bool | None = None
    stream: bool = True
    unloads: bool = False


def read_options(body: Node) -> Options:
    """Unknown options are ignored, as the server only warns of them; a known one of the wrong type is refused."""
    limit: int | None = None
    stops: tuple[str, ...] = ()
    if (given := body.get("options")) is not None:
        limit, stops = _sampling(given.object())
    schema, json_mode = _format(body.value.get("format"))
    stream, alive, top = body.get("stream"), body.get("keep_alive"), body.get("top_logprobs")
    if top is not None:
        top.integer(0, MOST_LOGPROBS)
    return Options(
        max_tokens=limit,
        stops=stops,
        schema=schema,
        json_mode=json_mode,
        reasoning=_think(body),
        stream=True if stream is None else stream.boolean(),
        unloads=alive is not None and alive.value in (0, "0", "0s"),
    )


def _sampling(options: Node) -> tuple[int | None, tuple[str, ...]]:
    for name in (*INTEGERS, *NUMBERS):
        if (node := options.get(name)) is None:
            continue
        if isinstance(node.value, bool) or not isinstance(node.value, int | float):
            raise_type(node, name, "integer" if name in INTEGERS else "float32")
    limit, stop = options.get("num_predict"), options.get("stop")
    stops: tuple[str, ...] = ()
    if stop is not None:
        stops = tuple(entry.text() for entry in stop.items())
    if limit is None or int(limit.value) in UNLIMITED:
        return None, stops
    return max(int(limit.value), 0), stops


def raise_type(node: Node, name: str, wanted: str) -> None:
    node.refuse(f'option "{name}" must be of type {wanted}')


def _format(value: object) -> tuple[Json | None, bool]:
    """`format`: nothing, the word "json", or a schema."""
    if value is None or value == "":
        return None, False
    if value == "json":
        return None, True
    if not isinstance(value, dict):
        Node(value, ("format",)).refuse('invalid format: expected "json" or a JSON schema')
    return value, False


def _think(body: Node) -> bool | None:
    think = body.get("think")
    if think is None:
        return None
    if isinstance(think.value, bool):
        return bool(think.value)
    if think.value not in LEVELS:
        think.refuse(f'invalid think value: "{think.value}" (must be "high", "medium", "low", "max", true, or false)')
    return True


def read_images(field: Node | None) -> tuple[Media, ...]:
    """Base64 only: neither URLs nor data URLs."""
    return tuple(_image(node) for node in field.items()) if field is not None else ()


def _image(node: Node) -> Media:
    try:
        data = base64.b64decode(node.text(), validate=True)
    except (binascii.Error, ValueError):
        node.refuse("illegal base64 data at input byte 0")
    return Media(kind="image", data=data)
