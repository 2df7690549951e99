"""AES-CMAC in plain Python (NIST SP 800-38B, RFC 4493). An oracle: see `aes`."""

from __future__ import annotations

from .aes import BLOCK, encrypt, expand_key

TYPE_CHECKING = False
if TYPE_CHECKING:
    Data = bytes | bytearray | memoryview

REDUCTION = 0x87  # x^128 = x^7 + x^2 + x + 1


def _double(x: int) -> int:
    """`x` times x in GF(2^128), the highest bit first (section 5.3)."""
    return (x << 1) & ((1 << 128) - 1) ^ (REDUCTION if x >> 127 else 0)


def cmac_aes(key: Data, data: Data) -> bytes:
    """The 16-byte tag (section 6.2). Raises ValueError unless `key` is 16 or 32 bytes."""
    round_keys, data = expand_key(bytes(key)), bytes(data)
    subkey = _double(int.from_bytes(encrypt(round_keys, bytes(BLOCK)), "big"))
    whole = max(0, (len(data) - 1) // BLOCK) * BLOCK
    last = data[whole:]
    if len(last) < BLOCK:
        last, subkey = last + b"\x80" + bytes(BLOCK - 1 - len(last)), _double(subkey)
    chain = 0
    for at in range(0, whole, BLOCK):
        block = chain ^ int.from_bytes(data[at : at + BLOCK], "big")
        chain = int.from_bytes(encrypt(round_keys, block.to_bytes(BLOCK, "big")), "big")
    return encrypt(round_keys, (chain ^ int.from_bytes(last, "big") ^ subkey).to_bytes(BLOCK, "big"))
