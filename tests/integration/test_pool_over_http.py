"""What accounts may and must do, seen through HTTP: the simulated upstream is the judge."""

import json
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor

from fastproxy.demo import Simulation

from .client import ask, body_for
from .conftest import Start
from .scripted import Asked, End, ScriptedUpstream, Step, answer, text_answer

TWO = '[{ name = "a", key = "sk-test-a" }, { name = "b", key = "sk-test-b" }]'
OPEN_KEY = '[[keys]]\nname = "dev"\nkey = "sk-test-client-key-0123456789"\n'
AUTH = {"authorization": "Bearer sk-test-client-key-0123456789"}


def keys(simulation: Simulation) -> list[str]:
    return [record.key for record in simulation.requests]


def test_no_account_has_more_in_flight_than_it_may_and_all_are_served(start: Start, simulation: Simulation) -> None:
    accounts = (
        '[{ name = "a", key = "sk-test-a", max_in_flight = 2 }, { name = "b", key = "sk-test-b", max_in_flight = 1 }]'
    )
    proxy = start(accounts=accounts)
    with ThreadPoolExecutor(12) as threads:
        replies = list(
            threads.map(lambda _: ask(proxy.port, "openai_chat", body_for("chat/delay-300+echo")), range(12))
        )
    assert [reply.status for reply in replies] == [200] * 12
    assert simulation.concurrency.peaks == {"sk-test-a": 2, "sk-test-b": 1}


def test_requests_per_minute_hold_and_the_wait_is_told(start: Start, simulation: Simulation) -> None:
    proxy = start(accounts='[{ name = "a", key = "sk-test-a", rpm = 3 }]')
    replies = [ask(proxy.port, "openai_chat", body_for("chat/echo")) for _ in range(5)]
    assert [reply.status for reply in replies] == [200, 200, 200, 429, 429]
    assert 50 <= int(replies[-1].headers["retry-after"]) <= 61
    assert len(simulation.requests) == 3


def test_a_rate_limit_rests_the_model_and_not_the_account(start: Start, simulation: Simulation) -> None:
    proxy = start(accounts='[{ name = "a", key = "sk-test-a" }]', upstream="max_cooldown = 60")
    assert ask(proxy.port, "openai_chat", body_for("chat/rate-seconds-30")).status == 429
    assert ask(proxy.port, "openai_chat", body_for("chat/rate-seconds-30")).status == 429
    assert ask(proxy.port, "openai_chat", body_for("chat/echo")).status == 200
    assert len(simulation.requests) == 2


def test_an_empty_purse_is_left_alone_for_long(start: Start, simulation: Simulation) -> None:
    accounts = '[{ name = "poor", key = "sk-poor-a", priority = 1 }, { name = "b", key = "sk-test-b" }]'
    proxy = start(accounts=accounts, upstream="max_cooldown = 60")
    assert [ask(proxy.port, "openai_chat", body_for("chat/echo")).status for _ in range(4)] == [200] * 4
    assert Counter(keys(simulation)) == {"sk-poor-a": 1, "sk-test-b": 4}


def test_a_spend_limit_is_not_worth_a_retry(start: Start) -> None:
    proxy = start(accounts='[{ name = "a", key = "sk-quota-a" }]', upstream="max_cooldown = 60")
    for _ in range(2):
        reply = ask(proxy.port, "openai_chat", body_for("chat/echo"))
        assert reply.status in (429, 502)
        assert reply.headers["x-should-retry"] == "false"


def test_what_the_upstream_says_is_left_holds_at_once(start_wired: Start, wire: ScriptedUpstream) -> None:
    spent = ("x-ratelimit-remaining-requests: 0", "x-ratelimit-reset-requests: 20s")
    wire.script = lambda asked: [answer(text_answer(asked.dialect), *spent)]
    proxy = start_wired(upstream="max_cooldown = 60")
    assert ask(proxy.port, "openai_chat", body_for("chat/m")).status == 200
    refused = ask(proxy.port, "openai_chat", body_for("chat/m"))
    assert refused.status == 429
    assert 15 <= int(refused.headers["retry-after"]) <= 20
    assert len(wire.requests) == 1


def test_a_pinned_account_serves_for_keys_that_may(start: Start, simulation: Simulation) -> None:
    proxy = start(accounts=TWO, models=OPEN_KEY + "pin_accounts = true\n")
    for _ in range(4):
        reply = ask(proxy.port, "openai_chat", body_for("chat/echo"), headers={**AUTH, "x-fastproxy-account": "b"})
        assert (reply.status, reply.headers["x-fastproxy-account"]) == (200, "b")
    assert set(keys(simulation)) == {"sk-test-b"}
    unknown = ask(proxy.port, "openai_chat", body_for("chat/echo"), headers={**AUTH, "x-fastproxy-account": "z"})
    assert (unknown.status, unknown.json()["error"]["code"]) == (404, "account_not_found")


def test_a_key_that_may_not_pin_is_told_so_and_sees_no_account(start: Start) -> None:
    proxy = start(accounts=TWO, models=OPEN_KEY)
    pinned = ask(proxy.port, "openai_chat", body_for("chat/echo"), headers={**AUTH, "x-fastproxy-account": "b"})
    assert pinned.status == 403
    assert "x-fastproxy-account" not in ask(proxy.port, "openai_chat", body_for("chat/echo"), headers=AUTH).headers


def test_default_is_the_keys_own_model(start: Start) -> None:
    proxy = start(models=OPEN_KEY + 'default_model = "chat/echo"\n')
    assert ask(proxy.port, "openai_chat", body_for("default"), headers=AUTH).status == 200


def test_a_conversation_stays_on_its_account(start: Start, simulation: Simulation) -> None:
    proxy = start(accounts=TWO, upstream="max_cooldown = 0\npool = { affinity = true }")
    turns = [{"role": "user", "content": "hello"}]
    for number in range(4):
        assert ask(proxy.port, "openai_chat", body_for("chat/echo", f"other {number}")).status == 200
        body = {**body_for("chat/echo"), "messages": turns}
        assert ask(proxy.port, "openai_chat", body).status == 200
        turns = [*turns, {"role": "assistant", "content": "hello"}, {"role": "user", "content": f"and {number}"}]
    ours = [record.key for record in simulation.requests if record.json()["messages"][0]["content"] == "hello"]
    assert len(set(ours)) == 1


def test_an_outage_is_not_met_with_twice_the_load(start: Start, simulation: Simulation) -> None:
    accounts = '[{ name = "a", key = "sk-broken-a" }, { name = "b", key = "sk-broken-b" }, { name = "c", key = "sk-broken-c" }]'
    proxy = start(accounts=accounts)
    for _ in range(200):
        assert ask(proxy.port, "openai_chat", body_for("chat/echo")).status in (500, 502)
    assert len(simulation.requests) <= 250


def silent_then_prompt(asked: Asked) -> list[Step]:
    """Account `a` never says a word, `b` answers."""
    if "sk-test-a" in (asked.header("authorization") or ""):
        return [End.HOLD]
    return [answer(text_answer("openai_chat"))]


def test_a_silent_account_is_hedged_and_left(start_wired: Start, wire: ScriptedUpstream) -> None:
    wire.script = silent_then_prompt
    proxy = start_wired(accounts=TWO, upstream='max_cooldown = 0\npool = { policy = "fill_first", hedge_after = 0.05 }')
    for _ in range(2):
        reply = ask(proxy.port, "openai_chat", body_for("chat/m"))
        assert (reply.status, reply.headers["x-fastproxy-attempts"]) == (200, "2")
    assert [asked.header("authorization") for asked in wire.requests] == ["Bearer sk-test-a", "Bearer sk-test-b"] * 2


def test_of_two_streams_that_race_one_is_heard_and_the_other_ended(start: Start, simulation: Simulation) -> None:
    hedged = "max_cooldown = 0\npool = { hedge_after = 0.05 }"
    proxy = start(accounts=TWO, upstream=hedged)
    reply = ask(proxy.port, "openai_chat", body_for("chat/delay-400+long-20", stream=True))
    assert (reply.status, reply.is_cut) == (200, False)
    words = "".join(
        choice["delta"].get("content") or ""
        for line in reply.text().split("\n\n")
        if line.startswith("data: {")
        for choice in json.loads(line[6:])["choices"]
    )
    assert words.split() == [f"word{n}" for n in range(1, 21)]
    assert sorted(keys(simulation)) == ["sk-test-a", "sk-test-b"]
    assert ask(proxy.port, "openai_chat", body_for("chat/echo")).status == 200


def test_a_clients_patience_bounds_the_wait_for_a_slot(start: Start) -> None:
    proxy = start(accounts='[{ name = "a", key = "sk-test-a", max_in_flight = 1 }]')
    with ThreadPoolExecutor(1) as threads:
        slow = threads.submit(ask, proxy.port, "openai_chat", body_for("chat/delay-1500+echo"))
        while (
            ask(proxy.port, "openai_chat", body_for("chat/echo"), headers={"x-stainless-timeout": "0.05"}).status == 200
        ):
            pass
        began = time.monotonic()
        reply = ask(proxy.port, "openai_chat", body_for("chat/echo"), headers={"x-stainless-timeout": "0.2"})
        assert reply.status == 503
        assert time.monotonic() - began < 1
        assert slow.result().status == 200


def test_an_upstream_that_cannot_be_reached_is_soon_not_tried(start: Start) -> None:
    models = """
[[upstreams]]
name = "gone"
dialect = "openai_chat"
base_url = "http://127.0.0.1:9/v1"
accounts = [{ name = "a", key = "sk-test-a" }]

[[models]]
name = "m"
targets = [{ upstream = "gone" }]
fallbacks = [{ upstream = "chat", model = "echo" }]
"""
    proxy = start(models=models)
    replies = [ask(proxy.port, "openai_chat", body_for("m")) for _ in range(8)]
    assert [(reply.status, reply.headers["x-fastproxy-upstream"]) for reply in replies] == [(200, "chat")] * 8
    attempts = [int(reply.headers["x-fastproxy-attempts"]) for reply in replies]
    assert attempts[0] > 1
    assert 1 in attempts, "the host rests, and the fallback is first"
