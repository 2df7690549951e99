"""Health of the noise source: the tests of NIST SP 800-90B section 4.4, and two of our own.

Samples are bytes, for which we claim 4 bits of min-entropy and no more. The repetition count test
(4.4.1) finds a source that is stuck, the adaptive proportion test (4.4.2) one that prefers a value: both
are the engine's. But the second looks at one value a window, so the ones are counted as well, and neither
finds a source that repeats a long pattern, so no stretch of samples may come twice. Once failed, failed
until reset.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from .. import native
from ..wire.fault import Fault, Unhealthy

if TYPE_CHECKING:
    from ..hal.interface import Entropy

MIN_ENTROPY = 4  # bits a sample
# With a false alarm in 2**30 samples or windows:
REPETITIONS = 9  # 1 + ceil(30 / MIN_ENTROPY)
WINDOW = 512
PROPORTION = 71  # 1 + CRITBINOM(512, 2**-4, 1 - 2**-30)
# 4096 bits of which one value has at most the chance 2**-0.5 that 4 bits a byte leave it, and 6.1
# standard deviations for the same false alarms:
LEAST_ONES, MOST_ONES = 1022, 3074
START_UP = 1024  # samples tested before the first is used (4.3, requirement 10)
STRETCH = 16  # samples that do not come twice among MEMORY: 64 bits by our claim
MEMORY = 1024
MOST_READ = 1024
HALVES = (0, 1, 1, 2, 1, 2, 2, 3, 1, 2, 2, 3, 2, 3, 3, 4)  # ones in each half of a byte
ONES = bytes([HALVES[value & 15] + HALVES[value >> 4] for value in range(256)])  # ones in a byte


class Noise:
    """A noise source under test. Gives samples that passed, or nothing ever again."""

    def __init__(self, entropy: Entropy) -> None:
        self._entropy = entropy
        self._failure = ""
        self._has_started = False
        self._recent = b""
        self._standard = native.Health(REPETITIONS, PROPORTION)
        self._seen, self._ones = 0, 0  # samples and ones of this window

    def start(self) -> None:
        """The start-up test: 1024 samples, tested and thrown away. Raises Unhealthy."""
        self._collect(START_UP)
        self._has_started = True

    def read(self, length: int) -> bytes:
        """`length` tested samples, any length. Raises Unhealthy."""
        if not self._has_started:
            self.start()
        out = bytearray()
        while len(out) < length:
            out.extend(self._collect(min(MOST_READ, length - len(out))))
        return bytes(out)

    @property
    def is_healthy(self) -> bool:
        """Whether no test has failed so far."""
        return not self._failure

    def _collect(self, length: int) -> bytes:
        self._require()
        try:
            data = self._entropy.read(length)
        except Fault as fault:
            self._fail("the noise source does not answer: " + fault.reason)
        if len(data) != length:
            self._fail("the noise source gave " + str(len(data)) + " of " + str(length) + " samples")
        self._test_stretch(data)
        if not self._standard.test(data):
            self._fail("one sample comes too often, in a row or in a window")
        self._test_ones(data)
        self._require()
        return data

    def _test_stretch(self, data: bytes) -> None:
        known = self._recent + data
        at = len(known) - STRETCH
        if at > 0 and known.find(known[at:]) < at:
            self._fail("the latest samples came before")
        self._recent = known[-MEMORY:]

    def _test_ones(self, data: bytes) -> None:
        at = 0
        while at < len(data):
            part = data[at : at + WINDOW - self._seen]
            self._ones += sum([ONES[sample] for sample in part])
            self._seen += len(part)
            at += len(part)
            if self._seen == WINDOW:
                if not LEAST_ONES <= self._ones <= MOST_ONES:
                    self._fail("ones and zeros are too unequal")
                self._seen, self._ones = 0, 0

    def _fail(self, reason: str) -> None:
        self._failure = self._failure or reason
        self._require()

    def _require(self) -> None:
        if self._failure:
            raise Unhealthy(self._failure, "pluton", "entropy.health", "SP 800-90B section 4.4", "reset the chip")
