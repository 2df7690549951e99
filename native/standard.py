"""SHA-256, comparison and clearing by the interpreter's own library: where the C library is not built.

Portable. MicroPython's `hashlib` gives one digest per hash, and it has no constant-time comparison.
"""

from __future__ import annotations

import hashlib

from .plain.memory import clear

TYPE_CHECKING = False
if TYPE_CHECKING:
    Data = bytes | bytearray | memoryview

__all__ = ["NAME", "Sha256", "clear", "compare", "sha256"]

try:
    from hmac import compare_digest as compare
except ImportError:
    from .plain.memory import compare  # type: ignore[no-redef]  # takes less, and all we give it

NAME = "hashlib"


def sha256(data: Data) -> bytes:
    """The 32 bytes of SHA-256 of `data`."""
    return hashlib.sha256(data).digest()


class Sha256:
    """A hash in progress."""

    def __init__(self) -> None:
        self._hash = hashlib.sha256()

    def update(self, data: Data) -> None:
        """Take more data."""
        self._hash.update(data)

    def digest(self) -> bytes:
        """The 32 bytes of the hash. Ask once, at the end: not every engine can go on."""
        return self._hash.digest()
