"""The program around its commands: help, unknown commands, exit codes, and the small commands."""

import json
import os
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import click
import pytest
from click.testing import CliRunner, Result

from fastproxy import __version__
from fastproxy.cli import main
from fastproxy.cli.program import program
from fastproxy.config import ConfigError, Problem


@pytest.fixture(autouse=True)
def no_colour(monkeypatch: pytest.MonkeyPatch) -> None:
    """Some CI forces colour upon everything."""
    monkeypatch.delenv("FORCE_COLOR", raising=False)


def invoke(*arguments: str) -> Result:
    return CliRunner().invoke(program, arguments, prog_name="fastproxy", catch_exceptions=False)


def commands(
    group: click.Group = program, path: tuple[str, ...] = ()
) -> Iterator[tuple[tuple[str, ...], click.Command]]:
    for name, command in group.commands.items():
        if isinstance(command, click.Group):
            yield from commands(command, (*path, name))
        else:
            yield (*path, name), command


COMMANDS = dict(commands())


def test_commands() -> None:
    assert {" ".join(path) for path in COMMANDS} == {
        "serve", "check", "config show", "config schema", "config presets", "doctor", "explain", "demo", "keys new", "version", "completion",
        "keys create", "keys list", "keys change", "keys rotate", "keys revoke", "usage show", "usage export",
        "db upgrade", "db backup", "db restore", "db export", "db import", "db rotate",
    }  # fmt: skip


@pytest.mark.parametrize("path", COMMANDS, ids=" ".join)
def test_every_command_has_help_with_an_example(path: tuple[str, ...]) -> None:
    long, short = invoke(*path, "--help"), invoke(*path, "-h")
    assert (long.exit_code, long.output) == (0, short.output)
    assert "Example" in long.output
    assert f"fastproxy {' '.join(path)}" in long.output


@pytest.mark.parametrize("path", COMMANDS, ids=" ".join)
def test_every_option_names_its_variable_and_has_help(path: tuple[str, ...]) -> None:
    text = " ".join(invoke(*path, "--help").output.split())
    for option in COMMANDS[path].params:
        if isinstance(option, click.Option):
            after = text.partition(f" {option.opts[0]} ")[2] or text.partition(f" {option.opts[0]}, ")[2]
            assert option.help
            assert re.search(r"\[env var: FASTPROXY_[A-Z_]+", after), option.opts


def test_unknown_command_and_option_say_what_was_meant() -> None:
    unknown = invoke("srve")
    assert (unknown.exit_code, "Did you mean 'serve'?" in unknown.output) == (2, True)
    option = invoke("serve", "--confg", "x")
    assert (option.exit_code, "--config" in option.output) == (2, True)
    assert invoke("config", "shw").exit_code == 2


def test_no_command_prints_help() -> None:
    assert "Commands:" in invoke().output


def test_version() -> None:
    assert invoke("version").output == f"fastproxy {__version__}\n"
    told = json.loads(invoke("version", "--json").output)
    assert told["fastproxy"] == __version__
    assert told["dependencies"]["msgspec"]


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion(shell: str) -> None:
    result = invoke("completion", shell)
    assert result.exit_code == 0
    assert "_FASTPROXY_COMPLETE" in result.output
    assert invoke("completion", "tcsh").exit_code == 2


def test_new_key_and_its_configuration() -> None:
    told = json.loads(invoke("keys", "new", "--name", 'my "laptop"', "--json").output)
    assert re.fullmatch(r"sk-fp-[A-Za-z0-9_-]{43}", told["key"])
    assert told["variable"] == "FASTPROXY_KEY_MY_LAPTOP"
    assert tomllib.loads(told["toml"]) == {"keys": [{"name": 'my "laptop"', "key": "env:FASTPROXY_KEY_MY_LAPTOP"}]}


def test_new_key_for_people_and_for_scripts() -> None:
    text = invoke("keys", "new").output
    key = text.splitlines()[0]
    assert f"export FASTPROXY_KEY_DEV={key}" in text
    assert 'key = "env:FASTPROXY_KEY_DEV"' in text
    quiet = invoke("keys", "new", "--quiet").output
    assert re.fullmatch(r"sk-fp-\S+\n", quiet)
    assert quiet.strip() != key
    assert invoke("keys", "new", "--name", "a\nb").exit_code == 2


def test_demo_passes_its_option_and_exit_code_on(monkeypatch: pytest.MonkeyPatch) -> None:
    calls: list[dict[str, Any]] = []

    def run(**given: Any) -> int:
        calls.append(given)
        return len(calls) - 1

    monkeypatch.setitem(sys.modules, "fastproxy.demo", SimpleNamespace(run=run))
    assert invoke("demo").exit_code == 0
    assert invoke("demo", "--keep").exit_code == 1
    assert calls == [{"keep": False}, {"keep": True}]


@pytest.mark.parametrize(
    ("raised", "code", "text"),
    [
        (KeyboardInterrupt(), 130, ""),
        (PermissionError(13, "Permission denied", "/data"), 4, "error: /data: Permission denied"),
        (OSError(98, "Address already in use"), 1, "error: Address already in use"),
        (ConfigError([Problem(severity="error", path="a.b", message="wrong")]), 2, "error: a.b: wrong"),
    ],
)
def test_exit_codes(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], raised: BaseException, code: int, text: str
) -> None:
    def run(**_: Any) -> int:
        raise raised

    monkeypatch.setitem(sys.modules, "fastproxy.demo", SimpleNamespace(run=run))
    with pytest.raises(SystemExit) as ended:
        main(["demo"])
    assert ended.value.code == code
    assert text in capsys.readouterr().err


def test_main_ends_with_the_code_of_its_command(capsys: pytest.CaptureFixture[str]) -> None:
    for arguments, code in ((["version"], 0), (["nonsense"], 2), (["--help"], 0), (["serve", "--nonsense"], 2)):
        with pytest.raises(SystemExit) as ended:
            main(arguments)
        assert ended.value.code == code
    assert "No such command 'nonsense'" in capsys.readouterr().err


def test_reader_that_goes_away_gets_no_traceback() -> None:
    environ = os.environ | {"PYTHONPATH": str(Path(__file__).parents[2] / "python")}
    schema = subprocess.Popen(
        [sys.executable, "-m", "fastproxy", "config", "schema"],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environ, text=True,
    )  # fmt: skip
    assert schema.stdout is not None
    assert schema.stderr is not None
    schema.stdout.close()
    with schema.stderr as stderr:
        assert stderr.read() == ""
    assert schema.wait(timeout=30) == 1
