"""Targets as listed, by speed, by price; close names; tags."""

import pytest

from fastproxy.config import Config, Model, Target, Upstream
from fastproxy.errors import ProxyError
from fastproxy.routing import Candidate, Router

SECONDS = {"a": 3.0, "b": 1.0, "c": 2.0}
PRICES = {"a": 300, "b": None, "c": 100}


def router(*models: Model) -> Router:
    upstreams = [
        Upstream(name=name, dialect="openai_chat", base_url="http://127.0.0.1:9/v1", accounts=[]) for name in "abc"
    ]
    return Router(
        Config(upstreams=upstreams, models=list(models)),
        speeds=lambda place: SECONDS[place.upstream],
        prices=lambda place: PRICES[place.upstream],
    )


def targets() -> list[Target]:
    return [Target(upstream=name) for name in "abc"]


def order(router: Router, name: str) -> str:
    return "".join(candidate.upstream for candidate in router.route(name).candidates)


def test_the_suffix_orders_for_one_request_and_the_setting_for_all() -> None:
    found = router(
        Model(name="m", targets=targets(), order="listed"),
        Model(name="cheap", targets=targets(), order="cheapest"),
        Model(name="quick", targets=targets(), order="fastest"),
        Model(name="p-*", targets=targets(), order="listed"),
    )
    assert (order(found, "m"), order(found, "m:fastest"), order(found, "m:cheapest")) == ("abc", "bca", "cab")
    assert (order(found, "cheap"), order(found, "quick"), order(found, "cheap:fastest")) == ("cab", "bca", "bca")
    assert found.route("m:cheapest").candidates[0].model == "m"


def test_fallbacks_stay_behind_whatever_the_order() -> None:
    found = router(
        Model(
            name="m",
            targets=[Target(upstream="a")],
            fallbacks=[Target(upstream="c"), Target(upstream="b")],
            order="cheapest",
        )
    )
    assert order(found, "m") == "acb"
    assert [candidate.is_fallback for candidate in found.route("m").candidates] == [False, True, True]


def test_a_star_takes_the_name_without_the_suffix() -> None:
    found = router(Model(name="*", targets=targets(), order="listed"))
    assert found.route("x:fastest").candidates[0] == Candidate("b", "x")
    assert order(found, "x") == "abc"


def test_an_upstream_called_like_a_suffix_is_not_hidden() -> None:
    upstream = Upstream(name="fastest", dialect="openai_chat", base_url="http://127.0.0.1:9/v1", accounts=[])
    assert Router(Config(upstreams=[upstream])).route("m:fastest").candidates == [Candidate("fastest", "m")]


def test_tags_go_with_the_target() -> None:
    found = router(Model(name="m", targets=[Target(upstream="a", tags=["eu", "paid"])]))
    assert found.route("m").candidates[0].tags == ("eu", "paid")


def test_close_names_are_told_as_far_as_the_caller_may_use_them() -> None:
    found = router(Model(name="gpt-5", targets=targets()), Model(name="gpt-5-secret", targets=targets()))
    with pytest.raises(ProxyError, match=r"close to it: gpt-5$") as caught:
        found.route("gpt5", may_use=lambda name: "secret" not in name)
    assert caught.value.code == "model_not_found"
    with pytest.raises(ProxyError, match=r"does not exist here$"):
        found.route("something-else:fastest")
