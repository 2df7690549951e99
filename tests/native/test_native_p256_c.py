"""The protocol of P-256 in C over every engine that this processor has: published vectors, edges."""

import hashlib
import random

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed, decode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256
from hypothesis import given, settings
from hypothesis import strategies as st

from armillary.native._native import ffi, lib
from armillary.native.plain import p256 as plain
from armillary.native.plain.p256 import N, P
from tests.native.p256_protocol import (
    DIGEST,
    OFFERED,
    PRIVATE,
    PROTOCOLS,
    PUBLIC,
    SIGNATURE,
    flipped,
    number,
    octets,
    point,
)

PRIVATES = st.one_of(st.integers(1, N - 1), st.sampled_from([1, 2, 3, N - 1, N - 2, N // 2]))
DIGESTS = st.one_of(st.binary(min_size=32, max_size=32), st.sampled_from([bytes(32), b"\xff" * 32]))


@pytest.fixture(params=OFFERED)
def c(request):
    return PROTOCOLS[request.param]


def every(function):
    return pytest.mark.parametrize("name", OFFERED)(function)


def made_signature(u, v, key):
    """A digest and a signature, valid for `key`, whose verification sums u G + v key (both not 0)."""
    x, _ = plain._affine(plain._add(plain._multiply(u, plain.G), plain._multiply(v, plain._load_point(key))))
    s = (x % N) * pow(v, N - 2, N) % N
    return octets(u * s % N), octets(x % N) + octets(s)


def test_the_vectors_of_rfc_6979(c):
    assert c.public(PRIVATE) == PUBLIC and c.check(PUBLIC)
    assert c.sign(PRIVATE, DIGEST) == SIGNATURE
    assert c.verify(PUBLIC, DIGEST, SIGNATURE)
    test = hashlib.sha256(b"test").digest()
    assert c.sign(PRIVATE, test).hex() == (
        "f1abb023518351cd71d881567b1ea663ed3efcf6c5132b354f28d3b0b7d38367"
        "019f4113742a2b14bd25926b49c649155f267e60d3814b4c0cc84250e46f0083"
    )


def test_nist_key_pairs(c, records):
    pairs = [
        one
        for one in records("asymmetric/ECDSA/FIPS_186-3/KeyPair.rsp")
        if one["of"].split(" ")[0] == "P-256" and "d" in one
    ]
    assert len(pairs) == 10
    for one in pairs:
        assert c.public(number(one["d"])) == number(one["Qx"]) + number(one["Qy"])


def test_nist_signature_verification(c, records):
    results = []
    for one in records("asymmetric/ECDSA/FIPS_186-3/SigVer.rsp"):
        if one["of"].split(" ")[0] != "P-256,SHA-256":
            continue
        digest = hashlib.sha256(bytes.fromhex(one["Msg"])).digest()
        claim = number(one["Qx"]) + number(one["Qy"]), digest, number(one["R"]) + number(one["S"])
        results.append(one["Result"][0] == "P")
        assert c.verify(*claim) is results[-1]
        assert c.verify_many([claim]) == [results[-1]]
        known = c.known(claim[0])
        assert (known is not None and known(*claim[1:])) is results[-1]
    assert len(results) == 15 and set(results) == {True, False}


def test_nist_shared_secrets(c, records):
    checked = 0
    for one in records("asymmetric/ECDH/KASValidityTest_ECCStaticUnified_NOKC_ZZOnly_resp.fax"):
        if one["of"].startswith("EC - SHA256") and one.get("Result", "").startswith("P (0"):
            peer = number(one["QsCAVSx"]) + number(one["QsCAVSy"])
            assert c.ecdh(number(one["dsIUT"]), peer) == number(one["Z"])
            checked += 1
    assert checked > 5


def test_every_flipped_bit_of_a_signature_is_refused(c):
    known = c.known(PUBLIC)
    claims = [(PUBLIC, DIGEST, flipped(SIGNATURE, bit)) for bit in range(512)]
    assert not any(c.verify(*claim) for claim in claims)
    assert not any(known(*claim[1:]) for claim in claims)
    assert not any(c.verify_many(claims))


def test_every_flipped_bit_of_a_digest_or_key_is_refused(c):
    claims = [(PUBLIC, flipped(DIGEST, bit), SIGNATURE) for bit in range(256)]
    claims += [(flipped(PUBLIC, bit), DIGEST, SIGNATURE) for bit in range(512)]
    assert not any(c.verify(*claim) for claim in claims)
    assert not any(c.verify_many(claims))


@pytest.mark.parametrize(
    "r, s",
    [
        (0, 0),
        (0, 1),
        (1, 0),
        (N, 1),
        (1, N),
        (N, N),
        (0, N),
        (2**256 - 1, 1),
        (1, 2**256 - 1),
        (N + 1, 1),
        (1, N + 1),
    ],
)
def test_r_and_s_must_be_in_range_whatever_is_signed(c, r, s):
    for digest in (DIGEST, bytes(32), b"\xff" * 32, octets(N)):
        assert not c.verify(PUBLIC, digest, octets(r) + octets(s))
        assert c.verify_many([(PUBLIC, digest, octets(r) + octets(s))]) == [False]


@pytest.mark.parametrize("key", [1, 2, 3, 5, N - 1, N - 2, 2**64, 2**128, 2**192, 2**252, (N + 1) // 2])
@pytest.mark.parametrize("meeting", ["equal", "opposite", "beside"])
def test_both_parts_of_the_sum_may_meet(c, key, meeting):
    """u G = v Q, and u G = -v Q whose sum is no point: what random signatures never do."""
    public = point(key)
    for v in (1, 16, 2**128, N - 1):
        u = v * key % N
        if meeting == "opposite":
            r = random.Random(v).randrange(1, N)
            s = r * pow(v, N - 2, N) % N
            claim = public, octets(-u * s % N), octets(r) + octets(s)
            assert not c.verify(*claim) and c.verify_many([claim]) == [False]
            assert not c.known(public)(*claim[1:])
            continue
        if meeting == "beside":
            u = next(near % N for near in (u + 2, u + 3) if near % N and (near + v * key) % N)
        digest, signature = made_signature(u, v, public)
        assert c.verify(public, digest, signature) and c.verify_many([(public, digest, signature)]) == [True]
        assert c.known(public)(digest, signature)
        assert not c.verify(public, digest, flipped(signature, 511))


def test_an_x_from_n_up_is_reduced(c):
    """r = x - n where x is between n and p: about one signature in 2^128, made here for a key that fits."""
    x = next(
        x for x in range(N, P)
        if pow((x**3 - 3 * x + plain.B) % P, (P - 1) // 2, P) == 1
    )  # fmt: skip
    y = pow((x**3 - 3 * x + plain.B) % P, (P + 1) // 4, P)
    u, v = 12345, 67890
    # Q = (R - u G) / v
    difference = plain._add((x, y, 1), plain._multiply(N - u, plain.G))
    key = plain._affine(plain._multiply(pow(v, N - 2, N), difference))
    public = octets(key[0]) + octets(key[1])
    s = (x - N) * pow(v, N - 2, N) % N
    digest, signature = octets(u * s % N), octets(x - N) + octets(s)
    assert c.verify(public, digest, signature) and c.known(public)(digest, signature)
    assert c.verify_many([(public, digest, signature)]) == [True]
    plain.p256_verify(public, digest, signature)
    assert not c.verify(public, digest, octets(x - N + 1) + octets(s))


def test_a_digest_from_n_up_is_reduced(c):
    private = octets(77)
    for value in (0, 1, N - 1, N, N + 1, 2**256 - 1):
        signature = c.sign(private, octets(value))
        assert signature == plain.p256_sign(private, octets(value))
        assert c.verify(point(77), octets(value), signature)
        assert c.verify(point(77), octets(value % N), signature)


@pytest.mark.parametrize("bad", [0, N, N + 1, 2**256 - 1])
def test_what_is_no_private_key_is_refused(c, bad):
    assert not c.is_private(octets(bad))
    assert c.public(octets(bad)) is None
    assert c.sign(octets(bad), DIGEST) is None and c.sign_hedged(octets(bad), DIGEST, bytes(32)) is None
    assert c.ecdh(octets(bad), PUBLIC) is None


@pytest.mark.parametrize("good", [1, 2, 3, N - 3, N - 2, N - 1, 2**255, 2**128])
def test_private_keys_at_the_edges_work(c, good):
    assert c.is_private(octets(good)) and c.public(octets(good)) == point(good)
    signature = c.sign(octets(good), DIGEST)
    assert signature == plain.p256_sign(octets(good), DIGEST) and c.verify(point(good), DIGEST, signature)
    assert c.ecdh(octets(good), PUBLIC) == point(good * int.from_bytes(PRIVATE, "big"))[:32]


@pytest.mark.parametrize("peer", [1, 2, N - 1, N - 2, 2**128])
def test_shared_secrets_with_relatives_of_the_base_point(c, peer):
    for private in (1, 2, N - 2, N - 1, 3**100):
        assert c.ecdh(octets(private), point(peer)) == point(private * peer)[:32]


@pytest.mark.parametrize(
    "public",
    [bytes(64), b"\xff" * 64, octets(P) + PUBLIC[32:], PUBLIC[:32] + octets(P), PUBLIC[32:] + PUBLIC[:32]]
    + [PUBLIC[:32] + octets(y) for y in range(1, 6)],
)
def test_what_is_no_point_is_refused(c, public):
    assert not c.check(public)
    assert c.ecdh(PRIVATE, public) is None
    assert not c.verify(public, DIGEST, SIGNATURE)
    assert c.verify_many([(public, DIGEST, SIGNATURE)]) == [False]
    assert c.known(public) is None


@settings(max_examples=25, deadline=None)
@given(private=PRIVATES, digest=DIGESTS, extra=st.binary(min_size=32, max_size=32))
@every
def test_signatures_are_the_plain_engines_and_verify_elsewhere(name, private, digest, extra):
    c = PROTOCOLS[name]
    signature = c.sign(octets(private), digest)
    assert signature == plain.p256_sign(octets(private), digest)
    assert c.sign_hedged(octets(private), digest, extra) == plain.p256_sign_hedged(
        octets(private), digest, extra
    )
    der = ffi.new("uint8_t[72]")
    length = lib.signature_to_der(signature, der)
    key = ec.derive_private_key(private, ec.SECP256R1()).public_key()
    key.verify(bytes(ffi.buffer(der, length)), digest, ec.ECDSA(Prehashed(SHA256())))


@settings(max_examples=25, deadline=None)
@given(private=PRIVATES, digest=DIGESTS, other=DIGESTS)
@every
def test_signatures_of_an_independent_library_verify(name, private, digest, other):
    c = PROTOCOLS[name]
    key = ec.derive_private_key(private, ec.SECP256R1())
    r, s = decode_dss_signature(key.sign(digest, ec.ECDSA(Prehashed(SHA256()))))
    claim = point(private), digest, octets(r) + octets(s)
    assert c.verify(*claim) and c.verify(*claim[:2], octets(r) + octets(N - s))
    is_same = int.from_bytes(other, "big") % N == int.from_bytes(digest, "big") % N
    assert c.verify(claim[0], other, claim[2]) is is_same


def test_an_extra_input_gives_another_signature_and_no_extra_the_standards(c):
    made = {c.sign_hedged(PRIVATE, DIGEST, octets(extra)) for extra in range(8)}
    assert len(made) == 8 and SIGNATURE not in made
    assert all(c.verify(PUBLIC, DIGEST, signature) for signature in made)
