"""Content codings, written incrementally and flushed per write so that a client sees each event at once.

Brotli has no encoder in the standard library; its *uncompressed meta-blocks* (RFC 7932 §9.2) need none, and every decoder reads them.
"""

import zlib
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Protocol

BROTLI_WINDOW_16 = 0  # WBITS as the single bit 0: a 64 KiB window; stored blocks do not depend on it
BROTLI_LAST_EMPTY = b"\x03"  # ISLAST and ISLASTEMPTY set: the end of the stream
BROTLI_BLOCK = 1 << 16


class Coder(Protocol):
    """Bytes in, coded bytes out; `finish` gives what ends the coding."""

    name: str

    def feed(self, data: bytes) -> bytes: ...
    def finish(self) -> bytes: ...


class Identity:
    name = ""

    def feed(self, data: bytes) -> bytes:
        return data

    def finish(self) -> bytes:
        return b""


class Mislabelled(Identity):
    """Says gzip, sends plain bytes."""

    name = "gzip"


class Zlib:
    """gzip, zlib (what HTTP calls deflate), or the raw deflate that some servers send under that name."""

    def __init__(self, name: str, window_bits: int) -> None:
        self.name = name
        self._deflate = zlib.compressobj(wbits=window_bits)

    def feed(self, data: bytes) -> bytes:
        return self._deflate.compress(data) + self._deflate.flush(zlib.Z_SYNC_FLUSH)

    def finish(self) -> bytes:
        return self._deflate.flush()


class StoredBrotli:
    """Brotli made of uncompressed meta-blocks only."""

    name = "br"

    def __init__(self) -> None:
        self._begun = False

    def feed(self, data: bytes) -> bytes:
        blocks = [data[at : at + BROTLI_BLOCK] for at in range(0, len(data), BROTLI_BLOCK)]
        return b"".join(self._head(len(block)) + block for block in blocks)

    def _head(self, size: int) -> bytes:
        """Bits from the lowest: [WBITS], ISLAST=0, MNIBBLES=00 (four nibbles), MLEN-1, ISUNCOMPRESSED=1, padding."""
        bits = (size - 1) << 3 | 1 << 19
        count = 20
        if not self._begun:
            self._begun = True
            bits, count = bits << 1 | BROTLI_WINDOW_16, count + 1
        return bits.to_bytes((count + 7) // 8, "little")

    def finish(self) -> bytes:
        return BROTLI_LAST_EMPTY if self._begun else b"\x06"  # WBITS bit, then the same two bits


CODERS: Mapping[str, Callable[[], Coder]] = MappingProxyType(
    {
        "": Identity,
        "gzip": lambda: Zlib("gzip", 31),
        "deflate": lambda: Zlib("deflate", 15),
        "deflate-raw": lambda: Zlib("deflate", -15),
        "br": StoredBrotli,
        "gzip-lie": Mislabelled,
    }
)
