"""The configuration file of the public contract, and what it must come to."""

from pathlib import Path

import pytest

from fastproxy.config import Account, Config, Model, Source, Target, Timeouts

CONTRACT = """\
[server]
listen = "127.0.0.1:8080"
data_dir = "data"

[[upstreams]]
name = "local-chat"
dialect = "openai_chat"                       # or: preset = "openai"
base_url = "http://127.0.0.1:9100/v1"         # what the official SDK of that dialect takes as its base URL
accounts = [{ name = "a", key = "env:UP_KEY", max_in_flight = 8 }]
timeouts = { connect = 5, first_byte = 120, idle = 60, total = 600 }   # seconds
max_cooldown = 60                             # seconds an account rests after a fault at most; 0: never

[[models]]
name = "chat-1"                               # what clients ask for; "*" and "prefix-*" match too
targets = [{ upstream = "local-chat", model = "gpt-x", weight = 1 }]
fallbacks = [{ upstream = "local-chat", model = "gpt-y" }]

[[keys]]
name = "dev"
key = "env:DEV_KEY"                           # or file:…; a literal is accepted with a warning
"""
VARIABLES = {"UP_KEY": "sk-test-upstream", "DEV_KEY": "sk-test-client-key"}


def load(directory: Path, text: str, environ: dict[str, str] | None = None) -> Config:
    path = directory / "fastproxy.toml"
    path.write_text(text, encoding="utf-8")
    return Source(path, environ or {}).load().require()


def test_contract_loads_without_any_remark(tmp_path: Path) -> None:
    path = tmp_path / "fastproxy.toml"
    path.write_text(CONTRACT, encoding="utf-8")
    loaded = Source(path, VARIABLES).load()
    assert loaded.problems == ()
    assert loaded.files == (path,)


def test_contract_server_and_upstream(tmp_path: Path) -> None:
    config = load(tmp_path, CONTRACT, VARIABLES)
    assert (config.server.host, config.server.port, config.server.data_dir) == ("127.0.0.1", 8080, "data")
    (upstream,) = config.upstreams
    assert (upstream.name, upstream.dialect) == ("local-chat", "openai_chat")
    assert upstream.base_url == "http://127.0.0.1:9100/v1"
    assert upstream.timeouts == Timeouts(connect=5, first_byte=120, idle=60, total=600)
    assert (upstream.max_cooldown, upstream.auth, upstream.origin) == (60, "bearer", "local-chat")
    (account,) = upstream.accounts
    assert isinstance(account, Account)
    assert (account.name, account.max_in_flight) == ("a", 8)
    assert account.key is not None
    assert account.key.reveal() == "sk-test-upstream"


def test_contract_model_and_key(tmp_path: Path) -> None:
    config = load(tmp_path, CONTRACT, VARIABLES)
    target, fallback = (
        Target(upstream="local-chat", model="gpt-x", weight=1),
        Target(upstream="local-chat", model="gpt-y"),
    )
    assert config.models == [Model(name="chat-1", targets=[target], fallbacks=[fallback])]
    (key,) = config.keys
    assert (key.name, key.key.reveal(), key.models) == ("dev", "sk-test-client-key", None)


def test_preset_stands_for_dialect_and_base_url(tmp_path: Path) -> None:
    text = CONTRACT.replace('dialect = "openai_chat" ', 'preset = "openai" ').replace("base_url", "# base_url")
    (upstream,) = load(tmp_path, text, VARIABLES).upstreams
    assert (upstream.dialect, upstream.base_url, upstream.origin) == (
        "openai_chat",
        "https://api.openai.com/v1",
        "openai",
    )


def test_file_reference_and_literal_of_a_client_key(tmp_path: Path) -> None:
    (tmp_path / "dev.key").write_text("sk-test-from-a-file\n", encoding="utf-8")
    (tmp_path / "dev.key").chmod(0o600)
    from_file = load(tmp_path, CONTRACT.replace("env:DEV_KEY", "file:dev.key"), VARIABLES)
    assert from_file.keys[0].key.reveal() == "sk-test-from-a-file"

    path = tmp_path / "fastproxy.toml"
    path.write_text(CONTRACT.replace("env:DEV_KEY", "sk-test-literal-key"), encoding="utf-8")
    loaded = Source(path, VARIABLES).load()
    assert loaded.require().keys[0].key.reveal() == "sk-test-literal-key"
    assert [(problem.severity, problem.path) for problem in loaded.problems] == [("warning", "keys[0].key")]


@pytest.mark.parametrize("pattern", ["*", "gpt-*", "vendor/model:tag", "model with spaces"])
def test_model_names_and_patterns(tmp_path: Path, pattern: str) -> None:
    config = load(tmp_path, CONTRACT.replace('"chat-1"', f'"{pattern}"'), VARIABLES)
    assert config.models[0].name == pattern


def test_byte_order_mark_and_windows_lines_are_accepted(tmp_path: Path) -> None:
    path = tmp_path / "fastproxy.toml"
    path.write_bytes(b"\xef\xbb\xbf" + CONTRACT.replace("\n", "\r\n").encode())
    assert Source(path, VARIABLES).load().problems == ()


def test_durations_and_sizes_with_units(tmp_path: Path) -> None:
    units = '\n[limits]\nbody_bytes = "2MiB"\nbody_idle_timeout = "1m30s"\n'
    config = load(tmp_path, CONTRACT.replace("idle = 60", 'idle = "1m"') + units, VARIABLES)
    assert (config.limits.body_bytes, config.limits.body_idle_timeout) == (2 * 2**20, 90)
    assert config.upstreams[0].timeouts.idle == 60


def test_base_url_without_slash_at_the_end_and_ca_file_from_the_root(tmp_path: Path) -> None:
    (tmp_path / "ca.pem").write_text("-----BEGIN CERTIFICATE-----\n", encoding="utf-8")
    text = CONTRACT.replace('9100/v1"', '9100/v1/"\nca_file = "ca.pem"')
    (upstream,) = load(tmp_path, text, VARIABLES).upstreams
    assert upstream.base_url == "http://127.0.0.1:9100/v1"
    assert upstream.ca_file == str(tmp_path / "ca.pem")
