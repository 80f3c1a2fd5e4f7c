"""Secrets: read from where they stand, usable in a header, never shown."""

import os
import pickle
from pathlib import Path

import msgspec
import pytest

from fastproxy.config import Secret, Source
from fastproxy.config.secrets import Resolver, SecretError

CANARY = "sk-test-canary-value"


def resolver(directory: Path, **environ: str) -> Resolver:
    return Resolver(environ, directory)


def private(path: Path, text: str, mode: int = 0o600) -> Path:
    path.write_text(text, encoding="utf-8")
    path.chmod(mode)
    return path


def test_secret_is_never_shown() -> None:
    secret = Secret(CANARY)
    shown = [repr(secret), str(secret), f"{secret}", f"{secret:>20}", repr([secret]), repr({"key": secret})]
    assert not [text for text in shown if CANARY in text]
    assert secret.reveal() == CANARY


def test_secret_is_not_serialised() -> None:
    with pytest.raises(TypeError):
        pickle.dumps(Secret(CANARY))
    with pytest.raises(TypeError):
        msgspec.json.encode(Secret(CANARY))


def test_secrets_compare_by_value_and_source() -> None:
    assert Secret("a", "env:A") == Secret("a", "env:A")
    assert Secret("a", "env:A") != Secret("b", "env:A")
    assert Secret("a", "env:A") != Secret("a", "env:B")
    assert hash(Secret("a", "env:A")) == hash(Secret("a", "env:A"))
    assert Secret("a") != "a"


def test_references(tmp_path: Path) -> None:
    private(tmp_path / "key", f"{CANARY}\n")
    found = resolver(tmp_path, KEY=f" {CANARY} ")
    assert found.resolve("env:KEY") == Secret(CANARY, "env:KEY")
    assert found.resolve("file:key") == Secret(CANARY, "file:key")
    assert found.resolve(f"file:{tmp_path}/key").reveal() == CANARY
    assert found.resolve(CANARY) == Secret(CANARY, "literal")
    assert found.resolve("sk:with:colons").reveal() == "sk:with:colons"
    assert found.files == [tmp_path / "key", tmp_path / "key"]
    assert found.warnings == []


@pytest.mark.parametrize(
    ("reference", "message"),
    [
        ("env:NONE", "NONE is not set"),
        ("env:", "name of a variable"),
        ("env:EMPTY", "EMPTY is empty"),
        ("env:LINES", "no HTTP header can carry"),
        ("file:", "a path"),
        ("file:none", "no such file"),
        ("file:empty", "is empty"),
        ("file:.", "is a directory"),
        ("file:binary", "is not text"),
        ("file:large", "not a secret"),
        ("file:writable", "can be written by everybody"),
        ("file:\0", "a path"),
        ("", "is empty"),
        ("schlüssel", "non-ASCII"),
    ],
)
def test_unusable_references(tmp_path: Path, reference: str, message: str) -> None:
    private(tmp_path / "empty", " \n")
    (tmp_path / "binary").write_bytes(b"\xff\xfe\x00")
    private(tmp_path / "large", "x" * 70_000)
    private(tmp_path / "writable", CANARY, 0o622)
    found = resolver(tmp_path, EMPTY="  ", LINES=f"{CANARY}\r\nx-evil: 1")
    with pytest.raises(SecretError, match=message) as raised:
        found.resolve(reference)
    assert CANARY not in str(raised.value)


def test_readable_by_everybody_is_a_warning(tmp_path: Path) -> None:
    private(tmp_path / "key", CANARY, 0o644)
    found = resolver(tmp_path)
    assert found.resolve("file:key").reveal() == CANARY
    assert len(found.warnings) == 1
    assert "chmod 600" in found.warnings[0]


def test_link_as_kubernetes_mounts_secrets(tmp_path: Path) -> None:
    private(tmp_path / "..data", CANARY)
    (tmp_path / "key").symlink_to(tmp_path / "..data")
    assert resolver(tmp_path).resolve("file:key").reveal() == CANARY


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs named pipes")
def test_pipe_does_not_hang(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(SecretError, match="not a regular file"):
        resolver(tmp_path).resolve("file:pipe")


LISTENER = """\
[server]
listen = "{listen}"
behind_tls = true
[[upstreams]]
name = "u"
dialect = "openai_chat"
base_url = "http://127.0.0.1:2/v1"
[[models]]
name = "*"
targets = [{{ upstream = "u" }}]
"""


def problems(directory: Path, listen: str, keys: str = "", **environ: str) -> list[tuple[str, str]]:
    path = directory / "f.toml"
    path.write_text(LISTENER.format(listen=listen) + keys, encoding="utf-8")
    return [(problem.severity, problem.message) for problem in Source(path, environ).load().problems]


def test_no_keys_on_loopback_is_a_warning_and_elsewhere_an_error(tmp_path: Path) -> None:
    for loopback in ("127.0.0.1:1", "[::1]:1", "localhost:1", "127.9.9.9:1"):
        ((severity, message),) = problems(tmp_path, loopback)
        assert (severity, "no [[keys]]" in message) == ("warning", True)
    for open_to_all in ("0.0.0.0:1", "[::]:1", "192.0.2.1:1", "example.com:1"):
        ((severity, message),) = problems(tmp_path, open_to_all)
        assert (severity, "there are no [[keys]]" in message) == ("error", True)


@pytest.mark.parametrize("weak", ["admin", "123456", "sk-1234", "changeme", "Password", "short-one"])
def test_weak_keys_are_refused_beyond_loopback(tmp_path: Path, weak: str) -> None:
    keys = '[[keys]]\nname = "k"\nkey = "env:K"\n'
    assert [severity for severity, _ in problems(tmp_path, "127.0.0.1:1", keys, K=weak)] == ["warning"]
    assert [severity for severity, _ in problems(tmp_path, "0.0.0.0:1", keys, K=weak)] == ["error"]
    assert problems(tmp_path, "0.0.0.0:1", keys, K=CANARY) == []


def test_plain_http_beyond_loopback_is_a_warning(tmp_path: Path) -> None:
    path = tmp_path / "f.toml"
    keys = '[[keys]]\nname = "k"\nkey = "env:K"\n'
    path.write_text(LISTENER.format(listen="0.0.0.0:1").replace("behind_tls = true\n", "") + keys, encoding="utf-8")
    (problem,) = Source(path, {"K": CANARY}).load().problems
    assert (problem.severity, problem.path) == ("warning", "server.listen")
    assert "behind_tls" in (problem.suggestion or "")


def test_seal_key_must_be_long(tmp_path: Path) -> None:
    ((severity, message), _) = problems(
        tmp_path, "127.0.0.1:1", '[opaque]\nkey = "env:SEAL"\n', SEAL="too-short-for-it"
    )
    assert (severity, "shorter than 32" in message) == ("error", True)
