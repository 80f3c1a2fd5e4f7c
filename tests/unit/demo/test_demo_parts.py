"""The pieces of the simulation that stand alone: pictures, schemas, seals, the language of model names, composition."""

import base64
import struct
import zlib
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fastproxy.demo import draft, reference, schema, seal
from fastproxy.demo.ask import Ask, Choice, Mode, Tool
from fastproxy.demo.compose import compose
from fastproxy.demo.errors import Refused
from fastproxy.demo.ids import Ids
from fastproxy.demo.media import Picture, is_pdf, picture
from fastproxy.demo.script import Group
from fastproxy.demo.service import Service, vocabulary
from fastproxy.demo.story import Call, Finish, Pieces, Reasoning, Story, Text, Usage, cut, cut_arguments

VOCABULARY = vocabulary()
JPEG_HEAD = b"\xff\xd8\xff\xe0" + struct.pack(">H", 16) + b"JFIF\0" + bytes(9)
JPEG_FRAME = b"\xff\xc0" + struct.pack(">HBHH", 17, 8, 480, 640)


def chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


PNG = b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", 640, 480, 8, 2, 0, 0, 0))


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (PNG, Picture("image/png", 640, 480)),
        (b"GIF87a" + struct.pack("<HH", 640, 480), Picture("image/gif", 640, 480)),
        (JPEG_HEAD + JPEG_FRAME, Picture("image/jpeg", 640, 480)),
        (b"RIFF\0\0\0\0WEBPVP8X" + bytes(8) + b"\x7f\x02\0\xdf\x01\0", Picture("image/webp", 640, 480)),
        (b"RIFF\0\0\0\0WEBPVP8L" + bytes(5) + struct.pack("<I", 639 | 479 << 14), Picture("image/webp", 640, 480)),
        (
            b"RIFF\0\0\0\0WEBPVP8 " + bytes(7) + b"\x9d\x01\x2a" + struct.pack("<HH", 640, 480),
            Picture("image/webp", 640, 480),
        ),
        (b"BM" + bytes(50), None),
        (b"", None),
    ],
)
def test_pictures_are_read_from_their_bytes(data: bytes, expected: Picture | None) -> None:
    assert picture(data) == expected
    for end in range(len(data)):
        cut_off = picture(data[:end])
        assert cut_off is None or cut_off == expected


@given(st.binary(max_size=64))
def test_no_bytes_break_the_picture_reader(data: bytes) -> None:
    for start in (b"", b"\xff\xd8", b"RIFF\0\0\0\0WEBPVP8X", b"\x89PNG\r\n\x1a\n"):
        found = picture(start + data)
        assert found is None or found.media_type.startswith("image/")


def test_pdf_header_may_come_a_little_late() -> None:
    assert is_pdf(b"\n\n%PDF-1.7")
    assert not is_pdf(bytes(2000) + b"%PDF-1.7")


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ({"type": "object", "properties": {"city": {"type": "string"}}}, {"city": "Lisbon"}),
        ({"type": ["null", "integer"], "minimum": 5}, 5),
        ({"type": "integer", "exclusiveMinimum": 5, "maximum": 6}, 6),
        ({"type": "number", "maximum": 0.5}, 0.5),
        ({"type": "integer", "multipleOf": 4}, 4),
        ({"enum": ["b", "a"]}, "b"),
        ({"const": None}, None),
        ({"default": 7, "type": "integer"}, 7),
        ({"type": "string", "format": "date"}, "2026-01-31"),
        ({"type": "string", "minLength": 6}, "textxx"),
        ({"type": "string", "maxLength": 2}, "te"),
        ({"type": "array", "items": {"type": "boolean"}, "minItems": 2}, [True, True]),
        ({"type": "array", "prefixItems": [{"const": 1}, {"const": 2}]}, [1, 2]),
        ({"anyOf": [{"type": "null"}, {"type": "boolean"}]}, True),
        ({"allOf": [{"properties": {"a": {"const": 1}}}, {"properties": {"b": {"const": 2}}}]}, {"a": 1, "b": 2}),
        ({"$ref": "#/$defs/x", "$defs": {"x": {"const": 3}}}, 3),
        ({"$ref": "#/nowhere"}, "text"),
        (True, "text"),
    ],
)
def test_examples_satisfy_their_schemas(value: Any, expected: Any) -> None:
    assert schema.example(value) == expected


def test_recursive_schemas_end() -> None:
    node = {
        "type": "object",
        "properties": {"next": {"$ref": "#"}, "all": {"type": "array", "items": {"$ref": "#"}}},
        "required": ["next"],
    }
    found = schema.example(node)
    assert set(found) == {"next", "all"}
    assert schema.example({"$ref": "#"}) == "text"


@pytest.mark.parametrize(
    ("value", "is_good"),
    [
        ({"type": "object", "properties": {"title": {}, "items": {"type": "string"}}}, True),
        ({"properties": {"required": {"type": "array", "items": True}}}, True),
        (5, False),
        ({"type": []}, True),
        ({"type": 5}, False),
        ({"required": "a"}, False),
        ({"allOf": []}, False),
        ({"properties": []}, False),
        ({"enum": "a"}, False),
        ({"minLength": 1.5}, False),
        ({"maximum": True}, False),
        ({"pattern": 5}, False),
        ({"not": {"items": []}}, False),
    ],
)
def test_draft_2020_12_at_a_glance(value: Any, is_good: bool) -> None:
    assert (draft.problem(value) is None) is is_good


@given(st.text(st.characters(codec=None)), st.text(min_size=1))
def test_seals_hold_for_their_own_text_only(thinking: str, more: str) -> None:
    signature = seal.sign(thinking)
    assert seal.is_signature_of(signature, thinking)
    assert seal.is_signature(signature)
    assert not seal.is_signature_of(signature, thinking + more)
    assert not seal.is_signature_of(more, thinking)
    assert seal.is_redacted(seal.redact(thinking))
    assert not seal.is_redacted(signature)


def test_a_changed_seal_is_told_apart() -> None:
    blob = bytearray(base64.b64decode(seal.redact("secret")))
    assert b"s\0e\0c" not in blob
    blob[-1] ^= 1
    assert not seal.is_redacted(base64.b64encode(blob).decode())
    assert not seal.is_redacted("not base64!")
    assert not seal.is_signature("bm90aGluZw==")


def test_ids_repeat_with_their_seed() -> None:
    one, other = Ids(b"a"), Ids(b"a")
    made = [one.make("x_", 24) for _ in range(50)]
    assert made == [other.make("x_", 24) for _ in range(50)]
    assert len(set(made)) == 50
    assert Ids(b"b").make("x_", 24) not in made


@given(st.text(), st.sampled_from(Pieces))
def test_pieces_join_to_the_text(text: str, pieces: Pieces) -> None:
    joined = "".join(cut(text, pieces))
    assert joined.encode("utf-16", "surrogatepass").decode("utf-16", "surrogatepass") == text
    assert "".join(cut_arguments(text, pieces)) == text


def test_every_word_has_a_form_that_the_vocabulary_reads() -> None:
    for word in VOCABULARY.words:
        name = word.name.replace("[-<", "-<").replace("]", "").replace("*", "x")
        for number in ("<n>", "<ms>", "<words>", "<status>", "<s>", "<kb>", "<mb>"):
            name = name.replace(number, "429")
        plan = VOCABULARY.plan(name)
        assert plan != type(plan)(name=name), name
        assert word.about.endswith((".", ")")), name


@pytest.mark.parametrize(
    "name", ["", "nothing", "echo+", "echo+nothing", "long", "long-x", "echo echo", "error-", "gpt", "tools--2"]
)
def test_unknown_names_are_models_that_do_not_exist(name: str) -> None:
    with pytest.raises(Refused):
        VOCABULARY.plan(name)


def test_words_combine_in_any_order() -> None:
    one, other = VOCABULARY.plan("gpt-x+tools-3+cut-rst-5+crlf"), VOCABULARY.plan("cut-rst-5+crlf+tools-3+gpt-x")
    assert one.delivery == other.delivery
    assert (
        (one.script, one.numbers, one.family)
        == (other.script, other.numbers, other.family)
        == ("tools[-<n>]", (3,), "gpt")
    )
    assert VOCABULARY.plan("long-5-20").delivery.pace_ms == 20
    assert VOCABULARY.plan("host-openrouter").quirks == ("role-repeats", "finish-twice", "reasoning-field")
    healed = VOCABULARY.plan("echo+silent+delay-50+times-1").healed()
    assert not healed.is_faulty


def test_the_last_direction_in_the_conversation_counts() -> None:
    plan = VOCABULARY.plan("gpt-x")
    said = ["script:empty", "please script:long-5+gzip.", "thanks"]
    directed = VOCABULARY.directed(plan, said)
    assert (directed.script, directed.delivery.coding, directed.family) == ("long-<words>[-<ms>]", "gzip", "gpt")
    assert VOCABULARY.directed(plan, ["no direction"]) == plan


def told(model: str, **fields: Any) -> Any:
    return compose(Ask(model=model, said=("hello there",), prompt="hello there", **fields), VOCABULARY.plan(model))


def test_calls_that_the_user_spells_out_are_made_at_once() -> None:
    said = ('around it\ncall f {"a": 1}', "call g__h {}\ncall f not json\nnor call f {}")
    made = compose(Ask(model="as-told", said=said, prompt="", tools=(Tool(name="f"),)), VOCABULARY.plan("as-told"))
    calls = [part for part in made.parts if isinstance(part, Call)]
    assert [(call.name, call.arguments) for call in calls] == [("f", '{"a": 1}'), ("g__h", "{}")]


def test_limits_cut_thinking_first_and_leave_no_half_call() -> None:
    tool = Tool(name="f", schema={"type": "object", "properties": {"city": {}}})
    cut_off = told("tools+thinking", tools=(tool,), max_tokens=3)
    assert [type(part) for part in cut_off.parts] == [Reasoning]
    assert (cut_off.finish, cut_off.usage.reasoning, cut_off.usage.visible) == (Finish.LENGTH, 3, 1)
    short = told("preamble", tools=(tool,), max_tokens=6)
    assert [type(part) for part in short.parts] == [Text]
    full = told("preamble", tools=(tool,), max_tokens=60)
    assert [type(part) for part in full.parts] == [Text, Call]
    assert (full.finish, full.text) == (Finish.TOOLS, "Let me look that up. ")


def test_a_stop_at_the_very_start_leaves_nothing() -> None:
    stopped = told("echo", stops=("there", "hello"))
    assert (stopped.parts, stopped.stop, stopped.finish) == ((), "hello", Finish.STOP)


def test_demands_of_the_request_overrule_a_plain_script() -> None:
    tool = Tool(name="f")
    assert told("echo", tools=(tool,), choice=Choice(mode=Mode.REQUIRED)).calls[0].name == "f"
    assert told("echo", json_mode=True).text == '{"echo":"hello there"}'
    assert told("refusal", json_mode=True).finish is Finish.REFUSAL
    assert told("tools").text == "No tool is on offer."


def test_the_reference_page_is_up_to_date_and_complete() -> None:
    page = (Path(__file__).parents[3] / "docs" / "reference" / "demo.md").read_text()
    assert page == reference.reference().rstrip() + "\n"
    assert all(f"| `{word.name}` |" in page for word in VOCABULARY.words)
    assert all(f"## {group.value}\n" in page for group in Group)


def test_a_told_story_is_told_to_the_letter_and_no_other_exists() -> None:
    service = Service(b"seed")
    story = Story(parts=(Text("as it is"),), usage=Usage(fresh=3, visible=2))
    ask = Ask(model=service.told.add(story), max_tokens=1, reasoning=True)
    assert compose(ask, service.vocabulary.plan(ask.model)) is story
    with pytest.raises(Refused):
        compose(ask, service.vocabulary.plan("story-2"))
    assert "story-20" not in service.vocabulary.model_names()
