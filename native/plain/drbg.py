"""HMAC_DRBG (NIST SP 800-90A revision 1, section 10.1.2) over an HMAC-SHA256 that the caller gives."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    Data = bytes | bytearray | memoryview

MOST = 65536  # bytes in one request: 2**19 bits, table 2
RESEED_AFTER = 1048576  # requests; the standard allows 2**48


class Drbg:
    """The mechanism alone: deterministic, seeded by whoever makes it."""

    def __init__(
        self, hmac: Callable[[Data, Data], bytes], entropy: Data, nonce: Data, personalization: Data = b""
    ) -> None:
        """Instantiate (10.1.2.3): `entropy` of at least 256 bits of strength."""
        self._hmac = hmac
        self._key = bytes(32)
        self._value = b"\x01" * 32
        self._update(bytes(entropy) + bytes(nonce) + bytes(personalization))
        self.requests = 1  # since it was seeded, plus one

    def reseed(self, entropy: Data, additional: Data = b"") -> None:
        """Mix fresh entropy in (10.1.2.4)."""
        self._update(bytes(entropy) + bytes(additional))
        self.requests = 1

    def generate(self, length: int, additional: Data = b"") -> bytes:
        """`length` bytes (10.1.2.5). Raises ValueError outside 0..MOST, and when it must be reseeded first."""
        if not 0 <= length <= MOST:
            raise ValueError("HMAC_DRBG gives 0 to 65536 bytes at once, not " + str(length))
        if self.requests > RESEED_AFTER:
            raise ValueError("HMAC_DRBG must be reseeded")
        if additional:
            self._update(bytes(additional))
        out = bytearray()
        while len(out) < length:
            self._value = self._hmac(self._key, self._value)
            out.extend(self._value)
        self._update(bytes(additional))
        self.requests += 1
        return bytes(out[:length])

    def _update(self, data: bytes) -> None:
        """HMAC_DRBG_Update (10.1.2.2)."""
        for round_byte in (b"\x00", b"\x01") if data else (b"\x00",):
            self._key = self._hmac(self._key, self._value + round_byte + data)
            self._value = self._hmac(self._key, self._value)
