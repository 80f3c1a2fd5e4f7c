"""OpenAI Responses as the simulated upstream speaks it: paths, what it keeps between requests, its errors inside a stream."""

from fastproxy.demo.compose import PROMPT_OVERHEAD
from fastproxy.demo.dialects.dialect import Context, Renderer, Reply
from fastproxy.demo.dialects.oneshot import OneShot
from fastproxy.demo.dialects.openai.service import OpenAIService, no_method
from fastproxy.demo.dialects.openai_responses.answer import ResponsesRenderer
from fastproxy.demo.dialects.openai_responses.compaction import compacted
from fastproxy.demo.dialects.openai_responses.kept import Kept, Replay, page
from fastproxy.demo.dialects.openai_responses.quirks import QUIRKS
from fastproxy.demo.dialects.openai_responses.request import read
from fastproxy.demo.errors import Kind, Refused
from fastproxy.demo.sse import Frame
from fastproxy.demo.story import tokens
from fastproxy.demo.wire import HttpRequest

RESPONSES = "/v1/responses"
COUNT, COMPACT = f"{RESPONSES}/input_tokens", f"{RESPONSES}/compact"


class OpenAIResponses(OpenAIService):
    name = "openai_responses"
    serves = (
        "`/responses` and what is stored below it (`GET`, `DELETE`, `input_items`, `cancel`, the stream again), "
        "`/responses/input_tokens`, `/responses/compact`"
    )
    quirks = QUIRKS

    def __init__(self) -> None:
        self._kept = Kept()

    def claims(self, request: HttpRequest) -> bool:
        return request.path == RESPONSES or request.path.startswith(RESPONSES + "/")

    def speaks(self, request: HttpRequest) -> bool:
        return False

    def open(self, request: HttpRequest, context: Context) -> Renderer | Reply:
        if request.path not in (RESPONSES, COUNT, COMPACT):
            return self._stored(request)
        if request.method != "POST":
            raise no_method(request)
        if request.path == RESPONSES:
            return ResponsesRenderer(read(request.body, context, self._kept), context, self._kept)
        counted = read(request.body, context, self._kept, counting=True)
        if request.path == COMPACT:
            return OneShot(counted.ask, counted.plan, compacted(counted, context))
        count = len(tokens(counted.ask.prompt)) + PROMPT_OVERHEAD
        return Reply(body={"object": "response.input_tokens", "input_tokens": count})

    def _stored(self, request: HttpRequest) -> Renderer | Reply:
        """`/v1/responses/{id}` and what stands below it."""
        name, _, rest = request.path.removeprefix(RESPONSES + "/").partition("/")
        found = self._kept.find(name)
        asked = (request.method, rest)
        if asked == ("GET", "") and request.query.get("stream") == "true":
            return Replay(found, request.query.get("starting_after"))
        if asked == ("GET", ""):
            return Reply(body=found.response)
        if asked == ("DELETE", ""):
            self._kept.forget(name)
            return Reply(body={"id": name, "object": "response", "deleted": True})
        if asked == ("GET", "input_items"):
            return Reply(body=page(found.input, request.query))
        if asked == ("POST", "cancel"):
            return Reply(body=self._kept.cancel(name))
        if rest not in ("", "input_items", "cancel"):
            raise Refused(Kind.NOT_FOUND, f"Invalid URL ({request.method} {request.path})")
        raise no_method(request)

    def error_frames(self, refused: Refused, request_id: str) -> list[Frame]:
        """As real streams have it: the error nested, and its fields beside it as the documentation says."""
        error = self.error_body(refused, request_id)["error"]
        flat = {name: error[name] for name in ("code", "message", "param")}
        return [Frame(event="error", data={"type": "error", "error": error, **flat})]
