"""Entropy: a raw noise source that can go wrong in the ways real ones do.

Its health is for the reader to test (NIST SP 800-90B section 4.4); the model only provides something to find.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ...wire.fault import Failed, Invalid

if TYPE_CHECKING:
    from typing import Protocol

    class Noise(Protocol):
        """`noise.SeededNoise` or `noise.HostNoise`."""

        def read(self, length: int) -> bytes: ...


STUCK, BIASED, REPEATING, SHORT, DEAD = "stuck", "biased", "repeating", "short", "dead"
FAULTS = (STUCK, BIASED, REPEATING, SHORT, DEAD)
PERIOD = 16  # bytes after which a repeating source begins again
MOST = 65536  # bytes in one read


class Entropy:
    """Raw noise over a `noise` source. Satisfies `hal.interface.Entropy`.

    `fault` is "" or one of FAULTS: STUCK gives one byte for ever, BIASED one bit in eight set,
    REPEATING a period of 16 bytes, SHORT fewer bytes than asked, DEAD raises Failed.
    """

    def __init__(self, noise: Noise) -> None:
        self.fault = ""
        self._noise = noise
        self._held = b""

    def break_down(self, fault: str) -> None:
        """Go wrong from now on in the way `fault`, or "" to work again. Raises Invalid."""
        if fault and fault not in FAULTS:
            raise Invalid("no such entropy fault: " + fault)
        self.fault = fault
        self._held = self._noise.read(PERIOD) if fault else b""

    def read(self, length: int) -> bytes:
        """`length` bytes of raw noise. Raises Failed if the source is dead."""
        if not 0 <= length <= MOST:
            raise Invalid("entropy of " + str(length) + " bytes")
        if not self.fault:
            return self._noise.read(length)
        return self._broken(length)

    def _broken(self, length: int) -> bytes:
        if self.fault == DEAD:
            raise Failed("the noise source is dead", "hal", "entropy")
        if self.fault == STUCK:
            return self._held[:1] * length
        if self.fault == REPEATING:
            return (self._held * (length // PERIOD + 1))[:length]
        if self.fault == SHORT:
            return self._noise.read(length // 2)
        first, second, third = [self._noise.read(length) for _ in range(3)]
        return bytes([first[at] & second[at] & third[at] for at in range(length)])
