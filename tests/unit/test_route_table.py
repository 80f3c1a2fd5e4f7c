"""Which endpoint stands at a path, and what its parameters are."""

from typing import Any

import pytest

from fastproxy.endpoints import Endpoint, RouteTable, endpoints
from fastproxy.endpoints.health import live


def table(*paths: str) -> RouteTable:
    return RouteTable(Endpoint(paths=(path,), methods=("GET",), dialect=path, action=live) for path in paths)


def scope(path: str, raw_path: bytes | None = None) -> dict[str, Any]:
    return {"path": path, "raw_path": path.encode() if raw_path is None else raw_path}


def found(routes: RouteTable, path: str, raw_path: bytes | None = None) -> tuple[str | None, dict[str, str]]:
    behind, arguments = routes.find(scope(path, raw_path))
    return (behind[0].dialect if behind else None), dict(arguments)


RESPONSES = table("/r", "/r/compact", "/r/{id}", "/r/{id}/items", "/m/{model*}:count", "/m/{model*}")


@pytest.mark.parametrize(
    ("path", "pattern", "arguments"),
    [
        ("/r", "/r", {}),
        ("/r/", "/r", {}),
        ("/r/compact", "/r/compact", {}),
        ("/r/resp_1", "/r/{id}", {"id": "resp_1"}),
        ("/r/resp_1/items", "/r/{id}/items", {"id": "resp_1"}),
        ("/r/resp_1/other", None, {}),
        ("/r/a/b/items", None, {}),
        ("/m/gpt:count", "/m/{model*}:count", {"model": "gpt"}),
        ("/m/vendor/gpt:4:count", "/m/{model*}:count", {"model": "vendor/gpt:4"}),
        ("/m/vendor/gpt:4", "/m/{model*}", {"model": "vendor/gpt:4"}),
        ("/m/", None, {}),
        ("/q", None, {}),
        ("/m/a\nb", "/m/{model*}", {"model": "a\nb"}),
    ],
)
def test_a_path_is_found_with_its_parameters(path: str, pattern: str | None, arguments: dict[str, str]) -> None:
    assert found(RESPONSES, path) == (pattern, arguments)


def test_an_encoded_slash_separates_nothing() -> None:
    assert found(RESPONSES, "/r/compact", b"/r%2Fcompact") == (None, {})
    assert found(RESPONSES, "/r/a/items", b"/r/a%2fitems") == (None, {})
    assert found(RESPONSES, "/m/vendor/gpt", b"/m/vendor%2Fgpt") == ("/m/{model*}", {"model": "vendor/gpt"})


def test_methods_of_one_path_stand_together() -> None:
    both = [Endpoint(paths=("/r/{id}",), methods=(method,), dialect=None, action=live) for method in ("GET", "DELETE")]
    behind, _ = RouteTable(both).find(scope("/r/1"))
    assert [endpoint.methods for endpoint in behind] == [("GET",), ("DELETE",)]


def test_a_literal_is_no_expression() -> None:
    assert found(table("/v1.0/{id}"), "/v1x0/1") == (None, {})


def test_no_path_hides_another_of_the_proxy() -> None:
    """Every declared path leads to the endpoints that declared it."""
    routes = RouteTable(endpoints())
    for endpoint in endpoints():
        for path in endpoint.paths:
            behind, _ = routes.find(scope(path.replace("{", "").replace("*}", "").replace("}", "")))
            assert endpoint in behind, path
