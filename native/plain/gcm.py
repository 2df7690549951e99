"""AES-GCM in plain Python (NIST SP 800-38D), with 128-bit tags. An oracle: see `aes`."""

from __future__ import annotations

from ..errors import BadTag
from .aes import BLOCK, encrypt, expand_key
from .memory import compare

TYPE_CHECKING = False
if TYPE_CHECKING:
    Data = bytes | bytearray | memoryview

NONCE = 12
TAG = 16
REDUCTION = 0xE1 << 120  # 1 + x + x^2 + x^7, lowest power in the highest bit (section 6.3)


def multiply(x: int, y: int) -> int:
    """The product in GF(2^128) as section 6.3 counts bits: the first bit is the coefficient of 1."""
    product = 0
    for bit in range(127, -1, -1):
        if x >> bit & 1:
            product ^= y
        y = y >> 1 ^ (REDUCTION if y & 1 else 0)
    return product


def _padded(data: bytes) -> bytes:
    return data + bytes(-len(data) % BLOCK)


def _ghash(key: int, aad: bytes, ciphertext: bytes) -> int:
    """GHASH (section 6.4) of both strings, padded, and their lengths in bits."""
    lengths = (8 * len(aad)).to_bytes(8, "big") + (8 * len(ciphertext)).to_bytes(8, "big")
    data = _padded(aad) + _padded(ciphertext) + lengths
    total = 0
    for at in range(0, len(data), BLOCK):
        total = multiply(total ^ int.from_bytes(data[at : at + BLOCK], "big"), key)
    return total


class Cipher:
    """One key and nonce, which may have any length but 0: the key stream and the tag."""

    def __init__(self, key: Data, nonce: Data) -> None:
        self._round_keys = expand_key(bytes(key))
        self._hash_key = int.from_bytes(encrypt(self._round_keys, bytes(BLOCK)), "big")
        if len(nonce) == NONCE:
            self._first = bytes(nonce) + b"\0\0\0\1"
        else:
            self._first = _ghash(self._hash_key, b"", bytes(nonce)).to_bytes(BLOCK, "big")

    def _block(self, number: int) -> bytes:
        """The key stream's block: the first counter, plus `number` in its last 32 bits (section 6.2)."""
        last = (int.from_bytes(self._first[12:], "big") + number) & 0xFFFFFFFF
        return encrypt(self._round_keys, self._first[:12] + last.to_bytes(4, "big"))

    def crypt(self, data: bytes) -> bytes:
        """`data` with the key stream after its first block (section 7.1, steps 2 and 3)."""
        result = bytearray()
        for at in range(0, len(data), BLOCK):
            stream = self._block(1 + at // BLOCK)
            result.extend(bytes([x ^ y for x, y in zip(data[at : at + BLOCK], stream)]))
        return bytes(result)

    def tag(self, aad: bytes, ciphertext: bytes) -> bytes:
        """The 16-byte tag (section 7.1, steps 4 to 6)."""
        mask = int.from_bytes(self._block(0), "big")
        return (_ghash(self._hash_key, aad, ciphertext) ^ mask).to_bytes(TAG, "big")


def _cipher(key: Data, nonce: Data) -> Cipher:
    """With a nonce as everybody here has it. Raises ValueError for a wrong length of either."""
    if len(nonce) != NONCE:
        raise ValueError("a nonce of " + str(len(nonce)) + " bytes")
    return Cipher(key, nonce)


def aes_gcm_seal(key: Data, nonce: Data, aad: Data, plaintext: Data) -> bytes:
    """The ciphertext and its 16-byte tag. Raises ValueError for a key or nonce of a wrong length."""
    cipher = _cipher(key, nonce)
    ciphertext = cipher.crypt(bytes(plaintext))
    return ciphertext + cipher.tag(bytes(aad), ciphertext)


def aes_gcm_open(key: Data, nonce: Data, aad: Data, data: Data) -> bytes:
    """The plaintext. Raises BadTag, and then gives nothing out (section 7.2)."""
    cipher = _cipher(key, nonce)
    data = bytes(data)
    if len(data) < TAG:
        raise BadTag("shorter than a tag")
    ciphertext = data[: len(data) - TAG]
    if not compare(cipher.tag(bytes(aad), ciphertext), data[len(data) - TAG :]):
        raise BadTag("the tag does not match")
    return cipher.crypt(ciphertext)
