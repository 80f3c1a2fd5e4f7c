"""Agents, the real programs, work a tool loop of two turns through the proxy on upstreams of other dialects.

What counts is what reached the upstream: the simulation refuses what its vendors refuse, unsigned and foreign state too.
"""

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest

from .agent import AGENTS, worked
from .isolated import SECRETS

# In one group: what a program did is looked at by several tests.
pytestmark = [pytest.mark.agents, pytest.mark.node, pytest.mark.xdist_group("agents"), pytest.mark.timeout(240)]

Told = dict[str, Any]
RUNS = [("codex", "messages"), ("codex", "gemini"), ("gemini", "chat"), ("gemini", "responses")]
#: What may be lost on the way of an agent's request: nothing that it, its user or a tool said.
HARMLESS = [
    # Codex: what groups its tools is described, its own labels, and a tool that only OpenAI runs.
    r"field_dropped=/tools/\d+/description", r"field_dropped=/(client_metadata|prompt_cache_key|reasoning)",
    r"id_rewritten=/tools/\d+/tools/\d+(/name)?", r"tool_unsupported=/tools/\d+", r"default_filled=/max_tokens",
    # Gemini takes back signatures and not what was thought in words.
    r"opaque_dropped=/input/\d+",
    # Gemini CLI: OpenAI has no top_k and no budgets of thinking.
    r"field_dropped=/(top_k|reasoning/visibility)", r"value_clamped=/thinking/budget_tokens",
]  # fmt: skip


@pytest.fixture(scope="module")
def claude(tmp_path_factory: pytest.TempPathFactory) -> Told:
    return worked(AGENTS["claude"], "aimock", tmp_path_factory.mktemp("claude"))


@pytest.fixture(scope="module", params=RUNS, ids="-".join)
def run(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> tuple[str, str, Told]:
    agent, upstream = request.param
    return agent, upstream, worked(AGENTS[agent], upstream, tmp_path_factory.mktemp(f"{agent}-{upstream}"))


def tool_messages(request: Told) -> list[str]:
    return [json.dumps(message["content"]) for message in request["body"]["messages"] if message["role"] == "tool"]


def test_claude_code_answers_with_what_its_tool_found(claude: Told) -> None:
    assert claude["code"] == 0, claude["stdout"] + claude["stderr"]
    answer = json.loads(claude["stdout"])
    assert answer["is_error"] is False
    assert SECRETS[0] in answer["result"]


def test_its_tool_result_reached_the_chat_upstream(claude: Told) -> None:
    chat = [request for request in claude["requests"] if request["path"].startswith("/v1/chat/completions")]
    assert chat
    assert len(chat) == len(claude["requests"]), [request["path"] for request in claude["requests"]]
    assert any(SECRETS[0] in text for request in chat for text in tool_messages(request))


def said(agent: str, stdout: str) -> str:
    """The agent's last words."""
    if agent == "gemini":
        answer: str = json.loads(stdout)["response"]
        return answer
    events = [json.loads(line) for line in stdout.splitlines()]
    items = [event["item"] for event in events if event["type"] == "item.completed"]
    return "".join(item["text"] for item in items if item["type"] == "agent_message")


def test_the_agent_answers_with_what_all_its_tools_found(run: tuple[str, str, Told]) -> None:
    agent, _, told = run
    assert told["code"] == 0, told["stdout"] + told["stderr"]
    answer = said(agent, told["stdout"])
    assert [secret for secret in SECRETS if secret not in answer] == []


def test_two_turns_are_two_requests_and_neither_is_refused(run: tuple[str, str, Told]) -> None:
    _, _, told = run
    assert [request["status"] for request in told["requests"]] == [200, 200]


def turn(upstream: str, body: Told) -> tuple[list[tuple[str, str]], list[tuple[str, str]], list[str]]:
    """The last turn's calls (id and name), results (id and text), and opaque state, in the upstream's words."""
    if upstream == "messages":
        asked, given = (message["content"] for message in body["messages"][-2:])
        return (
            [(block["id"], block["name"]) for block in asked if block["type"] == "tool_use"],
            [(block["tool_use_id"], json.dumps(block["content"])) for block in given],
            [block["signature"] for block in asked if block["type"] == "thinking"],
        )
    if upstream == "gemini":
        asked, given = (content["parts"] for content in body["contents"][-2:])
        answers = [part["functionResponse"] for part in given]
        return (
            [(part["functionCall"]["id"], part["functionCall"]["name"]) for part in asked if "functionCall" in part],
            [(answer["id"], json.dumps(answer["response"])) for answer in answers],
            [part["thoughtSignature"] for part in asked if "thoughtSignature" in part],
        )
    if upstream == "chat":
        (asked,) = [message for message in body["messages"] if message["role"] == "assistant"]
        given = [message for message in body["messages"] if message["role"] == "tool"]
        return (
            [(call["id"], call["function"]["name"]) for call in asked["tool_calls"]],
            [(message["tool_call_id"], message["content"]) for message in given],
            [asked["reasoning_content"]],
        )
    items = {kind: list(of_kind(body, kind)) for kind in ("function_call", "function_call_output", "reasoning")}
    return (
        [(item["call_id"], item["name"]) for item in items["function_call"]],
        [(item["call_id"], item["output"]) for item in items["function_call_output"]],
        [item["encrypted_content"] for item in items["reasoning"]],
    )


def of_kind(body: Told, kind: str) -> Iterator[Told]:
    return (item for item in body["input"] if item["type"] == kind)


def test_the_upstream_gets_every_result_and_its_state_back(run: tuple[str, str, Told]) -> None:
    agent, upstream, told = run
    calls, results, state = turn(upstream, told["requests"][-1]["body"])
    names = {
        "codex": ["exec_command", "exec_command", "multi_agent_v1__close_agent"],
        "gemini": ["read_file", "read_file"],
    }
    assert [name for _, name in calls] == names[agent]
    assert [call for call, _ in results] == [call for call, _ in calls]
    assert [secret in text for secret, (_, text) in zip(SECRETS, results, strict=False)] == [True, True]
    assert state
    assert all(state)


def offered(upstream: str, body: Told) -> list[str]:
    if upstream == "gemini":
        return [one["name"] for tool in body["tools"] for one in tool.get("functionDeclarations", ())]
    return [tool.get("function", tool)["name"] for tool in body["tools"]]


def test_tools_are_offered_one_by_one_also_those_in_namespaces(run: tuple[str, str, Told]) -> None:
    agent, upstream, told = run
    known = {
        "codex": {"exec_command", "multi_agent_v1__spawn_agent", "multi_agent_v1__close_agent"},
        "gemini": {"read_file", "run_shell_command"},
    }
    assert known[agent] <= set(offered(upstream, told["requests"][0]["body"]))


def test_a_call_into_a_namespace_reaches_its_tool(run: tuple[str, str, Told]) -> None:
    agent, upstream, told = run
    calls, results, _ = turn(upstream, told["requests"][-1]["body"])
    answers = [text for (_, name), (_, text) in zip(calls, results, strict=True) if "__" in name]
    # Codex's own words: it found the tool, and the tool nobody of that name.
    assert [("invalid agent id nobody" in text) for text in answers] == ([True] if agent == "codex" else [])


def test_nothing_that_matters_is_lost(run: tuple[str, str, Told]) -> None:
    _, _, told = run
    entries = [json.loads(line) for line in told["log"] if line.startswith("{")]
    asked = [entry for entry in entries if entry["logger"] == "fastproxy.access" and entry.get("upstream")]
    assert len(asked) == len(told["requests"])
    losses = [loss for entry in asked for loss in (*entry.get("loss", ()), *entry.get("answer_loss", ()))]
    assert losses
    assert [loss for loss in losses if not any(re.fullmatch(known, loss) for known in HARMLESS)] == []
