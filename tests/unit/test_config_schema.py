"""The JSON Schema for editors, and the reference page."""

import re
import tomllib
from pathlib import Path
from typing import Any

import msgspec
import pytest
from jsonschema import Draft202012Validator

from fastproxy.config import Config, document
from fastproxy.config.schema import schema

CONTRACT = """
[server]
listen = "127.0.0.1:8080"
drain_timeout = "2m"
[limits]
body_bytes = "64MiB"
event_bytes = 65536
[[upstreams]]
name = "local-chat"
dialect = "openai_chat"
base_url = "http://127.0.0.1:9100/v1"
accounts = [{ name = "a", key = "env:UP_KEY", max_in_flight = 8 }]
timeouts = { connect = 5, first_byte = 120, idle = 60, total = 600 }
[[upstreams]]
name = "other"
preset = "openai"
[[models]]
name = "chat-1"
targets = [{ upstream = "local-chat", model = "gpt-x", weight = 1 }]
[[keys]]
name = "dev"
key = "env:DEV_KEY"
"""


def complaints(text: str) -> list[str]:
    return [error.json_path for error in Draft202012Validator(schema()).iter_errors(tomllib.loads(text))]


def test_schema_is_a_schema_and_takes_the_contract() -> None:
    Draft202012Validator.check_schema(schema())
    assert complaints(CONTRACT) == []


@pytest.mark.parametrize(
    ("old", "new", "path"),
    [
        ("listen", "lisen", "$.server"),
        ('"2m"', '"2 moons"', "$.server.drain_timeout"),
        ('"64MiB"', '"64 lots"', "$.limits.body_bytes"),
        ('"openai_chat"', '"openai"', "$.upstreams[0].dialect"),
        ('preset = "openai"', 'preset = "nobody"', "$.upstreams[1].preset"),
        ('preset = "openai"', 'preset = "azure-openai"', "$.upstreams[1]"),
        ('preset = "openai"', "", "$.upstreams[1]"),
        ("weight = 1", "weight = 0", "$.models[0].targets[0].weight"),
        ('key = "env:DEV_KEY"', "", "$.keys[0]"),
    ],
)
def test_schema_refuses_what_the_check_refuses(old: str, new: str, path: str) -> None:
    assert old in CONTRACT
    assert path in complaints(CONTRACT.replace(old, new, 1))


def test_every_setting_of_the_schema_is_described() -> None:
    def undescribed(node: dict[str, Any], name: str) -> list[str]:
        found = []
        for key, entry in node.get("properties", {}).items():
            if "description" not in entry and "$ref" not in entry and entry.get("items", {}).get("$ref") is None:
                found.append(f"{name}.{key}")
        return found

    whole = schema()
    assert [path for name, node in whole["$defs"].items() for path in undescribed(node, name)] == []


def test_page_names_every_setting() -> None:
    page = document.markdown()
    for field in msgspec.structs.fields(Config):
        assert re.search(rf"^## `\[+{field.name}\]+`$", page, re.MULTILINE)
    for setting in ("listen", "first_byte", "max_in_flight", "replay_reasoning", "ledger_ttl", "fallbacks"):
        assert f"| `{setting}`" in page
    assert "| `idle` | duration | `1m` |" in page
    assert "| `body_bytes` | size | `64MiB` |" in page


def test_page_in_the_repository_is_up_to_date(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    committed = Path(__file__).parents[2] / document.PAGE
    assert document.main(["--check", str(committed)]) == 0
    target = tmp_path / "docs" / "settings.md"
    assert document.main(["--check", str(target)]) == 1
    assert "out of date" in capsys.readouterr().err
    assert document.main([str(target)]) == 0
    assert document.main(["--check", str(target)]) == 0
