"""Media as OpenAI takes them: base64, data URLs, and pictures that must be what they say."""

import base64
import binascii
import re

from fastproxy.demo.ask import Media
from fastproxy.demo.checked import Node
from fastproxy.demo.media import picture

DATA_URL = re.compile(r"data:([\w.+-]+/[\w.+-]+)?((?:;[\w=.+-]+)*?)(;base64)?,(.*)", re.DOTALL)
PICTURES = ("image/png", "image/jpeg", "image/gif", "image/webp")


def image(url: Node) -> Media:
    """A picture behind a URL, or in one."""
    if url.text().startswith(("http://", "https://")):
        return Media(kind="image", reference=url.value)
    media_type, data = data_url(url)
    if picture(data) is None or media_type not in PICTURES:
        url.refuse("unsupported image; expected one of png, jpeg, gif, webp", code="invalid_image_format")
    return Media(kind="image", media_type=media_type, data=data)


def audio(sound: Node) -> Media:
    """`input_audio`, the same in both dialects."""
    kind = sound.object({"data", "format"}).need("format").one_of("wav", "mp3")
    data = sound.need("data")
    return Media(kind="audio", media_type=f"audio/{kind}", data=from_base64(data, data.text()))


def data_url(node: Node) -> tuple[str, bytes]:
    match = DATA_URL.fullmatch(node.text())
    if match is None or match[3] is None:
        node.refuse("expected a base64 data URL or an http(s) URL", code="invalid_base64")
    return match[1] or "text/plain", from_base64(node, match[4])


def from_base64(node: Node, text: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        node.refuse("not valid base64", code="invalid_base64")
