"""AES key wrap in plain Python (RFC 3394, NIST SP 800-38F section 6.2). An oracle: see `aes`."""

from __future__ import annotations

from ..errors import BadTag
from .aes import decrypt, encrypt, expand_key
from .memory import compare

TYPE_CHECKING = False
if TYPE_CHECKING:
    Data = bytes | bytearray | memoryview

HALF = 8  # bytes: a semiblock
INITIAL = b"\xa6" * HALF  # section 2.2.3.1
MOST = 65528  # bytes of key


def _count(half: bytes, step: int) -> bytes:
    return (int.from_bytes(half, "big") ^ step).to_bytes(HALF, "big")


def keywrap(kek: Data, key: Data) -> bytes:
    """`key`, wrapped: 8 bytes longer (section 2.2.1). Raises ValueError for lengths that are not allowed."""
    if len(key) % HALF or not 2 * HALF <= len(key) <= MOST:
        raise ValueError("a key of " + str(len(key)) + " bytes to wrap")
    round_keys, first, step = expand_key(bytes(kek)), INITIAL, 0
    rest = [bytes(key[at : at + HALF]) for at in range(0, len(key), HALF)]
    for _ in range(6):
        for i in range(len(rest)):
            step += 1
            block = encrypt(round_keys, first + rest[i])
            first, rest[i] = _count(block[:HALF], step), block[HALF:]
    return first + b"".join(rest)


def keyunwrap(kek: Data, wrapped: Data) -> bytes:
    """What was wrapped (section 2.2.2). Raises BadTag if it was not wrapped with `kek`, or was changed."""
    if len(wrapped) % HALF or not 3 * HALF <= len(wrapped) <= MOST + HALF:
        raise BadTag("a wrapped key of " + str(len(wrapped)) + " bytes")
    round_keys, first = expand_key(bytes(kek)), bytes(wrapped[:HALF])
    rest = [bytes(wrapped[at : at + HALF]) for at in range(HALF, len(wrapped), HALF)]
    step = 6 * len(rest)
    for _ in range(6):
        for i in range(len(rest) - 1, -1, -1):
            block = decrypt(round_keys, _count(first, step) + rest[i])
            first, rest[i] = block[:HALF], block[HALF:]
            step -= 1
    if not compare(first, INITIAL):
        raise BadTag("the wrapped key does not match")
    return b"".join(rest)
