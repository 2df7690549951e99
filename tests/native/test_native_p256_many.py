"""The protocol of P-256 in C where there is much to do: many claims at once, one key often, keys from a generator."""

import hashlib
import random

import pytest

from armillary.native._native import ffi, lib
from armillary.native.plain.p256 import N
from tests.native.p256_protocol import (
    DIGEST,
    OFFERED,
    PRIVATE,
    PROTOCOLS,
    PUBLIC,
    SIGNATURE,
    flipped,
    octets,
    point,
)


@pytest.fixture(params=OFFERED)
def c(request):
    return PROTOCOLS[request.param]


@pytest.mark.parametrize("count", [0, 1, 2, 7, 8, 9, 15, 16, 17, 31, 32, 33, 70])
def test_each_of_many_claims_has_its_own_verdict(c, count):
    """Good ones, bad ones, and ones that are refused before any arithmetic, in an order that shifts."""
    chance = random.Random(count)
    claims, expected = [], []
    for _ in range(count):
        private, digest = chance.randrange(1, N), chance.randbytes(32)
        claim = [point(private), digest, c.sign(octets(private), digest)]
        flaw = chance.choice(["none", "none", "bit", "zero", "point", "digest", "mirrored", "large"])
        if flaw == "bit":
            claim[2] = flipped(claim[2], chance.randrange(512))
        elif flaw == "zero":
            claim[2] = claim[2][:32] + bytes(32)
        elif flaw == "point":
            claim[0] = flipped(claim[0], 300)
        elif flaw == "digest":
            claim[1] = flipped(digest, 9)
        elif flaw == "large":
            claim[2] = octets(N) + claim[2][32:]
        elif flaw == "mirrored":
            claim[2] = claim[2][:32] + octets(N - int.from_bytes(claim[2][32:], "big"))
        claims.append(tuple(claim))
        expected.append(flaw in ("none", "mirrored"))
    assert c.verify_many(claims) == expected


def test_one_key_may_be_known_and_verify_often(c):
    known = c.known(PUBLIC)
    for turn in range(20):
        digest = hashlib.sha256(bytes([turn])).digest()
        signature = c.sign(PRIVATE, digest)
        assert known(digest, signature)
        assert not known(DIGEST, signature) and not known(digest, SIGNATURE)


def test_a_table_outlives_a_change_of_what_the_processor_offers(c):
    known = c.known(PUBLIC)
    lib.cpu_restrict(0)
    try:
        assert known(DIGEST, SIGNATURE) and not known(DIGEST, flipped(SIGNATURE, 0))
    finally:
        lib.cpu_restrict(0xFFFFFFFF)


def seeded(seed):
    drbg = ffi.new("struct drbg *")
    lib.drbg_begin(drbg, seed, len(seed), b"", 0, b"", 0)
    return drbg


def test_generated_keys_are_candidates_plus_one(c):
    """FIPS 186-5, A.2.2: the next 32 bytes of the generator, plus one."""
    for turn in range(10):
        seed = bytes([turn]) * 48
        candidate = ffi.new("uint8_t[32]")
        lib.drbg_generate(seeded(seed), candidate, 32, b"", 0)
        is_made, private, public = c.generate(seeded(seed))
        assert is_made and int.from_bytes(private, "big") == int.from_bytes(bytes(candidate), "big") + 1
        assert public == point(int.from_bytes(private, "big"))


def test_two_keys_of_one_generator_differ(c):
    drbg = seeded(bytes(48))
    assert len({c.generate(drbg)[1] for _ in range(16)}) == 16


def test_a_generator_that_refuses_gives_no_key(c):
    drbg = seeded(bytes(48))
    drbg.requests = lib.DRBG_RESEED_AFTER + 1
    assert c.generate(drbg) == (False, bytes(32), bytes(64))
