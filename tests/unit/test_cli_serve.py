"""`fastproxy serve` up to the server: what it says, what it passes on, when it refuses."""

import os
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest
from click.testing import CliRunner, Result

from fastproxy.cli import diagnosis
from fastproxy.cli.diagnosis import Finding
from fastproxy.cli.exits import Exit
from fastproxy.cli.program import program
from fastproxy.config import Config, Source

FILE = """\
[[upstreams]]
name = "u"
dialect = "anthropic"
base_url = "http://127.0.0.1:9100"
accounts = [{ name = "a", key = "env:UP_KEY" }]
[[models]]
name = "m"
targets = [{ upstream = "u", model = "real" }]
[[keys]]
name = "dev"
key = "env:DEV_KEY"
"""
ENVIRON = {"UP_KEY": "sk-test-upstream", "DEV_KEY": "sk-test-client-key"}


@pytest.fixture
def served(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[tuple[Config, Source]]:
    """An empty machine whose server only writes down what it was called with."""
    monkeypatch.chdir(tmp_path)
    for name in list(os.environ):
        if name not in ("PATH", "HOME", "PYTHONPATH", "TMPDIR"):
            monkeypatch.delenv(name)
    calls: list[tuple[Config, Source]] = []

    def run(config: Config, source: Source) -> None:
        calls.append((config, source))

    monkeypatch.setitem(sys.modules, "fastproxy.server", SimpleNamespace(run=run))
    monkeypatch.setattr(diagnosis, "port", lambda host, number: Finding("port", "ok", f"{host}:{number} is free"))
    monkeypatch.setattr(diagnosis, "open_files", lambda _: Finding("open files", "ok", "enough"))
    return calls


def serve(*arguments: str, **environ: str) -> Result:
    return CliRunner(env=environ).invoke(program, ["serve", *arguments], prog_name="fastproxy", catch_exceptions=False)


def test_serve_with_a_file(served: list[tuple[Config, Source]], tmp_path: Path) -> None:
    (tmp_path / "f.toml").write_text(FILE, encoding="utf-8")
    result = serve("--config", "f.toml", **ENVIRON)
    assert result.exit_code == 0
    ((config, source),) = served
    assert config.upstreams[0].name == "u"
    assert (source.path, dict(source.flags)) == (Path("f.toml"), {})
    assert result.stdout == ""
    assert "Settings from f.toml." in result.stderr
    assert "Anthropic clients: http://127.0.0.1:8080 (with one of its keys)." in result.stderr
    assert ["m", "u/real", "anthropic", "1"] in [line.split() for line in result.stderr.splitlines()]
    assert "sk-test" not in result.output


def test_flags_win_and_stay_for_the_reload(served: list[tuple[Config, Source]], tmp_path: Path) -> None:
    (tmp_path / "f.toml").write_text(FILE, encoding="utf-8")
    flags = ["--listen", "127.0.0.1:9000", "--data-dir", "state", "--level", "debug"]
    assert serve("--config", "f.toml", *flags, FASTPROXY_SERVER__LISTEN="127.0.0.1:1", **ENVIRON).exit_code == 0
    ((config, source),) = served
    assert (config.server.listen, config.server.data_dir, config.logging.level) == ("127.0.0.1:9000", "state", "debug")
    assert source._replace(environ=ENVIRON).load().require() == config


def test_quiet_says_only_what_is_wrong(served: list[tuple[Config, Source]], tmp_path: Path) -> None:
    (tmp_path / "fastproxy.toml").write_text(FILE.replace("env:DEV_KEY", "sk-test-literal"), encoding="utf-8")
    result = serve("--quiet", **ENVIRON)
    assert len(served) == 1
    assert (
        result.stderr
        == 'fastproxy.toml:11:7: warning: keys[0].key: is written out in the file (write "env:NAME" or "file:PATH")\n'
    )


def test_broken_file_is_refused(served: list[tuple[Config, Source]], tmp_path: Path) -> None:
    (tmp_path / "f.toml").write_text(FILE.replace("dialect", "dialekt"), encoding="utf-8")
    result = serve("--config", "f.toml", **ENVIRON)
    assert (result.exit_code, served) == (2, [])
    assert 'f.toml:3:1: error: upstreams[0].dialekt: no such setting (did you mean "dialect"?)' in result.stderr


def test_variables_alone_are_enough_and_explained(served: list[tuple[Config, Source]]) -> None:
    result = serve(OPENAI_API_KEY="sk-test-openai", ANTHROPIC_API_KEY="sk-test-anthropic")
    assert result.exit_code == 0
    assert [upstream.name for upstream in served[0][0].upstreams] == ["openai", "anthropic"]
    assert "openai: OpenAI at https://api.openai.com/v1, key from OPENAI_API_KEY." in result.stderr
    assert "Models claude-* go to anthropic." in result.stderr
    assert "no key needed" in result.stderr


def test_empty_machine_is_told_what_is_missing_and_how_to_try(served: list[tuple[Config, Source]]) -> None:
    result = serve()
    assert (result.exit_code, served) == (2, [])
    assert "fastproxy demo" in result.stderr
    assert "export OPENAI_API_KEY" in result.stderr
    assert "[[upstreams]]" in result.stderr


def test_the_file_that_an_empty_machine_is_shown_works(served: list[tuple[Config, Source]], tmp_path: Path) -> None:
    lines = serve().stderr.splitlines()
    start = next(number for number, line in enumerate(lines) if "cat > fastproxy.toml" in line)
    end = next(number for number, line in enumerate(lines) if line.strip() == "END")
    (tmp_path / "fastproxy.toml").write_text("\n".join(line[4:] for line in lines[start + 1 : end]), encoding="utf-8")
    assert serve().exit_code == 0
    assert served[0][0].upstreams[0].base_url == "http://127.0.0.1:11434/v1"


def test_listening_to_everybody_without_keys_is_refused(served: list[tuple[Config, Source]]) -> None:
    result = serve("--listen", "0.0.0.0:8080", OPENAI_API_KEY="sk-test-openai")
    assert (result.exit_code, served) == (2, [])
    assert "there are no [[keys]]" in result.stderr
    assert "fastproxy keys new" in result.stderr


def test_taken_port_ends_before_the_server(
    served: list[tuple[Config, Source]], monkeypatch: pytest.MonkeyPatch
) -> None:
    taken = Finding("port", "error", "127.0.0.1:8080 is in use", "stop what listens there")
    monkeypatch.setattr(diagnosis, "port", lambda *_: taken)
    result = serve(OPENAI_API_KEY="sk-test-openai")
    assert (result.exit_code, served) == (1, [])
    assert "error: port: 127.0.0.1:8080 is in use (stop what listens there)" in result.stderr


@pytest.mark.skipif(os.name != "posix", reason="modes are those of POSIX")
def test_data_directory_that_others_may_write_to_is_refused(
    served: list[tuple[Config, Source]], tmp_path: Path
) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "data").chmod(0o777)
    result = serve(OPENAI_API_KEY="sk-test-openai")
    assert (result.exit_code, served) == (Exit.DENIED, [])
    assert "error: data directory: data can be written to by others (chmod 700 data)" in result.stderr
