"""One story, every face: whatever an upstream's answer is, and in whatever dialect it comes, each SDK reports the same.

The stories are made up by hypothesis. What is expected is the story itself, less what `limits` says that a dialect cannot say.
"""

import functools
import itertools
import ssl
from collections.abc import Iterable, Iterator

import pytest
from hypothesis import HealthCheck, given, note, settings

from fastproxy.demo import Simulation
from fastproxy.demo.story import Story

from .conftest import PYTHON
from .conversation import Sdk, SdkFailure, Settings
from .limits import expected
from .node_sdks import Node, NodeSdk
from .servers import CLIENT_KEY, UPSTREAMS, Running
from .stories import TOOLS, Heard, heard, stories, told

# Vercel's own classes are tested story by story: they rename and merge what these packages show as it is.
NODE = ("openai", "responses", "anthropic", "google")


@pytest.fixture(scope="module", autouse=True)
def _one_trust_store() -> Iterator[None]:
    """Every client loads the certificates of the web's authorities, which takes longer than these requests over plain HTTP."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(ssl, "create_default_context", functools.cache(ssl.create_default_context))
        yield


def hear(sdk: Sdk, address: str, model: str, *, stream: bool) -> Heard | SdkFailure:
    asked = Settings(model=model, stream=stream, tools=TOOLS, max_tokens=100_000)
    conversation = sdk.open(address, CLIENT_KEY, asked)
    try:
        return heard(conversation.say("Tell me."))
    except SdkFailure as failure:
        return failure
    finally:
        conversation.close()


def differences(sdks: Iterable[Sdk], proxy: Running, name: str, story: Story) -> list[str]:
    """Who heard something else, on which way, and what it was."""
    found = []
    for (upstream, (dialect, _)), sdk, stream in itertools.product(UPSTREAMS.items(), sdks, (True, False)):
        due = expected(told(story), dialect, sdk.dialect)
        got = hear(sdk, proxy.address, f"{upstream}/{name}", stream=stream)
        if got != due:
            found.append(f"{upstream} → {sdk.name} ({'stream' if stream else 'whole'})\n  due {due!a}\n  got {got!a}")
    return found


@pytest.mark.timeout(300)
@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(story=stories())
def test_every_sdk_hears_the_same(simulation: Simulation, proxy: Running, story: Story) -> None:
    note(f"{story!a}")
    found = differences(PYTHON.values(), proxy, simulation.tell(story), story)
    assert not found, "\n".join(found)


@pytest.mark.node
@pytest.mark.timeout(300)
@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(story=stories())
def test_every_node_sdk_hears_the_same(simulation: Simulation, proxy: Running, node: Node, story: Story) -> None:
    note(f"{story!a}")
    found = differences([NodeSdk(node, name) for name in NODE], proxy, simulation.tell(story), story)
    assert not found, "\n".join(found)
