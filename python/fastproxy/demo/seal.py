"""Opaque reasoning state of the simulated services: issued with an answer, demanded back unchanged on the next turn.

A signature authenticates the thinking text it belongs to, so an invented one, another vendor's, or a text that was
re-serialised on its way is told apart from a true one, as the real service does.
"""

import base64
import binascii
import hashlib
import hmac

# A constant, not a secret: it lets one simulation accept what another one issued, as two machines of a real service do.
KEY = b"fastproxy simulated upstream"
VERSION = b"\x12\x02sim"
MAC_SIZE = hashlib.sha256().digest_size


def _mac(kind: bytes, content: bytes) -> bytes:
    return hmac.digest(KEY, kind + b"\0" + content, "sha256")


def _content(thinking: str) -> bytes:
    """UTF-16 makes a character and the same one as two surrogate escapes equal, as they are to a JSON reader."""
    return thinking.encode("utf-16-le", "surrogatepass")


def sign(thinking: str) -> str:
    """The signature of a thinking block; its length grows with the text, as real ones do."""
    content = _content(thinking)
    filler = hashlib.shake_256(content).digest(64 + len(content) // 4)
    return base64.b64encode(VERSION + _mac(b"thinking", content + filler) + filler).decode()


def is_signature_of(signature: str, thinking: str) -> bool:
    return hmac.compare_digest(signature.encode(errors="surrogatepass"), sign(thinking).encode())


def is_signature(signature: str) -> bool:
    """Was this issued by us at all? Enough where the text was withheld (`display: omitted`)."""
    blob = _decoded(signature)
    return blob is not None and blob.startswith(VERSION) and len(blob) >= len(VERSION) + MAC_SIZE + 64


def redact(thinking: str) -> str:
    """The data of a redacted thinking block: authenticated, and unreadable without our key."""
    return conceal("redacted", thinking)


def is_redacted(data: str) -> bool:
    return reveal("redacted", data) is not None


def conceal(issuer: str, text: str) -> str:
    """Opaque state as one service issues it; no other one takes it."""
    content = _content(text)
    hidden = _masked(content)
    return base64.b64encode(VERSION + _mac(issuer.encode(), hidden) + hidden).decode()


def reveal(issuer: str, data: str) -> str | None:
    """What was concealed; None when this issuer did not do it, or a bit was changed on the way."""
    blob = _decoded(data)
    if blob is None or not blob.startswith(VERSION):
        return None
    mac, hidden = blob[len(VERSION) : len(VERSION) + MAC_SIZE], blob[len(VERSION) + MAC_SIZE :]
    if not hmac.compare_digest(mac, _mac(issuer.encode(), hidden)):
        return None
    return _masked(hidden).decode("utf-16-le", "surrogatepass")


def _masked(content: bytes) -> bytes:
    mask = hashlib.shake_256(KEY).digest(len(content))
    return bytes(a ^ b for a, b in zip(content, mask, strict=True))


def _decoded(text: str) -> bytes | None:
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return None
