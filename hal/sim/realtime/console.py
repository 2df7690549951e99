"""The other end of a UART's line, where somebody reads."""

from __future__ import annotations


class Console:
    """A line's other end that keeps what it hears: the latest `MOST` bytes at least."""

    MOST = 1 << 20

    def __init__(self) -> None:
        self.heard = bytearray()
        self._dropped = 0

    def __call__(self, byte: int) -> None:
        self.heard.append(byte)
        if len(self.heard) == 2 * self.MOST:
            del self.heard[: -self.MOST]
            self._dropped += self.MOST

    @property
    def total(self) -> int:
        """How many bytes were heard in all."""
        return self._dropped + len(self.heard)

    def since(self, total: int) -> bytes:
        """What was heard after the first `total` bytes, as far as it is kept."""
        return bytes(self.heard[max(0, total - self._dropped) :])

    def text(self) -> str:
        """What was heard, as text; what is no UTF-8 shows as U+FFFD."""
        return self.heard.decode("utf-8", "replace")
