"""Text from bytes, strictly: the shortest form of every character, no surrogates.

Two readers that differ over malformed UTF-8 differ over names; a decoder that takes long forms also
lets `/` and NUL through disguised. Interpreters differ here, so the rule is ours.
"""

from __future__ import annotations

from .fault import malformed

SHORTEST = (0, 0x80, 0x800, 0x10000)  # lowest character that needs 1, 2, 3, 4 bytes


def decode(data: bytes, name: str = "text", base: int = 0) -> str:
    """`data` as text. Raises Invalid naming `name` and the offset (from `base`) of the first bad byte."""
    if data and max(data) > 0x7F:
        _check(data, name, base)
    return bytes(data).decode()


def _check(data: bytes, name: str, base: int) -> None:
    at, end = 0, len(data)
    while at < end:
        size, value = _lead(data[at])
        if not size or at + size > end:
            raise malformed(name + " is not UTF-8", base + at)
        for tail in data[at + 1 : at + size]:
            if tail & 0xC0 != 0x80:
                raise malformed(name + " is not UTF-8", base + at)
            value = value << 6 | tail & 0x3F
        if value < SHORTEST[size - 1] or 0xD800 <= value <= 0xDFFF or value > 0x10FFFF:
            raise malformed(name + " is not UTF-8", base + at)
        at += size


def _lead(byte: int) -> tuple[int, int]:
    """(bytes in the character, bits of it in its first byte); no bytes if none begins so."""
    if byte < 0x80:
        return 1, byte
    if 0xC0 <= byte < 0xE0:
        return 2, byte & 0x1F
    if 0xE0 <= byte < 0xF0:
        return 3, byte & 0x0F
    if 0xF0 <= byte < 0xF8:
        return 4, byte & 0x07
    return 0, 0


def is_plain(text: str) -> bool:
    """Whether `text` may be shown to a person: no control characters, so no terminal is steered by it."""
    return all([0x20 <= ord(letter) and not 0x7F <= ord(letter) < 0xA0 for letter in text])
