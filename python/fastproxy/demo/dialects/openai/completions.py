"""OpenAI legacy completions: a prompt, and the text that follows it."""

import msgspec

from fastproxy.demo.ask import Ask, Json
from fastproxy.demo.checked import Node, parse
from fastproxy.demo.dialects.dialect import Context, Renderer
from fastproxy.demo.dialects.garbage import GARBAGE
from fastproxy.demo.script import Plan
from fastproxy.demo.sse import Frame
from fastproxy.demo.story import Finish, Story, cut

FIELDS = frozenset(
    "model prompt suffix max_tokens temperature top_p n stream stream_options logprobs echo stop presence_penalty "
    "frequency_penalty best_of logit_bias seed user".split()
)
DEFAULT_MAX_TOKENS = 16
MOST_STOPS = 4
FINISH = {Finish.LENGTH: "length", Finish.CONTEXT: "length", Finish.FILTER: "content_filter"}
DONE = Frame(raw=b"[DONE]")


class Wanted(msgspec.Struct, frozen=True, kw_only=True):
    """What shapes the answer besides the story."""

    prompts: tuple[str, ...]
    copies: int
    echo: bool
    include_usage: bool


def read(raw: bytes, context: Context) -> Renderer:
    body = parse(raw)
    plan = context.vocabulary.plan(body.need("model").text(low=1))
    body.object(None if plan.lenient or plan.family == "host" else FIELDS)
    for name, low, high in (("temperature", 0, 2), ("top_p", 0, 1), ("presence_penalty", -2, 2)):
        if (node := body.get(name)) is not None:
            node.number(low, high)
    prompts = _prompts(body.need("prompt"))
    limit = body.get("max_tokens")
    stream = (flag := body.get("stream")) is not None and flag.boolean()
    ask = Ask(
        model=body.value["model"],
        said=(prompts[-1],),
        prompt=" ".join(prompts),
        stream=stream,
        max_tokens=DEFAULT_MAX_TOKENS if limit is None else limit.integer(0),
        stops=_stops(body),
    )
    wanted = Wanted(
        prompts=prompts,
        copies=count.integer(1, 128) if (count := body.get("n")) is not None else 1,
        echo=(flag := body.get("echo")) is not None and flag.boolean(),
        include_usage=_include_usage(body, stream),
    )
    return CompletionRenderer(ask, context.vocabulary.directed(plan, ask.said), wanted, context)


def _prompts(node: Node) -> tuple[str, ...]:
    if isinstance(node.value, str):
        return (node.value,)
    return tuple(entry.text() for entry in node.items(low=1))


def _stops(body: Node) -> tuple[str, ...]:
    stop = body.get("stop")
    if stop is None:
        return ()
    if isinstance(stop.value, str):
        return (stop.text(low=1),)
    return tuple(entry.text(low=1) for entry in stop.items(low=1, high=MOST_STOPS))


def _include_usage(body: Node, stream: bool) -> bool:
    options = body.get("stream_options")
    if options is None:
        return False
    if not stream:
        options.refuse("only allowed when 'stream' is enabled", code="invalid_value")
    usage = options.object({"include_usage", "include_obfuscation"}).get("include_usage")
    return usage is not None and usage.boolean()


class CompletionRenderer(Renderer):
    known = GARBAGE

    def __init__(self, ask: Ask, plan: Plan, wanted: Wanted, context: Context) -> None:
        self.ask = ask
        self.plan = plan
        self._wanted = wanted
        self._head: Json = {
            "id": context.ids.make("cmpl-", 29),
            "object": "text_completion",
            "created": int(context.now),
            "model": ask.model,
        }

    def facts(self, story: Story) -> Json:
        return {}

    def _usage(self, story: Story) -> Json:
        prompt, output = story.usage.prompt, story.usage.output * self._wanted.copies * len(self._wanted.prompts)
        return {"prompt_tokens": prompt, "completion_tokens": output, "total_tokens": prompt + output}

    def _texts(self, story: Story) -> list[str]:
        """A choice for each copy of each prompt."""
        echoed = [prompt if self._wanted.echo else "" for prompt in self._wanted.prompts]
        return [before + story.text for before in echoed for _ in range(self._wanted.copies)]

    def plain_whole(self, story: Story) -> Json:
        finish = FINISH.get(story.finish, "stop")
        choices = [_choice(text, index, finish) for index, text in enumerate(self._texts(story))]
        return {**self._head, "choices": choices, "usage": self._usage(story)}

    def plain_frames(self, story: Story) -> list[Frame]:
        usage: Json = {"usage": None} if self._wanted.include_usage else {}
        finish = FINISH.get(story.finish, "stop")
        frames = []
        for index, text in enumerate(self._texts(story)):
            steps = [(piece, None) for piece in cut(text, story.pieces)] + [("", finish)]
            for piece, end in steps:
                data = {**self._head, "choices": [_choice(piece, index, end)], **usage}
                frames.append(Frame(data=data, content=end is None))
        if self._wanted.include_usage:
            frames.append(Frame(data={**self._head, "choices": [], "usage": self._usage(story)}))
        return [*frames, DONE]


def _choice(text: str, index: int, finish: str | None) -> Json:
    return {"text": text, "index": index, "logprobs": None, "finish_reason": finish}
