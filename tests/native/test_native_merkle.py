"""Merkle trees: Certificate Transparency's reference tree, the oracle, and proofs that fail when they must."""

import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from armillary.native._native import ffi, lib
from armillary.native.plain import merkle as oracle

# The reference tree of Certificate Transparency (the log's own unit tests): leaves of different lengths ...
LEAVES = [bytes.fromhex(leaf) for leaf in (
    "", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f",
)]  # fmt: skip
# ... and the roots of the trees of the first one, two, ... eight of them.
ROOTS = [
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
]

FEATURES = {"everything": 0xFFFFFFFF, "SHA": lib.CPU_SHA, "portable": 0}


@pytest.fixture(params=FEATURES)
def processor(request):
    """The C code with what the processor offers, with its SHA instructions alone, and without."""
    lib.cpu_restrict(FEATURES[request.param])
    yield
    lib.cpu_restrict(0xFFFFFFFF)


def sha256(data):
    return hashlib.sha256(data).digest()


def root(data, block):
    place = ffi.new("uint8_t[32]")
    lib.merkle_root(data, len(data), block, place)
    return bytes(place)


def path(data, block, index):
    place = ffi.new("uint8_t[]", 32 * lib.MERKLE_DEEPEST)
    depth = lib.merkle_path(data, len(data), block, index, place)
    return [bytes(place[32 * level : 32 * level + 32]) for level in range(depth)]


def is_block(root, leaves, index, block, path):
    return (
        lib.merkle_verify(root, leaves, index, block, len(block), b"".join(path), len(path))
        == lib.VERDICT_ACCEPT
    )


def tree(data, block):
    """Root, blocks."""
    return root(data, block), [data[at : at + block] for at in range(0, len(data), block)]


@pytest.mark.parametrize("count", range(1, 9))
def test_every_leaf_of_the_reference_tree_is_proved(count):
    reference = bytes.fromhex(ROOTS[count - 1])
    for index in range(count):
        proof = oracle._path(sha256, LEAVES[:count], index)
        assert is_block(reference, count, index, LEAVES[index], proof)
        assert oracle.is_block(sha256, reference, count, index, LEAVES[index], proof)


@pytest.mark.parametrize("count", range(1, 9))
def test_the_oracle_gives_the_reference_roots(count):
    assert oracle._root(sha256, LEAVES[:count]).hex() == ROOTS[count - 1]


# The published audit paths: leaves, index, digests from the lowest level up.
PATHS = [
    (8, 0, [
        "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
        "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
        "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4",
    ]),
    (8, 5, [
        "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
        "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
        "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    ]),
    (3, 2, ["fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125"]),
    (5, 1, [
        "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
        "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
        "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
    ]),
]  # fmt: skip


@pytest.mark.parametrize(
    "leaves, index, digests", PATHS, ids=lambda value: str(value) if type(value) is int else ""
)
def test_the_published_paths_prove_their_leaves(leaves, index, digests):
    proof = [bytes.fromhex(digest) for digest in digests]
    assert is_block(bytes.fromhex(ROOTS[leaves - 1]), leaves, index, LEAVES[index], proof)
    assert oracle._path(sha256, LEAVES[:leaves], index) == proof


def test_an_empty_image_has_the_hash_of_nothing(processor):
    assert root(b"", 4096) == oracle.root(sha256, b"", 4096) == sha256(b"")
    assert not is_block(root(b"", 4096), 0, 0, b"", [])


@pytest.mark.parametrize("block", [1, 31, 62, 63, 64, 65, 118, 119, 127, 128, 200])
def test_roots_of_every_number_of_blocks_are_the_oracles(processor, block):
    for leaves in range(1, 36):
        for missing in {0, 1, block // 2, block - 1} - {block}:
            data = bytes((i * 31 + leaves) & 0xFF for i in range(leaves * block - missing))
            assert root(data, block) == oracle.root(sha256, data, block)


@pytest.mark.parametrize("leaves", [1, 2, 3, 5, 8, 21, 33])
def test_every_block_is_proved_by_its_path_and_by_no_other(processor, leaves):
    data = bytes((i * 7) & 0xFF for i in range(leaves * 70 - 9))
    top, blocks = tree(data, 70)
    for index, block in enumerate(blocks):
        proof = path(data, 70, index)
        assert proof == oracle.path(sha256, data, 70, index)
        for other in range(leaves + 2):
            assert is_block(top, leaves, other, block, proof) == (other == index)
            assert oracle.is_block(sha256, top, leaves, other, block, proof) == (other == index)


def test_every_flipped_bit_of_block_path_and_root_is_refused():
    data = bytes(range(250)) * 3
    top, blocks = tree(data, 100)
    proof = path(data, 100, 5)
    whole = [top, blocks[5], *proof]
    for part, value in enumerate(whole):
        for bit in range(8 * len(value)):
            wrong = bytearray(value)
            wrong[bit // 8] ^= 1 << bit % 8
            changed = [bytes(wrong) if at == part else good for at, good in enumerate(whole)]
            assert not is_block(changed[0], len(blocks), 5, changed[1], changed[2:])


def test_a_path_of_another_depth_is_refused():
    data = bytes(range(240)) * 5
    top, blocks = tree(data, 100)
    proof = path(data, 100, 3)
    assert is_block(top, len(blocks), 3, blocks[3], proof)
    for wrong in ([], proof[:-1], proof[1:], [*proof, bytes(32)], [*proof, *proof]):
        assert not is_block(top, len(blocks), 3, blocks[3], wrong)


def test_an_index_out_of_range_is_refused():
    top = root(b"one block", 64)
    assert is_block(top, 1, 0, b"one block", [])
    for leaves, index in [(0, 0), (1, 1), (1, 2**64 - 1), (0, 2**64 - 1)]:
        assert not is_block(top, leaves, index, b"one block", [])


def test_a_node_is_no_leaf():
    """Second pre-image: what a node hashes, offered as the block of a smaller tree (RFC 9162, section 2.1)."""
    data = bytes(256)
    top, blocks = tree(data, 64)
    nodes = [oracle._root(sha256, blocks[:2]), oracle._root(sha256, blocks[2:])]
    for prefix in (b"", b"\x00", b"\x01"):
        assert not is_block(top, 1, 0, prefix + nodes[0] + nodes[1], [])


def test_repeating_the_last_block_changes_the_root():
    """Where an odd level is filled by doubling, it does not (CVE-2012-2459)."""
    data = b"".join(bytes([n]) * 64 for n in range(3))
    assert root(data, 64) != root(data + data[-64:], 64)


@given(data=st.binary(min_size=1, max_size=3000), block=st.integers(20, 300), pick=st.integers(0))
def test_any_block_of_any_image_is_proved(data, block, pick):
    top, blocks = tree(data, block)
    index = pick % len(blocks)
    proof = path(data, block, index)
    assert top == oracle.root(sha256, data, block)
    assert proof == oracle.path(sha256, data, block, index)
    assert is_block(top, len(blocks), index, blocks[index], proof)
