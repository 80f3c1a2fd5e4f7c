"""A stand-in for the proxy in the tests of the demo: reads the same configuration and relays to the upstream of the caller's
own dialect, so that everything around the proxy can be tested without it. `relay.py <mode> serve --config FILE`."""

import http.client
import os
import sys
import tomllib
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

MODE, CONFIG = sys.argv[1], sys.argv[sys.argv.index("--config") + 1]
SETTINGS: dict[str, Any] = tomllib.loads(Path(CONFIG).read_text())
UPSTREAMS = {upstream["name"]: upstream for upstream in SETTINGS["upstreams"]}
TARGETS = {model["name"]: model["targets"][0] for model in SETTINGS["models"]}
PATHS = {"/v1/messages": "anthropic", "/v1/responses": "openai_responses", "/v1beta/": "gemini", "/api/": "ollama"}
KEYS = ("x-api-key", "authorization", "x-goog-api-key")


class Relay(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        if self.path == "/quit":
            os._exit(3)
        self._answer(200 if self.path == "/readyz" else 404, b"")

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["content-length"]))
        # The model stands in the body, or in the path before a colon.
        name = next(name for name in TARGETS if f'"{name}"'.encode() in body or f"/{name}:" in self.path)
        dialect = next((known for start, known in PATHS.items() if self.path.startswith(start)), "openai_chat")
        target = TARGETS[name]
        if os.environ["FASTPROXY_DEMO_KEY"] not in "".join(self.headers[key] or "" for key in KEYS):
            self._answer(401, b'{"error":{"message":"wrong key"}}')
        elif MODE == "narrow" and target["upstream"] != dialect:
            self._answer(502, b'{"error":{"message":"no such pair"}}')
        else:
            path = self.path.replace(name, target["model"])
            self._relay(UPSTREAMS[dialect], path, body.replace(name.encode(), target["model"].encode()))

    def _relay(self, upstream: dict[str, Any], path: str, body: bytes) -> None:
        url = urlsplit(upstream["base_url"])
        connection = http.client.HTTPConnection(url.hostname or "", url.port)
        variable = upstream["accounts"][0]["key"].removeprefix("env:")
        key = os.environ[variable]
        headers = {"x-api-key": key, "authorization": f"Bearer {key}", "x-goog-api-key": key}
        version = self.headers["anthropic-version"]
        connection.request("POST", path, body, headers | ({"anthropic-version": version} if version else {}))
        response = connection.getresponse()
        self._answer(response.status, response.read())
        connection.close()

    def _answer(self, status: int, body: bytes) -> None:
        self.send_response(status)
        self.send_header("content-length", str(len(body)))
        self.send_header("x-fastproxy-loss", "1; order_lost=messages[0]" if MODE == "lossy" else "")
        self.end_headers()
        self.wfile.write(body)


if MODE == "broken":
    sys.exit("no configuration was good enough")
print("relay is process", os.getpid(), flush=True)
host, _, port = SETTINGS["server"]["listen"].rpartition(":")
ThreadingHTTPServer((host, int(port)), Relay).serve_forever()
