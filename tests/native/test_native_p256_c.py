"""The protocol of P-256 in C over every engine that this processor has: published vectors, edges, many at once."""

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

# RFC 6979, appendix A.2.5
PRIVATE = bytes.fromhex("c9afa9d845ba75166b5c215767b1d6934e50c3db36e89b127b8a622b120f6721")
PUBLIC = bytes.fromhex(
    "60fed4ba255a9d31c961eb74c6356d68c049b8923b61fa6ce669622e60f29fb6"
    "7903fe1008b8bc99a41ae9e95628bc64f2f1b20c2d7e9f5177a3c294d4462299"
)
DIGEST = hashlib.sha256(b"sample").digest()
SIGNATURE = bytes.fromhex(
    "efd48b2aacb6a8fd1140dd9cd45e81d69d2c877b56aaf991c34d0ea84eaf3716"
    "f7cb1c942d657c41d436c7a1b6e29f65f3e900dbb9aff4064dc4ab2f843acda8"
)
FEATURES = {"64-bit words": 0, "MULX and ADX": lib.CPU_ADX, "AVX-512 IFMA": lib.CPU_IFMA | lib.CPU_ADX}
OFFERED = [name for name, wanted in FEATURES.items() if wanted & lib.cpu_offers() == wanted]
PRIVATES = st.one_of(st.integers(1, N - 1), st.sampled_from([1, 2, 3, N - 1, N - 2, N // 2]))
DIGESTS = st.one_of(st.binary(min_size=32, max_size=32), st.sampled_from([bytes(32), b"\xff" * 32]))


def octets(number):
    return number.to_bytes(32, "big")


def number(text):
    return octets(int(text, 16))


def point(scalar):
    """scalar * G by an independent library."""
    numbers = ec.derive_private_key(scalar % N, ec.SECP256R1()).public_key().public_numbers()
    return octets(numbers.x) + octets(numbers.y)


def flipped(data, bit):
    changed = bytearray(data)
    changed[bit // 8] ^= 1 << bit % 8
    return bytes(changed)


class Protocol:
    """native/src/p256 with the features of the processor that are allowed; refusals are None or False."""

    def __init__(self, allowed):
        self.allowed = allowed

    def _run(self, function, *arguments):
        lib.cpu_restrict(self.allowed)
        try:
            return function(*arguments)
        finally:
            lib.cpu_restrict(0xFFFFFFFF)

    def _made(self, function, length, *arguments):
        at = ffi.new("uint8_t[]", b"\xaa" * length)
        if self._run(function, *arguments, at) == lib.VERDICT_ACCEPT:
            return ffi.unpack(ffi.cast("char *", at), length)
        assert bytes(ffi.buffer(at)[:length]) == bytes(length)  # a refusal leaves zeros
        return None

    def is_private(self, private):
        return self._run(lib.p256_is_private, private) == lib.VERDICT_ACCEPT

    def check(self, public):
        return self._run(lib.p256_check, public) == lib.VERDICT_ACCEPT

    def public(self, private):
        return self._made(lib.p256_public, 64, private)

    def ecdh(self, private, public):
        return self._made(lib.p256_ecdh, 32, private, public)

    def sign(self, private, digest):
        return self._made(lib.p256_sign, 64, private, digest)

    def sign_hedged(self, private, digest, extra):
        return self._made(lib.p256_sign_hedged, 64, private, digest, extra)

    def verify(self, public, digest, signature):
        return self._run(lib.p256_verify, public, digest, signature) == lib.VERDICT_ACCEPT

    def verify_many(self, claims):
        kept = [[ffi.from_buffer(bytes(part)) for part in claim] for claim in claims]
        array = ffi.new("struct p256_claim[]", max(len(claims), 1))
        for item, parts in zip(array, kept, strict=False):
            item.public_key, item.digest, item.signature = parts
            item.verdict = lib.VERDICT_ACCEPT  # what was there before is no answer
        self._run(lib.p256_verify_many, array, len(claims))
        return [array[i].verdict == lib.VERDICT_ACCEPT for i in range(len(claims))]

    def known(self, public):
        """A table for a key, or None; and a function that verifies by it."""
        room = ffi.new("uint8_t[]", self._run(lib.p256_known_size) + 63)
        table = room + -int(ffi.cast("uintptr_t", room)) % 64
        if self._run(lib.p256_known_begin, table, public) != lib.VERDICT_ACCEPT:
            return None
        return lambda digest, signature, _held=room: (
            self._run(lib.p256_known_verify, table, digest, signature) == lib.VERDICT_ACCEPT
        )

    def generate(self, drbg):
        private, public = ffi.new("uint8_t[32]"), ffi.new("uint8_t[64]")
        outcome = self._run(lib.p256_generate, drbg, private, public)
        return outcome == lib.VERDICT_ACCEPT, bytes(private), bytes(public)


PROTOCOLS = {name: Protocol(FEATURES[name]) for name in OFFERED}


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
