"""The trusted key store: the public keys whose signatures a device believes, and on what.

The body of an image package of type 19. After a header come the entries (16-byte header whose last
four bytes are the sizes of key and thumbprint, the key X||Y, the thumbprint), then the table "UTBL"
of one word per key. What Azure Sphere keeps in the rest of the entry header and in the words is not
public. The guess made here, and only here: the header is zero, a word holds the roles of its key.

Ours alone is what may follow: the table "LMSK" of LMS public keys, each bound to the key of the store
that it accompanies. A store without LMS keys has none, and is byte for byte what it would be elsewhere.
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
LMS_TABLE = "<II"  # magic, entries
LMS_MAGIC = 0x4B534D4C  # "LMSK"
LMS_ENTRY = "<HH"  # which key, size of the LMS key, which follows
LMS_SIZES = (48, 56)  # of a public key with a hash of 192 bits, or of 256 (SP 800-208)
MOST_KEYS = 32
ALL_ROLES = 15  # OS 1, application 2, development 4, capability 8


class Key:
    """One trusted key: `public` X||Y (64 bytes), `thumbprint` (20 bytes) of its certificate, `roles` (1..15).

    `lms` is the public key whose LMS signatures go with this key's own, empty if there is none.
    """

    def __init__(self, public: bytes, thumbprint: bytes, roles: int, lms: bytes = b"") -> None:
        self.public = public
        self.thumbprint = thumbprint
        self.roles = roles
        self.lms = lms

    def _values(self) -> tuple[bytes, bytes, int, bytes]:
        return self.public, self.thumbprint, self.roles, self.lms

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Key) and self._values() == other._values()

    def __hash__(self) -> int:
        return hash(self._values())


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
    paired = [(number, key.lms) for number, key in enumerate(keys) if key.lms]
    if paired:
        body.extend(struct.pack(LMS_TABLE, LMS_MAGIC, len(paired)))
    for number, lms in paired:
        body.extend(struct.pack(LMS_ENTRY, number, len(lms)))
        body.extend(lms)
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
    if len(body) > table + 8 + 4 * count:
        _pair(keys, body, table + 8 + 4 * count)
    return keys


def _pair(keys: list[Key], body: bytes, at: int) -> None:
    """Give `keys` the LMS keys of the table at `at`, which ends the store. Raises Invalid."""
    if len(body) < at + 8:
        raise malformed("half of a table of LMS keys", at)
    magic, count = struct.unpack(LMS_TABLE, body[at : at + 8])
    if magic != LMS_MAGIC or not 0 < count <= len(keys):
        raise malformed("no table of LMS keys", at)
    at, last, seen = at + 8, -1, []
    for _ in range(count):
        number, size = struct.unpack(LMS_ENTRY, body[at : at + 4]) if len(body) >= at + 4 else (0, 0)
        lms = body[at + 4 : at + 4 + size]
        if not last < number < len(keys) or size not in LMS_SIZES or len(lms) != size:
            raise malformed("a malformed LMS key", at)
        if lms in seen:
            raise malformed("the same LMS key twice, again", at)
        seen.append(lms)
        keys[number].lms = lms
        at, last = at + 4 + size, number
    if at != len(body):
        raise malformed(str(len(body) - at) + " bytes after the LMS keys", at)


def _count(body: bytes) -> int:
    if len(body) < 4:
        raise Invalid("a key store of " + str(len(body)) + " bytes")
    count, zero = struct.unpack(COUNT, body[:4])
    if not 0 < count <= MOST_KEYS or zero:
        raise malformed("a key store of " + str(count) + " keys and flags " + hex(zero), 0)
    if len(body) < 4 + count * (STRIDE + 4) + 8:
        raise Invalid("a key store of " + str(count) + " keys in " + str(len(body)) + " bytes")
    return int(count)


def _roles(body: bytes, at: int) -> int:
    (roles,) = struct.unpack("<I", body[at : at + 4])
    if not 0 < roles <= ALL_ROLES:
        raise malformed("roles " + hex(roles) + ", none or unknown,", at)
    return int(roles)
