"""The boot header: what ROM reads before it trusts anything.

A boot partition holds this header, then the first loader's package. The header has one of two fixed
sizes, and its fields only say where to look: a key in it counts because its hash is in the fuses, not
because it is there.
"""

from __future__ import annotations

from collections import namedtuple

from ..wire.call import Layout
from ..wire.fault import Invalid

MAGIC = 0x314C424F  # "OBL1"
MAGIC_LMS = 0x324C424F  # "OBL2": the root's LMS key follows
HEADER = Layout("magic:u32 length:u32 root_public:b64")
LMS = Layout("lms_length:u32 root_lms:b56")  # 48 or 56 bytes, then zeros
LMS_SIZES = (48, 56)
LONGEST = HEADER.size + LMS.size

# Bytes of the header, bytes of the package, the root's two public keys (`root_lms` empty if it has none).
Header = namedtuple("Header", ("size", "length", "root_public", "root_lms"))


def build(root_public: bytes, package: bytes, root_lms: bytes = b"") -> bytes:
    """The contents of a boot partition: header and package."""
    header = HEADER.pack((MAGIC_LMS if root_lms else MAGIC, len(package), root_public))
    if root_lms:
        header += LMS.pack((len(root_lms), root_lms + bytes(LMS_SIZES[-1] - len(root_lms))))
    return header + package


def read(data: bytes, size: int) -> Header:
    """The header of a partition of `size` bytes that begins with `data`, LONGEST bytes. Raises Invalid."""
    magic, length, root_public = HEADER.unpack(data[: HEADER.size])
    if magic not in (MAGIC, MAGIC_LMS):
        raise Invalid("no boot header")
    own, root_lms = HEADER.size, b""
    if magic == MAGIC_LMS:
        own = LONGEST
        lms_length, padded = LMS.unpack(data[HEADER.size : LONGEST])
        root_lms = padded[:lms_length]
        if lms_length not in LMS_SIZES or any(padded[lms_length:]):
            raise Invalid("the boot header has a malformed LMS key")
    if not 0 < length <= size - own:
        raise Invalid("the boot header has a lying length: " + str(length))
    return Header(own, length, root_public, root_lms)
