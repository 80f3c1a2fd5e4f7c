"""Where answers are kept that an upstream keeps itself, and for whom."""

from types import SimpleNamespace
from typing import Any, cast

import pytest

from fastproxy.access.keys import Caller
from fastproxy.errors import ProxyError
from fastproxy.gateway.kept import KeptAnswers, Place, renamed
from fastproxy.routing import Candidate

ONE, TWO = Caller(name="one"), Caller(name="two")
HERE = Place("up", "a")


def kept(*, entries: int = 10, is_shared: bool = False) -> KeptAnswers:
    return KeptAnswers(cast(Any, SimpleNamespace(keys=SimpleNamespace(is_shared=is_shared))), entries)


def note(
    answers: KeptAnswers, caller: Caller, id: str | None, *, status: str = "completed", is_kept: bool = True
) -> None:
    request = SimpleNamespace(model="asked")
    prepared = SimpleNamespace(is_kept_upstream=is_kept)
    outcome = SimpleNamespace(upstream_id=id, status=status)
    answers.note(caller, cast(Any, request), cast(Any, prepared), cast(Any, outcome), HERE)


def test_an_answer_is_continued_where_it_was_given() -> None:
    answers = kept(is_shared=True)
    note(answers, ONE, "resp_1")
    assert answers.place(ONE, "resp_1") == Place("up", "a", "asked")
    assert answers.place(ONE, None) is None


@pytest.mark.parametrize("is_shared", [False, True])
def test_anothers_answer_does_not_exist(is_shared: bool) -> None:
    answers = kept(is_shared=is_shared)
    note(answers, ONE, "resp_1")
    with pytest.raises(ProxyError) as caught:
        answers.place(TWO, "resp_1")
    assert caught.value.code == "previous_response_not_found"


def test_two_upstreams_may_give_one_id() -> None:
    answers = kept(is_shared=True)
    note(answers, ONE, "resp_1")
    note(answers, TWO, "resp_1")
    assert answers.place(ONE, "resp_1") == answers.place(TWO, "resp_1")


def test_what_nobody_here_has_seen_is_asked_of_the_upstream_only_when_there_is_one_client() -> None:
    assert kept().place(ONE, "resp_before_the_restart") is None
    with pytest.raises(ProxyError):
        kept(is_shared=True).place(ONE, "resp_before_the_restart")


def test_the_oldest_is_forgotten_first() -> None:
    answers = kept(entries=2, is_shared=True)
    for number in (1, 2, 1, 3):
        note(answers, ONE, f"resp_{number}")
    assert answers.place(ONE, "resp_1")
    assert answers.place(ONE, "resp_3")
    with pytest.raises(ProxyError):
        answers.place(ONE, "resp_2")


@pytest.mark.parametrize("more", [{"status": "aborted"}, {"is_kept": False}])
def test_only_what_is_complete_and_kept_is_remembered(more: dict[str, Any]) -> None:
    answers = kept(is_shared=True)
    note(answers, ONE, "resp_1", **more)
    note(answers, ONE, None)
    with pytest.raises(ProxyError):
        answers.place(ONE, "resp_1")


def test_a_place_leaves_only_its_own_candidates() -> None:
    candidates = [Candidate("other", "m"), Candidate("up", "m")]
    assert HERE.among(candidates) == candidates[1:]
    with pytest.raises(ProxyError):
        HERE.among(candidates[:1])


def test_an_answer_is_shown_under_the_name_that_its_client_knows() -> None:
    assert renamed(b'{"id":"r","model":"up","x":1.50}', "asked") == b'{"id":"r","model":"asked","x":1.50}'
    assert renamed(b'{"data": []}', "asked") == b'{"data": []}'
    with pytest.raises(ProxyError):
        renamed(b"<html>", "asked")
