"""Comparison and clearing in plain Python.

`compare` looks at every byte, but an interpreter promises no constant time: where C or the host's
library is there, the facade takes theirs.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    Data = bytes | bytearray | memoryview


def compare(a: Data, b: Data) -> bool:
    """Whether `a` and `b` are equal; that their lengths differ is no secret."""
    if len(a) != len(b):
        return False
    difference = 0
    for x, y in zip(a, b):
        difference |= x ^ y
    return difference == 0


def clear(memory: bytearray | memoryview) -> None:
    """Overwrite `memory` by zeros, in place."""
    memory[:] = bytes(len(memory))
