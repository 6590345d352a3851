"""OpenSSH's binary form: numbers, and strings with their length before them (RFC 4251)."""

from __future__ import annotations

import base64
import binascii

from airmend.errors import SigningError


class Reader:
    """Takes the parts of a binary form, one after the other."""

    def __init__(self, data: bytes) -> None:
        self._data, self._place = data, 0

    def take(self, count: int) -> bytes:
        """So many bytes as they are."""
        if self._place + count > len(self._data):
            raise SigningError("it ends too early")
        self._place += count
        return self._data[self._place - count : self._place]

    def number(self) -> int:
        """A number of four bytes."""
        return int.from_bytes(self.take(4), "big")

    def string(self) -> bytes:
        """What its length stands before."""
        return self.take(self.number())

    def end(self) -> None:
        """Refuse whatever follows."""
        if self._place != len(self._data):
            raise SigningError("there is more behind its end")


def pack(*parts: bytes) -> bytes:
    """Each part with its length before it."""
    return b"".join(len(part).to_bytes(4, "big") + part for part in parts)


def read_natural(part: bytes) -> int:
    """A number above zero in its only right form, so that one key is one text.

    Raises:
        SigningError: It is zero or negative, or has more bytes than it needs.
    """
    number = int.from_bytes(part, "big", signed=True)
    if number <= 0 or len(part) != number.bit_length() // 8 + 1:
        raise SigningError("a number in it is not written as OpenSSH does")
    return number


def decode_base64(text: str) -> bytes:
    """The bytes that a text stands for.

    Raises:
        SigningError: It is no base64.
    """
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError) as error:
        raise SigningError("it is not base64") from error
