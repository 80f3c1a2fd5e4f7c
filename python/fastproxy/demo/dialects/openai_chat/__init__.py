"""OpenAI Chat Completions as the simulated upstream speaks it, with what stands beside it: models, embeddings, legacy completions."""

from collections.abc import Callable, Mapping
from types import MappingProxyType

from fastproxy.demo.ask import Json
from fastproxy.demo.dialects.dialect import Context, Renderer, Reply
from fastproxy.demo.dialects.openai import completions, embeddings
from fastproxy.demo.dialects.openai.service import OpenAIService, no_method
from fastproxy.demo.dialects.openai_chat.answer import ChatRenderer
from fastproxy.demo.dialects.openai_chat.quirks import QUIRKS
from fastproxy.demo.dialects.openai_chat.request import read
from fastproxy.demo.errors import Refused
from fastproxy.demo.sse import Frame
from fastproxy.demo.wire import HttpRequest

MODELS = "/v1/models"
MODEL_CREATED = 1_767_225_600
POSTS: Mapping[str, Callable[[bytes, Context], Renderer]] = MappingProxyType(
    {
        "/v1/chat/completions": lambda raw, context: ChatRenderer(read(raw, context), context),
        "/v1/completions": completions.read,
        "/v1/embeddings": embeddings.read,
    }
)


class OpenAIChat(OpenAIService):
    name = "openai_chat"
    serves = "`/chat/completions`, `/completions`, `/embeddings`, `/models`"
    quirks = QUIRKS

    def claims(self, request: HttpRequest) -> bool:
        return request.path in POSTS or request.path == MODELS or request.path.startswith(MODELS + "/")

    def speaks(self, request: HttpRequest) -> bool:
        return True

    def open(self, request: HttpRequest, context: Context) -> Renderer | Reply:
        if request.method != ("POST" if request.path in POSTS else "GET"):
            raise no_method(request)
        if request.path in POSTS:
            return POSTS[request.path](request.body, context)
        if request.path == MODELS:
            names = context.vocabulary.model_names()
            return Reply(body={"object": "list", "data": [_model(name) for name in names]})
        name = request.path.removeprefix(MODELS + "/")
        context.vocabulary.plan(name)
        return Reply(body=_model(name))

    def error_frames(self, refused: Refused, request_id: str) -> list[Frame]:
        return [Frame(data=self.error_body(refused, request_id))]


def _model(name: str) -> Json:
    return {"id": name, "object": "model", "created": MODEL_CREATED, "owned_by": "fastproxy-simulation"}
