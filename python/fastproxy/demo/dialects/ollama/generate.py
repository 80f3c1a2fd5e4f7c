"""Ollama `/api/generate`: a prompt instead of a conversation."""

from fastproxy.demo.ask import Ask
from fastproxy.demo.checked import parse
from fastproxy.demo.dialects.dialect import Context, Renderer, Reply
from fastproxy.demo.dialects.ollama.answer import GenerateRenderer, loaded
from fastproxy.demo.dialects.ollama.options import planned, read_images, read_options


def read(raw: bytes, context: Context) -> Renderer | Reply:
    body = parse(raw)
    plan = planned(body, context)
    options = read_options(body)
    texts = {}
    for name in ("prompt", "suffix", "system", "template"):
        if (node := body.get(name)) is not None:
            texts[name] = node.text()
    if not texts.get("prompt"):
        return Reply(body=loaded(body.value["model"], context, {"response": ""}, unloads=options.unloads))
    ask = Ask(
        model=body.value["model"],
        said=(texts["prompt"],),
        prompt=" ".join(texts.values()),
        stream=options.stream,
        media=read_images(body.get("images")),
        max_tokens=options.max_tokens,
        stops=options.stops,
        schema=options.schema,
        json_mode=options.json_mode,
        reasoning=options.reasoning,
    )
    return GenerateRenderer(ask, context.vocabulary.directed(plan, ask.said), context)
