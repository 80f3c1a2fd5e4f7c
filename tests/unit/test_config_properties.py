"""Whatever stands in a file or a variable: an answer, never a crash; and what loads once loads the same again."""

import json
import tomllib
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from fastproxy.config import Config, Loaded, Source
from fastproxy.config import show as shown
from fastproxy.config.annotations import shape_of

quick = settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


def words(struct: type[msgspec.Struct], seen: set[str]) -> set[str]:
    """Every key that some table knows: random settings that go deep instead of failing at the door."""
    for field in msgspec.structs.fields(struct):
        seen.add(field.name)
        shape = shape_of(field.type)
        inner = shape_of(shape.item) if shape.base is list else shape
        if inner.is_struct:
            words(inner.base, seen)
    return seen


KEYS = sorted(words(Config, set()))
TEXTS = [
    "127.0.0.1:8080", "http://127.0.0.1:9100/v1", "openai_chat", "openai", "anthropic", "env:UP_KEY", "env:", "file:none", "file:",
    "*", "gpt-*", "a*b", "", "30s", "64MiB", "bearer", "none", "[::1]:0", "http://[", "http://a:b@c", "\u2028", "x" * 5000, "a\nb",
]  # fmt: skip
letters = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00"), max_size=12)
leaf = (
    st.sampled_from(TEXTS) | letters | st.integers(-(2**70), 2**70) | st.booleans() | st.sampled_from([0.5, -1.0, 1e300])
)  # fmt: skip
key = st.sampled_from(KEYS) | letters
tree = st.recursive(
    leaf, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(key, inner, max_size=5), max_leaves=25
)
documents = st.dictionaries(
    st.sampled_from(["server", "limits", "upstreams", "models", "keys", "cors", "logging", "opaque"]) | key,
    tree,
    max_size=6,
)


def dump(value: Any) -> str:
    if isinstance(value, dict):
        return "{" + ", ".join(f"{quoted(name)} = {dump(member)}" for name, member in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(dump, value)) + "]"
    return quoted(value) if isinstance(value, str) else json.dumps(value)


def quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")


def load(directory: Path, document: dict[str, Any], environ: dict[str, str] | None = None) -> Loaded:
    path = directory / "f.toml"
    path.write_bytes("".join(f"{quoted(name)} = {dump(value)}\n" for name, value in document.items()).encode())
    return Source(path, environ or {"UP_KEY": "sk-test-upstream"}).load()


def consistent(loaded: Loaded) -> None:
    assert (loaded.config is None) == bool(loaded.errors)
    for problem in loaded.problems:
        assert problem.message
        assert problem.place is None or problem.place.line is None or problem.place.line >= 1


@quick
@given(documents)
def test_any_document_gets_an_answer(tmp_path: Path, document: dict[str, Any]) -> None:
    consistent(load(tmp_path, document))


@quick
@given(st.binary(max_size=300))
def test_any_bytes_get_an_answer(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "f.toml"
    path.write_bytes(data)
    consistent(Source(path, {}).load())


setting_paths = st.lists(
    st.sampled_from([name.upper() for name in KEYS]) | st.sampled_from(["0", "1", "9999", "A", ""]),
    min_size=1,
    max_size=5,
)
variables = st.dictionaries(
    setting_paths.map(lambda parts: "FASTPROXY_" + "__".join(["UPSTREAMS" if len(parts) > 3 else parts[0], *parts])),
    st.sampled_from(TEXTS) | letters | tree.map(dump),
    max_size=5,
)


@quick
@given(variables)
def test_any_variables_get_an_answer(environ: dict[str, str]) -> None:
    loaded = Source(None, environ | {"OPENAI_API_KEY": "sk-test-openai"}).load()
    consistent(loaded)


names = st.from_regex(r"[A-Za-z0-9][A-Za-z0-9._-]{0,8}", fullmatch=True)
seconds = st.integers(1, 10_000)
right_documents = st.fixed_dictionaries(
    {
        "upstreams": st.lists(
            st.fixed_dictionaries(
                {
                    "name": names,
                    "dialect": st.sampled_from(["openai_chat", "anthropic"]),
                    "base_url": st.sampled_from(["http://127.0.0.1:9100/v1", "https://api.example.com"]),
                    "accounts": st.lists(
                        st.fixed_dictionaries({"name": names, "weight": st.floats(0.1, 9), "max_in_flight": st.integers(0, 9)}),
                        min_size=1, max_size=3, unique_by=lambda account: account["name"],
                    ),
                    "max_cooldown": st.integers(0, 600),
                },
                optional={"timeouts": st.fixed_dictionaries({"idle": seconds}), "models": st.lists(names, max_size=2)},
            ),
            min_size=1, max_size=3, unique_by=lambda upstream: upstream["name"],  # type: ignore[index]  # inferred too narrowly
        ),
        "limits": st.fixed_dictionaries({"body_bytes": st.integers(64, 2**30), "header_count": st.integers(8, 500)}),
        "server": st.fixed_dictionaries({"drain_timeout": seconds, "access_log": st.booleans()}),
    }
)  # fmt: skip


def written_back(loaded: Loaded) -> dict[str, Any]:
    """The settings as shown, without what is unset: TOML has no null."""

    def clean(value: Any) -> Any:
        if isinstance(value, dict):
            return {name: clean(member) for name, member in value.items() if member is not None}
        return [clean(element) for element in value] if isinstance(value, list) else value

    cleaned = clean(shown.plain(loaded.require()))
    assert isinstance(cleaned, dict)
    return cleaned


@quick
@given(right_documents)
def test_what_is_shown_loads_to_the_same_settings(tmp_path: Path, document: dict[str, Any]) -> None:
    first = load(tmp_path, document)
    assume(first.config is not None)
    again = load(tmp_path, written_back(first))
    assert again.require() == first.require()


@quick
@given(right_documents)
def test_right_documents_are_right(tmp_path: Path, document: dict[str, Any]) -> None:
    assert load(tmp_path, document).errors == ()


@pytest.mark.parametrize("count", [3000])
def test_a_large_file_is_read_in_reasonable_steps(tmp_path: Path, count: int) -> None:
    upstreams = [
        {"name": f"u{number}", "dialect": "openai_chat", "base_url": "http://127.0.0.1:1", "accounts": [{"name": "a"}]}
        for number in range(count)
    ]
    assert len(load(tmp_path, {"upstreams": upstreams}).require().upstreams) == count


def test_documents_of_these_tests_are_toml() -> None:
    document = {"a": {"b\x7f": ["\u2028", 'quote " and \\', True, 1.5]}}
    assert tomllib.loads("".join(f"{quoted(name)} = {dump(value)}\n" for name, value in document.items())) == document
