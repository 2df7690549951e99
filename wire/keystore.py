"""The trusted key store: the public keys whose signatures a device believes, and on what.

The body of an image package of type 19. After a header come the entries (16-byte header whose last
four bytes are the sizes of key and thumbprint, the key X||Y, the thumbprint), then the table "UTBL"
of one word per key. What Azure Sphere keeps in the rest of the entry header and in the words is not
public. The guess made here, and only here: the header is zero, a word holds the roles of its key.
"""

from __future__ import annotations

import struct

from .fault import Invalid, malformed

COUNT = "<HH"  # entries, zero
ENTRY = "<12sHH"  # zero, size of the key, size of the thumbprint
KEY, THUMBPRINT = 64, 20
STRIDE = 16 + KEY + THUMBPRINT
TABLE = "<II"  # magic, words
MAGIC = 0x4C425455  # "UTBL"
MOST_KEYS = 32
ALL_ROLES = 15  # OS 1, application 2, development 4, capability 8


class Key:
    """One trusted key: `public` X||Y (64 bytes), `thumbprint` (20 bytes) of its certificate, `roles` (1..15)."""

    def __init__(self, public: bytes, thumbprint: bytes, roles: int) -> None:
        self.public = public
        self.thumbprint = thumbprint
        self.roles = roles

    def __eq__(self, other: object) -> bool:
        return (
            isinstance(other, Key)
            and (self.public, self.thumbprint, self.roles) == (other.public, other.thumbprint, other.roles)
        )  # fmt: skip

    def __hash__(self) -> int:
        return hash((self.public, self.thumbprint, self.roles))


def pack(keys: list[Key]) -> bytes:
    """The body that holds `keys` in this order. Raises Invalid if a key is malformed or given twice."""
    if not 0 < len(keys) <= MOST_KEYS:
        raise Invalid("a key store of " + str(len(keys)) + " keys")
    body = bytearray(struct.pack(COUNT, len(keys), 0))
    for key in keys:
        if len(key.public) != KEY or len(key.thumbprint) != THUMBPRINT:
            raise Invalid("a key or a thumbprint of the wrong length")
        body.extend(struct.pack(ENTRY, bytes(12), KEY, THUMBPRINT))
        body.extend(key.public)
        body.extend(key.thumbprint)
    body.extend(struct.pack(TABLE, MAGIC, len(keys)))
    for key in keys:
        if not 0 < key.roles <= ALL_ROLES:
            raise Invalid("roles " + str(key.roles) + " are none or unknown")
        body.extend(struct.pack("<I", key.roles))
    unpack(bytes(body))
    return bytes(body)


def unpack(body: bytes) -> list[Key]:
    """The keys in `body`. Raises Invalid, naming the offset, unless every byte of it is as said above.

    That a key is a point of the curve is for the reader who uses it to check.
    """
    body = bytes(body)
    count = _count(body)
    table = 4 + count * STRIDE
    if struct.unpack(TABLE, body[table : table + 8]) != (MAGIC, count):
        raise malformed("no table of " + str(count) + " words", table)
    keys: list[Key] = []
    for number in range(count):
        at = 4 + number * STRIDE
        if struct.unpack(ENTRY, body[at : at + 16]) != (bytes(12), KEY, THUMBPRINT):
            raise malformed("an unknown entry header", at)
        word = table + 8 + 4 * number
        key = Key(body[at + 16 : at + 80], body[at + 80 : at + STRIDE], _roles(body, word))
        for other in keys:
            if key.public == other.public or key.thumbprint == other.thumbprint:
                raise malformed("the same key twice, again", at)
        keys.append(key)
    return keys


def _count(body: bytes) -> int:
    if len(body) < 4:
        raise Invalid("a key store of " + str(len(body)) + " bytes")
    count, zero = struct.unpack(COUNT, body[:4])
    if not 0 < count <= MOST_KEYS or zero:
        raise malformed("a key store of " + str(count) + " keys and flags " + hex(zero), 0)
    if len(body) != 4 + count * (STRIDE + 4) + 8:
        raise Invalid("a key store of " + str(count) + " keys in " + str(len(body)) + " bytes")
    return int(count)


def _roles(body: bytes, at: int) -> int:
    (roles,) = struct.unpack("<I", body[at : at + 4])
    if not 0 < roles <= ALL_ROLES:
        raise malformed("roles " + hex(roles) + ", none or unknown,", at)
    return int(roles)
