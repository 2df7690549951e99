"""LMS: the figures of RFC 8554 and RFC 9858, signatures made by Housley's implementation, and forgeries."""

from __future__ import annotations

import pathlib
import random
from collections.abc import Iterator
from unittest import mock

import pyhsslms.pyhsslms as housley

from armillary.native.plain.lms import Shape
from tests.native.vectors.case import REFUSED, Suite
from tests.native.vectors.peers import flips

FIGURES = pathlib.Path(__file__).parent.parent / "lms_vectors.txt"
# (tree, one-time) typecodes: every LM-OTS set with 256 and with 192 bits, on the smallest tree.
PAIRS = [(5, 1), (5, 2), (5, 3), (5, 4), (10, 5), (10, 6), (10, 7), (10, 8)]
STRIDES = {3: 31, 4: 193, 7: 23}  # of the bits of a signature that are changed, by its one-time typecode


def figures() -> Iterator[tuple[str, bytes, bytes, bytes]]:
    """(name, HSS public key, message, HSS signature)."""
    for block in FIGURES.read_text().split("\n\n"):
        fields: dict[str, str] = {}
        for line in block.splitlines():
            if line and not line.startswith("#"):
                key, _, value = line.partition(" ")
                fields[key] = fields.get(key, "") + value
        if fields:
            public, message, signature = (bytes.fromhex(fields[key]) for key in ("public", "message", "signature"))
            yield fields["name"], public, message, signature


def published(suite: Suite) -> None:
    """Each level of an HSS signature (RFC 8554, section 6) is an LMS signature of the next level's key."""
    for name, public, message, signature in figures():
        if "SHAKE" in name:
            suite.skip(name, "LMS with another hash")
            suite.add(name, "refused", "lms_verify", public[4:], message, signature[4:], status=REFUSED)
            continue
        key, rest = public[4:], signature[4:]
        for level in range(int.from_bytes(signature[:4], "big")):
            shape = Shape(int.from_bytes(key[:4], "big"), int.from_bytes(key[4:8], "big"))
            made, rest = rest[: shape.signature], rest[shape.signature :]
            below, rest = rest[: 24 + shape.size], rest[24 + shape.size :]
            suite.add(name, f"level {level}", "lms_verify", key, below, made)
            suite.add(name, f"level {level}, changed", "lms_verify", key, below + b"\0", made, status=REFUSED)
            key = below
        suite.add(name, "message", "lms_verify", key, message, rest)


class Signer:
    """A key of Housley's implementation; its making is most of the work."""

    def __init__(self, source: random.Random, tree: int, one_time: int) -> None:
        words = tree.to_bytes(4, "big"), one_time.to_bytes(4, "big")
        size = Shape(tree, one_time).size
        self.source = source
        self.key = housley.LmsPrivateKey(*words, SEED=source.randbytes(size), I=source.randbytes(16), q=0)
        self.public = self.key.publicKey().serialize()

    def sign(self, number: int, message: bytes) -> bytes:
        self.key.q = number
        with mock.patch.object(housley, "randBytes", self.source.randbytes):  # the randomizer, the same in every run
            return self.key.sign(message)


def signatures(suite: Suite, source: random.Random, signer: Signer, name: str) -> None:
    public = signer.public
    for number, message in ((0, b""), (13, source.randbytes(100)), (31, source.randbytes(1000))):
        signature = signer.sign(number, message)
        suite.add("LMS by pyhsslms", f"{name} {number}", "lms_verify", public, message, signature)
        for wrong in wrong_lengths(signature):
            suite.add("LMS by pyhsslms", f"{name} {number}", "lms_verify", public, message, wrong, status=REFUSED)
        for wrong in (*wrong_lengths(public), *wrong_types(public)):
            suite.add("LMS by pyhsslms", f"{name} {number}", "lms_verify", wrong, message, signature, status=REFUSED)


def wrong_lengths(data: bytes) -> Iterator[bytes]:
    yield from (b"", data[:3], data[:4], data[:7], data[:8], data[:-1], data + b"\0", data[:-32], data + bytes(32))


def wrong_types(public: bytes) -> Iterator[bytes]:
    """Other typecodes of tree and of one-time signature, known and not."""
    for tree in (0, 4, 5, 6, 9, 10, 11, 14, 15, 0xFFFFFFFF, 0x05000000):
        if tree != int.from_bytes(public[:4], "big"):
            yield tree.to_bytes(4, "big") + public[4:]
    for one_time in (0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 0xFFFFFFFF):
        if one_time != int.from_bytes(public[4:8], "big"):
            yield public[:4] + one_time.to_bytes(4, "big") + public[8:]


def forgeries(suite: Suite, source: random.Random, signer: Signer, stride: int) -> None:
    """Bits of key and message, and every so manieth of a signature: its own tests try the rest."""
    message, public = source.randbytes(20), signer.public
    signature = signer.sign(5, message)
    for bit, changed in flips(signature):
        if bit < 64 or bit % stride == 0:
            suite.add("LMS forged", f"signature {bit}", "lms_verify", public, message, changed, status=REFUSED)
    for bit, changed in flips(public):
        suite.add("LMS forged", f"key {bit}", "lms_verify", changed, message, signature, status=REFUSED)
    for bit, changed in flips(message):
        suite.add("LMS forged", f"message {bit}", "lms_verify", public, changed, signature, status=REFUSED)


def load(suite: Suite) -> None:
    published(suite)
    source = random.Random("LMS")
    for tree, one_time in PAIRS:
        signer = Signer(source, tree, one_time)
        signatures(suite, source, signer, f"{tree}/{one_time}")
        if one_time in STRIDES:
            forgeries(suite, source, signer, STRIDES[one_time])
