"""`fastproxy check` and `fastproxy config`: what they say, and their exit codes."""

import json
import os
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from fastproxy.cli.program import program

FILE = """\
[server]
listen = "127.0.0.1:8080"
[[upstreams]]
name = "u"
dialect = "openai_chat"
base_url = "http://127.0.0.1:9100/v1"
accounts = [{ name = "a", key = "env:UP_KEY" }]
[[models]]
name = "m"
targets = [{ upstream = "u" }]
[[keys]]
name = "dev"
key = "env:DEV_KEY"
"""


@pytest.fixture(autouse=True)
def empty_machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A directory of its own and none of the variables that name accounts."""
    monkeypatch.chdir(tmp_path)
    for name in list(os.environ):
        if name not in ("PATH", "HOME", "PYTHONPATH", "TMPDIR"):
            monkeypatch.delenv(name)


def invoke(*arguments: str, **environ: str) -> Result:
    return CliRunner(env={"UP_KEY": "sk-test-upstream", "DEV_KEY": "sk-test-client-key"} | environ).invoke(
        program, arguments, prog_name="fastproxy", catch_exceptions=False
    )


def write(text: str = FILE, name: str = "f.toml") -> str:
    Path(name).write_text(text, encoding="utf-8")
    return name


def test_check_of_a_right_file() -> None:
    result = invoke("check", "--config", write())
    assert (result.exit_code, result.output) == (0, "OK: 1 upstream, 1 model, 1 key.\n")


def test_check_finds_the_usual_file_and_the_variable() -> None:
    write(name="fastproxy.toml")
    assert invoke("check").exit_code == 0
    write(FILE.replace("listen", "lisen"), "other.toml")
    result = invoke("check", FASTPROXY_CONFIG="other.toml")
    assert result.exit_code == 2
    assert "other.toml:2:1: error: server.lisen: no such setting" in result.output


def test_check_prints_every_mistake_on_a_line_of_its_own() -> None:
    result = invoke("check", "-c", write(FILE.replace("listen", "lisen").replace('"u" }', '"v" }')))
    assert result.exit_code == 2
    assert result.output == (
        'f.toml:2:1: error: server.lisen: no such setting (did you mean "listen"?)\n'
        'f.toml:10:25: error: models[0].targets[0].upstream: no upstream "v" (known: u)\n'
        "Not usable: 2 errors, 0 warnings.\n"
    )


def test_check_as_json() -> None:
    result = invoke("check", "--json", "-c", write(FILE.replace("listen", "lisen")))
    assert result.exit_code == 2
    assert json.loads(result.output) == {
        "ok": False,
        "file": "f.toml",
        "problems": [
            {
                "severity": "error",
                "path": "server.lisen",
                "message": "no such setting",
                "suggestion": 'did you mean "listen"?',
                "source": "f.toml",
                "line": 2,
                "column": 1,
            }
        ],
    }
    right = json.loads(invoke("check", "--json", "-c", write()).output)
    assert right == {"ok": True, "file": "f.toml", "problems": []}


def test_strict_check_counts_warnings() -> None:
    name = write(FILE.replace("env:DEV_KEY", "sk-test-literal-key"))
    assert invoke("check", "-c", name).exit_code == 0
    assert invoke("check", "-c", name, "--strict").exit_code == 2
    assert "sk-test-literal-key" not in invoke("check", "-c", name).output


def test_check_looks_at_flags_too() -> None:
    result = invoke("check", "-c", write(), "--listen", "nonsense")
    assert result.exit_code == 2
    assert "--listen: error: server.listen: is not HOST:PORT" in result.output


def test_check_of_an_empty_machine() -> None:
    result = invoke("check")
    assert result.exit_code == 2
    assert "no upstreams: there is nothing to call" in result.stdout
    assert "fastproxy demo" in result.stderr


def test_check_of_a_file_that_is_not_there() -> None:
    result = invoke("check", "-c", "none.toml")
    assert result.exit_code == 2
    assert "none.toml: error: cannot be read: no such file or directory" in result.output


def test_show_prints_settings_without_secrets() -> None:
    result = invoke("config", "show", "-c", write())
    assert result.exit_code == 0
    lines = result.output.splitlines()
    assert 'server.listen = "127.0.0.1:8080"' in lines
    assert 'upstreams[0].accounts[0].key = "env:UP_KEY"' in lines
    assert "sk-test" not in result.output


def test_show_with_origin() -> None:
    result = invoke("config", "show", "--origin", "-c", write(), "--level", "debug", FASTPROXY_SERVER__PRE_STOP="5")
    origins = {line.partition(" = ")[0]: line.rpartition("# ")[2] for line in result.output.splitlines()}
    assert origins["server.listen"] == "f.toml:2"
    assert origins["server.pre_stop"] == "variable FASTPROXY_SERVER__PRE_STOP"
    assert origins["logging.level"] == "--level"
    assert origins["server.workers"] == "default"


def test_show_as_json_and_only_what_is_changed() -> None:
    whole = json.loads(invoke("config", "show", "--json", "-c", write()).output)
    assert whole["upstreams"][0]["timeouts"]["idle"] == 60
    changed = json.loads(invoke("config", "show", "--json", "--changed", "-c", write()).output)
    assert changed[0] == {"path": "server.listen", "value": "127.0.0.1:8080", "origin": "f.toml:2"}
    assert not [entry for entry in changed if entry["origin"] == "default"]


def test_show_of_a_broken_file() -> None:
    result = invoke("config", "show", "-c", write(FILE.replace("listen", "lisen")))
    assert (result.exit_code, result.stdout) == (2, "")
    assert "server.lisen" in result.stderr


def test_schema_and_presets() -> None:
    assert json.loads(invoke("config", "schema").output)["$defs"]["Upstream"]["properties"]["dialect"]["enum"]
    lines = invoke("config", "presets").output.splitlines()
    assert any(
        line.split() == ["groq", "Groq", "openai_chat", "https://api.groq.com/openai/v1", "GROQ_API_KEY"]
        for line in lines
    )
    presets = json.loads(invoke("config", "presets", "--json").output)
    assert presets["anthropic"]["keys"][1] == {"variable": "ANTHROPIC_AUTH_TOKEN", "auth": "bearer"}
