"""An agent's request of 18 KB (37 turns, 12 tools), from one dialect to the other."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from pytest_benchmark.fixture import BenchmarkFixture

from bench.codec import meaning, samples, with_msgspec, with_orjson
from fastproxy import _core

Translate = Callable[[bytes, str], bytes]


def to_anthropic(body: bytes, model: str) -> bytes:
    return _core.transcode_request("openai_chat", "anthropic", body, model)


def to_chat(body: bytes, model: str) -> bytes:
    return _core.transcode_request("anthropic", "openai_chat", body, model, version="2023-06-01")


TRANSLATIONS = [
    pytest.param("openai_chat", "anthropic", to_anthropic, id="fastproxy-openai_chat-anthropic"),
    pytest.param("openai_chat", "anthropic", with_orjson.request_to_anthropic, id="orjson-openai_chat-anthropic"),
    pytest.param("openai_chat", "anthropic", with_msgspec.request_to_anthropic, id="msgspec-openai_chat-anthropic"),
    pytest.param("anthropic", "openai_chat", to_chat, id="fastproxy-anthropic-openai_chat"),
    pytest.param("anthropic", "openai_chat", with_orjson.request_to_chat, id="orjson-anthropic-openai_chat"),
    pytest.param("anthropic", "openai_chat", with_msgspec.request_to_chat, id="msgspec-anthropic-openai_chat"),
]


@pytest.mark.parametrize(("client", "target", "translate"), TRANSLATIONS)
def test_transcode(benchmark: BenchmarkFixture, client: str, target: str, translate: Translate) -> None:
    benchmark.group = f"request, {client} to {target}"
    body = samples.request(client)
    assert 15_000 < len(body) < 22_000
    assert meaning.of_request(target, translate(body, samples.MODEL)) == samples.CONVERSATION
    benchmark(translate, body, samples.MODEL)
