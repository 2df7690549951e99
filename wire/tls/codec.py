"""Numbers and vectors of TLS: how its messages are laid out.

RFC 8446 section 3: big-endian numbers, and vectors whose length goes before them in as many bytes
as their bound needs.
"""

from __future__ import annotations

from .alert import refuse


class Reader:
    """Reads `data` from its start; whatever is short, long or out of bounds is a decode_error."""

    def __init__(self, data: bytes) -> None:
        self.data = data
        self.at = 0

    def take(self, length: int) -> bytes:
        if length > len(self.data) - self.at:
            raise refuse("decode_error", "a message that is cut short", "6.2")
        self.at += length
        return self.data[self.at - length : self.at]

    def number(self, size: int) -> int:
        return int.from_bytes(self.take(size), "big")

    def vector(self, size: int, low: int = 0) -> bytes:
        """A vector of at least `low` bytes whose length is in `size` bytes."""
        length = self.number(size)
        if length < low:
            raise refuse("decode_error", "a vector that is too short", "3.4")
        return self.take(length)

    def finish(self) -> None:
        if self.at != len(self.data):
            raise refuse("decode_error", "a message with bytes after its end", "6.2")

    @property
    def is_done(self) -> bool:
        return self.at == len(self.data)


def vector(size: int, body: bytes) -> bytes:
    return len(body).to_bytes(size, "big") + body


def message(kind: int, body: bytes) -> bytes:
    """A handshake message (section 4)."""
    return bytes((kind,)) + vector(3, body)


def extensions(data: bytes) -> list[tuple[int, bytes]]:
    """(type, content) of each extension (section 4.2); one given twice is refused."""
    reader = Reader(data)
    found: list[tuple[int, bytes]] = []
    while not reader.is_done:
        kind, body = reader.number(2), reader.vector(2)
        if kind in [known for known, _ in found]:
            raise refuse("illegal_parameter", "extension " + str(kind) + " given twice", "4.2")
        found.append((kind, body))
    return found


def pack_extensions(items: list[tuple[int, bytes]]) -> bytes:
    """The extensions of a message, as `extensions` reads them, with their length before them."""
    return vector(2, b"".join([kind.to_bytes(2, "big") + vector(2, body) for kind, body in items]))
