"""Lines and columns of settings in a TOML file."""

import json
import tomllib
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fastproxy.config.positions import Positions

DOCUMENT = '''\
top = 1   # comment = "no"
"quoted key".'other' = 2
[server] # [not.a.table]
listen = "with # and [ and \\" and ]"
long = """
first = 1
"two"" """
raw = \'\'\'
x = [
\'\'\'
[[upstreams]]
name = 'a'
list = [ # one
  1, [2, 3],
  { x = 1, "y" = { z = "}" } }, # two
]
[upstreams.timeouts]
idle = 1
[[upstreams.accounts]]
name = "in a"
[[upstreams]]
a.b.c = 5
[[upstreams.accounts]]
name = "in b"
[[upstreams.accounts]]
when = 1979-05-27 07:32:00
'''


@pytest.mark.parametrize(
    ("path", "key", "value"),
    [
        (("top",), (1, 1), (1, 7)),
        (("quoted key", "other"), (2, 1), (2, 24)),
        (("server",), (3, 1), (3, 1)),
        (("server", "listen"), (4, 1), (4, 10)),
        (("server", "long"), (5, 1), (5, 8)),
        (("server", "raw"), (8, 1), (8, 7)),
        (("upstreams", 0, "name"), (12, 1), (12, 8)),
        (("upstreams", 0, "list", 1, 1), (14, 10), (14, 10)),
        (("upstreams", 0, "list", 2, "x"), (15, 5), (15, 9)),
        (("upstreams", 0, "list", 2, "y", "z"), (15, 20), (15, 24)),
        (("upstreams", 0, "timeouts", "idle"), (18, 1), (18, 8)),
        (("upstreams", 0, "accounts", 0, "name"), (20, 1), (20, 8)),
        (("upstreams", 1), (21, 1), (21, 1)),
        (("upstreams", 1, "a", "b", "c"), (22, 1), (22, 9)),
        (("upstreams", 1, "accounts", 0, "name"), (24, 1), (24, 8)),
        (("upstreams", 1, "accounts", 1, "when"), (26, 1), (26, 8)),
    ],
)
def test_positions(path: tuple[str | int, ...], key: tuple[int, int], value: tuple[int, int]) -> None:
    tomllib.loads(DOCUMENT)
    for text in (DOCUMENT, DOCUMENT.replace("\n", "\r\n")):
        positions = Positions(text)
        assert (positions.key(path), positions.value(path)) == (key, value)


def test_what_is_not_there_has_no_position() -> None:
    positions = Positions(DOCUMENT)
    assert positions.key(("none",)) is None
    assert positions.value(("server", "none")) is None


@given(st.text(max_size=200))
def test_any_text_ends_the_scan_quietly(text: str) -> None:
    assert isinstance(Positions(text).marks, dict)


def dump(value: Any) -> str:
    """A value as inline TOML; JSON's strings are TOML's."""
    if isinstance(value, dict):
        return "{" + ", ".join(f"{json.dumps(key)} = {dump(member)}" for key, member in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(dump, value)) + "]"
    return json.dumps(value)


def paths(value: Any, path: tuple[str | int, ...] = ()) -> list[tuple[str | int, ...]]:
    members = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [deeper for key, member in members for deeper in [(*path, key), *paths(member, (*path, key))]]


keys = st.text(st.characters(min_codepoint=0x20, max_codepoint=0x7E), max_size=6)
leaves = (
    st.booleans() | st.integers(-99, 99) | st.text(st.characters(min_codepoint=0x20, max_codepoint=0x7E), max_size=8)
)
documents = st.dictionaries(
    keys, st.recursive(leaves, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(keys, inner, max_size=3))
)


@given(documents)
def test_every_setting_of_a_document_has_its_line(document: dict[str, Any]) -> None:
    text = "".join(f"{json.dumps(key)} = {dump(value)}\n" for key, value in document.items())
    assert tomllib.loads(text) == document
    positions = Positions(text)
    assert set(positions.marks) == set(paths(document))
    lines = text.split("\n")
    for number, (key, value) in enumerate(document.items(), start=1):
        place = positions.value((key,))
        assert place is not None
        assert place[0] == number
        assert lines[place[0] - 1][place[1] - 1 :] == dump(value)
