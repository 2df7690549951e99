"""SHA-256, HMAC, HKDF, and Merkle trees as RFC 9162 section 2.1 defines them."""

from __future__ import annotations

import itertools
import random

from tests.native.vectors.case import DONE, REFUSED, UNFIT, Suite, number
from tests.native.vectors.peers import LENGTHS, SOURCE, flips, hmac_sha256, sha256_of
from tests.native.vectors.wycheproof import PIECES


def hashing(suite: Suite, source: random.Random) -> None:
    for length in LENGTHS:
        data = source.randbytes(length)
        suite.add(SOURCE, length, "sha256", data, answer=sha256_of(data))
        for sizes in PIECES:
            suite.add(SOURCE, length, "sha256_pieces", data, sizes, answer=sha256_of(data))
        key = source.randbytes(length % 131)
        suite.add(SOURCE, length, "hmac", key, data, answer=hmac_sha256(key, data))
        suite.add(SOURCE, length, "hmac_pieces", key, data, b"\x3f\x02", answer=hmac_sha256(key, data))
    for count in [*range(0, 20), 33, 96]:
        for longest in (0, 64, 300, 1100):
            jobs = [source.randbytes(source.randint(0, longest)) for _ in range(count)]
            suite.add(SOURCE, count, "sha256_many", *jobs, answer=b"".join(map(sha256_of, jobs)))
    for count, size in itertools.product((0, 1, 2, 3, 4, 5, 8, 9, 17, 40), (0, 1, 32, 55, 56, 64, 100, 256, 1024)):
        data = source.randbytes(count * size)
        pages = b"".join(sha256_of(data[at * size : (at + 1) * size]) for at in range(count))
        suite.add(SOURCE, f"{count} of {size}", "sha256_pages", data, number(size), number(count), answer=pages)


def hkdf(prk: bytes, info: bytes, length: int) -> bytes:
    out = block = b""
    for counter in range(1, -(-length // 32) + 1):
        block = hmac_sha256(prk, block + info + bytes([counter]))
        out += block
    return out[:length]


def deriving(suite: Suite, source: random.Random) -> None:
    for length in (0, 1, 31, 32, 33, 63, 64, 65, 255, 8129, 8160):
        salt, ikm, info = (source.randbytes(source.choice((0, 1, 13, 32, 64, 65, 200))) for _ in range(3))
        prk = hmac_sha256(salt, ikm)
        suite.add(SOURCE, length, "hkdf", salt, ikm, info, number(length), answer=hkdf(prk, info, length))
        suite.add(SOURCE, length, "hkdf_extract", salt, ikm, answer=prk)
        for size in (0, 16, 32, 64, 65):
            key = source.randbytes(size)
            suite.add(SOURCE, length, "hkdf_expand", key, info, number(length), answer=hkdf(key, info, length))
    suite.add(SOURCE, 8161, "hkdf_expand", bytes(32), b"", number(8161), status=UNFIT)


# -- Merkle trees, as RFC 9162 section 2.1 defines them


def split(count: int) -> int:
    """The largest power of two below `count`."""
    return 1 << (count - 1).bit_length() - 1


def tree(leaves: list[bytes]) -> bytes:
    if not leaves:
        return sha256_of(b"")
    if len(leaves) == 1:
        return sha256_of(b"\0" + leaves[0])
    left = split(len(leaves))
    return sha256_of(b"\1" + tree(leaves[:left]) + tree(leaves[left:]))


def path(leaves: list[bytes], index: int) -> list[bytes]:
    if len(leaves) == 1:
        return []
    left = split(len(leaves))
    if index < left:
        return [*path(leaves[:left], index), tree(leaves[left:])]
    return [*path(leaves[left:], index - left), tree(leaves[:left])]


def trees(suite: Suite, source: random.Random) -> None:
    for length, block in [*((length, 16) for length in range(0, 16 * 20, 7)), (4096, 64), (4097, 64), (10000, 4096), (100, 200), (74, 64), (130, 64), (1030, 100)]:
        data = source.randbytes(length)
        leaves = [data[at : at + block] for at in range(0, length, block)]
        root = tree(leaves)
        suite.add(SOURCE, length, "merkle_root", data, number(block), answer=root)
        suite.add(SOURCE, length, "merkle_path", data, number(block), number(len(leaves)), status=UNFIT)
        for index in {0, 1, len(leaves) // 2, len(leaves) - 2, len(leaves) - 1} & set(range(len(leaves))):
            proof = path(leaves, index)
            suite.add(SOURCE, index, "merkle_path", data, number(block), number(index), answer=b"".join(proof))
            claim(suite, root, len(leaves), index, leaves[index], proof)
    forged_paths(suite, source)


def claim(suite: Suite, root: bytes, count: int, index: int, leaf: bytes, proof: list[bytes], status: int = DONE) -> None:
    """That `leaf` is number `index` of `count`."""
    arguments = (root, number(count), number(index), leaf, b"".join(proof))
    suite.add(SOURCE, f"{index} of {count}", "merkle_verify", *arguments, status=status)


def forged_paths(suite: Suite, source: random.Random) -> None:
    leaves = [source.randbytes(24) for _ in range(13)]
    root, index = tree(leaves), 10
    proof = path(leaves, index)
    for other in (*range(20), 1 << 31, (1 << 32) - 1):
        if other != index:
            claim(suite, root, 13, other, leaves[index], proof, REFUSED)
    # The tree of n leaves proves a leaf by the turns that its number takes; those of 11, 12 and 14 leaves differ.
    for count in (0, 1, 2, 8, 9, 10, 11, 12, 17, 26, 1 << 20):
        claim(suite, root, count, index, leaves[index], proof, REFUSED)
    for wrong in (proof[:-1], proof[1:], [*proof, proof[0]], [*proof, *proof] * 9, [], list(reversed(proof))):
        claim(suite, root, 13, index, leaves[index], wrong, REFUSED)
    for other in range(13):  # too long and too short a path of every leaf, the lone last one among them
        right = path(leaves, other)
        claim(suite, root, 13, other, leaves[other], right)
        for wrong in ([*right, root], right[:-1], [root, *right], right[1:]):
            claim(suite, root, 13, other, leaves[other], wrong, REFUSED)
    for _, changed in flips(leaves[index]):
        claim(suite, root, 13, index, changed, proof, REFUSED)
    for _, changed in flips(b"".join(proof)):
        claim(suite, root, 13, index, leaves[index], [changed], REFUSED)
    for _, changed in flips(root):
        claim(suite, changed, 13, index, leaves[index], proof, REFUSED)
    # CVE-2012-2459: no leaf stands for two; a node is no leaf.
    claim(suite, tree(leaves[:4]), 2, 0, sha256_of(b"\1" + leaves[0] + leaves[1]), [tree(leaves[2:4])], REFUSED)
    claim(suite, tree(leaves[:1]), 1, 0, leaves[0], [], DONE)
    claim(suite, tree(leaves[:1]), 1, 0, leaves[0], [root], REFUSED)
    claim(suite, tree([]), 0, 0, b"", [], REFUSED)
