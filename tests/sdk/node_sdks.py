"""The Node SDKs, driven through `node/sdks.mjs`."""

import base64
import dataclasses
import itertools
import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

from .conversation import Answer, Call, Conversation, Json, SdkFailure, Settings, Usage

FOLDER = Path(__file__).parent / "node"
DIALECTS = {
    "openai": "openai_chat",
    "responses": "openai_responses",
    "anthropic": "anthropic",
    "google": "gemini",
    "ai-openai": "openai_chat",
    "ai-compatible": "openai_chat",
    "ai-responses": "openai_responses",
    "ai-anthropic": "anthropic",
    "ai-google": "gemini",
}


def missing() -> str | None:
    """Why the Node tests cannot run here, if they cannot."""
    if shutil.which("node") is None:
        return "Node.js is not installed"
    if not (FOLDER / "node_modules").is_dir():
        return "tests/sdk/node is not installed: run `make node`"
    return None


class Node:
    """One Node process that holds conversations of all SDKs."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            ["node", "sdks.mjs"], cwd=FOLDER, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        self._ids = itertools.count(1)

    def new_id(self) -> int:
        return next(self._ids)

    def order(self, command: Json) -> Json:
        """Send one command and wait for its reply."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps(command) + "\n")
        self._process.stdin.flush()
        line = self._process.stdout.readline()
        assert line, f"node ended with code {self._process.wait(timeout=10)}; its message is on stderr"
        reply: Json = json.loads(line)
        return reply

    def close(self) -> None:
        self._process.communicate(timeout=10)


class NodeSdk:
    def __init__(self, node: Node, package: str) -> None:
        self.name = f"node-{package}"
        self.dialect = DIALECTS[package]
        self._node = node
        self._package = package

    def open(self, address: str, key: str, settings: Settings) -> Conversation:
        id = self._node.new_id()
        order = {"op": "open", "sdk": self._package, "address": address, "key": key}
        self._node.order({**order, "id": id, "settings": dataclasses.asdict(settings)})
        return NodeConversation(self._node, id)


class NodeConversation:
    def __init__(self, node: Node, id: int) -> None:
        self._node = node
        self._id = id

    def say(self, text: str, *, images: tuple[bytes, ...] = ()) -> Answer:
        encoded = [base64.b64encode(image).decode() for image in images]
        return self._turn({"op": "say", "text": text, "images": encoded})

    def give(self, results: dict[str, str]) -> Answer:
        return self._turn({"op": "give", "results": results})

    def close(self) -> None:
        self._node.order({"op": "close", "id": self._id})

    def _turn(self, command: Json) -> Answer:
        reply = self._node.order({**command, "id": self._id})
        if "failure" in reply:
            raise SdkFailure(**reply["failure"])
        return answer(reply["answer"])


def answer(told: dict[str, Any]) -> Answer:
    calls = tuple(Call(**call) for call in told["calls"])
    usage = Usage(**told["usage"]) if told["usage"] else None
    return Answer(**{**told, "calls": calls, "usage": usage})
