"""Where a body names its model."""

import json

import pytest

from fastproxy.errors import ProxyError
from fastproxy.gateway.named_model import in_json, in_multipart

FORM = "multipart/form-data; boundary=xyz"


def form(*parts: tuple[str, bytes]) -> bytes:
    pieces = [
        b"--xyz\r\ncontent-disposition: form-data; %s\r\n\r\n%s\r\n" % (head.encode(), value) for head, value in parts
    ]
    return b"".join([*pieces, b"--xyz--\r\n"])


def test_a_document_names_its_model_at_the_top() -> None:
    body = {"nested": {"model": "x"}, "model": "x", "prompt": 'the "model": "x"'}
    named = in_json(json.dumps(body).encode())
    assert named is not None
    assert json.loads(named.renamed('y"')) == {**body, "model": 'y"'}


@pytest.mark.parametrize("body", [b"", b"{}", b'{"model":null}', b'{"model":""}', b'{"nested":{"model":"x"}}'])
def test_a_document_may_name_none(body: bytes) -> None:
    assert in_json(body) is None


@pytest.mark.parametrize("body", [b"[]", b"{", b'{"model":5}', b"\xff", b'{"model":"%s"}' % (b"x" * 600)])
def test_what_is_no_request_is_refused(body: bytes) -> None:
    with pytest.raises(ProxyError) as caught:
        in_json(body)
    assert caught.value.kind == "bad_request"


@pytest.mark.parametrize("name", ['name="model"', "name=model", 'name="model"; charset=utf-8'])
def test_a_form_names_its_model_in_a_field(name: str) -> None:
    body = form(('name="file"; filename="model"', b'name="model"\r\n\r\nnot this'), (name, "größe".encode()))
    named = in_multipart(body, 'Multipart/form-data; charset=utf-8; boundary="xyz"')
    assert named is not None
    assert named.model == "größe"
    assert named.renamed("y") == body.replace("größe".encode(), b"y")


def test_a_form_may_name_it_too_late() -> None:
    body = form(('name="file"; filename="a"', b"x" * 100), ('name="model"', b"m"))
    for cut in range(len(body)):
        named = in_multipart(body[:cut], FORM)
        assert named is None or named.model == "m"
    assert in_multipart(body[: body.index(b'"model"')], FORM) is None


@pytest.mark.parametrize("media_type", ["", "text/plain", "multipart/form-data", "multipart/mixed; boundary=xyz"])
def test_what_is_no_form_names_none(media_type: str) -> None:
    assert in_multipart(form(('name="model"', b"m")), media_type) is None


def test_a_name_that_is_no_text_is_refused() -> None:
    with pytest.raises(ProxyError):
        in_multipart(form(('name="model"', b"\xff\xfe")), FORM)
