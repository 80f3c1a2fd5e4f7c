"""Presets are data that must agree with the core and with themselves."""

import re
from pathlib import Path
from urllib.parse import urlsplit

import msgspec
import pytest

from fastproxy.config import Profile, Source
from fastproxy.config.addresses import is_loopback, url_mistake
from fastproxy.config.presets import Preset, known

CORE = Path(__file__).parents[2] / "rust" / "core" / "src" / "dialect"
PRESETS = sorted(known().presets.items())


def test_every_promised_preset_is_there() -> None:
    promised = {
        "openai", "anthropic", "deepseek", "openrouter", "huggingface", "groq", "mistral", "xai", "together", "fireworks",
        "azure-openai", "ollama", "llama-cpp", "vllm", "lm-studio", "openai-responses", "vertex", "vertex-gemini",
        "vertex-anthropic", "bedrock", "bedrock-anthropic",
    }  # fmt: skip
    assert promised <= set(known().presets)


def test_dialects_are_those_of_the_core() -> None:
    source = (CORE / "mod.rs").read_text(encoding="utf-8")
    names = re.search(r"fn name\(self\).*?match self \{(.*?)\n        \}", source, re.DOTALL)
    assert names is not None
    assert set(re.findall(r'=> "(\w+)"', names[1])) == set(known().dialects)


def test_profile_has_the_fields_and_defaults_of_the_core() -> None:
    source = (CORE / "profile.rs").read_text(encoding="utf-8")
    body = re.search(r"impl Default for Profile \{.*?Self \{(.*?)\n        \}", source, re.DOTALL)
    assert body is not None
    in_core = dict(re.findall(r"(\w+): ([^,\n]+),", body[1]))
    words: dict[str, object] = {
        "Vec::new()": [],
        "None": None,
        "true": True,
        "false": False,
        "Replay::IfIssued": "if_issued",
        "CacheMarkers::Unknown": "unknown",
    }
    expected = {name: words[text] if text in words else int(text) for name, text in in_core.items()}
    assert msgspec.to_builtins(Profile()) == expected


@pytest.mark.parametrize(("name", "preset"), PRESETS)
def test_preset_is_consistent(name: str, preset: Preset) -> None:
    assert re.fullmatch(r"[a-z][a-z0-9-]*", name)
    assert preset.dialect in known().dialects
    assert preset.keys
    msgspec.convert(preset.profile, Profile)
    if preset.base_url is not None:
        assert url_mistake(preset.base_url) is None
        parts = urlsplit(preset.base_url)
        assert is_loopback(parts.hostname or "") == preset.local
        assert parts.scheme == ("http" if preset.local else "https")
        assert parts.path.endswith("/v1") or preset.dialect in ("anthropic", "gemini") or name == "deepseek"
    assert all(re.fullmatch(r"[^*]+\*?", model) for model in preset.models)


@pytest.mark.parametrize(("name", "preset"), PRESETS)
def test_preset_loads_with_its_variable_alone(tmp_path: Path, name: str, preset: Preset) -> None:
    path = tmp_path / "f.toml"
    base_url = "" if preset.base_url else 'base_url = "https://r.openai.azure.com/openai/v1"\n'
    path.write_text(f'[[upstreams]]\nname = "u"\npreset = "{name}"\n{base_url}', encoding="utf-8")
    (upstream,) = Source(path, {preset.keys[0].variable: "sk-test-key"}).load().require().upstreams
    assert upstream.dialect == preset.dialect
    assert upstream.auth == (preset.auth or known().dialects[preset.dialect].auth)
    assert upstream.origin == (preset.origin or "u")
    (account,) = upstream.accounts
    assert account.key is not None
    assert account.key.source == f"env:{preset.keys[0].variable}"


@pytest.mark.parametrize(("name", "preset"), PRESETS)
def test_preset_without_its_variable(tmp_path: Path, name: str, preset: Preset) -> None:
    path = tmp_path / "f.toml"
    base_url = "" if preset.base_url else 'base_url = "https://r.openai.azure.com/openai/v1"\n'
    path.write_text(f'[[upstreams]]\nname = "u"\npreset = "{name}"\n{base_url}', encoding="utf-8")
    loaded = Source(path, {}).load()
    if preset.local:
        assert loaded.require().upstreams[0].accounts[0].key is None
    else:
        (problem,) = loaded.errors
        assert problem.path == "upstreams[0].accounts"
        assert preset.keys[0].variable in problem.message


def test_well_known_key_is_not_sent_to_another_address(tmp_path: Path) -> None:
    path = tmp_path / "f.toml"
    path.write_text('[[upstreams]]\nname = "u"\npreset = "openai"\nbase_url = "https://elsewhere.example/v1"\n')
    loaded = Source(path, {"OPENAI_API_KEY": "sk-test-key"}).load()
    (upstream,) = loaded.require().upstreams
    assert [account.key for account in upstream.accounts] == [None]
    assert any("has no key" in problem.message for problem in loaded.warnings)


def test_azure_needs_an_address_of_its_own(tmp_path: Path) -> None:
    path = tmp_path / "f.toml"
    path.write_text('[[upstreams]]\nname = "u"\npreset = "azure-openai"\n', encoding="utf-8")
    (problem,) = Source(path, {"AZURE_OPENAI_API_KEY": "k-test"}).load().errors
    assert problem.path == "upstreams[0].base_url"


def test_second_key_variable_brings_its_header(tmp_path: Path) -> None:
    path = tmp_path / "f.toml"
    path.write_text('[[upstreams]]\nname = "u"\npreset = "anthropic"\n', encoding="utf-8")
    by_key = Source(path, {"ANTHROPIC_API_KEY": "sk-test-key", "ANTHROPIC_AUTH_TOKEN": "t-test"}).load().require()
    by_token = Source(path, {"ANTHROPIC_AUTH_TOKEN": "t-test"}).load().require()
    assert (by_key.upstreams[0].auth, by_token.upstreams[0].auth) == ("x-api-key", "bearer")


def test_own_auth_wins_over_the_dialects(tmp_path: Path) -> None:
    path = tmp_path / "f.toml"
    text = 'dialect = "anthropic"\nbase_url = "http://127.0.0.1:1"\nauth = "bearer"\naccounts = [{ name = "a", key = "env:K" }]'
    path.write_text(f'[[upstreams]]\nname = "u"\n{text}\n', encoding="utf-8")
    assert Source(path, {"K": "sk-test-key"}).load().require().upstreams[0].auth == "bearer"
