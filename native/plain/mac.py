"""HMAC (RFC 2104) and HKDF (RFC 5869) over a SHA-256 that the caller gives."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    Data = bytes | bytearray | memoryview

BLOCK = 64
DIGEST = 32
INNER = int.from_bytes(b"\x36" * BLOCK, "big")
OUTER = int.from_bytes(b"\x5c" * BLOCK, "big")


def hmac(sha256: Callable[[bytes], bytes], key: Data, data: Data) -> bytes:
    """HMAC-SHA256 of `data` under `key` (any length): 32 bytes."""
    key = sha256(bytes(key)) if len(key) > BLOCK else bytes(key)
    block = int.from_bytes(key + bytes(BLOCK - len(key)), "big")
    inner = sha256((block ^ INNER).to_bytes(BLOCK, "big") + bytes(data))
    return sha256((block ^ OUTER).to_bytes(BLOCK, "big") + inner)


def extract(mac: Callable[[Data, Data], bytes], salt: Data, ikm: Data) -> bytes:
    """HKDF-Extract: a pseudo-random key of 32 bytes. An empty salt counts as 32 zeros (section 2.2)."""
    return mac(salt, ikm)  # HMAC pads either to the same block of zeros


def expand(mac: Callable[[Data, Data], bytes], prk: Data, info: Data, length: int) -> bytes:
    """HKDF-Expand: `length` bytes, at most 255 * 32. Raises ValueError outside 0..8160 (section 2.3)."""
    if not 0 <= length <= 255 * DIGEST:
        raise ValueError("HKDF gives 0 to 8160 bytes, not " + str(length))
    whole, last = bytearray(), b""
    for counter in range(1, (length + DIGEST - 1) // DIGEST + 1):
        last = mac(prk, last + bytes(info) + bytes((counter,)))
        whole.extend(last)
    return bytes(whole[:length])
