"""P-256: NIST's and RFC 6979's vectors in every engine; nothing malformed is ever accepted."""

import hashlib

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed, encode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256
from hypothesis import given, settings
from hypothesis import strategies as st

from armillary import native
from armillary.native import BadPoint, BadSignature, host
from armillary.native.plain import p256, suite

# RFC 6979, appendix A.2.5: curve NIST P-256 with SHA-256.
PRIVATE = bytes.fromhex("c9afa9d845ba75166b5c215767b1d6934e50c3db36e89b127b8a622b120f6721")
PUBLIC = bytes.fromhex(
    "60fed4ba255a9d31c961eb74c6356d68c049b8923b61fa6ce669622e60f29fb6"
    "7903fe1008b8bc99a41ae9e95628bc64f2f1b20c2d7e9f5177a3c294d4462299"
)
RFC_6979 = {
    b"sample": "efd48b2aacb6a8fd1140dd9cd45e81d69d2c877b56aaf991c34d0ea84eaf3716"
    "f7cb1c942d657c41d436c7a1b6e29f65f3e900dbb9aff4064dc4ab2f843acda8",
    b"test": "f1abb023518351cd71d881567b1ea663ed3efcf6c5132b354f28d3b0b7d38367"
    "019f4113742a2b14bd25926b49c649155f267e60d3814b4c0cc84250e46f0083",
}
N = p256.N
P = p256.P
DIGEST = hashlib.sha256(b"sample").digest()
SIGNATURE = bytes.fromhex(RFC_6979[b"sample"])
PRIVATES = st.integers(1, N - 1).map(lambda n: n.to_bytes(32, "big"))
DIGESTS = st.binary(min_size=32, max_size=32)


def number(text):
    return int(text, 16).to_bytes(32, "big")


def nist(records, name, of):
    return [
        record
        for record in records("asymmetric/ECDSA/FIPS_186-3/" + name)
        if record["of"].split(" ")[0] == of
    ]


def flipped(data, bit):
    changed = bytearray(data)
    changed[bit // 8] ^= 1 << bit % 8
    return bytes(changed)


def test_the_public_key_of_rfc_6979(engine):
    assert engine.p256_public(PRIVATE) == PUBLIC
    engine.p256_check(PUBLIC)


@pytest.mark.parametrize("message", RFC_6979)
def test_the_signatures_of_rfc_6979(engine, message):
    digest = hashlib.sha256(message).digest()
    assert engine.p256_sign(PRIVATE, digest).hex() == RFC_6979[message]
    engine.p256_verify(PUBLIC, digest, bytes.fromhex(RFC_6979[message]))


def test_nist_key_pairs(engine, records):
    pairs = [record for record in nist(records, "KeyPair.rsp", "P-256") if "d" in record]
    assert len(pairs) == 10
    for record in pairs:
        assert engine.p256_public(number(record["d"])) == number(record["Qx"]) + number(record["Qy"])


def test_nist_public_key_validation(engine, records):
    verdicts = set()
    for record in nist(records, "PKV.rsp", "P-256"):
        x, y, verdict = record["Qx"], record["Qy"], record["Result"][0]
        verdicts.add(verdict)
        if verdict == "P":
            engine.p256_check(number(x) + number(y))
            continue
        with pytest.raises(BadPoint):
            # A coordinate that does not fit 32 bytes makes the key too long.
            engine.p256_check(b"".join(bytes.fromhex(n.zfill(64 if len(n) <= 64 else 66)) for n in (x, y)))
    assert verdicts == {"P", "F"}


def test_nist_signature_verification(engine, records):
    verdicts = []
    for record in nist(records, "SigVer.rsp", "P-256,SHA-256"):
        digest = hashlib.sha256(bytes.fromhex(record["Msg"])).digest()
        public, signature = (
            number(record["Qx"]) + number(record["Qy"]),
            number(record["R"]) + number(record["S"]),
        )
        verdicts.append(record["Result"][0])
        if verdicts[-1] == "P":
            engine.p256_verify(public, digest, signature)
        else:
            with pytest.raises(BadSignature):
                engine.p256_verify(public, digest, signature)
    assert sorted(set(verdicts)) == ["F", "P"] and len(verdicts) == 15


def test_nist_signatures_verify(engine, records):
    for record in engine.share(nist(records, "SigGen.rsp", "P-256,SHA-256"), 3):
        digest = hashlib.sha256(bytes.fromhex(record["Msg"])).digest()
        public = number(record["Qx"]) + number(record["Qy"])
        engine.p256_verify(public, digest, number(record["R"]) + number(record["S"]))


def test_nist_shared_secrets(engine, records):
    name = "asymmetric/ECDH/KASValidityTest_ECCStaticUnified_NOKC_ZZOnly_resp.fax"
    verdicts = []
    for record in records(name):
        if not record["of"].startswith("EC - SHA256") or "dsIUT" not in record:
            continue
        verdicts.append(record["Result"].split(" - ")[0])
        peer = number(record["QsCAVSx"]) + number(record["QsCAVSy"])
        if verdicts[-1] == "P (0":
            secret = engine.p256_ecdh(number(record["dsIUT"]), peer)
            assert secret == number(record["Z"])
            assert hashlib.sha256(secret).hexdigest() == record["CAVSHashZZ"]
        elif "CAVS's Static public key" in record["Result"]:
            with pytest.raises(BadPoint):
                engine.p256_ecdh(number(record["dsIUT"]), peer)
    assert verdicts.count("P (0") > 5 and len(set(verdicts)) > 2


def test_every_flipped_bit_of_a_signature_is_refused(engine):
    for bit in range(512):
        with pytest.raises(BadSignature):
            engine.p256_verify(PUBLIC, DIGEST, flipped(SIGNATURE, bit))


def test_every_flipped_bit_of_a_digest_or_key_is_refused(engine):
    for bit in engine.share(range(256), 4):
        with pytest.raises(BadSignature):
            engine.p256_verify(PUBLIC, flipped(DIGEST, bit), SIGNATURE)
    for bit in engine.share(range(512), 4):  # hardly any of these is a point of the curve
        with pytest.raises(BadSignature):
            engine.p256_verify(flipped(PUBLIC, bit), DIGEST, SIGNATURE)


@pytest.mark.parametrize(
    "r, s", [(0, 1), (1, 0), (0, 0), (N, 1), (1, N), (N, N), (2**256 - 1, 1), (1, 2**256 - 1)]
)
def test_r_and_s_must_be_in_bounds(engine, r, s):
    with pytest.raises(BadSignature):
        engine.p256_verify(PUBLIC, DIGEST, r.to_bytes(32, "big") + s.to_bytes(32, "big"))


def test_r_and_s_are_not_reduced(engine):
    """The same signature with r + n or s + n, where these fit, is another and refused."""
    r, s = 1, 1
    for bad in ((r + N, s), (r, s + N)):
        with pytest.raises(BadSignature):
            engine.p256_verify(PUBLIC, DIGEST, b"".join(n.to_bytes(32, "big") for n in bad))


@pytest.mark.parametrize("length", [0, 1, 63, 65, 72, 128])
def test_a_signature_of_another_length_is_refused(engine, length):
    with pytest.raises(BadSignature):
        engine.p256_verify(PUBLIC, DIGEST, (SIGNATURE * 2)[:length])


def test_the_mirrored_signature_is_valid_too_and_so_no_identity(engine):
    r, s = SIGNATURE[:32], int.from_bytes(SIGNATURE[32:], "big")
    engine.p256_verify(PUBLIC, DIGEST, r + (N - s).to_bytes(32, "big"))


@pytest.mark.parametrize("length", [0, 20, 31, 33, 64])
def test_only_whole_digests_are_signed_or_verified(engine, length):
    with pytest.raises(ValueError, match="digest of"):
        engine.p256_sign(PRIVATE, bytes(length))
    with pytest.raises(ValueError, match="digest of"):
        engine.p256_verify(PUBLIC, bytes(length), SIGNATURE)


@pytest.mark.parametrize(
    "private",
    [
        b"",
        bytes(32),
        N.to_bytes(32, "big"),
        (N + 1).to_bytes(32, "big"),
        b"\xff" * 32,
        PRIVATE[1:],
        b"\0" + PRIVATE,
    ],
)
def test_what_is_no_private_key_is_refused_everywhere(engine, private):
    assert engine.p256_is_private(private) is False
    for use in (
        lambda: engine.p256_public(private),
        lambda: engine.p256_sign(private, DIGEST),
        lambda: engine.p256_ecdh(private, PUBLIC),
    ):
        with pytest.raises(ValueError, match="not a private key") as refusal:
            use()
        assert private.hex() not in str(refusal.value) or not private


@pytest.mark.parametrize("private", [1, 2, 3, N - 2, N - 1])
def test_private_keys_at_the_ends_of_the_range_work(engine, private):
    private = private.to_bytes(32, "big")
    public = engine.p256_public(private)
    assert engine.p256_is_private(private) is True
    engine.p256_verify(public, DIGEST, engine.p256_sign(private, DIGEST))
    assert engine.p256_ecdh(private, PUBLIC) == engine.p256_ecdh(PRIVATE, public)


def not_canonical():
    """A public key whose x was written as x + p: the same point, were it reduced. Such x are tiny."""
    for x in range(1, 100):
        square = (x**3 - 3 * x + p256.B) % P
        y = pow(square, (P + 1) // 4, P)
        if y * y % P == square:
            return (x + P).to_bytes(32, "big") + y.to_bytes(32, "big"), x.to_bytes(32, "big") + y.to_bytes(
                32, "big"
            )
    raise AssertionError("one x in two is on the curve")


def test_a_coordinate_is_not_reduced(engine):
    wrong, right = not_canonical()
    engine.p256_check(right)
    with pytest.raises(BadPoint):
        engine.p256_check(wrong)


@pytest.mark.parametrize(
    "public",
    [
        b"",
        bytes(64),
        b"\xff" * 64,
        PUBLIC[:63],
        PUBLIC + b"\0",
        b"\x04" + PUBLIC,
        b"\x02" + PUBLIC[:32],
        b"\0",
    ]
    + [P.to_bytes(32, "big") + PUBLIC[32:], PUBLIC[:32] + P.to_bytes(32, "big"), PUBLIC[32:] + PUBLIC[:32]],
)
def test_what_is_no_point_is_refused_everywhere(engine, public):
    with pytest.raises(BadPoint):
        engine.p256_check(public)
    with pytest.raises(BadPoint):
        engine.p256_ecdh(PRIVATE, public)
    with pytest.raises(BadSignature):
        engine.p256_verify(public, DIGEST, SIGNATURE)


def test_a_point_of_another_curve_gives_no_secret(engine):
    """The invalid-curve attack: y^2 = x^3 - 3x + b' has points of small order for other b'."""
    for y in range(1, 20):
        with pytest.raises(BadPoint):
            engine.p256_ecdh(PRIVATE, PUBLIC[:32] + y.to_bytes(32, "big"))


@settings(max_examples=15, deadline=None)
@given(private=PRIVATES, other=PRIVATES, digest=DIGESTS)
def test_the_engines_agree_on_any_key(private, other, digest):
    public = native.p256_public(private)
    assert public == suite.p256_public(private)
    signature = native.p256_sign(private, digest)
    assert (
        signature
        == suite.p256_sign(private, digest)
        == host.p256_sign(bytearray(private), memoryview(digest))
    )
    suite.p256_verify(public, digest, signature)
    assert native.p256_ecdh(private, suite.p256_public(other)) == suite.p256_ecdh(other, public)


@settings(max_examples=15, deadline=None)
@given(private=PRIVATES, digest=DIGESTS)
def test_an_independent_library_accepts_our_signatures(private, digest):
    key = ec.derive_private_key(int.from_bytes(private, "big"), ec.SECP256R1()).public_key()
    signature = suite.p256_sign(private, digest)
    r, s = (int.from_bytes(half, "big") for half in (signature[:32], signature[32:]))
    key.verify(encode_dss_signature(r, s), digest, ec.ECDSA(Prehashed(SHA256())))


@settings(max_examples=20, deadline=None)
@given(public=st.binary(max_size=66), signature=st.binary(max_size=66))
def test_no_garbage_ever_verifies_or_crashes(public, signature):
    for verify in (native.p256_verify, suite.p256_verify):
        with pytest.raises(BadSignature):
            verify(public, DIGEST, signature)


def test_addition_meets_its_exceptional_cases():
    """Doubling by addition, the neutral element, a point and its negative: random scalars never get there."""
    g, neutral = p256.G, p256.NEUTRAL
    minus = (g[0], P - g[1], 1)
    assert p256._affine(p256._add(g, g)) == p256._affine(p256._double(g))
    assert p256._add(g, minus)[2] == 0
    assert p256._add(g, neutral) == p256._add(neutral, g) == g
    assert p256._double(neutral)[2] == 0
    assert p256._multiply(N, g)[2] == 0
    assert p256._affine(p256._multiply(N + 1, g)) == g[:2]


def test_a_sum_at_infinity_is_a_refusal():
    """u1 G + u2 Q = 0 happens for chosen digests: Q = G, r = -digest makes u1 = -u2."""
    r = (-int.from_bytes(DIGEST, "big")) % N
    public = p256.p256_public((1).to_bytes(32, "big"))
    for verify in (suite.p256_verify, host.p256_verify):
        with pytest.raises(BadSignature):
            verify(public, DIGEST, r.to_bytes(32, "big") + (1).to_bytes(32, "big"))


def test_candidates_for_a_nonce_never_repeat():
    nonces = p256._nonces(PRIVATE, DIGEST)
    assert len({next(nonces) for _ in range(20)}) == 20


def test_a_nonce_out_of_range_is_passed_over(monkeypatch):
    """RFC 6979, 3.2 h: a candidate of 0 or n and beyond is dropped, and the next one is taken."""
    good = next(p256._nonces(PRIVATE, DIGEST))
    monkeypatch.setattr(p256, "_nonces", lambda private, digest, extra: iter([0, N, 2**256 - 1, good]))
    assert suite.p256_sign(PRIVATE, DIGEST) == SIGNATURE
