"""Health of the noise source: the tests of NIST SP 800-90B section 4.4, and one more.

Samples are bytes, for which we claim 4 bits of min-entropy and no more. The repetition count test
(4.4.1) finds a source that is stuck, the adaptive proportion test (4.4.2) one that is biased. Neither
finds a source that repeats a long pattern, so the first samples after power-on are remembered and
must not come again. Once failed, failed until reset.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..wire.fault import Fault, Unhealthy

if TYPE_CHECKING:
    from ..hal.interface import Entropy

MIN_ENTROPY = 4  # bits a sample
# With a false alarm in 2**30 samples or windows:
REPETITIONS = 9  # 1 + ceil(30 / MIN_ENTROPY)
WINDOW = 512
PROPORTION = 71  # 1 + CRITBINOM(512, 2**-4, 1 - 2**-30)
START_UP = 1024  # samples tested before the first is used (4.3, requirement 10)
REFERENCE = 16  # samples that must not come again: 64 bits by our claim
MOST_READ = 1024


class Noise:
    """A noise source under test. Gives samples that passed, or nothing ever again."""

    def __init__(self, entropy: Entropy) -> None:
        self._entropy = entropy
        self._failure = ""
        self._reference = b""
        self._tail = b""
        self._last, self._run = -1, 0
        self._first, self._seen, self._matches = -1, 0, 0

    def start(self) -> None:
        """The start-up test: 1024 samples, tested and thrown away. Raises Unhealthy."""
        self._reference = b""
        self._reference = self._collect(REFERENCE)
        self._collect(START_UP - REFERENCE)

    def read(self, length: int) -> bytes:
        """`length` tested samples, any length. Raises Unhealthy; OutOfOrder never: it starts itself."""
        if not self._reference:
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
        self._test_reference(data)
        for sample in data:
            self._test_repetition(sample)
            self._test_proportion(sample)
        self._require()
        return data

    def _test_reference(self, data: bytes) -> None:
        if self._reference and self._reference in self._tail + data:
            self._fail("the first samples came again")
        self._tail = (self._tail + data)[-(REFERENCE - 1) :]

    def _test_repetition(self, sample: int) -> None:
        self._run = self._run + 1 if sample == self._last else 1
        self._last = sample
        if self._run >= REPETITIONS:
            self._fail("one sample came " + str(self._run) + " times in a row")

    def _test_proportion(self, sample: int) -> None:
        if self._seen == 0:
            self._first, self._matches = sample, 0
        self._matches += sample == self._first
        self._seen = (self._seen + 1) % WINDOW
        if self._matches >= PROPORTION:
            self._fail("one sample makes up too much of a window")

    def _fail(self, reason: str) -> None:
        self._failure = self._failure or reason
        self._require()

    def _require(self) -> None:
        if self._failure:
            raise Unhealthy(self._failure, "pluton", "entropy.health", "SP 800-90B section 4.4", "reset the chip")
