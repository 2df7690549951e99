"""SHA-256, comparison and clearing by the C library (CPython only; ImportError where it is not built).

Output buffers are made once and lent out: a call that makes its own is slower than `hashlib`. Lending
is by `list.pop` and `append`, which are atomic, so neither a thread nor a signal handler can get a
buffer that is in use.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ._native import ffi, lib

Data = bytes | bytearray | memoryview
if TYPE_CHECKING:
    from ._native import Buffer, Pointer

    Slot = tuple[Pointer, Buffer]

NAME = "C with the processor's SHA-256" if lib.cpu_features() & lib.CPU_SHA else "portable C"

_hash = lib.sha256_hash
_equal = lib.memory_equal
_from_buffer = ffi.from_buffer


def _new_slot() -> Slot:
    """A place for a digest, and a view of it."""
    place = ffi.new("uint8_t[32]")
    return place, ffi.buffer(place)


_free = [_new_slot() for _ in range(4)]  # scratch only: nothing is kept in it between calls


def sha256(data: Data) -> bytes:
    """The 32 bytes of SHA-256 of `data`."""
    try:
        slot = _free.pop()
    except IndexError:  # more than four at once
        slot = _new_slot()
    if type(data) is bytes:
        _hash(data, len(data), slot[0])
    else:
        view = _from_buffer(data)
        _hash(view, len(view), slot[0])
    digest = slot[1][:]
    _free.append(slot)
    return digest


class Sha256:
    """A hash in progress."""

    def __init__(self) -> None:
        self._state = ffi.new("struct sha256 *")
        lib.sha256_begin(self._state)

    def update(self, data: Data) -> None:
        """Take more data."""
        view = _from_buffer(data)
        lib.sha256_update(self._state, view, len(view))

    def digest(self) -> bytes:
        """The 32 bytes of the hash. Ask once, at the end: not every engine can go on."""
        place, view = _new_slot()
        lib.sha256_end(self._state, place)
        return view[:]

    def __del__(self) -> None:
        lib.memory_clear(self._state, ffi.sizeof("struct sha256"))


def compare(a: Data, b: Data) -> bool:
    """Whether `a` and `b` are equal, in a time that depends on their lengths only."""
    if type(a) is not bytes or type(b) is not bytes:
        a, b = _from_buffer(a), _from_buffer(b)
    return len(a) == len(b) and _equal(a, b, len(a)) == 1


def clear(memory: bytearray | memoryview) -> None:
    """Overwrite `memory` by zeros, in place. Raises BufferError if it cannot be written."""
    view = ffi.from_buffer(memory, require_writable=True)
    lib.memory_clear(view, len(view))
