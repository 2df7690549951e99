"""Random numbers: HMAC_DRBG of NIST SP 800-90A (section 10.1.2) with SHA-256, over tested noise.

Every output is a whole one: a request is filled to its last byte or refused.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from .. import native
from ..wire.fault import Invalid
from .health import MIN_ENTROPY, Noise

if TYPE_CHECKING:
    from ..hal.interface import Entropy

STRENGTH = 256  # bits
SEED = STRENGTH * 8 // MIN_ENTROPY // 8  # samples that hold STRENGTH bits: 64
NONCE = SEED // 2
RESEED_AFTER = 1024  # requests; the standard allows 2**48
MOST = 8192  # bytes in one request; the standard allows 2**16


class HmacDrbg:
    """The mechanism alone (the engine's): deterministic, seeded by whoever makes it."""

    def __init__(self, entropy: bytes, nonce: bytes, personalization: bytes = b"") -> None:
        self._mechanism = native.Drbg(entropy, nonce, personalization)
        self.requests = 1

    def reseed(self, entropy: bytes, additional: bytes = b"") -> None:
        """Mix fresh entropy in (10.1.2.4)."""
        self._mechanism.reseed(entropy, additional)
        self.requests = 1

    def generate(self, length: int, additional: bytes = b"") -> bytes:
        """`length` bytes (10.1.2.5). Raises Invalid unless 0 <= length <= MOST."""
        if not 0 <= length <= MOST:
            raise Invalid("random bytes: " + str(length) + " at once")
        self.requests += 1
        return self._mechanism.generate(length, additional)


class Random:
    """Pluton's random numbers: seeded from tested noise at the first request, reseeded as it goes.

    A source that fails its test stops it until reset: nothing is given out from the old seed.
    """

    def __init__(self, entropy: Entropy, personalization: bytes) -> None:
        self._noise = Noise(entropy)
        self._personalization = personalization
        self._drbg: HmacDrbg | None = None

    def read(self, length: int) -> bytes:
        """`length` random bytes. Raises Unhealthy, Invalid."""
        if self._drbg is None:
            self._drbg = HmacDrbg(self._noise.read(SEED), self._noise.read(NONCE), self._personalization)
        elif self._drbg.requests > RESEED_AFTER:
            self._drbg.reseed(self._noise.read(SEED))
        if not self._noise.is_healthy:
            self._noise.read(1)
        return self._drbg.generate(length)
