"""Identifiers in the form of each service: a prefix and letters that look random but follow from the simulation's seed."""

import hashlib
import itertools

BASE62 = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
HEX = "0123456789abcdef"


class Ids:
    """A stream of identifiers; the same seed gives the same ones again."""

    def __init__(self, seed: bytes) -> None:
        self._seed = seed
        self._count = itertools.count()

    def make(self, prefix: str, length: int, alphabet: str = BASE62) -> str:
        digest = hashlib.blake2b(str(next(self._count)).encode(), key=self._seed[:64]).digest()
        number, letters = int.from_bytes(digest), []
        for _ in range(length):
            number, index = divmod(number, len(alphabet))
            letters.append(alphabet[index])
        return prefix + "".join(letters)
