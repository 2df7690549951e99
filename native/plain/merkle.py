"""Merkle trees (RFC 9162, section 2.1) over a SHA-256 that the caller gives.

A leaf is the hash of 0x00 and its block, a node that of 0x01 and its two children: so no node can be
passed off as a leaf. A tree of n leaves is split after the largest power of two below n, and so no
leaf is ever doubled to fill a level.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    Data = bytes | bytearray | memoryview
    Hash = Callable[[bytes], bytes]

DEEPEST = 32  # levels: at most 2**32 - 1 blocks


def split(leaves: int) -> int:
    """The largest power of two below `leaves`, which is at least 2."""
    k = 1
    while 2 * k < leaves:
        k *= 2
    return k


def _blocks(data: Data, size: int) -> list[bytes]:
    return [bytes(data[at : at + size]) for at in range(0, len(data), size)]


def _root(sha256: Hash, blocks: list[bytes]) -> bytes:
    if not blocks:
        return sha256(b"")
    if len(blocks) == 1:
        return sha256(b"\x00" + blocks[0])
    k = split(len(blocks))
    return sha256(b"\x01" + _root(sha256, blocks[:k]) + _root(sha256, blocks[k:]))


def _path(sha256: Hash, blocks: list[bytes], index: int) -> list[bytes]:
    if len(blocks) == 1:
        return []
    k = split(len(blocks))
    if index < k:
        return _path(sha256, blocks[:k], index) + [_root(sha256, blocks[k:])]
    return _path(sha256, blocks[k:], index - k) + [_root(sha256, blocks[:k])]


def root(sha256: Hash, data: Data, block: int) -> bytes:
    """The root of `data` in blocks of `block` bytes (section 2.1.1): 32 bytes."""
    return _root(sha256, _blocks(data, block))


def path(sha256: Hash, data: Data, block: int, index: int) -> list[bytes]:
    """The digests that prove block `index`, lowest level first (section 2.1.3.1)."""
    return _path(sha256, _blocks(data, block), index)


def _climb(sha256: Hash, digest: bytes, index: int, leaves: int, path: list[bytes]) -> bytes:
    if leaves == 1:
        return digest
    k = split(leaves)
    if index < k:
        return sha256(b"\x01" + _climb(sha256, digest, index, k, path[:-1]) + path[-1])
    return sha256(b"\x01" + path[-1] + _climb(sha256, digest, index - k, leaves - k, path[:-1]))


def _depth(index: int, leaves: int) -> int:
    depth = 0
    while leaves > 1:
        k = split(leaves)
        index, leaves = (index, k) if index < k else (index - k, leaves - k)
        depth += 1
    return depth


def is_block(sha256: Hash, root: Data, leaves: int, index: int, block: Data, path: list[bytes]) -> bool:
    """Whether `block` is number `index` of the `leaves` blocks under `root` (section 2.1.3.2)."""
    if not 0 <= index < leaves or len(path) != _depth(index, leaves):
        return False
    return _climb(sha256, sha256(b"\x00" + bytes(block)), index, leaves, path) == bytes(root)
