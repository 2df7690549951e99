"""Storage: the app's mutable file, and files of its own image package (Applibs `storage.h`).

    with storage.open_mutable_file() as file:
        file.write(b"42")

The mutable file needs Capabilities.MutableStorage; it is encrypted for this app on this device, and
outlives restarts and updates. What was written is safe once the file is closed.
"""

from __future__ import annotations

from .errors import EINVAL, ask

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

PART = 4000  # bytes that one call moves
SEEK_SET, SEEK_CUR, SEEK_END = 0, 1, 2


class File:
    """An open file with a position."""

    def __init__(self, handle: int, size: int) -> None:
        self.handle = handle
        self._size = size
        self._position = 0

    def read(self, length: int = -1) -> bytes:
        """At most `length` bytes from the position, or all that follow; empty at the end."""
        out = bytearray()
        while length < 0 or len(out) < length:
            want = PART if length < 0 else min(PART, length - len(out))
            part = self._read(self._position, want)
            if not part:
                break
            out.extend(part)
            self._position += len(part)
        return bytes(out)

    def write(self, data: bytes) -> int:
        """Write at the position; the number of bytes. Raises OSError (ENOSPC beyond the quota: then the
        parts before it are written), EACCES on a file of the package."""
        for at in range(0, len(data), PART):
            part = bytes(data[at : at + PART])
            self._write(self._position, part)
            self._position += len(part)
            self._size = max(self._size, self._position)
        return len(data)

    def truncate(self, size: int | None = None) -> int:
        """Cut at `size` (the position), or grow with zeros. Raises OSError (ENOSPC)."""
        length = self._position if size is None else size
        ask(lambda kernel: kernel.file_truncate(self.handle, length))
        self._size = length
        return length

    def seek(self, offset: int, whence: int = SEEK_SET) -> int:
        """Move the position, as lseek does. Raises OSError (EINVAL) before the beginning."""
        position = (0, self._position, self._size)[whence] + offset
        if position < 0:
            raise OSError(EINVAL, "a position before the beginning")
        self._position = position
        return position

    def tell(self) -> int:
        """The position."""
        return self._position

    def close(self) -> None:
        """Close; what was written is on flash then. Closing twice does nothing."""
        handle, self.handle = self.handle, 0
        if handle:
            ask(lambda kernel: kernel.close(handle))

    def _read(self, position: int, length: int) -> bytes:
        return ask(lambda kernel: kernel.file_read(self.handle, position, length))

    def _write(self, position: int, part: bytes) -> None:
        ask(lambda kernel: kernel.file_write(self.handle, position, part))

    def __enter__(self) -> File:
        return self

    def __exit__(self, *error: Any) -> None:
        self.close()


def open_mutable_file() -> File:
    """The app's mutable file, made on first use (Storage_OpenMutableFile). Raises OSError (EACCES, EIO)."""
    handle, size = ask(lambda kernel: kernel.storage_open())
    return File(handle, size)


def delete_mutable_file() -> None:
    """Delete it for ever (Storage_DeleteMutableFile). Raises OSError (EACCES, ENOENT, EBUSY while open)."""
    ask(lambda kernel: kernel.storage_delete())


def open_file_in_image_package(path: str) -> File:
    """A file of the app's own package, read-only (Storage_OpenFileInImagePackage).

    `path` is relative to the package's root, without a leading `/` or `.` and without `..`.
    Raises OSError (EINVAL, ENOENT).
    """
    handle, size = ask(lambda kernel: kernel.package_open(path))
    return File(handle, size)
