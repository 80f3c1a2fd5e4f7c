"""Where an upstream is asked, by its dialect and its base URL."""

import pytest

from fastproxy.upstreams.api_key import _behind, _resource


@pytest.mark.parametrize(
    ("base", "path", "behind"),
    [
        ("https://a.test", "/v1beta/models", "/v1beta/models"),
        ("https://a.test/v1beta", "/v1beta/models", "/models"),
        ("https://a.test/v1", "/v1beta/models", "/models"),
        ("https://a.test/v1alpha2", "/v1beta/models", "/models"),
        ("https://a.test/v1/projects/p/locations/l/publishers/google", "/v1beta/models", "/models"),
        ("https://a.test/v1/x/google-ai-studio", "/v1beta/models", "/v1beta/models"),
        ("https://a.test/v1", "/v1/messages", "/messages"),
        ("https://a.test/v1", "/chat/completions", "/chat/completions"),
        ("https://a.test/av1", "/v1/messages", "/v1/messages"),
    ],
)
def test_a_version_is_not_said_twice(base: str, path: str, behind: str) -> None:
    assert _behind(base, path) == behind


@pytest.mark.parametrize(
    ("model", "resource"),
    [
        ("gemini-3-pro", "models/gemini-3-pro"),
        ("models/gemini-3-pro", "models/gemini-3-pro"),
        ("tunedModels/mine-1", "tunedModels/mine-1"),
        ("a/b c?d#e", "models/a%2Fb%20c%3Fd%23e"),
        ("../../admin", "models/..%2F..%2Fadmin"),
        ("models/../../admin", "models/..%2F..%2Fadmin"),
    ],
)
def test_a_model_is_one_step_of_the_path(model: str, resource: str) -> None:
    assert _resource(model) == resource
