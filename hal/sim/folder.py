"""Device folder: a simulated device that outlives its process.

    flash.bin   the flash, complemented: erased sectors are zeros, so the file is sparse
    fuses.bin   the fuse rows, then one write-lock byte a row
    board.json  name, geometry, pins, network table, what is wired to it, and the version of this format
    lock        held while a process has the device open, with that process's number

Flash and fuses are mapped, so what was programmed is in the file even if the process is killed. A folder
is made under another name and then renamed, so it is whole or not there. CPython only.
"""

from __future__ import annotations

import fcntl
import json
import mmap
import os
import shutil
import stat
import tempfile
from pathlib import Path
from typing import Any

from .flash import Flash
from .fuses import Fuses, cells_size
from .power import PowerRail

FORMAT = 1
MOST_PIN, MOST_PORT = 95, 65535
MOST_WIRES, LONGEST_WIRE = 256, 4096
COMPLEMENT = bytes(255 - value for value in range(256))


class FolderError(Exception):
    """The folder cannot be used; the message says why and what to do."""


class Missing(FolderError):
    """There is no device there."""


class Damaged(FolderError):
    """A file is missing, of the wrong size or unreadable."""


class InUse(FolderError):
    """Another process has the device open; `pid` is its number, 0 if unknown."""

    def __init__(self, message: str, pid: int) -> None:
        super().__init__(message)
        self.pid = pid


class Newer(FolderError):
    """A newer version of this program made it."""


class Exposed(FolderError):
    """Others can read the device's secrets."""


class Crowded(FolderError):
    """The disk has no room for what the device may write."""


class MappedCells:
    """Flash cells in a file (see `flash.Cells`); stored complemented."""

    def __init__(self, memory: mmap.mmap) -> None:
        self._memory = memory

    def read(self, offset: int, length: int) -> bytes:
        return self._memory[offset : offset + length].translate(COMPLEMENT)

    def write(self, offset: int, data: bytes) -> None:
        self._memory[offset : offset + len(data)] = bytes(data).translate(COMPLEMENT)

    def snapshot(self) -> bytes:
        return self._memory[:]

    def restore(self, saved: bytes) -> None:
        self._memory[:] = saved


class Board:
    """What board.json says. `hosts` maps (name, port) to (IP address, real port); `wires` are words of `wiring`."""

    def __init__(
        self, name: str, flash: tuple[int, int, int], fuses: tuple[int, int],
        pins: tuple[int, ...], hosts: dict[tuple[str, int], tuple[str, int]], wires: tuple[str, ...] = (),
    ) -> None:  # fmt: skip
        self.name = name
        self.flash = flash  # size, sector, page
        self.fuses = fuses  # rows, bytes a row
        self.pins = pins
        self.hosts = hosts
        self.wires = wires

    @classmethod
    def of(cls, facts: Any, name: str) -> Board:
        """A board with the numbers of a facts module (FLASH_SIZE, FUSE_ROWS, PINS, ...), no hosts."""
        flash = (facts.FLASH_SIZE, facts.FLASH_SECTOR, facts.FLASH_PAGE)
        return cls(name, flash, (facts.FUSE_ROWS, facts.FUSE_ROW_BYTES), tuple(facts.PINS), {})

    def dumps(self) -> str:
        """The text of board.json."""
        hosts = [[host, port, ip, real] for (host, port), (ip, real) in sorted(self.hosts.items())]
        fields = {
            "format": FORMAT, "name": self.name, "flash": self.flash, "fuses": self.fuses,
            "pins": self.pins, "hosts": hosts, **({"wires": self.wires} if self.wires else {}),
        }  # fmt: skip
        return json.dumps(fields, indent=2) + "\n"

    @classmethod
    def loads(cls, text: str) -> Board:
        """The board `text` describes. Raises Newer, Damaged."""
        try:
            fields = json.loads(text)
            made = fields["format"]
        except (ValueError, TypeError, KeyError):
            raise Damaged("board.json is not a board's description") from None
        if made != FORMAT:
            raise Newer(f"the device has format {made!r}, this program knows {FORMAT}: use the newer program")
        return cls._checked(fields)

    @classmethod
    def _checked(cls, fields: dict[str, Any]) -> Board:
        try:
            size, sector, page = [_count(value) for value in fields["flash"]]
            rows, row_bytes = [_count(value) for value in fields["fuses"]]
            if size % sector or sector % page:
                raise ValueError("pages must fill sectors, and sectors the flash")
            pins = tuple([_count(value, 0, MOST_PIN) for value in fields["pins"]])
            hosts = dict([_host(*row) for row in fields["hosts"]])
            wires = _wires(fields.get("wires", []))
            return cls(str(fields["name"]), (size, sector, page), (rows, row_bytes), pins, hosts, wires)
        except (ValueError, TypeError, KeyError) as error:
            raise Damaged(f"board.json is damaged: {error}") from None


def _host(name: str, port: int, ip: str, real_port: int) -> tuple[tuple[str, int], tuple[str, int]]:
    return (str(name), _count(port, 1, MOST_PORT)), (str(ip), _count(real_port, 1, MOST_PORT))


def _wires(words: Any) -> tuple[str, ...]:
    if not isinstance(words, list) or len(words) > MOST_WIRES:
        raise ValueError(f"wires are a list, of {MOST_WIRES} at most")
    if not all(isinstance(word, str) and len(word) <= LONGEST_WIRE for word in words):
        raise ValueError("a wire is a text")
    return tuple(words)


def _count(value: Any, low: int = 1, high: int = 1 << 32) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or not low <= value <= high:
        raise ValueError(f"{value!r} is not a lawful number")
    return value


class DeviceFolder:
    """An open device. A context manager; `flash`, `fuses` and `rail` last until `close`.

    The mappings are not inherited by a fork, so a ring's process never has them.
    """

    def __init__(self, path: str | os.PathLike[str], seed: int = 0) -> None:
        """Open the device at `path`. Raises Missing, InUse, Newer, Exposed, Damaged, Crowded."""
        self.path = Path(path)
        if not self.path.is_dir():
            raise Missing(f"no device at {self.path}: create one first")
        self._lock = _hold(self.path)
        self._maps: list[mmap.mmap] = []
        try:
            self.board = Board.loads(_read_text(self.path / "board.json"))
            self._open(seed)
        except BaseException:
            self.close()
            raise

    @classmethod
    def create(cls, path: str | os.PathLike[str], board: Board) -> DeviceFolder:
        """Make a new device with blank flash and fuses at `path`, then open it.

        Raises FolderError if something is there already. Interrupted, it leaves nothing there.
        """
        target = Path(path)
        if target.exists() or target.is_symlink():
            raise FolderError(f"{target} exists already: choose another place or remove it")
        target.parent.mkdir(parents=True, exist_ok=True)
        making = Path(tempfile.mkdtemp(prefix=f".{target.name}.", dir=target.parent))  # mode 0700
        try:
            _write(making / "flash.bin", b"", board.flash[0])
            _check_room(making / "flash.bin", target)
            _write(making / "fuses.bin", b"", cells_size(*board.fuses))
            _write(making / "board.json", board.dumps().encode())
            _write(making / "lock", b"")
            os.rename(making, target)
        except BaseException:
            shutil.rmtree(making, ignore_errors=True)
            raise
        _sync(target.parent)
        return cls(target)

    def save(self) -> None:
        """Write board.json anew, in one step."""
        making = self.path / "board.json.new"
        making.unlink(missing_ok=True)
        _write(making, self.board.dumps().encode())
        os.replace(making, self.path / "board.json")
        _sync(self.path)

    def close(self) -> None:
        """Bring everything to the disk and let another process open it. Twice is once."""
        for each in self._maps:
            each.flush()
            each.close()
        self._maps = []
        if self._lock >= 0:
            fcntl.flock(self._lock, fcntl.LOCK_UN)  # a forked child may still have the descriptor
            os.close(self._lock)
            self._lock = -1

    def __enter__(self) -> DeviceFolder:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _open(self, seed: int) -> None:
        self.rail = PowerRail(seed)
        size, sector, page = self.board.flash
        cells = MappedCells(self._map("flash.bin", size))
        _check_room(self.path / "flash.bin", self.path)
        self.flash = Flash(size, sector, page, self.rail, cells)
        rows, row_bytes = self.board.fuses
        self.fuses = Fuses(rows, row_bytes, self.rail, self._map("fuses.bin", cells_size(rows, row_bytes)))

    def _map(self, name: str, size: int) -> mmap.mmap:
        descriptor = _open_file(self.path / name, os.O_RDWR)
        try:
            found = os.fstat(descriptor)
            if found.st_size != size:
                raise Damaged(f"{self.path / name} has {found.st_size} bytes, not {size}: restore a copy")
            if stat.S_IMODE(found.st_mode) & 0o077:
                raise Exposed(f"others can reach {self.path / name}, which holds secrets: chmod 600 it")
            memory = mmap.mmap(descriptor, size)
        finally:
            os.close(descriptor)
        if hasattr(mmap, "MADV_DONTFORK"):
            memory.madvise(mmap.MADV_DONTFORK)
        self._maps.append(memory)
        return memory


def _check_room(flash: Path, device: Path) -> None:
    """Raise Crowded if the disk has no room for all of a sparse flash: writing to its map would end the process by SIGBUS."""
    found, disk = os.stat(flash), os.statvfs(flash)
    lacking = found.st_size - found.st_blocks * 512 - disk.f_bavail * disk.f_frsize
    if lacking > 0:
        raise Crowded(f"the disk of {device} is full: its flash may need {lacking} bytes more than are free: make room there")


def _hold(path: Path) -> int:
    """A descriptor that holds the lock of the device at `path`."""
    descriptor = _open_file(path / "lock", os.O_RDWR)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        text = os.pread(descriptor, 32, 0).decode("ascii", "replace").strip()
        os.close(descriptor)
        pid = int(text) if text.isdigit() else 0
        raise InUse(f"{path} is in use by process {pid or 'unknown'}: stop that first", pid) from None
    os.ftruncate(descriptor, 0)
    os.pwrite(descriptor, str(os.getpid()).encode(), 0)
    return descriptor


def _open_file(path: Path, flags: int) -> int:
    try:
        return os.open(path, flags | os.O_CLOEXEC | os.O_NOFOLLOW)
    except OSError as error:
        raise Damaged(f"{path} cannot be opened: {error.strerror}") from None


def _read_text(path: Path) -> str:
    descriptor = _open_file(path, os.O_RDONLY)
    with os.fdopen(descriptor, "rb") as file:
        try:
            return file.read(1 << 20).decode()
        except UnicodeDecodeError:
            raise Damaged(f"{path} is not text") from None


def _write(path: Path, data: bytes, size: int | None = None) -> None:
    """Make a file that only we can read, of `size` bytes where given, and bring it to the disk."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(data)
        file.truncate(len(data) if size is None else size)
        file.flush()
        os.fsync(descriptor)


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
