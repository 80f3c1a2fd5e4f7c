"""Several accounts: faults go to the next one, and to whom they belong."""

import pytest

from fastproxy.demo import Simulation

from .client import PATHS, ask, body_for
from .conftest import Start

ACCOUNT_WIDE = 'max_cooldown = 60\npool = { rate_limits = "account" }'
TWO = '[{{ name = "bad", key = "{bad}" }}, {{ name = "good", key = "sk-test-good" }}]'


@pytest.mark.parametrize("bad", ["sk-bad-key", "sk-limited-key"])
@pytest.mark.parametrize("dialect", PATHS)
@pytest.mark.parametrize("stream", [True, False])
def test_the_next_account_serves(start: Start, dialect: str, bad: str, stream: bool) -> None:
    proxy = start(accounts=TWO.format(bad=bad))
    for _ in range(4):
        reply = ask(proxy.port, dialect, body_for("chat/echo", stream=stream))
        assert (reply.status, reply.is_cut) == (200, False)


@pytest.mark.parametrize("dialect", PATHS)
def test_the_operators_bad_key_is_not_the_clients(start: Start, dialect: str) -> None:
    reply = ask(start(accounts='[{ name = "a", key = "sk-bad-key" }]').port, dialect, body_for("chat/echo"))
    assert reply.status == 502
    assert reply.headers["x-should-retry"] == "false"
    assert "sk-bad" not in reply.text()


def test_a_resting_account_is_not_asked(start: Start, simulation: Simulation) -> None:
    proxy = start(accounts='[{ name = "a", key = "sk-test-a" }]', upstream=ACCOUNT_WIDE)
    first = ask(proxy.port, "openai_chat", body_for("chat/rate-seconds-30"))
    second = ask(proxy.port, "openai_chat", body_for("chat/echo"))
    assert (first.status, second.status) == (429, 429)
    assert 25 <= int(second.headers["retry-after"]) <= 30
    assert len(simulation.requests) == 1


def test_a_clients_mistake_rests_nobody(start: Start, simulation: Simulation) -> None:
    proxy = start(accounts='[{ name = "a", key = "sk-test-a" }]', upstream="max_cooldown = 60")
    for _ in range(5):
        assert ask(proxy.port, "openai_chat", body_for("chat/error-404")).status == 404
    assert ask(proxy.port, "openai_chat", body_for("chat/echo")).status == 200


def test_a_fallback_serves_when_the_first_upstream_cannot(start: Start) -> None:
    models = """
[[models]]
name = "m"
targets = [{ upstream = "chat", model = "error-503" }]
fallbacks = [{ upstream = "messages", model = "echo" }]
"""
    reply = ask(start(models=models).port, "openai_chat", body_for("m"))
    assert reply.status == 200
    assert reply.headers["x-fastproxy-upstream"] == "messages"
    assert reply.json()["model"] == "m"


def test_keys_are_checked(start: Start) -> None:
    keys = '[[keys]]\nname = "dev"\nkey = "sk-test-client-key-0123456789"\nmodels = ["chat/echo"]\n'
    proxy = start(models=keys)
    right = {"authorization": "Bearer sk-test-client-key-0123456789"}
    assert ask(proxy.port, "openai_chat", body_for("chat/echo")).status == 401
    assert ask(proxy.port, "openai_chat", body_for("chat/echo"), headers={"x-api-key": "sk-test-no"}).status == 401
    assert ask(proxy.port, "openai_chat", body_for("chat/echo"), headers=right).status == 200
    assert ask(proxy.port, "openai_chat", body_for("messages/echo"), headers=right).status == 403
