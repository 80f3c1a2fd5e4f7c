"""Stories that a test tells itself: handed over in-process, answered to whoever asks for `story-<n>` in whatever dialect."""

import threading

import msgspec

from fastproxy.demo.ask import Ask
from fastproxy.demo.errors import Kind, Refused
from fastproxy.demo.script import Group, Numbers, Plan, Word
from fastproxy.demo.story import Story

NAME = "story-<n>"


class ToldStories:
    """Numbered as they come. A test tells them in its thread, the simulation reads them in its own."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._stories: list[Story] = []

    def add(self, story: Story) -> str:
        """The name of the model that answers with this story."""
        with self._lock:
            self._stories.append(story)
            return NAME.replace("<n>", str(len(self._stories)))

    def tell(self, ask: Ask, numbers: Numbers) -> Story:
        number = numbers[0] or 0
        if not 1 <= number <= len(self._stories):
            raise Refused(Kind.NO_MODEL, ask.model)
        return self._stories[number - 1]

    def word(self) -> Word:
        def apply(plan: Plan, numbers: Numbers) -> Plan:
            return msgspec.structs.replace(plan, script=NAME, tell=self.tell, numbers=numbers, exact=True)

        about = "The n-th story that a test handed to `Simulation.tell`, to the letter, whatever the request says."
        return Word(name=NAME, about=about, group=Group.TOLD, apply=apply)
