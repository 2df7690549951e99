"""Where a simulated card or memory chip keeps its blocks: in memory, or in a file of the host."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any, Protocol

from ...wire.fault import Invalid
from .state import BadState, octets, record

if TYPE_CHECKING:
    from pathlib import Path

BLOCK = 512
PIECE = 1 << 20
MOST_MEMORY, MOST_FILE = 64 << 20, 32 << 30  # bytes
DIGEST = record({"digest": octets(32)})


class Medium(Protocol):
    """Blocks of 512 bytes. `blocks` is how many."""

    blocks: int

    def read(self, block: int, /) -> bytes:
        """The block. Raises OSError if it cannot be read."""

    def write(self, block: int, data: bytes, /) -> None:
        """Keep `data`, whole blocks from this one on. Raises OSError if that cannot be done."""

    def erase(self, block: int, count: int, /) -> None:
        """Make `count` blocks zero. Raises OSError if that cannot be done."""

    def save(self) -> dict[str, Any]:
        """Its state, as plain values."""

    def check(self, state: object, /) -> dict[str, Any]:
        """`state`, if `restore` can take it. Raises BadState."""

    def restore(self, state: dict[str, Any], /) -> None:
        """Go on from what `save` gave."""


class Memory:
    """Blocks in memory, zero from the start or a copy of `image`. Its state is all of it."""

    def __init__(self, size: int = 8 << 20, image: bytes = b"") -> None:
        self.data = bytearray(image or bytes(_checked_size(size, MOST_MEMORY)))
        self.blocks = _checked_size(len(self.data), MOST_MEMORY) // BLOCK

    def read(self, block: int) -> bytes:
        """The block."""
        return bytes(self.data[block * BLOCK : (block + 1) * BLOCK])

    def write(self, block: int, data: bytes) -> None:
        """Keep it."""
        self.data[block * BLOCK : block * BLOCK + len(data)] = data

    def erase(self, block: int, count: int) -> None:
        """Make them zero."""
        self.write(block, bytes(count * BLOCK))

    def save(self) -> dict[str, Any]:
        """All blocks."""
        return {"data": bytes(self.data)}

    def check(self, state: object) -> dict[str, Any]:
        """As many blocks as there are here. Raises BadState."""
        checked: dict[str, Any] = record({"data": octets(MOST_MEMORY)})(state)
        if len(checked["data"]) != len(self.data):
            raise BadState(f".data: {len(checked['data'])} bytes instead of {len(self.data)}")
        return checked

    def restore(self, state: dict[str, Any]) -> None:
        """Go on from what `save` gave."""
        self.data[:] = state["data"]


class File:
    """Blocks in the file `path`, which is written as the card is. Its state is a digest: the file itself keeps the data."""

    def __init__(self, path: Path) -> None:
        self.path = path
        try:
            with path.open("r+b"):
                size = path.stat().st_size
        except OSError as problem:
            raise Invalid(f"{path}: {problem.strerror}") from None
        self.blocks = _checked_size(size, MOST_FILE, f"{path}: ") // BLOCK

    def read(self, block: int) -> bytes:
        """The block; the file is open only while it is read, so nobody else is kept from it."""
        with self.path.open("rb") as file:
            file.seek(block * BLOCK)
            data = file.read(BLOCK)
        if len(data) != BLOCK:
            raise OSError(f"{self.path} is shorter than it was")
        return data

    def write(self, block: int, data: bytes) -> None:
        """Keep it, at once."""
        with self.path.open("r+b") as file:
            file.seek(block * BLOCK)
            file.write(data)

    def erase(self, block: int, count: int) -> None:
        """Make them zero, at once."""
        self.write(block, bytes(count * BLOCK))

    def save(self) -> dict[str, Any]:
        """What the file is now, as SHA-256."""
        return {"digest": self._digest()}

    def check(self, state: object) -> dict[str, Any]:
        """The state of a file that is what it was. Raises BadState."""
        checked: dict[str, Any] = DIGEST(state)
        if checked["digest"] != self._digest():
            raise BadState(f".digest: {self.path} is not what it was when the state was saved")
        return checked

    def restore(self, state: dict[str, Any]) -> None:
        """The file is as it was."""

    def _digest(self) -> bytes:
        digest = hashlib.sha256()
        with self.path.open("rb") as file:
            while piece := file.read(PIECE):
                digest.update(piece)
        return digest.digest()


def _checked_size(size: int, most: int, where: str = "") -> int:
    """`size` in bytes. Raises Invalid if it is none that blocks can have."""
    if not 0 < size <= most or size % BLOCK:
        raise Invalid(f"{where}{size} bytes are no number of blocks of {BLOCK} up to {most}")
    return size
