"""ASXipFS: the read-only file system in image packages, laid out to be executed in place.

A descendant of CramFS without compression: a superblock of 76 bytes, the tables of all directories
breadth first, then the files, each on a page of its own. The reader takes the whole image or
nothing: what the writer would not have written is refused, with the offset at which it stands.
Device nodes, links and set-user-id bits do not exist here (they once opened raw flash to apps).
"""

from __future__ import annotations

import binascii
import struct
from typing import TYPE_CHECKING

from .fault import Invalid, NotFound, malformed

if TYPE_CHECKING:
    from collections.abc import Iterable

MAGIC = 0x28CD3D45  # that of CramFS
FLAGS = 3  # version 2, sorted directories
SIGNATURE = b"Compressed ROMFS"
VOLUME = b"Compressed\0\0\0\0\0\0"
SUPERBLOCK = "<IIII16sIIII16s"  # the root's inode follows
ROOT = 64  # offset of the root's inode
FIRST = 76  # offset of the first directory table
INODE = 12
PAGE = 4096
CRC = 32  # offset of the checksum in the superblock

KIND, DIRECTORY, FILE = 0o170000, 0o040000, 0o100000
KINDS = {0o010000: "a fifo", 0o020000: "a character device", 0o060000: "a block device", 0o120000: "a link", 0o140000: "a socket"}
SPECIAL, EXECUTE_IN_PLACE = 0o7000, 0o1000
DIRECTORY_MODE, DATA_MODE, PROGRAM_MODE = 0o040755, 0o101644, 0o101755

MOST_FILE = 0xFF_FFFF
MOST_IMAGE = 1 << 28
MOST_INODES = 4096
MOST_DEPTH = 16  # names in a path
MOST_PATH = 255
MOST_NAME = 63 * 4


class Node:
    """An inode. `at` is where it stands, `offset` where its content begins (bytes); `path` has no leading `/`."""

    def __init__(self, path: str, at: int, words: tuple[int, int, int]) -> None:
        self.path = path
        self.at = at
        self.mode = words[0] & 0xFFFF
        self.uid = words[0] >> 16
        self.size = words[1] & 0xFF_FFFF
        self.gid = words[1] >> 24
        self.name_size = (words[2] & 0x3F) * 4
        self.offset = (words[2] >> 6) * 4

    @property
    def is_directory(self) -> bool:
        return self.mode & KIND == DIRECTORY

    @property
    def is_executable(self) -> bool:
        return not self.is_directory and self.mode & 0o100 != 0


class Scan:
    """One pass over an image that finds its inodes and everything wrong with them.

    `refuse` raises; a subclass may note the problem and return instead, and the pass goes on as far
    as it safely can. `nodes` are in the order of the image, without the root.
    """

    def __init__(self, body: bytes) -> None:
        self.body = body
        self.nodes: list[Node] = []
        self.end = FIRST  # of the directory tables read so far

    def refuse(self, reason: str, at: int) -> None:
        """Say what is wrong at `at`."""
        raise malformed(reason, at, "asxipfs")

    def run(self) -> None:
        """Read the superblock, every directory, and where the files lie."""
        root = self._superblock()
        if root is None:
            return
        queue, done = [(root, 0)], 0
        while done < len(queue):
            queue.extend(self._directory(*queue[done]))
            done += 1
        (files,) = struct.unpack("<I", self.body[44:48])
        if files != len(self.nodes) + 1:
            self.refuse("a count of " + str(files) + " inodes where there are " + str(len(self.nodes) + 1), 44)
        self._extents()

    def _superblock(self) -> Node | None:
        body = self.body
        if len(body) < PAGE or len(body) > MOST_IMAGE:
            self.refuse("a file system of " + str(len(body)) + " bytes ends", 0)
            return None
        fields = struct.unpack(SUPERBLOCK, body[:ROOT])
        if fields[0] != MAGIC:
            self.refuse("no file system", 0)
            return None
        if fields[1] != len(body) or fields[1] % PAGE:
            self.refuse("a size of " + str(fields[1]) + " in " + str(len(body)) + " bytes", 4)
        wanted = (FLAGS, 0, SIGNATURE, None, 0, 0, None, VOLUME)
        for value, want, at in zip(fields[2:], wanted, (8, 12, 16, CRC, 36, 40, 44, 48)):
            if want is not None and value != want:
                self.refuse("an unknown " + ("flag" if at == 8 else "value"), at)
        if crc32(body) != fields[5]:
            self.refuse("a wrong checksum", CRC)
        root = Node("", ROOT, struct.unpack("<III", body[ROOT:FIRST]))
        if not root.is_directory or root.mode & SPECIAL or root.name_size:
            self.refuse("a root of mode " + oct(root.mode), ROOT)
            return None
        return root

    def _directory(self, node: Node, depth: int) -> list[tuple[Node, int]]:
        """Read the table of `node`, which must be the next one; the directories in it, one deeper."""
        if not node.size and node.offset in (0, self.end):
            return []
        if node.offset != self.end:
            # So tables never overlap, and no directory is inside itself.
            how = "goes back to " if node.offset < self.end else "skips to "
            self.refuse("a directory table that " + how + hex(node.offset), node.at)
            return []
        if depth == MOST_DEPTH:
            self.refuse("a directory more than " + str(MOST_DEPTH) + " deep", node.at)
            return []
        if node.size > len(self.body) - node.offset or node.size % 4:
            self.refuse("a directory of " + str(node.size) + " bytes", node.at)
            return []
        self.end = node.offset + node.size
        children = self._children(node)
        self._order(children)
        return [(child, depth + 1) for child in children if child.is_directory]

    def _children(self, node: Node) -> list[Node]:
        children: list[Node] = []
        at = node.offset
        while at < self.end:
            if at + INODE > self.end:
                self.refuse("an inode cut short", at)
                break
            if len(self.nodes) >= MOST_INODES:
                self.refuse("more than " + str(MOST_INODES) + " inodes", at)
                break
            child = Node("", at, struct.unpack("<III", self.body[at : at + INODE]))
            if not child.name_size or at + INODE + child.name_size > self.end:
                self.refuse("a name of " + str(child.name_size) + " bytes", at)
                break
            child.path = self._path(node.path, at + INODE, child.name_size)
            self._mode(child)
            self.nodes.append(child)
            children.append(child)
            at += INODE + child.name_size
        return children

    def _path(self, parent: str, at: int, size: int) -> str:
        name, _, rest = self.body[at : at + size].partition(b"\0")
        if len(rest) > 3 or rest != bytes(len(rest)):
            self.refuse("a name badly padded", at)
        wrong = name_fault(name)
        if wrong:
            self.refuse("a name " + wrong, at)
        text = "".join([chr(byte) if 0x20 <= byte < 0x7F else "?" for byte in name])
        path = parent + "/" + text if parent else text
        if len(path) > MOST_PATH:
            self.refuse("a path of " + str(len(path)) + " bytes", at)
        return path

    def _mode(self, node: Node) -> None:
        kind = node.mode & KIND
        if kind == DIRECTORY:
            if node.mode & SPECIAL:
                self.refuse("a directory of mode " + oct(node.mode), node.at)
        elif kind != FILE:
            self.refuse(KINDS.get(kind, "an unknown inode") + " of mode " + oct(node.mode), node.at)
        elif node.mode & SPECIAL & ~EXECUTE_IN_PLACE:
            self.refuse("a set-user-id or set-group-id file", node.at)
        elif not node.mode & EXECUTE_IN_PLACE:
            self.refuse("a file that is not executed in place", node.at)

    def _order(self, children: list[Node]) -> None:
        before = ""
        folded: set[str] = set()
        for child in children:
            if child.path == before:
                self.refuse("the same name twice", child.at)
            elif child.path < before:
                self.refuse("a directory not sorted", child.at)
            elif child.path.lower() in folded:
                self.refuse("names that differ only in case", child.at)
            before = child.path
            folded.add(child.path.lower())

    def _extents(self) -> None:
        """Check that files lie on pages of their own inside the image, with only zeros between."""
        files = [node for node in self.nodes if node.mode & KIND == FILE and (node.size or node.offset)]
        files.sort(key=lambda node: (node.offset, node.at))
        end = self.end
        gaps: list[tuple[int, int]] = []
        for node in files:
            if node.offset % PAGE:
                self.refuse("content that is not on a page", node.at)
            if node.offset + node.size > len(self.body):
                self.refuse("content outside the image", node.at)
            elif node.offset < end:
                self.refuse("content that overlaps another's", node.at)
            else:
                gaps.append((end, node.offset))
                end = node.offset + node.size
        for start, stop in gaps + [(end, len(self.body))]:
            self._zeros(start, stop)

    def _zeros(self, start: int, end: int) -> None:
        gap = self.body[start:end]
        if gap != bytes(len(gap)):
            at = 0
            while not gap[at]:
                at += 1
            self.refuse("a byte that belongs to no file", start + at)


def crc32(body: bytes) -> int:
    """The checksum of an image: CRC-32 with its own field taken as zero."""
    return binascii.crc32(body[CRC + 4 :], binascii.crc32(bytes(4), binascii.crc32(body[:CRC])))


def name_fault(name: bytes) -> str:
    """Why `name` cannot name a file: it is not printable ASCII, or means something to a path. "" if it can."""
    if not name:
        return "that is empty"
    if len(name) > MOST_NAME:
        return "of " + str(len(name)) + " bytes"
    if name in (b".", b".."):
        return "that means a directory"
    for byte in name:
        if not 0x20 <= byte < 0x7F or byte in b"/\\":
            return "with the byte " + hex(byte)
    return ""


class FileSystem:
    """A whole image, checked. Raises Invalid, naming the offset, if anything in it is not as it must be."""

    def __init__(self, body: bytes) -> None:
        self._body = bytes(body)
        scan = Scan(self._body)
        scan.run()
        self.nodes = scan.nodes
        self._files = {node.path: node for node in scan.nodes if not node.is_directory}

    def paths(self) -> list[str]:
        """The paths of all files, in the order of the image, without a leading `/`."""
        return [node.path for node in self.nodes if not node.is_directory]

    def find(self, path: str) -> Node:
        """The file at `path`, which may begin with one `/`. Raises NotFound."""
        node = self._files.get(path[1:] if path.startswith("/") else path)
        if node is None:
            raise NotFound("no file " + path)
        return node

    def is_directory(self, path: str) -> bool:
        """Whether a directory is at `path`."""
        path = path[1:] if path.startswith("/") else path
        return any([node.is_directory and node.path == path for node in self.nodes])

    def read(self, path: str) -> bytes:
        """The content of the file at `path`. Raises NotFound."""
        node = self.find(path)
        return self._body[node.offset : node.offset + node.size]


class _Folder:
    """A directory to be written: its entries by name, its own inode's table once laid out."""

    def __init__(self) -> None:
        self.entries: dict[bytes, _Folder | tuple[bytes, bool]] = {}
        self.offset = 0

    @property
    def size(self) -> int:
        return sum([INODE + _padded(name) for name in self.entries])


def pack(files: Iterable[tuple[str, bytes, bool]]) -> bytes:
    """The image that holds `files`: (path, content, is it executable).

    Directories are made as paths need them. Raises Invalid for a path or a size no reader would take.
    """
    root = _Folder()
    for path, data, is_executable in files:
        if len(data) > MOST_FILE:
            raise Invalid(path + " has " + str(len(data)) + " bytes")
        _add(root, path, (bytes(data), bool(is_executable)))
    folders = _breadth_first(root)
    end = FIRST
    for folder in folders:
        folder.offset = end
        end += folder.size
    image = _write(folders, end)
    FileSystem(image)
    return image


def _add(root: _Folder, path: str, file: tuple[bytes, bool]) -> None:
    names = (path[1:] if path.startswith("/") else path).encode().split(b"/")
    folder = root
    for name in names:
        wrong = name_fault(name)
        if wrong:
            raise Invalid(repr(path) + " has a name " + wrong)
    for name in names[:-1]:
        inner = folder.entries.get(name)
        if inner is None:
            inner = folder.entries[name] = _Folder()
        if not isinstance(inner, _Folder):
            raise Invalid(path + " passes through a file")
        folder = inner
    if names[-1] in folder.entries:
        raise Invalid(path + " is given twice")
    folder.entries[names[-1]] = file


def _breadth_first(root: _Folder) -> list[_Folder]:
    folders, done = [root], 0
    while done < len(folders):
        entries = folders[done].entries
        for name in sorted(entries):
            entry = entries[name]
            if isinstance(entry, _Folder):
                folders.append(entry)
        done += 1
    return folders


def _write(folders: list[_Folder], end: int) -> bytes:
    tables, content, files = bytearray(), bytearray(), 1
    start = -(-end // PAGE) * PAGE
    for folder in folders:
        for name in sorted(folder.entries):
            entry = folder.entries[name]
            files += 1
            if isinstance(entry, _Folder):
                inode = _inode(DIRECTORY_MODE, entry.size, _padded(name), entry.offset)
            else:
                data, is_executable = entry
                mode = PROGRAM_MODE if is_executable else DATA_MODE
                inode = _inode(mode, len(data), _padded(name), start + len(content) if data else 0)
                content.extend(data)
                content.extend(bytes(-len(data) % PAGE))
            tables.extend(inode)
            tables.extend(name + bytes(-len(name) % 4))
    size = start + len(content)
    root = _inode(DIRECTORY_MODE, folders[0].size, 0, FIRST)
    image = bytearray(struct.pack(SUPERBLOCK, MAGIC, size, FLAGS, 0, SIGNATURE, 0, 0, 0, files, VOLUME))
    for part in (root, tables, bytes(start - end), content):
        image.extend(part)
    image[CRC : CRC + 4] = struct.pack("<I", crc32(bytes(image)))
    return bytes(image)


def _inode(mode: int, size: int, name_size: int, offset: int) -> bytes:
    if size > MOST_FILE or offset >= MOST_IMAGE:
        raise Invalid("a file system of more than " + str(MOST_IMAGE) + " bytes")
    return struct.pack("<III", mode, size, name_size // 4 | offset // 4 << 6)


def _padded(name: bytes) -> int:
    return -(-len(name) // 4) * 4
