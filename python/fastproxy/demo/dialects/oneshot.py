"""Answers that no script tells and nobody streams, such as embeddings: fixed, but struck by mishaps and faults as any other."""

from fastproxy.demo.ask import Ask, Json
from fastproxy.demo.dialects.dialect import Renderer
from fastproxy.demo.script import Plan
from fastproxy.demo.sse import Frame
from fastproxy.demo.story import Story


class OneShot(Renderer):
    def __init__(self, ask: Ask, plan: Plan, body: Json) -> None:
        self.ask = ask
        self.plan = plan
        self._body = body

    def facts(self, story: Story) -> Json:
        return {}

    def plain_whole(self, story: Story) -> Json:
        return self._body

    def plain_frames(self, story: Story) -> list[Frame]:
        return [Frame(data=self._body, content=True)]
