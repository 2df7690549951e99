"""Health tests of a noise source in plain Python (NIST SP 800-90B, section 4.4), for samples of one byte."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    Data = bytes | bytearray | memoryview

WINDOW = 512  # samples of the adaptive proportion test, section 4.4.2


class Health:
    """The repetition count test and the adaptive proportion test, with their cutoffs."""

    def __init__(self, repetitions: int, proportion: int) -> None:
        if not (2 <= repetitions <= WINDOW and 2 <= proportion <= WINDOW):
            raise ValueError("cutoffs lie between 2 and the window")
        self._repetitions, self._proportion = repetitions, proportion
        self._last, self._run = -1, 0
        self._first, self._seen, self._matches = -1, 0, 0
        self._is_healthy = True

    def test(self, samples: Data) -> bool:
        """Whether no test has failed so far, with these samples too; once False, always."""
        for sample in samples:
            self._run = self._run + 1 if sample == self._last else 1
            self._last = sample
            if self._seen == 0:
                self._first, self._matches = sample, 0
            self._matches += sample == self._first
            self._seen = (self._seen + 1) % WINDOW
            if self._run >= self._repetitions or self._matches >= self._proportion:
                self._is_healthy = False
        return self._is_healthy
