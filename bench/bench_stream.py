"""One answer of 256 text events, from one dialect to the other. Divide by 256 for the cost of an event.

Ours does more than the two beside it: it checks that the stream is whole and valid, and reads it in any pieces. The
last two measurements show what pieces of a network read's size cost, and the raw lane, which vouches but changes nothing.
"""

from __future__ import annotations

from collections.abc import Callable

import pytest
from pytest_benchmark.fixture import BenchmarkFixture

from bench.codec import meaning, samples, with_msgspec, with_orjson
from fastproxy import _core

Translate = Callable[[bytes, str], bytes]

PAIRS = (("openai_chat", "anthropic"), ("anthropic", "openai_chat"))


def ours(upstream: str, client: str, chunk: int = 0) -> Translate:
    return lambda body, model: _core.transcode_stream(upstream, client, body, chunk=chunk, model=model)


TRANSLATIONS = [
    pytest.param("openai_chat", "anthropic", ours("openai_chat", "anthropic"), id="fastproxy-openai_chat-anthropic"),
    pytest.param("openai_chat", "anthropic", with_orjson.stream_to_anthropic, id="orjson-openai_chat-anthropic"),
    pytest.param("openai_chat", "anthropic", with_msgspec.stream_to_anthropic, id="msgspec-openai_chat-anthropic"),
    pytest.param("anthropic", "openai_chat", ours("anthropic", "openai_chat"), id="fastproxy-anthropic-openai_chat"),
    pytest.param("anthropic", "openai_chat", with_orjson.stream_to_chat, id="orjson-anthropic-openai_chat"),
    pytest.param("anthropic", "openai_chat", with_msgspec.stream_to_chat, id="msgspec-anthropic-openai_chat"),
]


@pytest.mark.parametrize(("upstream", "client", "translate"), TRANSLATIONS)
def test_transcode(benchmark: BenchmarkFixture, upstream: str, client: str, translate: Translate) -> None:
    benchmark.group = f"stream, {upstream} to {client}"
    measure(benchmark, upstream, client, translate)


@pytest.mark.parametrize(("upstream", "client"), PAIRS)
def test_in_reads_of_4_kib(benchmark: BenchmarkFixture, upstream: str, client: str) -> None:
    benchmark.group = f"stream, {upstream} to {client}"
    measure(benchmark, upstream, client, ours(upstream, client, chunk=4096))


@pytest.mark.parametrize("dialect", ["openai_chat", "anthropic"])
def test_raw_lane(benchmark: BenchmarkFixture, dialect: str) -> None:
    benchmark.group = f"stream, {dialect} raw"
    body = samples.stream(dialect)
    assert _core.transcode_stream(dialect, dialect, body, model=samples.MODEL) == body
    measure(benchmark, dialect, dialect, ours(dialect, dialect))


def measure(benchmark: BenchmarkFixture, upstream: str, client: str, translate: Translate) -> None:
    """Check, then time."""
    body = samples.stream(upstream)
    assert meaning.of_stream(client, translate(body, samples.MODEL)) == samples.STREAMED
    benchmark(translate, body, samples.MODEL)
