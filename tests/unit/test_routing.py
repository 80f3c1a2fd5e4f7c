"""Exact names before prefixes before `*`; an upstream can always be addressed."""

from collections import Counter

import pytest

from fastproxy.config import Config, Model, Target, Upstream
from fastproxy.errors import ProxyError
from fastproxy.routing import Router


def upstream(name: str) -> Upstream:
    return Upstream(name=name, dialect="openai_chat", base_url="http://127.0.0.1:9/v1", accounts=[])


def router(*models: Model) -> Router:
    return Router(Config(upstreams=[upstream("a"), upstream("b")], models=list(models)))


def places(router: Router, name: str) -> list[str]:
    return [f"{c.upstream}/{c.model}" for c in router.route(name).candidates]


def test_the_nearest_name_wins() -> None:
    found = router(
        Model(name="*", targets=[Target(upstream="a")]),
        Model(name="gpt-*", targets=[Target(upstream="b")]),
        Model(name="gpt-5*", targets=[Target(upstream="b", model="five")]),
        Model(name="gpt-5x", targets=[Target(upstream="a", model="x")]),
    )
    assert places(found, "gpt-5x") == ["a/x"]
    assert places(found, "gpt-5y") == ["b/five"]
    assert places(found, "gpt-4") == ["b/gpt-4"]
    assert places(found, "other") == ["a/other"]


def test_an_upstream_can_be_addressed() -> None:
    found = router()
    assert places(found, "b/org/model") == ["b/org/model"]
    assert places(found, "model:7b:a") == ["a/model:7b"]


def test_a_star_does_not_hide_an_addressed_upstream() -> None:
    found = router(Model(name="*", targets=[Target(upstream="a")]))
    assert places(found, "b/m") == ["b/m"]


@pytest.mark.parametrize("name", ["nope", "c/m", "m:c", "a/", ":a"])
def test_an_unknown_model_is_told(name: str) -> None:
    with pytest.raises(ProxyError) as caught:
        router().route(name)
    assert (caught.value.kind, caught.value.code) == ("not_found", "model_not_found")


def test_weights_draw_and_fallbacks_follow() -> None:
    found = router(
        Model(
            name="m",
            targets=[Target(upstream="a", weight=3), Target(upstream="b", weight=1)],
            fallbacks=[Target(upstream="b", model="spare")],
        )
    )
    drawn = Counter(places(found, "m")[0] for _ in range(4000))
    assert 2700 < drawn["a/m"] < 3300
    assert all(places(found, "m")[-1] == "b/spare" for _ in range(20))


def test_the_tag_that_stands_for_none_is_left_out() -> None:
    found = router(
        Model(name="gpt", targets=[Target(upstream="a", model="gpt-x")]),
        Model(name="tagged:latest", targets=[Target(upstream="a", model="t")]),
        Model(name="llama*", targets=[Target(upstream="b")]),
    )
    assert places(found, "gpt:latest") == ["a/gpt-x"]
    assert places(found, "tagged:latest") == ["a/t"]
    assert places(found, "llama3:latest") == ["b/llama3"], "to an Ollama the same model"
    assert places(found, "a/qwen:latest") == ["a/qwen"]
    for name in ("tagged", ":latest"):
        with pytest.raises(ProxyError):
            found.route(name)


def test_an_upstream_may_be_called_latest() -> None:
    found = Router(Config(upstreams=[upstream("latest")], models=[]))
    assert places(found, "m:latest") == ["latest/m"]
