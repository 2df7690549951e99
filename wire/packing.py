"""Packing with bounds: numbers and names into fields of fixed size, the same on every interpreter."""

from __future__ import annotations

import struct

from .fault import Invalid

LIMITS = {"H": 0xFFFF, "I": 0xFFFF_FFFF, "Q": 0xFFFF_FFFF_FFFF_FFFF}


def words(form: str, *values: int) -> bytes:
    """`struct.pack` of "<" and unsigned fields. Raises Invalid for what does not fit, which MicroPython would cut."""
    for code, value in zip(form[1:], values):
        if not isinstance(value, int) or not 0 <= value <= LIMITS[code]:
            raise Invalid(str(value) + " does not fit the metadata")
    return struct.pack(form, *values)


def name(text: str, size: int) -> bytes:
    """`text` in `size` bytes with at least one zero behind it; what is too long loses whole characters at its end."""
    body = text.encode()
    while len(body) >= size:
        text = text[:-1]
        body = text.encode()
    return body + bytes(size - len(body))
