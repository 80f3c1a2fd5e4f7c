"""OpenAI Responses: what the service keeps, so that a later request can build on it or ask for it again."""

from collections.abc import Sequence

import msgspec

from fastproxy.demo.ask import Ask, Json
from fastproxy.demo.dialects.dialect import Renderer
from fastproxy.demo.errors import Kind, Refused
from fastproxy.demo.script import Plan
from fastproxy.demo.sse import Frame
from fastproxy.demo.story import Story

MOST_LISTED = 100


class Stored(msgspec.Struct, frozen=True, kw_only=True):
    """One response, the items that led to it, and the events that told it."""

    response: Json
    input: tuple[Json, ...]
    frames: tuple[Frame, ...] = ()

    @property
    def history(self) -> tuple[Json, ...]:
        """What a request that continues from here begins with."""
        return (*self.input, *self.response["output"])


class Kept:
    """Everything that was stored in one simulation."""

    def __init__(self) -> None:
        self._responses: dict[str, Stored] = {}
        self._items: dict[str, Json] = {}

    def keep(self, stored: Stored) -> None:
        self._responses[stored.response["id"]] = stored
        self._items |= {item["id"]: item for item in stored.history if item.get("id")}

    def find(self, name: str) -> Stored:
        if name not in self._responses:
            raise Refused(Kind.NOT_FOUND, f"Response with id '{name}' not found.")
        return self._responses[name]

    def previous(self, name: str) -> Stored | None:
        return self._responses.get(name)

    def item(self, name: str) -> Json | None:
        return self._items.get(name)

    def forget(self, name: str) -> None:
        """A response that is gone takes its items with it."""
        gone = self._responses.pop(name)
        for item in gone.response["output"]:
            self._items.pop(item["id"], None)

    def cancel(self, name: str) -> Json:
        found = self.find(name)
        if not found.response["background"]:
            raise Refused(Kind.INVALID, "Cannot cancel a synchronous response.")
        response: Json = {**found.response, "status": "cancelled", "output": []}
        self._responses[name] = msgspec.structs.replace(found, response=response)
        return response


class Replay(Renderer):
    """The stream of a stored response again, from behind the event with a given number."""

    def __init__(self, stored: Stored, after: str | None) -> None:
        if not stored.frames or not stored.response["background"]:
            raise Refused(Kind.INVALID, "This response cannot be streamed: it was not created with background=true.")
        if after is not None and not after.isdigit():
            raise Refused(Kind.INVALID, "expected an integer", path=("starting_after",))
        first = 0 if after is None else int(after) + 1
        self.ask = Ask(model=stored.response["model"], stream=True)
        self.plan = Plan(name=stored.response["id"])
        self._frames = list(stored.frames[first:])
        self._response = stored.response

    def facts(self, story: Story) -> Json:
        return {}

    def plain_whole(self, story: Story) -> Json:
        return self._response

    def plain_frames(self, story: Story) -> list[Frame]:
        return self._frames


def page(items: Sequence[Json], query: dict[str, str]) -> Json:
    """One page of a response's input, newest first unless asked otherwise."""
    limit = query.get("limit", "20")
    if not limit.isdigit() or not 1 <= int(limit) <= MOST_LISTED:
        raise Refused(Kind.INVALID, f"expected an integer from 1 to {MOST_LISTED}", path=("limit",))
    ordered = list(items) if query.get("order") == "asc" else list(reversed(items))
    names = [item["id"] for item in ordered]
    after = query.get("after")
    rest = ordered[names.index(after) + 1 :] if after in names else ordered
    shown = rest[: int(limit)]
    return {
        "object": "list",
        "data": shown,
        "has_more": len(rest) > len(shown),
        "first_id": shown[0]["id"] if shown else None,
        "last_id": shown[-1]["id"] if shown else None,
    }
