"""Another dialect is one file and one line: here a small one with lines of JSON instead of events, no key, its model in the path."""

import json
from collections.abc import AsyncIterator
from typing import Any

import pytest

from fastproxy.demo import Simulation
from fastproxy.demo.ask import Ask, Json
from fastproxy.demo.checked import parse
from fastproxy.demo.dialects import DIALECTS
from fastproxy.demo.dialects.dialect import Context, Dialect, Quirk, Renderer, Reply
from fastproxy.demo.dialects.garbage import GARBAGE
from fastproxy.demo.errors import Header, Refused
from fastproxy.demo.ids import Ids
from fastproxy.demo.sse import Frame, Style
from fastproxy.demo.story import Story, cut
from fastproxy.demo.wire import HttpRequest

QUIRKS = {
    "shouting": Quirk(about="Capitals only.", frames=lambda frames, facts: [frame for frame in frames if frame.data])
}


class LinesRenderer(Renderer):
    known = {**GARBAGE, **QUIRKS}  # noqa: RUF012 - read only, as in the real dialects
    stream_type = "application/x-ndjson"

    def __init__(self, request: HttpRequest, context: Context) -> None:
        body = parse(request.body)
        name = request.path.removeprefix("/lines/")
        said = body.need("say").text(low=1)
        self.ask = Ask(model=name, said=(said,), stream=body.get("whole") is None)
        self.plan = context.vocabulary.directed(context.vocabulary.plan(name), self.ask.said)

    def facts(self, story: Story) -> Json:
        return {}

    def plain_whole(self, story: Story) -> Json:
        return {"say": story.text, "end": story.finish}

    def plain_frames(self, story: Story) -> list[Frame]:
        said = [Frame(data={"say": piece}, content=True) for piece in cut(story.text, story.pieces)]
        return [*said, Frame(data={"end": story.finish, "tokens": story.usage.output})]

    def encode(self, frame: Frame, style: Style, number: int, last: bool) -> bytes:
        return frame.payload() + b"\n"


class Lines(Dialect):
    name = "lines"
    quirks = QUIRKS

    def claims(self, request: HttpRequest) -> bool:
        return request.path.startswith("/lines/")

    def speaks(self, request: HttpRequest) -> bool:
        return self.claims(request)

    def key(self, request: HttpRequest) -> str | None:
        return request.query.get("key")

    def needs_key(self, request: HttpRequest) -> bool:
        return False

    def request_id(self, ids: Ids) -> str:
        return ids.make("line-", 8)

    def open(self, request: HttpRequest, context: Context) -> Renderer | Reply:
        if request.path == "/lines/login":
            return Reply(body={"token": "sk-test-login"}, headers=(("set-cookie", "session=1"),))
        return LinesRenderer(request, context)

    def error_body(self, refused: Refused, request_id: str) -> Json:
        return {"error": refused.message}

    def error_frames(self, refused: Refused, request_id: str) -> list[Frame]:
        return [Frame(data=self.error_body(refused, request_id))]

    def headers(self, context: Context, exhausted: float | None) -> list[Header]:
        return [("x-line", context.request_id)]


@pytest.fixture
async def simulation() -> AsyncIterator[Simulation]:
    async with Simulation(seed=b"test", dialects=(Lines, *DIALECTS)) as running:
        yield running


async def say(raw: Any, model: str, body: Any, query: str = "") -> Any:
    return await raw.exchange(raw.request(f"/lines/{model}{query}", body, {"connection": "close"}))


def lines(answer: Any) -> list[Any]:
    return [json.loads(line) for line in answer.body.splitlines()]


async def test_scripts_faults_and_quirks_work_in_any_dialect(raw: Any) -> None:
    answer = await say(raw, "echo+shouting", {"say": "good morning"})
    assert answer.headers["content-type"] == "application/x-ndjson"
    assert answer.headers["x-line"].startswith("line-")
    assert lines(answer) == [{"say": "good"}, {"say": " morning"}, {"end": "end", "tokens": 2}]
    assert (await say(raw, "long-2", {"say": "x", "whole": True})).json() == {"say": "word1 word2", "end": "end"}
    cut_off = await say(raw, "echo+cut-fin-1", {"say": "good morning"})
    assert lines(cut_off) == [{"say": "good"}]
    assert not cut_off.is_terminated
    failed = await say(raw, "echo+error-after-1", {"say": "good morning"})
    assert lines(failed) == [{"say": "good"}, {"error": "the service is overloaded"}]


async def test_errors_keys_and_replies_of_any_dialect(raw: Any) -> None:
    refused = await say(raw, "echo", {"say": ""})
    assert (refused.status, refused.json()) == (
        400,
        {"error": "expected a string with minimum length 1, but got length 0"},
    )
    assert (await say(raw, "echo", {"say": "x"}, "?key=sk-poor-1")).status == 402
    login = await say(raw, "login", {})
    assert (login.json(), login.headers["set-cookie"]) == ({"token": "sk-test-login"}, "session=1")


async def test_the_other_dialects_are_still_there(raw: Any) -> None:
    assert (await raw.chat("echo+shouting")).status == 200
    assert (await raw.messages("echo")).status == 200
