"""What kind of picture or document some bytes are, and how large: read from the bytes, never from the label."""

import struct

import msgspec

JPEG_FRAMES = frozenset(range(0xC0, 0xD0)) - {
    0xC4,
    0xC8,
    0xCC,
}  # SOF markers; the other three are tables and arithmetic
JPEG_BARE = frozenset({0x01, *range(0xD0, 0xDA)})  # markers without a length
VP8_START = b"\x9d\x01\x2a"


class Picture(msgspec.Struct, frozen=True):
    media_type: str
    width: int
    height: int


def picture(data: bytes) -> Picture | None:
    """The picture in `data`, or None when it is none of PNG, JPEG, GIF and WebP, or is cut off before its size."""
    try:
        if data.startswith(b"\x89PNG\r\n\x1a\n") and data[12:16] == b"IHDR":
            return Picture("image/png", *struct.unpack_from(">II", data, 16))
        if data[:6] in (b"GIF87a", b"GIF89a"):
            return Picture("image/gif", *struct.unpack_from("<HH", data, 6))
        if data.startswith(b"\xff\xd8"):
            return _jpeg(data)
        if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
            return _webp(data)
    except (struct.error, IndexError):
        return None
    return None


def _jpeg(data: bytes) -> Picture | None:
    at = 2
    while data[at] == 0xFF:
        marker = data[at + 1]
        if marker in JPEG_BARE:
            at += 2
            continue
        if marker in JPEG_FRAMES:
            height, width = struct.unpack_from(">HH", data, at + 5)
            return Picture("image/jpeg", width, height)
        at += 2 + struct.unpack_from(">H", data, at + 2)[0]
    return None


def _webp(data: bytes) -> Picture | None:
    kind = data[12:16]
    if kind == b"VP8X":
        return Picture("image/webp", _24_bits(data, 24) + 1, _24_bits(data, 27) + 1)
    if kind == b"VP8L":
        bits = struct.unpack_from("<I", data, 21)[0]
        return Picture("image/webp", (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1)
    if kind == b"VP8 " and data[23:26] == VP8_START:
        width, height = struct.unpack_from("<HH", data, 26)
        return Picture("image/webp", width & 0x3FFF, height & 0x3FFF)
    return None


def _24_bits(data: bytes, at: int) -> int:
    return int.from_bytes(data[at : at + 3], "little") if len(data) >= at + 3 else _cut_off()


def _cut_off() -> int:
    raise IndexError("picture ends before its size")


def is_pdf(data: bytes) -> bool:
    """A PDF may have up to a kilobyte of anything before its header (ISO 32000, Annex H)."""
    return b"%PDF-" in data[:1024]
