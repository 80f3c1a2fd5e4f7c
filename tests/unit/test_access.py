"""Keys are found wherever an SDK puts them; anything unclear is refused."""

import pytest

from fastproxy.access import Caller, KeyRing, Terms
from fastproxy.access.keys import digest
from fastproxy.asgi import Headers
from fastproxy.errors import ProxyError

KEY = "sk-test-right"
RING = KeyRing([(digest(KEY), Caller(name="dev")), (digest("sk-test-other"), Caller(name="other"))])


@pytest.mark.parametrize(
    ("headers", "query"),
    [
        ([(b"authorization", b"Bearer sk-test-right")], b""),
        ([(b"authorization", b"bearer  sk-test-right ")], b""),
        ([(b"x-api-key", b"sk-test-right")], b""),
        ([(b"api-key", b"sk-test-right")], b""),
        ([(b"x-goog-api-key", b"sk-test-right")], b""),
        ([], b"alt=sse&key=sk-test-right"),
        ([(b"x-api-key", b"sk-test-right"), (b"authorization", b"Bearer sk-test-right")], b""),
    ],
)
def test_a_key_is_found(headers: Headers, query: bytes) -> None:
    assert RING.authenticate(headers, query).name == "dev"


@pytest.mark.parametrize(
    "headers",
    [
        [],
        [(b"authorization", b"Bearer ")],
        [(b"authorization", b"Basic c2stdGVzdC1yaWdodA==")],
        [(b"authorization", b"Bearer sk-test-wrong")],
        [(b"authorization", b"Bearer sk-test-right\x00")],
        [(b"x-api-key", b"sk-test-right"), (b"authorization", b"Bearer sk-test-other")],
        [(b"authorization", b"Bearer sk-test-right"), (b"authorization", b"Bearer sk-test-other")],
        [(b"authorization", "Bearer schlüssel".encode())],
    ],
)
def test_anything_else_is_refused(headers: Headers) -> None:
    with pytest.raises(ProxyError) as caught:
        RING.authenticate(headers, b"")
    assert caught.value.kind == "auth"
    assert "sk-test" not in caught.value.message


def test_without_keys_everybody_may_call() -> None:
    assert KeyRing([]).authenticate([], b"").name == "anonymous"


def test_a_key_may_be_limited_to_models() -> None:
    caller = Caller(name="dev", terms=Terms(models=("gpt-x", "claude-*")))
    assert caller.may_use("gpt-x")
    assert caller.may_use("claude-9")
    assert not caller.may_use("gpt-xl")
    assert not caller.may_use("Claude-9")
