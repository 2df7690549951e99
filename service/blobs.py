"""Blobs: image packages kept under the name of their SHA-256.

A name is only ever a digest computed here, so no text of a caller becomes part of a path. A blob is
written beside its place and moved there whole, after it has reached the disk.
"""

from __future__ import annotations

import hashlib
import os
import re
import tempfile
from pathlib import Path

NAME = re.compile(r"[0-9a-f]{64}")


class Blobs:
    """A folder of blobs."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(mode=0o700, exist_ok=True)
        self._folder = folder

    def put(self, data: bytes) -> str:
        """Keep `data`; its SHA-256 in hex, by which it is read. Keeping it twice is keeping it once."""
        name = hashlib.sha256(data).hexdigest()
        handle, temporary = tempfile.mkstemp(dir=self._folder, prefix=".new-")
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            os.replace(temporary, self._folder / name)
        except BaseException:
            Path(temporary).unlink(missing_ok=True)
            raise
        self._sync()
        return name

    def read(self, name: str, first: int = 0, length: int | None = None) -> bytes:
        """At most `length` bytes from `first` on. Raises KeyError if there is no such blob."""
        if not NAME.fullmatch(name):
            raise KeyError(name)
        try:
            with open(self._folder / name, "rb") as file:
                file.seek(first)
                return file.read(-1 if length is None else length)
        except FileNotFoundError:
            raise KeyError(name) from None

    def remove(self, name: str) -> None:
        """Forget a blob; one that is not there is forgotten already."""
        if NAME.fullmatch(name):
            (self._folder / name).unlink(missing_ok=True)

    def _sync(self) -> None:
        folder = os.open(self._folder, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
