"""The boot header: what ROM reads before it trusts anything.

A boot partition holds this header, then the first loader's package. Its size is fixed, and its
fields only say where to look: the key in it counts because its hash is in the fuses, not because it
is there.
"""

from __future__ import annotations

from ..wire.call import Layout
from ..wire.fault import Invalid

MAGIC = 0x314C424F  # "OBL1"
HEADER = Layout("magic:u32 length:u32 root_public:b64")


def build(root_public: bytes, package: bytes) -> bytes:
    """The contents of a boot partition: header and package."""
    return HEADER.pack((MAGIC, len(package), root_public)) + package


def read(header: bytes, size: int) -> tuple[int, bytes]:
    """(length of the package, root public key) of a partition of `size` bytes. Raises Invalid."""
    magic, length, root_public = HEADER.unpack(header)
    if magic != MAGIC:
        raise Invalid("no boot header")
    if not 0 < length <= size - HEADER.size:
        raise Invalid("the boot header has a lying length: " + str(length))
    return length, root_public
