"""OpenAI Responses: a story as a `response` object, and where it is kept for later requests."""

from collections.abc import Sequence

from fastproxy.demo import seal
from fastproxy.demo.ask import Json
from fastproxy.demo.dialects.dialect import Context, Renderer
from fastproxy.demo.dialects.openai_responses.items import REASONING
from fastproxy.demo.dialects.openai_responses.kept import Kept, Stored
from fastproxy.demo.dialects.openai_responses.quirks import QUIRKS
from fastproxy.demo.dialects.openai_responses.request import ResponsesRequest
from fastproxy.demo.dialects.openai_responses.stream import Telling, failing
from fastproxy.demo.ids import HEX
from fastproxy.demo.sse import Frame
from fastproxy.demo.story import Call, Finish, Part, Reasoning, Refusal, Story, Text, Usage, cut

INCOMPLETE = {
    Finish.LENGTH: "max_output_tokens",
    Finish.CONTEXT: "max_output_tokens",
    Finish.FILTER: "content_filter",
}
SNAPSHOT = "-2026-08-06"


class ResponsesRenderer(Renderer):
    known = QUIRKS

    def __init__(self, request: ResponsesRequest, context: Context, kept: Kept) -> None:
        self.ask = request.ask
        self.plan = request.plan
        self._request = request
        self._kept = kept
        self._ids = context.ids
        self._padding = context.ids.make("", 60) if request.obfuscate else ""
        is_openai = request.plan.family in ("gpt", "reasoner")
        self._now = int(context.now)
        self._head: Json = {
            "id": context.ids.make("resp_", 48, HEX),
            "object": "response",
            "created_at": self._now,
            "model": request.ask.model + (SNAPSHOT if is_openai else ""),
        }

    def facts(self, story: Story) -> Json:
        return {}

    def response(self, status: str, output: list[Json], **changes: object) -> Json:
        """The response object at some moment."""
        settings = self._request.settings
        body: Json = {
            **self._head,
            "status": status,
            "completed_at": None,
            "error": None,
            "incomplete_details": None,
            "output": output,
            "service_tier": "auto" if status in ("in_progress", "queued") else "default",
            "usage": None,
            **settings,
            **changes,
        }
        return body

    def _final(self, story: Story, output: list[Json]) -> Json:
        reason = INCOMPLETE.get(story.finish)
        usage = _usage(story.usage)
        if reason is None:
            return self.response("completed", output, completed_at=self._now + 1, usage=usage)
        return self.response("incomplete", output, incomplete_details={"reason": reason}, usage=usage)

    def _items(self, story: Story) -> list[tuple[Part, Json]]:
        """Each part with its item. The last item of an incomplete response is incomplete itself."""
        pairs = [(part, self._item(part, story)) for part in story.parts]
        if pairs and story.finish in INCOMPLETE:
            pairs[-1][1]["status"] = "incomplete"
        return pairs

    def _item(self, part: Part, story: Story) -> Json:
        if isinstance(part, Reasoning):
            return self._reasoning(part)
        if isinstance(part, Call):
            return self._call(part)
        name = self._ids.make("msg_", 48, HEX)
        content = {"type": "refusal", "refusal": part.text} if isinstance(part, Refusal) else self._text(part, story)
        return {"id": name, "type": "message", "status": "completed", "role": "assistant", "content": [content]}

    def _call(self, call: Call) -> Json:
        named = {"call_id": self._ids.make("call_", 24), **self._request.offered.called(call.name)}
        if call.custom:
            name = self._ids.make("ctc_", 48, HEX)
            return {"id": name, "type": "custom_tool_call", "status": "completed", "input": call.arguments, **named}
        name = self._ids.make("fc_", 48, HEX)
        return {"id": name, "type": "function_call", "status": "completed", "arguments": call.arguments, **named}

    def _text(self, part: Text, story: Story) -> Json:
        annotations = [
            {
                "type": "url_citation",
                "start_index": source.start,
                "end_index": source.end,
                "url": source.url,
                "title": source.title,
            }
            for source in part.citations
        ]
        logprobs = self.logprobs(cut(part.text, story.pieces))
        return {"type": "output_text", "text": part.text, "annotations": annotations, "logprobs": logprobs}

    def logprobs(self, texts: list[str]) -> list[Json]:
        """An entry for each token, where they were asked for."""
        top = self._request.logprobs
        if top is None:
            return []
        entries: list[Json] = [
            {"token": text, "logprob": -0.0625, "bytes": list(text.encode(errors="replace"))} for text in texts
        ]
        return [{**entry, "top_logprobs": [entry][:top]} for entry in entries]

    def _reasoning(self, part: Reasoning) -> Json:
        """Open weights show what they think; OpenAI shows a summary where one is asked for, and state on request."""
        name = self._ids.make("rs_", 48, HEX)
        item: Json = {"id": name, "type": "reasoning", "summary": []}
        if self.plan.family == "host":
            shown = [] if part.redacted else [{"type": "reasoning_text", "text": part.text}]
            return {**item, "content": shown, "status": "completed"}
        if not part.redacted and (self._request.summary or part.named):
            item["summary"] = [{"type": "summary_text", "text": part.text}]
        if self._request.encrypted:
            item["encrypted_content"] = seal.conceal(REASONING, f"{name}\0{part.text}")
        return item

    def _keep(self, final: Json, frames: list[Frame]) -> None:
        if final["store"]:
            self._kept.keep(Stored(response=final, input=self._request.history, frames=tuple(frames)))

    def plain_whole(self, story: Story) -> Json:
        final = self._final(story, [item for _, item in self._items(story)])
        self._keep(final, [])
        return self.response("queued", []) if final["background"] else final

    def plain_frames(self, story: Story) -> list[Frame]:
        pairs = self._items(story)
        final = self._final(story, [item for _, item in pairs])
        telling = Telling(story.pieces, self._padding, self.logprobs)
        telling.begin(self.response("queued" if final["background"] else "in_progress", []))
        for part, item in pairs:
            telling.item(part, item)
        telling.end(final)
        self._keep(final, telling.frames)
        return telling.frames

    def failing(self, error: list[Frame], delivered: Sequence[Frame]) -> list[Frame]:
        details = {name: error[0].data["error"][name] for name in ("code", "message")}
        done = [f.data["item"] for f in delivered if f.event == "response.output_item.done"]
        return failing(error, list(delivered), self.response("failed", done, error=details))


def _usage(usage: Usage) -> Json:
    details = {"cached_tokens": usage.cache_read, "cache_write_tokens": usage.cache_write}
    return {
        "input_tokens": usage.prompt,
        "input_tokens_details": details,
        "output_tokens": usage.output,
        "output_tokens_details": {"reasoning_tokens": usage.reasoning},
        "total_tokens": usage.prompt + usage.output,
    }
