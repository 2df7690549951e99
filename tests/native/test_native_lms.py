"""LMS: published signatures, two other implementations, every bit, every length."""

from __future__ import annotations

import hashlib
import pathlib
import random
from functools import cache
from typing import NamedTuple

import hsslms
import pyhsslms.pyhsslms as housley
import pytest
from hsslms.utils import LMOTS_ALGORITHM_TYPE, LMS_ALGORITHM_TYPE
from hypothesis import given
from hypothesis import strategies as st

from armillary import native
from armillary.native._native import ffi, lib
from armillary.native.errors import BadSignature
from armillary.native.plain import lms

HERE = pathlib.Path(__file__).parent
SOURCE = HERE.parent.parent / "native/src"
ACCEPT = 0x5A3C96C5
PAIRS = [(tree, one_time) for tree in (5, 10) for one_time in lms.ONE_TIME if lms.TREES[tree][0] == lms.ONE_TIME[one_time][0]]
IDENTITY = bytes(range(16))


def sha256(data: bytes) -> bytes:
    return hashlib.sha256(data).digest()


def by_c(public, message, signature):
    found = lib.lms_verify(public, len(public), message, len(message), signature, len(signature))
    assert found == ACCEPT or bin(found ^ ACCEPT).count("1") >= 4, "a refusal is not near an acceptance"
    return found == ACCEPT


def by_plain(public, message, signature):
    try:
        lms.verify(sha256, public, message, signature)
    except BadSignature:
        return False
    return True


def by_facade(public, message, signature):
    try:
        native.lms_verify(public, message, signature)
    except BadSignature:
        return False
    return True


VERIFIERS = {"C": by_c, "plain": by_plain, "facade": by_facade}


@pytest.fixture(params=VERIFIERS)
def verifies(request):
    return VERIFIERS[request.param]


class Case(NamedTuple):
    """An LMS signature, a level of a published HSS signature."""

    name: str
    public: bytes
    message: bytes
    signature: bytes


def read_vectors():
    """(name, HSS public key, message, HSS signature)."""
    for block in (HERE / "lms_vectors.txt").read_text().split("\n\n"):
        fields: dict[str, str] = {}
        for line in block.splitlines():
            if line and not line.startswith("#"):
                key, _, value = line.partition(" ")
                fields[key] = fields.get(key, "") + value
        if fields:
            yield (fields["name"], *(bytes.fromhex(fields[key]) for key in ("public", "message", "signature")))


def levels_of(name, public, message, signature):
    """The LMS signatures of an HSS signature (RFC 8554, section 6): each signs the next level's key."""
    key, rest = public[4:], signature[4:]
    for level in range(int.from_bytes(signature[:4], "big")):
        shape = shape_of(key)
        mine, rest = rest[: shape.signature], rest[shape.signature :]
        below, rest = rest[: 24 + shape.size], rest[24 + shape.size :]
        yield Case(f"{name}, level {level}", key, below, mine)
        key = below
    yield Case(f"{name}, message", key, message, rest)


def shape_of(public):
    return lms.Shape(int.from_bytes(public[:4], "big"), int.from_bytes(public[4:8], "big"))


VECTORS = list(read_vectors())
CASES = [case for vector in VECTORS if "SHAKE" not in vector[0] for case in levels_of(*vector)]
OTHER_HASH = [case for vector in VECTORS if "SHAKE" in vector[0] for case in levels_of(*vector)]


@cache
def tree_of(tree, one_time, identity=IDENTITY, seed=None):
    """(shape, seed, nodes, public key) of a key; its leaves by C."""
    shape = lms.Shape(tree, one_time)
    seed = seed or bytes(range(100, 100 + shape.size))
    out = ffi.new("uint8_t[]", shape.size << shape.height)
    assert lib.lms_leaves(one_time, shape.height, identity, seed, 0, 1 << shape.height, out) == ACCEPT
    nodes = lms.grow(sha256, shape, identity, bytes(ffi.buffer(out)))
    return shape, seed, nodes, lms.public_key(shape, identity, nodes)


@cache
def signed(tree, one_time, number=3, message=b"a message"):
    """(public key, message, signature)."""
    shape, seed, nodes, public = tree_of(tree, one_time)
    return public, message, lms.sign(sha256, shape, IDENTITY, seed, nodes, number, message)


# Published figures.


def test_there_are_the_published_cases():
    assert len(CASES) == 5 and len(OTHER_HASH) == 2


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_published_signatures_are_accepted(verifies, case):
    assert verifies(case.public, case.message, case.signature)
    assert not verifies(case.public, case.message + b"\0", case.signature)


@pytest.mark.parametrize("case", OTHER_HASH, ids=lambda case: case.name)
def test_sets_of_another_hash_are_refused(verifies, case):
    assert not verifies(case.public, case.message, case.signature)


@pytest.mark.parametrize(
    ("name", "level", "seed", "identity"),
    [
        ("RFC 8554, appendix F, test case 2", 0, "558b8966c48ae9cb898b423c83443aae014a72f1b1ab5cc85cf1d892903b5439",
         "d08fabd4a2091ff0a8cb4ed834e74534"),
        ("RFC 8554, appendix F, test case 2", 1, "a1c4696e2608035a886100d05cd99945eb3370731884a8235e2fb3d4d71f2547",
         "215f83b7ccb9acbcd08db97b0d04dc2b"),
        ("RFC 9858, appendix A, SHA-256/192", 0, "000102030405060708090a0b0c0d0e0f1011121314151617",
         "202122232425262728292a2b2c2d2e2f"),
    ],
)  # fmt: skip
def test_published_seeds_give_the_published_keys(name, level, seed, identity):
    [vector] = [vector for vector in VECTORS if vector[0] == name]
    case = list(levels_of(*vector))[level]
    shape = shape_of(case.public)
    assert tree_of(shape.tree, shape.one_time, bytes.fromhex(identity), bytes.fromhex(seed))[3] == case.public


# Against implementations that are not ours.


@pytest.mark.parametrize(("tree", "one_time"), PAIRS)
def test_housleys_implementation_makes_the_same_keys_and_takes_our_signatures(tree, one_time):
    shape, seed, _, public = tree_of(tree, one_time)
    theirs = housley.LmsPrivateKey(
        tree.to_bytes(4, "big"), one_time.to_bytes(4, "big"), SEED=seed, I=IDENTITY, q=0
    )
    assert theirs.publicKey().serialize() == public
    _, message, signature = signed(tree, one_time)
    assert housley.LmsPublicKey.deserialize(public).verify(message, signature)
    assert by_c(public, b"theirs", theirs.sign(b"theirs")) and by_plain(public, b"again", theirs.sign(b"again"))


@pytest.mark.parametrize(("tree", "one_time"), PAIRS)
def test_hsslms_and_we_take_each_others_signatures(tree, one_time):
    public, message, signature = signed(tree, one_time)
    hsslms.LMS_Pub(public).verify(message, signature)  # raises if not
    theirs = hsslms.LMS_Priv(LMS_ALGORITHM_TYPE(tree), LMOTS_ALGORITHM_TYPE(one_time), num_cores=1)
    made = theirs.sign(b"theirs")
    key = theirs.gen_pub().get_pubkey()
    assert by_c(key, b"theirs", made) and by_plain(key, b"theirs", made)


# Our own signer, by both engines.


@pytest.mark.parametrize(("tree", "one_time"), [(5, 3), (5, 4), (10, 5), (10, 7), (11, 7), (6, 3)])
def test_what_is_signed_verifies_with_first_and_last_number(verifies, tree, one_time):
    shape = lms.Shape(tree, one_time)
    for number in (0, (1 << shape.height) - 1):
        public, message, signature = signed(tree, one_time, number)
        assert len(signature) == shape.signature
        assert verifies(public, message, signature)


@pytest.mark.parametrize(("tree", "one_time"), PAIRS)
def test_both_engines_make_the_same_leaves(tree, one_time):
    shape, seed, nodes, _ = tree_of(tree, one_time)
    at = (32 + 7) * shape.size
    assert lms.leaves(sha256, shape, IDENTITY, seed, 7, 2) == nodes[at : at + 2 * shape.size]


def test_leaves_out_of_range_are_not_made():
    out = ffi.new("uint8_t[64]")
    for one_time, height, first, count in ((0, 5, 0, 1), (9, 5, 0, 1), (1, 4, 0, 1), (1, 30, 0, 1), (1, 0, 0, 0), (1, 5, 32, 1), (1, 5, 33, 0), (1, 5, 1, 0xFFFF_FFFF)):
        assert lib.lms_leaves(one_time, height, IDENTITY, bytes(32), first, count, out) != ACCEPT
    assert bytes(ffi.buffer(out)) == bytes(64)


def test_the_signer_has_no_number_beyond_its_tree():
    shape, seed, nodes, _ = tree_of(5, 3)
    for number in (-1, 32):
        with pytest.raises(ValueError, match="one-time key"):
            lms.sign(sha256, shape, IDENTITY, seed, nodes, number, b"")


def test_the_same_number_and_message_give_the_same_signature():
    shape, seed, nodes, _ = tree_of(10, 7)
    again = lms.sign(sha256, shape, IDENTITY, seed, nodes, 3, b"a message")
    assert again == signed(10, 7)[2]
    other = lms.sign(sha256, shape, IDENTITY, seed, nodes, 4, b"a message")
    assert other[8:32] != again[8:32], "the randomizer is the number's"


def test_a_number_used_for_two_messages_gives_a_third_away():
    """Why signers keep count: every chain is known from the lower of its two values on."""
    shape, seed, nodes, public = tree_of(10, 5)  # one bit a digit: each chain has two values
    one, two = (lms.sign(sha256, shape, IDENTITY, seed, nodes, 3, word) for word in (b"one", b"two"))
    place = IDENTITY + one[:4]
    digits = [shape.digits(sha256(place + lms.MESSAGE + one[8:32] + word)[:24]) for word in (b"one", b"two")]
    for attempt in range(200_000):
        wanted = shape.digits(sha256(place + lms.MESSAGE + one[8:32] + attempt.to_bytes(3, "big"))[:24])
        known = [min(pair) <= digit for pair, digit in zip(zip(*digits), wanted)]
        if sum(known) > 0.85 * len(known):
            break
    single = max(sum(a <= b for a, b in zip(each, wanted)) for each in digits)
    assert sum(known) > single, "two signatures tell more than either"


# What must be refused.


@pytest.mark.parametrize(("tree", "one_time"), [(10, 7), pytest.param(5, 4, marks=pytest.mark.slow)])
def test_every_flipped_bit_is_refused_by_c(tree, one_time):
    parts = signed(tree, one_time)
    assert by_c(*parts)
    for which in range(3):
        for bit in range(8 * len(parts[which])):
            changed = bytearray(parts[which])
            changed[bit // 8] ^= 1 << bit % 8
            assert not by_c(*(bytes(changed) if at == which else part for at, part in enumerate(parts))), (which, bit)


def test_every_changed_byte_is_refused_by_plain_python():
    parts = signed(10, 7)
    for which in range(3):
        for at in range(len(parts[which])):
            changed = bytearray(parts[which])
            changed[at] ^= 1 << at % 8
            assert not by_plain(*(bytes(changed) if each == which else part for each, part in enumerate(parts)))


@pytest.mark.parametrize(("tree", "one_time"), PAIRS)
def test_every_length_but_one_is_refused(verifies, tree, one_time):
    public, message, signature = signed(tree, one_time)
    for length in range(len(public) + 40):
        assert verifies((public + bytes(40))[:length], message, signature) == (length == len(public))
    for length in [*range(0, len(signature), 13), len(signature) - 1, len(signature) + 1, len(signature) + 32]:
        assert not verifies(public, message, (signature + bytes(40))[:length])


def test_a_signature_of_another_set_is_refused(verifies):
    """The key says which set: nobody gets a weaker one, or another height, by asking for it."""
    made = {pair: signed(*pair) for pair in PAIRS}
    for mine, (public, message, _) in made.items():
        for theirs, (_, _, signature) in made.items():
            assert verifies(public, message, signature) == (mine == theirs)


def test_a_key_whose_types_do_not_belong_together_signs_nothing(verifies):
    public, message, signature = signed(10, 7)
    for tree in range(26):
        for one_time in range(18):
            if (tree, one_time) != (10, 7):
                head = tree.to_bytes(4, "big") + one_time.to_bytes(4, "big")
                assert not verifies(head + public[8:], message, signature)


def test_a_leaf_beyond_the_tree_is_refused(verifies):
    public, message, signature = signed(10, 7, 0)
    for number in (32, 64, 0x8000_0000, 0xFFFF_FFFF):
        assert not verifies(public, message, number.to_bytes(4, "big") + signature[4:])


@given(st.data())
def test_the_engines_agree_on_whatever_they_are_given(data):
    parts = [bytearray(part) for part in signed(*data.draw(st.sampled_from([(10, 7), (10, 8), (5, 3)])))]
    for _ in range(data.draw(st.integers(0, 3))):
        part = data.draw(st.sampled_from(parts))
        at, many = data.draw(st.integers(0, len(part))), data.draw(st.integers(0, 8))
        part[at : at + many] = data.draw(st.binary(max_size=8))
    mutated = [bytes(part) for part in parts]
    assert by_c(*mutated) == by_plain(*mutated)


def test_messages_of_every_length_around_a_block_agree():
    shape, seed, nodes, public = tree_of(10, 7)
    for number, length in enumerate([*range(0, 12), *range(50, 70)]):
        message = random.Random(length).randbytes(length)
        signature = lms.sign(sha256, shape, IDENTITY, seed, nodes, number, message)
        assert by_c(public, message, signature) and by_plain(public, message, signature)
