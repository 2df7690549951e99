"""GUIDs: how component and image ids are written as text and laid out in bytes.

The layout is the mixed-endian one of Windows: the first three groups little-endian, the other two
as written.
"""

from __future__ import annotations

import binascii

from .fault import Invalid

SIZE = 16
DASHES = (8, 13, 18, 23)
ORDER = (3, 2, 1, 0, 5, 4, 7, 6, 8, 9, 10, 11, 12, 13, 14, 15)  # its own inverse
HEXADECIMAL = "0123456789abcdefABCDEF"


def to_bytes(text: str) -> bytes:
    """The 16 bytes of `text`, 8-4-4-4-12 hexadecimal digits of either case. Raises Invalid."""
    if not isinstance(text, str) or len(text) != 36:
        raise Invalid("not a GUID: 36 characters are needed")
    digits = ""
    for at, letter in enumerate(text):
        if at in DASHES:
            if letter != "-":
                raise Invalid("not a GUID: no dash at " + str(at))
        elif letter not in HEXADECIMAL:
            raise Invalid("not a GUID: no hexadecimal digit at " + str(at))
        else:
            digits += letter
    return _swap(binascii.unhexlify(digits))


def to_text(data: bytes) -> str:
    """The text, in lower case, of 16 bytes. Raises Invalid if there are not 16."""
    if len(data) != SIZE:
        raise Invalid("a GUID of " + str(len(data)) + " bytes")
    digits = binascii.hexlify(_swap(bytes(data))).decode()
    return "-".join((digits[:8], digits[8:12], digits[12:16], digits[16:20], digits[20:]))


def _swap(data: bytes) -> bytes:
    return bytes([data[at] for at in ORDER])
