"""Ollama as the simulated upstream speaks it: paths, no need of a key, errors of one sentence."""

from collections.abc import Callable, Mapping
from types import MappingProxyType

from fastproxy.demo.ask import Json
from fastproxy.demo.dialects.dialect import Context, Dialect, Renderer, Reply, bearer, dotted
from fastproxy.demo.dialects.ollama import chat, embed, generate, library
from fastproxy.demo.dialects.ollama.quirks import QUIRKS
from fastproxy.demo.errors import Header, Kind, Refused
from fastproxy.demo.ids import Ids
from fastproxy.demo.sse import Frame
from fastproxy.demo.wire import HttpRequest

Answer = Renderer | Reply
POSTS: Mapping[str, Callable[[bytes, Context], Answer]] = MappingProxyType(
    {
        "/api/chat": chat.read,
        "/api/generate": generate.read,
        "/api/embed": embed.read,
        "/api/embeddings": embed.read_old,
        "/api/show": library.show,
    }
)
GETS: Mapping[str, Callable[[Context], Reply]] = MappingProxyType(
    {"/api/tags": library.tags, "/api/ps": library.running, "/api/version": library.version}
)


class Ollama(Dialect):
    name = "ollama"
    serves = "`/api/` `chat`, `generate`, `embed`, `embeddings`, `tags`, `ps`, `show`, `version`"
    quirks = QUIRKS

    def claims(self, request: HttpRequest) -> bool:
        return request.path in POSTS or request.path in GETS

    def speaks(self, request: HttpRequest) -> bool:
        return request.path.startswith("/api/")

    def key(self, request: HttpRequest) -> str | None:
        return bearer(request)

    def needs_key(self, request: HttpRequest) -> bool:
        """Only its cloud asks for one."""
        return False

    def request_id(self, ids: Ids) -> str:
        return ids.make("", 16)

    def open(self, request: HttpRequest, context: Context) -> Answer:
        is_post = request.path in POSTS
        if request.method != ("POST" if is_post else "GET") and not (request.method == "HEAD" and not is_post):
            raise Refused(Kind.METHOD, "405 method not allowed")
        return POSTS[request.path](request.body, context) if is_post else GETS[request.path](context)

    def status(self, refused: Refused) -> int:
        return 503 if refused.kind is Kind.OVERLOADED else refused.status

    def error_body(self, refused: Refused, request_id: str) -> Json:
        if refused.kind is Kind.NO_MODEL:
            return {"error": f"model '{refused.message}' not found"}
        if refused.path:
            return {"error": f"{dotted(refused.path)}: {refused.message}"}
        return {"error": refused.message}

    def error_frames(self, refused: Refused, request_id: str) -> list[Frame]:
        return [Frame(data=self.error_body(refused, request_id))]

    def headers(self, context: Context, exhausted: float | None) -> list[Header]:
        """None of its own: a local server counts nothing."""
        return []
