"""Signatures that must be refused, and which functions decide so."""

from __future__ import annotations

import functools
import hashlib
import random
from collections.abc import Callable
from typing import Any, NamedTuple

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, utils

from armillary.native.plain import lms
from tests.native.sweep.faults import ACCEPT

SEALED = ACCEPT ^ 0x33CC55AA  # VERDICT_SEAL of common/verdict.h
PRIVATE = 0x0123456789ABCDEF
KEY = ec.derive_private_key(PRIVATE, ec.SECP256R1())
IMAGE = hashlib.sha256(b"the image that was signed").digest()
OTHER = hashlib.sha256(b"the image that an attacker made").digest()
ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551

# What decides, by its file or its name, and the arithmetic on numbers that it calls itself. The rest is arithmetic.
DECIDING_FILES = {"p256_verify.c", "p256_parts.c", "decision.c", "engine.c", "lms.c"}
DECIDING = {"is_point", "combine_32", "undone", "lmots_set_of"}
HELPING = {"number_load", "number_subtract", "number_is_zero", "number_differs"}


class Claim(NamedTuple):
    """Arguments of p256_verify()."""

    public: bytes
    digest: bytes
    signature: bytes


def public_of(key: ec.EllipticCurvePrivateKey) -> bytes:
    """X and Y."""
    numbers = key.public_key().public_numbers()
    return numbers.x.to_bytes(32, "big") + numbers.y.to_bytes(32, "big")


def sign(digest: bytes) -> bytes:
    """r and s, by OpenSSL, always the same."""
    method = ec.ECDSA(utils.Prehashed(hashes.SHA256()), deterministic_signing=True)
    return b"".join(part.to_bytes(32, "big") for part in utils.decode_dss_signature(KEY.sign(digest, method)))


def made_for(total: Callable[[int, int], int], v: int = 0x5EED << 200) -> bytes:
    """r and s that verify over any digest if total(v, private key) * G is what is summed, with v = r / s."""
    r = int.from_bytes(public_of(ec.derive_private_key(total(v, PRIVATE) % ORDER, ec.SECP256R1()))[:32], "big") % ORDER
    return b"".join(part.to_bytes(32, "big") for part in (r, r * pow(v, -1, ORDER) % ORDER))


PUBLIC, GOOD = public_of(KEY), sign(IMAGE)
CLAIMS = {
    "another image": Claim(PUBLIC, OTHER, GOOD),
    "a number made up": Claim(PUBLIC, IMAGE, random.Random(7).randbytes(64)),
    "r and s zero": Claim(PUBLIC, IMAGE, bytes(64)),
    "r and s the order": Claim(PUBLIC, IMAGE, ORDER.to_bytes(32, "big") * 2),
    "a key off the curve": Claim(PUBLIC[:63] + bytes([PUBLIC[63] ^ 1]), IMAGE, GOOD),
    # For any image, if one fault makes verifying sum the wrong thing (p256_verify.c).
    "made for u left out": Claim(PUBLIC, OTHER, made_for(lambda v, private: v * private)),
    "made for v in place of u": Claim(PUBLIC, OTHER, made_for(lambda v, private: v + v * private)),
}


def not_sum(words: list[int]) -> int:
    """What p256_verify() hands on beside its three arguments."""
    return ~sum(words) & 0xFFFFFFFF


def handed_on(claim: Claim) -> tuple[Any, ...]:
    """The arguments of p256_verify_sealed()."""
    return (*claim, not_sum)


class Shape(NamedTuple):
    """A small tree with short chains: LMS_SHA256_M32_H5, LMOTS_SHA256_N32_W2."""

    tree: int = 5
    one_time: int = 2


def sha256(data: bytes) -> bytes:
    """By the interpreter, to be quick."""
    return hashlib.sha256(data).digest()


@functools.cache
def lms_signed(message: bytes) -> tuple[bytes, bytes]:
    """Public key and signature."""
    shape, identity, seed = lms.Shape(*Shape()), bytes(range(16)), bytes(range(32))
    leaves = lms.leaves(sha256, shape, identity, seed, 0, 1 << shape.height)
    nodes = lms.grow(sha256, shape, identity, leaves)
    return lms.public_key(shape, identity, nodes), lms.sign(sha256, shape, identity, seed, nodes, 3, message)
