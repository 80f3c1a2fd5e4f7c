"""Vectors for texts: the same text always gets the same one, of length one, and another text another."""

import hashlib
import math


def vector(text: str, dimensions: int) -> list[float]:
    """A unit vector that follows from the text alone."""
    raw = hashlib.shake_256(text.encode("utf-8", "surrogatepass")).digest(2 * dimensions)
    values = [int.from_bytes(raw[at : at + 2], "little") - 0x7FFF for at in range(0, len(raw), 2)]
    length = math.sqrt(sum(value * value for value in values)) or 1.0
    return [value / length for value in values]
