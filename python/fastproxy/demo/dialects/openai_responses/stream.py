"""OpenAI Responses: the events of a stream. Every one is numbered, and every item is announced, told and closed."""

import itertools
from collections.abc import Callable, Sequence
from typing import Any

from fastproxy.demo import seal
from fastproxy.demo.ask import Json
from fastproxy.demo.dialects.dialect import edited
from fastproxy.demo.dialects.openai_responses.items import REASONING
from fastproxy.demo.sse import Frame
from fastproxy.demo.story import Call, Part, Pieces, Reasoning, Text, cut, cut_arguments

MOST_PADDING = 13
TERMINALS = {"completed": "response.completed", "incomplete": "response.incomplete", "failed": "response.failed"}
# What an item lacks while it is being told.
UNTOLD: dict[str, Json] = {
    "message": {"content": [], "status": "in_progress"},
    "function_call": {"arguments": "", "status": "in_progress"},
    "custom_tool_call": {"input": "", "status": "in_progress"},
    "reasoning": {"summary": []},
}


class Telling:
    """Collects the events of one response in order."""

    def __init__(self, pieces: Pieces, padding: str, logprobs: Callable[[list[str]], list[Json]]) -> None:
        self.frames: list[Frame] = []
        self._pieces = pieces
        self._padding = padding
        self._logprobs = logprobs
        self._turn = itertools.count()
        self._index = -1
        self._item = ""

    def _event(self, kind: str, *, content: bool = False, **fields: Any) -> None:
        data = {"type": kind, "sequence_number": len(self.frames), **fields}
        self.frames.append(Frame(event=kind, data=data, content=content))

    def _of_item(self, kind: str, *, content: bool = False, **fields: Any) -> None:
        """An event inside the item that is being told."""
        self._event(f"response.{kind}", content=content, item_id=self._item, output_index=self._index, **fields)

    def _delta(self, kind: str, piece: str, **fields: Any) -> None:
        if self._padding:
            start = next(self._turn) % len(self._padding)
            fields["obfuscation"] = self._padding[start : start + 1 + start % MOST_PADDING]
        self._of_item(f"{kind}.delta", content=True, delta=piece, **fields)

    def begin(self, response: Json) -> None:
        self._event("response.created", response=response)
        if response["status"] == "queued":
            self._event("response.queued", response=response)
        self._event("response.in_progress", response={**response, "status": "in_progress"})

    def end(self, response: Json) -> None:
        self._event(TERMINALS[response["status"]], response=response)

    def item(self, part: Part, item: Json) -> None:
        """One item from its announcement to its end."""
        self._index += 1
        self._item = item["id"]
        start = {**item, **UNTOLD[item["type"]]}
        if "encrypted_content" in item:  # what an announcement holds is not the state yet
            start["encrypted_content"] = seal.conceal(REASONING, f"{item['id']}\0")
        if "content" in item and item["type"] == "reasoning":
            start |= {"content": [], "status": "in_progress"}
        self._event("response.output_item.added", content=isinstance(part, Call), output_index=self._index, item=start)
        if isinstance(part, Call):
            self._call(part, item)
        elif isinstance(part, Reasoning):
            self._reasoning(item)
        else:
            self._message(part, item["content"][0])
        self._event("response.output_item.done", output_index=self._index, item=item)

    def _call(self, call: Call, item: Json) -> None:
        kind = "custom_tool_call_input" if call.custom else "function_call_arguments"
        for piece in cut_arguments(call.arguments, self._pieces):
            self._delta(kind, piece)
        if call.custom:
            self._of_item(f"{kind}.done", input=call.arguments)
        else:
            self._of_item(f"{kind}.done", name=item["name"], arguments=call.arguments)

    def _reasoning(self, item: Json) -> None:
        for index, part in enumerate(item["summary"]):
            place: Json = {"summary_index": index}
            self._of_item("reasoning_summary_part.added", **place, part={**part, "text": ""})
            for piece in cut(part["text"], self._pieces):
                self._delta("reasoning_summary_text", piece, **place)
            self._of_item("reasoning_summary_text.done", **place, text=part["text"])
            self._of_item("reasoning_summary_part.done", **place, part=part)
        for index, part in enumerate(item.get("content", ())):
            place = {"content_index": index}
            self._of_item("content_part.added", **place, part={**part, "text": ""})
            for piece in cut(part["text"], self._pieces):
                self._delta("reasoning_text", piece, **place)
            self._of_item("reasoning_text.done", **place, text=part["text"])
            self._of_item("content_part.done", **place, part=part)

    def _message(self, part: Part, content: Json) -> None:
        place: Json = {"content_index": 0}
        if isinstance(part, Text):
            self._text(part, content)
            return
        text = content["refusal"]
        self._of_item("content_part.added", **place, part={**content, "refusal": ""})
        for piece in cut(text, self._pieces):
            self._delta("refusal", piece, **place)
        self._of_item("refusal.done", **place, refusal=text)
        self._of_item("content_part.done", **place, part=content)

    def _text(self, part: Text, content: Json) -> None:
        place: Json = {"content_index": 0}
        empty = {**content, "text": "", "annotations": [], "logprobs": []}
        self._of_item("content_part.added", **place, part=empty)
        for piece in cut(part.text, self._pieces):
            self._delta("output_text", piece, **place, logprobs=self._logprobs([piece]))
        for index, annotation in enumerate(content["annotations"]):
            self._of_item("output_text.annotation.added", **place, annotation_index=index, annotation=annotation)
        self._of_item("output_text.done", **place, text=part.text, logprobs=content["logprobs"])
        self._of_item("content_part.done", **place, part=content)


def failing(error: list[Frame], delivered: Sequence[Frame], failed: Json) -> list[Frame]:
    """The error event and the failed response behind it, numbered on from what was delivered."""
    numbers = [frame.data.get("sequence_number", -1) for frame in delivered if isinstance(frame.data, dict)]
    count = max(numbers, default=-1) + 1
    numbered = edited(error[0], {**error[0].data, "sequence_number": count})
    last = {"type": "response.failed", "sequence_number": count + 1, "response": failed}
    return [numbered, Frame(event="response.failed", data=last)]
