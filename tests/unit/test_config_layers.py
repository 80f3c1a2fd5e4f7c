"""Defaults < preset < file < variables < flags, and what `config show` says about it."""

from pathlib import Path

import pytest

from fastproxy.config import Loaded, Source
from fastproxy.config import show as shown
from fastproxy.config.positions import Path as SettingPath

FILE = """\
[server]
listen = "127.0.0.1:1111"
drain_timeout = 10
[[upstreams]]
name = "my-upstream"
preset = "deepseek"
accounts = [{ name = "a", key = "env:UP_KEY" }]
profile = { thinking_switch = false }
"""
ENVIRON = {"UP_KEY": "sk-test-upstream"}


def load(directory: Path, environ: dict[str, str] | None = None, flags: dict[str, str] | None = None) -> Loaded:
    path = directory / "f.toml"
    path.write_text(FILE, encoding="utf-8")
    return Source(path, ENVIRON | (environ or {}), flags or {}).load()


def origin(loaded: Loaded, *path: str | int) -> str:
    wanted: SettingPath = path
    (line,) = [line for line in shown.lines(loaded.require(), loaded.origins) if line.path == wanted]
    return str(line.origin)


def test_each_layer_wins_over_those_below(tmp_path: Path) -> None:
    variable = {"FASTPROXY_SERVER__LISTEN": "127.0.0.1:2222"}
    flag = {"server.listen": "127.0.0.1:3333"}
    assert load(tmp_path).require().server.listen == "127.0.0.1:1111"
    assert load(tmp_path, variable).require().server.listen == "127.0.0.1:2222"
    assert load(tmp_path, variable, flag).require().server.listen == "127.0.0.1:3333"


def test_origins_of_every_layer(tmp_path: Path) -> None:
    loaded = load(tmp_path, {"FASTPROXY_SERVER__PRE_STOP": "5s"}, {"logging.level": "debug"})
    assert origin(loaded, "server", "listen") == f"{tmp_path}/f.toml:2"
    assert origin(loaded, "server", "pre_stop") == "variable FASTPROXY_SERVER__PRE_STOP"
    assert origin(loaded, "logging", "level") == "--level"
    assert origin(loaded, "server", "workers") == "default"
    assert origin(loaded, "upstreams", 0, "base_url") == "preset deepseek"
    assert origin(loaded, "upstreams", 0, "accounts", 0, "key") == f"{tmp_path}/f.toml:7"
    assert origin(loaded, "upstreams", 0, "profile", "thinking_switch") == f"{tmp_path}/f.toml:8"
    assert origin(loaded, "upstreams", 0, "profile", "replay_reasoning") == "preset deepseek"


def test_file_wins_over_its_preset_field_by_field(tmp_path: Path) -> None:
    profile = load(tmp_path).require().upstreams[0].profile
    assert (profile.thinking_switch, profile.replay_reasoning, profile.legacy_max_tokens) == (False, "always", True)


@pytest.mark.parametrize(
    ("variable", "text", "path", "value"),
    [
        ("FASTPROXY_SERVER__DRAIN_TIMEOUT", "2m", "server.drain_timeout", 120),
        ("FASTPROXY_SERVER__DRAIN_TIMEOUT", "7.5", "server.drain_timeout", 7.5),
        ("FASTPROXY_LIMITS__BODY_BYTES", "1MiB", "limits.body_bytes", 2**20),
        ("FASTPROXY_LIMITS__HEADER_COUNT", "50", "limits.header_count", 50),
        ("FASTPROXY_SERVER__ACCESS_LOG", "off", "server.access_log", False),
        ("FASTPROXY_SERVER__ACCESS_LOG", "1", "server.access_log", True),
        ("FASTPROXY_LOGGING__LEVEL", "error", "logging.level", "error"),
        ("FASTPROXY_CORS__ORIGINS", "https://a.example, https://b.example", "cors.origins", ["https://a.example", "https://b.example"]),
        ("FASTPROXY_CORS__ORIGINS", '["https://a.example"]', "cors.origins", ["https://a.example"]),
        ("FASTPROXY_UPSTREAMS__0__BASE_URL", "http://127.0.0.1:1", "upstreams[0].base_url", "http://127.0.0.1:1"),
        ("FASTPROXY_UPSTREAMS__MY_UPSTREAM__TIMEOUTS__IDLE", "9", "upstreams[0].timeouts.idle", 9),
        ("FASTPROXY_UPSTREAMS__0__TIMEOUTS", "{ idle = 9 }", "upstreams[0].timeouts.idle", 9),
        ("FASTPROXY_UPSTREAMS__0__ACCOUNTS__A__MAX_IN_FLIGHT", "3", "upstreams[0].accounts[0].max_in_flight", 3),
        ("FASTPROXY_UPSTREAMS__0__HEADERS__X_TITLE", "t", "upstreams[0].headers.x-title", "t"),
        ("FASTPROXY_UPSTREAMS__0__ACCOUNTS__1", '{ name = "b" }', "upstreams[0].accounts[1].name", "b"),
    ],
)  # fmt: skip
def test_variables_reach_every_setting(tmp_path: Path, variable: str, text: str, path: str, value: object) -> None:
    loaded = load(tmp_path, {variable: text})
    lines = {line.text.partition(" = ")[0]: line for line in shown.lines(loaded.require(), loaded.origins)}
    assert lines[path].value == value
    assert str(lines[path].origin) == f"variable {variable}"


def test_variable_with_file_reads_it(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("sk-test-from-file\n", encoding="utf-8")
    (tmp_path / "secret").chmod(0o600)
    loaded = load(tmp_path, {"FASTPROXY_UPSTREAMS__0__ACCOUNTS__0__KEY_FILE": "secret"})
    key = loaded.require().upstreams[0].accounts[0].key
    assert key is not None
    assert key.reveal() == "sk-test-from-file"
    assert tmp_path / "secret" in loaded.files
    assert not [problem for problem in loaded.problems if "written out" in problem.message]


def test_ca_file_is_a_setting_and_not_a_file_to_read(tmp_path: Path) -> None:
    (tmp_path / "ca.pem").write_text("-----BEGIN CERTIFICATE-----\n", encoding="utf-8")
    loaded = load(tmp_path, {"FASTPROXY_UPSTREAMS__0__CA_FILE": str(tmp_path / "ca.pem")})
    assert loaded.require().upstreams[0].ca_file == str(tmp_path / "ca.pem")


@pytest.mark.parametrize(
    ("variable", "text", "message", "suggestion"),
    [
        ("FASTPROXY_SERVER__LISTNE", "x", "no setting server.listne", 'did you mean "listen"?'),
        ("FASTPROXY_SEVER__LISTEN", "x", "no setting sever.listen", 'did you mean "server"?'),
        ("FASTPROXY_SERVER__LISTEN__X", "x", "holds no others", None),
        ("FASTPROXY_SERVER__LISTEN_FILE", "none", "no such file", None),
        ("FASTPROXY_UPSTREAMS__OTHER__PROXY", "x", 'no element "other"', "index"),
        ("FASTPROXY_UPSTREAMS__7__PROXY", "x", "beyond the end", None),
        ("FASTPROXY_SERVER__BACKLOG", "many", "expected a whole number, got a text", None),
    ],
)
def test_wrong_variables_are_mistakes(
    tmp_path: Path, variable: str, text: str, message: str, suggestion: str | None
) -> None:
    (problem,) = load(tmp_path, {variable: text}).errors
    assert message in problem.message
    assert suggestion is None or suggestion in (problem.suggestion or "")
    assert problem.place is not None
    assert problem.place.source == variable


def test_other_variables_of_ours_and_of_kubernetes_are_left_alone(tmp_path: Path) -> None:
    environ = {"FASTPROXY_CONFIG": "x", "FASTPROXY_PORT": "tcp://10.0.0.1:80", "FASTPROXY_SERVICE_HOST": "10.0.0.1"}
    assert load(tmp_path, environ).errors == ()


@pytest.mark.parametrize(
    ("environ", "listen"),
    [
        ({"PORT": "5000"}, "127.0.0.1:5000"),
        ({"PORT": "5000", "HOST": "127.0.0.2"}, "127.0.0.2:5000"),
        ({"PORT": "5000", "HOST": "::1"}, "[::1]:5000"),
        ({"PORT": "5000", "HOST": "my-machine"}, "127.0.0.1:5000"),
        ({"HOST": "0.0.0.0"}, "127.0.0.1:8080"),
        ({"PORT": "tcp://1.2.3.4:5"}, "127.0.0.1:8080"),
        ({"PORT": "5000", "FASTPROXY_SERVER__LISTEN": "127.0.0.1:6000"}, "127.0.0.1:6000"),
    ],
)
def test_host_and_port(environ: dict[str, str], listen: str) -> None:
    loaded = Source(None, {"OPENAI_API_KEY": "sk-test-openai"} | environ).load()
    assert loaded.require().server.listen == listen


def test_host_and_port_do_not_override_the_file(tmp_path: Path) -> None:
    loaded = load(tmp_path, {"PORT": "5000", "LOG_LEVEL": "WARNING"})
    assert loaded.require().server.listen == "127.0.0.1:1111"
    assert loaded.require().logging.level == "warning"


def test_shown_settings_hold_no_secret(tmp_path: Path) -> None:
    environ = {
        "UP_KEY": "sk-test-canary-1",
        "FASTPROXY_UPSTREAMS__0__PROXY": "http://user:sk-test-canary-2@127.0.0.1:3128",
        "FASTPROXY_UPSTREAMS__0__HEADERS__X_TOKEN": "sk-test-canary-3",
        "FASTPROXY_UPSTREAMS__0__QUERY": '{ "api-key" = "sk-test-canary-4", "api-version" = "1" }',
        "FASTPROXY_OPAQUE__KEY": "sk-test-canary-5-with-enough-characters",
        "FASTPROXY_KEYS__0": '{ name = "k", key = "sk-test-canary-6" }',
    }
    loaded = load(tmp_path, environ)
    config = loaded.require()
    text = "\n".join(line.text for line in shown.lines(config, loaded.origins))
    assert 'upstreams[0].accounts[0].key = "env:UP_KEY"' in text
    assert 'upstreams[0].query.api-version = "1"' in text
    for everything in (text, str(shown.plain(config)), repr(config), repr(loaded), str(loaded.problems)):
        assert "canary" not in everything
