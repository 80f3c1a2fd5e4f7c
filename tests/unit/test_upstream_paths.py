"""Where an upstream is asked, by its dialect and its base URL."""

import pytest

from fastproxy.upstreams.paths import _behind, is_at_vertex, paths_behind, resource


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
    ("model", "path"),
    [
        ("gemini-3-pro", "models/gemini-3-pro"),
        ("models/gemini-3-pro", "models/gemini-3-pro"),
        ("tunedModels/mine-1", "tunedModels/mine-1"),
        ("claude-sonnet-4-5@20250929", "models/claude-sonnet-4-5@20250929"),
        ("a/b c?d#e", "models/a%2Fb%20c%3Fd%23e"),
        ("../../admin", "models/..%2F..%2Fadmin"),
        ("models/../../admin", "models/..%2F..%2Fadmin"),
    ],
)
def test_a_model_is_one_step_of_the_path(model: str, path: str) -> None:
    assert resource(model) == path


def test_anthropic_at_vertex_is_asked_by_raw_prediction() -> None:
    base = "https://l-aiplatform.test/v1/projects/p/locations/l"
    assert is_at_vertex(base, "anthropic", "vertex-2023-10-16")
    assert not is_at_vertex(base, "anthropic", None)
    assert paths_behind(base, "anthropic", is_at_vertex=True) == {
        "generate": "/publishers/anthropic/{resource}:rawPredict",
        "stream": "/publishers/anthropic/{resource}:streamRawPredict",
        "count": "/publishers/anthropic/models/count-tokens:rawPredict",
    }


def test_gemini_at_vertex_has_no_lists_and_no_batches() -> None:
    base = "https://l-aiplatform.test/v1/projects/p/locations/l/publishers/google"
    assert is_at_vertex(base, "gemini", None)
    assert not is_at_vertex("https://generativelanguage.test", "gemini", "vertex-2023-10-16")
    assert paths_behind(base, "gemini", is_at_vertex=True) == {
        "generate": "/{resource}:generateContent",
        "stream": "/{resource}:streamGenerateContent?alt=sse",
        "count": "/{resource}:countTokens",
    }


def test_bedrock_has_its_dialects_own_paths() -> None:
    chat = paths_behind("https://bedrock-runtime.r.test/openai/v1", "openai_chat", is_at_vertex=False)
    assert chat["generate"] == "/chat/completions"
    messages = paths_behind("https://bedrock-mantle.r.test/anthropic", "anthropic", is_at_vertex=False)
    assert messages["generate"] == "/v1/messages"
