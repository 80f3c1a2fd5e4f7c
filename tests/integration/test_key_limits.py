"""Limits of client keys, through the whole proxy: exact under pressure, and told in the caller's dialect."""

import json
import os
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from fastproxy.demo import Simulation

from ..sdk.servers import running_proxy
from .client import PATHS, Reply, Stream, ask, body_for
from .conftest import Start, config_text
from .kept import usage_of, wait_for_usage

SECRET = "sk-test-client-key-0123456789"
KEY = {"x-api-key": SECRET}
PRICE = '[[prices]]\nmodel = "echo"\ninput = 1.0\noutput = 10.0\n'


def key(terms: str) -> str:
    return f'{PRICE}\n[[keys]]\nname = "dev"\nkey = "{SECRET}"\n{terms}\n'


@pytest.mark.parametrize("dialect", PATHS)
def test_requests_per_minute(start: Start, dialect: str) -> None:
    proxy = start(sections=key("requests_per_minute = 3"))
    replies = [ask(proxy.port, dialect, body_for("chat/echo"), headers=KEY) for _ in range(4)]
    assert [reply.status for reply in replies] == [200, 200, 200, 429]
    limit, left = {
        "openai_chat": ("x-ratelimit-limit-requests", "x-ratelimit-remaining-requests"),
        "anthropic": ("anthropic-ratelimit-requests-limit", "anthropic-ratelimit-requests-remaining"),
    }[dialect]
    assert [(reply.headers[limit], reply.headers[left]) for reply in replies] == [
        ("3", "2"),
        ("3", "1"),
        ("3", "0"),
        ("3", "0"),
    ]
    refused = replies[-1]
    assert 1 <= int(refused.headers["retry-after"]) <= 61
    assert refused.headers.get("x-should-retry") != "false"
    assert refused.json()["error"]["type"] == "rate_limit_error"


def test_counting_tokens_counts_as_a_request(start: Start) -> None:
    proxy = start(sections=key("requests_per_minute = 1"))
    body = {"model": "messages/echo", "messages": [{"role": "user", "content": "hi"}]}
    statuses = [
        ask(proxy.port, "anthropic", body, path="/v1/messages/count_tokens", headers=KEY).status for _ in range(2)
    ]
    assert statuses == [200, 429]


def test_tokens_per_minute(start: Start) -> None:
    proxy = start(sections=key("tokens_per_minute = 1000"))
    small = {**body_for("chat/echo"), "max_tokens": 300}
    replies = [ask(proxy.port, "openai_chat", small, headers=KEY) for _ in range(2)]
    assert [reply.status for reply in replies] == [200, 200]
    left = int(replies[-1].headers["x-ratelimit-remaining-tokens"])
    assert 0 < left < 1000
    long = {**body_for("chat/echo", "word " * 4000), "max_tokens": 300}
    assert ask(proxy.port, "openai_chat", long, headers=KEY).status == 429


def test_concurrency_is_given_back_however_a_request_ends(start: Start) -> None:
    proxy = start(sections=key("concurrency = 2"))
    headers = f"x-api-key: {SECRET}\r\n"
    body = body_for("chat/long-5000-20", stream=True)
    for _ in range(3):
        with KeyedStream(proxy.port, body, headers) as one, KeyedStream(proxy.port, body, headers) as two:
            one.read_until(b"data:")
            two.read_until(b"data:")
            refused = ask(proxy.port, "openai_chat", body_for("chat/echo"), headers=KEY)
            assert (refused.status, refused.json()["error"]["code"]) == (429, "rate_limit_exceeded")
        wait_until_served(proxy.port)


class KeyedStream(Stream):
    """A stream of a client with a key."""

    def __init__(self, port: int, body: dict[str, object], headers: str) -> None:
        super().__init__(port, "openai_chat", body, path=f"/v1/chat/completions HTTP/1.1\r\n{headers}x-ignored:")


def wait_until_served(port: int) -> None:
    deadline = time.monotonic() + 10
    while ask(port, "openai_chat", body_for("chat/echo"), headers=KEY).status != 200:
        assert time.monotonic() < deadline
        time.sleep(0.02)


@pytest.mark.parametrize(
    ("dialect", "status", "type_"), [("openai_chat", 429, "insufficient_quota"), ("anthropic", 402, "billing_error")]
)
@pytest.mark.parametrize("stream", [True, False])
def test_a_budget_that_is_used_up(start: Start, dialect: str, status: int, type_: str, stream: bool) -> None:
    proxy = start(sections=key('budgets = [{ period = "day", usd = 0.0001 }]'))
    body = {**body_for("chat/echo", stream=stream), "max_tokens": 10}
    replies: list[Reply] = []
    while not replies or replies[-1].status == 200:
        replies.append(ask(proxy.port, dialect, body, headers=KEY))
        assert len(replies) < 50
    assert len(replies) > 1
    refused = replies[-1]
    assert (refused.status, refused.json()["error"]["type"]) == (status, type_)
    assert refused.headers["x-should-retry"] == "false"
    assert "retry-after" not in refused.headers


def test_the_last_cent_is_spent_once(start: Start, tmp_path: Path) -> None:
    """120 at a time, of whom two could be paid: one reservation more than the budget at most."""
    proxy = start(sections=key('budgets = [{ period = "total", usd = 0.0004 }]'))
    body = {**body_for("chat/long-10-5"), "max_tokens": 20}
    body["model"] = "chat/echo"
    with ThreadPoolExecutor(60) as pool:
        replies = list(pool.map(lambda _: ask(proxy.port, "openai_chat", body, headers=KEY), range(120)))
    served = [reply for reply in replies if reply.status == 200]
    assert {reply.status for reply in replies} <= {200, 429}
    rows = wait_for_usage(tmp_path, lambda rows: len(rows) == len(served))
    reservation = 100_000 + 20 * 10_000
    assert 0 < sum(row["cost_nano_usd"] for row in rows) <= 400_000 + reservation


def test_a_budget_goes_on_after_a_restart(simulation: Simulation, tmp_path: Path) -> None:
    config = config_text(simulation, sections=key('budgets = [{ period = "month", tokens = 200 }]'))
    body = {**body_for("chat/echo"), "max_tokens": 10}
    spent = 0
    for _ in range(40):
        with running_proxy(config, tmp_path) as proxy:
            reply = ask(proxy.port, "openai_chat", body, headers=KEY)
        if reply.status != 200:
            break
        usage = reply.json()["usage"]
        spent += usage["prompt_tokens"] + usage["completion_tokens"]
        if spent < 120:
            body = {**body_for("chat/echo", "word " * 60), "max_tokens": 100}
    assert reply.status == 429
    assert reply.json()["error"]["code"] == "insufficient_quota"
    assert len(usage_of(tmp_path)) >= 1


def test_a_budget_that_a_reload_brings_counts_what_was_spent_before(start: Start, tmp_path: Path) -> None:
    proxy = start(sections=key(""))
    body = {**body_for("chat/echo", "word " * 60), "max_tokens": 10}
    assert ask(proxy.port, "openai_chat", body, headers=KEY).status == 200
    wait_for_usage(tmp_path, bool)
    file = tmp_path / "fastproxy.toml"
    file.write_text(
        file.read_text().replace(
            f'key = "{SECRET}"', f'key = "{SECRET}"\nbudgets = [{{ period = "day", tokens = 40 }}]'
        )
    )
    deadline = time.monotonic() + 10
    while (reply := ask(proxy.port, "openai_chat", body, headers=KEY)).status == 200:
        assert time.monotonic() < deadline
        time.sleep(0.05)
    assert reply.json()["error"]["code"] == "insufficient_quota"


def test_no_money_budget_without_a_price(start: Start) -> None:
    terms = 'budgets = [{ period = "day", usd = 1 }]'
    proxy = start(sections=key(terms))
    refused = ask(proxy.port, "openai_chat", body_for("chat/text-10"), headers=KEY)
    assert refused.status == 403
    assert "no price is known" in refused.json()["error"]["message"]


def test_unpriced_models_may_be_allowed(start: Start) -> None:
    proxy = start(sections=key('budgets = [{ period = "day", usd = 1 }]') + '[access]\nunpriced = "allow"\n')
    assert ask(proxy.port, "openai_chat", body_for("chat/long-3-1"), headers=KEY).status == 200


def test_a_key_for_one_upstream(start: Start, simulation: Simulation) -> None:
    models = '[[models]]\nname = "m"\ntargets = [{ upstream = "chat", model = "echo" }]\nfallbacks = [{ upstream = "messages", model = "echo" }]\n'
    proxy = start(sections=key('upstreams = ["messages"]'), models=models)
    assert ask(proxy.port, "openai_chat", body_for("chat/echo"), headers=KEY).status == 403
    assert ask(proxy.port, "openai_chat", body_for("m"), headers=KEY).headers["x-fastproxy-upstream"] == "messages"


def test_a_key_that_has_expired(start: Start) -> None:
    proxy = start(sections=key('expires = "2020-01-01"'))
    reply = ask(proxy.port, "openai_chat", body_for("chat/echo"), headers=KEY)
    assert (reply.status, reply.json()["error"]["code"]) == (401, "invalid_api_key")
    assert "expired" in reply.json()["error"]["message"]


def command(folder: Path, *arguments: str) -> str:
    program = str(Path(sys.executable).with_name("fastproxy"))
    environment = {"PATH": os.environ["PATH"], "HOME": str(folder)}
    done = subprocess.run(
        [program, *arguments], cwd=folder, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def wait_for_status(port: int, secret: str, status: int) -> float:
    """How long it took."""
    began = time.monotonic()
    while (
        ask(port, "openai_chat", body_for("chat/echo"), headers={"x-api-key": secret} if secret else None).status
        != status
    ):
        assert time.monotonic() < began + 10
        time.sleep(0.01)
    return time.monotonic() - began


def test_keys_of_the_store_come_and_go_while_the_proxy_runs(start: Start, tmp_path: Path) -> None:
    proxy = start()
    assert ask(proxy.port, "openai_chat", body_for("chat/echo")).status == 200
    secret = command(tmp_path, "keys", "create", "laptop", "--requests-per-minute", "1000", "--quiet")
    # Until the first key is noticed, the proxy is open to all.
    assert wait_for_status(proxy.port, "", 401) < 1.5
    assert wait_for_status(proxy.port, secret, 200) < 1.5
    rotated = command(tmp_path, "keys", "rotate", "laptop", "--quiet")
    wait_for_status(proxy.port, rotated, 200)
    assert wait_for_status(proxy.port, secret, 401) < 1.5
    command(tmp_path, "keys", "change", "laptop", "--model", "other")
    wait_for_status(proxy.port, rotated, 403)
    command(tmp_path, "keys", "revoke", "laptop")
    assert wait_for_status(proxy.port, rotated, 401) < 1.5
    # Once there were keys, the proxy does not open up because they are gone.
    assert ask(proxy.port, "openai_chat", body_for("chat/echo")).status == 401
    assert [entry["state"] for entry in json.loads(command(tmp_path, "keys", "list", "--json"))] == ["revoked"]


def test_a_proxy_for_other_machines_may_have_its_keys_in_the_store(simulation: Simulation, tmp_path: Path) -> None:
    config = config_text(simulation, sections="[access]\nrequire_key = true\n")
    with running_proxy(config, tmp_path) as proxy:
        assert ask(proxy.port, "openai_chat", body_for("chat/echo")).status == 401
