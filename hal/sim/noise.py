"""Noise: bytes from a seed, the same every run, or from the host.

The seeded stream is SHA-256 in counter mode (NIST SP 800-90A section 10.1.1 without reseeding). It
drives the entropy model of linked mode and decides how an operation cut by a power loss tears.
"""

from __future__ import annotations

import hashlib
import os


class SeededNoise:
    """A stream of bytes that `seed` (an integer or bytes) alone determines."""

    def __init__(self, seed: int | bytes) -> None:
        key = seed if isinstance(seed, bytes) else str(seed).encode()
        self._key = hashlib.sha256(b"armillary noise" + key).digest()
        self._block = 0
        self._left = b""

    def read(self, length: int) -> bytes:
        """The next `length` bytes of the stream."""
        out = bytearray(self._left)
        while len(out) < length:
            out.extend(hashlib.sha256(self._key + self._block.to_bytes(8, "big")).digest())
            self._block += 1
        self._left = bytes(out[length:])
        return bytes(out[:length])

    def below(self, limit: int) -> int:
        """A number from 0 to `limit` - 1; `limit` at most 2**32, so the bias is under 2**-32."""
        return int.from_bytes(self.read(8), "big") % limit


class HostNoise:
    """The host's own random numbers."""

    def read(self, length: int) -> bytes:
        """`length` bytes from the operating system."""
        return os.urandom(length)
