"""Gemini as the simulated upstream speaks it: paths, credentials, errors with their details, what each method answers."""

import re

from fastproxy.demo.ask import Json
from fastproxy.demo.dialects.dialect import Context, Dialect, Renderer, Reply, bearer
from fastproxy.demo.dialects.gemini import embeddings, errors, models
from fastproxy.demo.dialects.gemini.answer import GeminiRenderer
from fastproxy.demo.dialects.gemini.quirks import QUIRKS
from fastproxy.demo.dialects.gemini.request import count, read
from fastproxy.demo.errors import Header, Kind, Refused
from fastproxy.demo.ids import Ids
from fastproxy.demo.sse import Frame
from fastproxy.demo.wire import HttpRequest

VERSION = r"/(?:v1|v1beta|v1alpha|v1beta1)/(?:projects/[^/]+/locations/[^/]+/)?(?:publishers/google/)?"
METHOD = re.compile(VERSION + r"(?P<kind>models|tunedModels)/(?P<model>[^/:]+):(?P<method>\w+)")
MODELS = re.compile(VERSION + r"models(?:/(?P<model>[^/:]+))?")
GENERATE, STREAM = "generateContent", "streamGenerateContent"


class Gemini(Dialect):
    name = "gemini"
    serves = (
        "`/v1beta/models/{model}:` `generateContent`, `streamGenerateContent` (events with `alt=sse`, else an array), "
        "`countTokens`, `embedContent`, `batchEmbedContents`; `/v1beta/models`; `/v1` and the paths of Vertex too"
    )
    quirks = QUIRKS
    indent = 2

    def claims(self, request: HttpRequest) -> bool:
        if METHOD.fullmatch(request.path):
            return True
        # The other dialects list their models under `/v1` too: there only the headers tell.
        is_ours = not request.path.startswith("/v1/") or self.speaks(request)
        return MODELS.fullmatch(request.path) is not None and is_ours

    def speaks(self, request: HttpRequest) -> bool:
        return request.header("x-goog-api-key") is not None or "key" in request.query

    def key(self, request: HttpRequest) -> str | None:
        return request.header("x-goog-api-key") or request.query.get("key") or bearer(request)

    def request_id(self, ids: Ids) -> str:
        return ids.make("", 22)

    def open(self, request: HttpRequest, context: Context) -> Renderer | Reply:
        match = METHOD.fullmatch(request.path)
        if match is None:
            return self._models(request, context)
        if request.method != "POST":
            raise Refused(Kind.NOT_FOUND, "The requested URL was not found on this server.")
        model, method = match["model"], match["method"]
        if method in (GENERATE, STREAM):
            is_array = method == STREAM and request.query.get("alt") != "sse"
            checked = read(request.body, model, context, stream=method == STREAM)
            return GeminiRenderer(checked, context, is_array=is_array)
        if method == "countTokens":
            return count(request.body, model, context)
        if method in embeddings.METHODS:
            return embeddings.read(request.body, model, method, context)
        raise Refused(Kind.NOT_FOUND, "The requested URL was not found on this server.")

    def _models(self, request: HttpRequest, context: Context) -> Reply:
        if request.method != "GET":
            raise Refused(Kind.NOT_FOUND, "The requested URL was not found on this server.")
        match = MODELS.fullmatch(request.path)
        if match is not None and match["model"]:
            context.vocabulary.plan(match["model"])
            return Reply(body=models.model(match["model"]))
        return Reply(body=models.page(context.vocabulary.model_names(), request.query))

    def status(self, refused: Refused) -> int:
        return errors.status(refused)

    def error_body(self, refused: Refused, request_id: str) -> Json:
        return errors.body(refused)

    def error_frames(self, refused: Refused, request_id: str) -> list[Frame]:
        return [Frame(data=errors.body(refused))]

    def headers(self, context: Context, exhausted: float | None) -> list[Header]:
        """No request id, no limits: Google says in the error what others say in headers."""
        return [
            ("vary", "Origin"),
            ("vary", "X-Origin"),
            ("server", "scaffolding on HTTPServer2"),
            ("server-timing", "gfet4t7; dur=421"),
            ("x-content-type-options", "nosniff"),
        ]
