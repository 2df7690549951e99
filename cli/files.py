"""Files that commands write: whole or not at all, and a failure that says which file it was."""

from __future__ import annotations

import contextlib
import io
import os
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path


@contextlib.contextmanager
def named(path: str | Path) -> Iterator[None]:
    """Give an OSError without a file this one: a full disk is told by the write, which knows no name."""
    try:
        yield
    except OSError as problem:
        problem.filename = problem.filename or str(path)
        raise


class _Named(io.FileIO):
    def write(self, data: Any, /) -> int:
        with named(str(self.name)):
            return super().write(data)


def create(path: str | Path) -> io.BufferedWriter:
    """A file to be written as things happen, empty from now on. Raises OSError with its name, later too."""
    return io.BufferedWriter(_Named(str(path), "w"))


def create_text(path: str | Path, encoding: str = "utf-8") -> io.TextIOWrapper:
    """The same for text; what the encoding lacks becomes a question mark."""
    return io.TextIOWrapper(create(path), encoding=encoding, errors="replace")


def write_file(path: Path, data: bytes) -> None:
    """Write a file whole or not at all; a pipe or a device as it is. Raises OSError with its name."""
    if path.exists() and not path.is_file():
        with named(path):
            path.write_bytes(data)
        return
    making = path.with_name(f".{path.name}.{os.getpid()}.new")
    try:
        making.write_bytes(data)
        os.replace(making, path)
    except OSError as problem:
        problem.filename = str(path)
        raise
    finally:
        with contextlib.suppress(OSError):
            making.unlink(missing_ok=True)


def check_apart(inputs: Iterable[Path | None], outputs: Iterable[Path | None]) -> None:
    """Raise UsageError if a file that is read would be written over, or two outputs go into one."""
    taken = {path.resolve(): f"{path} is read by this run" for path in inputs if path is not None}
    for path in outputs:
        place = path.resolve() if path is not None else None
        if path is None or place is None or path.exists() and not path.is_file():
            continue
        if place in taken:
            raise click.UsageError(f"{taken[place]}: write to another file")
        taken[place] = f"{path} is written by this run already"


def check(path: Path) -> None:
    """Whether a file could be written there later, at the end of something long. Raises OSError with its name."""
    if path.exists() and not path.is_file():
        return
    trial = path.with_name(f".{path.name}.{os.getpid()}.new")
    try:
        trial.touch()
    except OSError as problem:
        problem.filename = str(path)
        raise
    finally:
        with contextlib.suppress(OSError):
            trial.unlink(missing_ok=True)
