"""From an ask and a plan to the finished story: the script's answer, then what every model does: think, stop, run out."""

from msgspec.structs import replace

from fastproxy.demo import scripts
from fastproxy.demo.ask import Ask, Mode
from fastproxy.demo.script import Plan
from fastproxy.demo.story import Call, Finish, Part, Pieces, Reasoning, Refusal, Story, Text, Usage, cut, tokens

# Scripts whose text gives way when the request demands a call or a JSON answer, as any model's would.
YIELDING = ("", "echo", "long-<words>[-<ms>]")
PROMPT_OVERHEAD = 7


def compose(ask: Ask, plan: Plan) -> Story:
    """The story that answers `ask` by `plan`, within the limits that the request sets."""
    story = _told(ask, plan)
    if plan.exact:
        return story
    story = _thinking(story, ask, plan)
    story = _stopped(story, ask.stops)
    if ask.max_tokens is not None:
        story = _limited(story, ask.max_tokens)
    pieces = story.pieces if plan.pieces is None else plan.pieces
    return replace(story, pieces=pieces, usage=_usage(story, ask, plan))


def _told(ask: Ask, plan: Plan) -> Story:
    if plan.script in YIELDING:
        if ask.choice.mode is Mode.REQUIRED and not ask.results:
            return scripts.tools(ask, (1,))
        if ask.schema is not None or ask.json_mode:
            return scripts.json_answer(ask, ())
    return plan.tell(ask, plan.numbers) if plan.tell else scripts.echo(ask, ())


def _thinking(story: Story, ask: Ask, plan: Plan) -> Story:
    """Thinking comes first; a redacted block follows a plain one, so that both kinds must be replayed in order."""
    if ask.reasoning is False or not (ask.reasoning or plan.thinking or plan.redacted):
        return story
    topic = " ".join(ask.text.split()[:6])
    thoughts: list[Part] = []
    if plan.thinking or not plan.redacted:
        thoughts.append(Reasoning(f"The user says: {topic!r}. I decide what to answer.", named=plan.thinking))
    if plan.redacted:
        thoughts.append(Reasoning(f"Hidden thoughts about {topic!r}.", redacted=True))
    return replace(story, parts=(*thoughts, *story.parts))


def _stopped(story: Story, stops: tuple[str, ...]) -> Story:
    """Cut at the first stop sequence in the visible text; it is not part of the answer."""
    for at, part in enumerate(story.parts):
        if not isinstance(part, Text):
            continue
        found = [(part.text.index(stop), stop) for stop in stops if stop in part.text]
        if found:
            where, stop = min(found)
            parts = (*story.parts[:at], *([_shortened(part, part.text[:where])] if where else []))
            return replace(story, parts=parts, finish=Finish.STOP, stop=stop)
    return story


def _limited(story: Story, limit: int) -> Story:
    """Cut after `limit` tokens. A call that does not fit is left out: a half one could not be written in every dialect."""
    kept: list[Part] = []
    for part in story.parts:
        size = _size(part)
        if size <= limit:
            kept.append(part)
            limit -= size
            continue
        if limit > 0 and not isinstance(part, Call):
            kept.append(_shortened(part, "".join(tokens(part.text)[:limit])))
        return replace(story, parts=tuple(kept), finish=Finish.LENGTH, stop=None)
    return story


def _shortened(part: Text | Reasoning | Refusal, text: str) -> Part:
    """The beginning of a part, with the sources of what is left."""
    if not isinstance(part, Text):
        return replace(part, text=text)
    return Text(text, tuple(source for source in part.citations if source.end <= len(text)))


def _size(part: Part) -> int:
    if isinstance(part, Call):
        return len(cut(part.arguments, Pieces.TOKENS)) + len(tokens(part.name))
    return len(tokens(part.text))


def _usage(story: Story, ask: Ask, plan: Plan) -> Usage:
    prompt = len(tokens(ask.prompt)) + PROMPT_OVERHEAD
    read, write = (prompt // 2, prompt // 4) if plan.cached else (0, 0)
    visible = sum(_size(part) for part in story.parts if isinstance(part, Text | Refusal | Call))
    return Usage(
        fresh=prompt - read - write,
        cache_read=read,
        cache_write=write,
        visible=max(visible, 1),
        reasoning=sum(_size(part) for part in story.reasoning),
    )
