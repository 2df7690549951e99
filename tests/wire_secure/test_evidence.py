"""Evidence and its signature, as the verifier sees them."""

import hashlib

import cbor2
import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, utils
from hypothesis import given
from hypothesis import strategies as st

from armillary.wire import cbor, cose, evidence
from armillary.wire.evidence import Evidence
from armillary.wire.fault import Invalid

KEY = ec.derive_private_key(0xA5 << 200 | 7, ec.SECP256R1())
OTHER = ec.derive_private_key(0xB5 << 200 | 7, ec.SECP256R1())
PREHASHED = ec.ECDSA(utils.Prehashed(hashes.SHA256()))


def point(key: ec.EllipticCurvePrivateKey) -> bytes:
    numbers = key.public_key().public_numbers()
    return numbers.x.to_bytes(32, "big") + numbers.y.to_bytes(32, "big")


def sign(digest: bytes) -> bytes:
    r, s = utils.decode_dss_signature(KEY.sign(digest, PREHASHED))
    return r.to_bytes(32, "big") + s.to_bytes(32, "big")


def full() -> Evidence:
    """As large as evidence gets."""
    component = [(0xFFFF_FFFF, bytes((n,)) * 32, 0xFFFF_FFFF, b"s" * 32, "n" * 32) for n in range(20)]
    tenants = [(bytes((n,)) * 16, point(OTHER)) for n in range(8)]
    return Evidence(b"n" * 64, point(KEY), 3, b"i" * 32, b"b" * 32, component, point(OTHER), tenants, range(11, 75))


def small() -> Evidence:
    parts = [(1, b"d" * 32, 0, b"s" * 32, "loader"), (4, b"e" * 32, 7, b"t" * 32, "monitor:1")]
    return Evidence(b"n" * 32, point(KEY), 2, b"i" * 32, b"b" * 32, parts, point(OTHER), [(b"t" * 16, point(KEY))], [11])


b32 = st.binary(min_size=32, max_size=32)
b64 = st.binary(min_size=64, max_size=64)
u32 = st.integers(0, 2**32 - 1)
names = st.text(max_size=32).filter(lambda text: len(text.encode()) <= 32)
reports = st.builds(
    Evidence, st.one_of(b32, b64), b64, st.integers(0, 3), b32, b32,
    st.lists(st.tuples(u32, b32, u32, b32, names), max_size=20), st.one_of(st.none(), b64),
    st.lists(st.tuples(st.binary(min_size=16, max_size=16), b64), max_size=8), st.lists(st.integers(0, 65535), max_size=8),
)  # fmt: skip


@given(reports)
def test_evidence_goes_both_ways(report: Evidence) -> None:
    assert evidence.unpack(evidence.pack(report)).values() == report.values()


def test_another_reader_finds_the_registered_claims() -> None:
    claims = cbor2.loads(evidence.pack(small()))
    assert claims[265] == "tag:psacertified.org,2023:psa#tfm"
    assert claims[10] == b"n" * 32
    assert claims[256] == b"\x01" + hashlib.sha256(point(KEY)).digest()
    assert (claims[2394], claims[2395], claims[2396], claims[268]) == (1, 0x2000, b"i" * 32, b"b" * 32)
    assert claims[2399][1] == {1: "4:monitor:1", 2: b"e" * 32, 4: "7", 5: b"t" * 32}
    assert claims[8] == {1: {1: 2, -1: 1, -2: point(OTHER)[:32], -3: point(OTHER)[32:]}}


def test_the_largest_token_fits_the_call_that_returns_it() -> None:
    assert len(cose.sign1(evidence.pack(full()), b"k" * 32, sign)) <= 3900


@pytest.mark.parametrize("lifecycle", range(4))
def test_each_lifecycle_state_is_told(lifecycle: int) -> None:
    report = small()
    report.lifecycle = lifecycle
    assert evidence.unpack(evidence.pack(report)).lifecycle == lifecycle


@pytest.mark.parametrize("lifecycle", [-1, 4, 0xFFFF_FFFF])
def test_a_state_that_is_not_lawful_reads_as_decommissioned(lifecycle: int) -> None:
    report = small()
    report.lifecycle = lifecycle
    assert cbor2.loads(evidence.pack(report))[2395] == 0x6000


@pytest.mark.parametrize("claim", [c for c in evidence.CLAIMS if c != evidence.CONFIRMATION])
def test_no_claim_but_the_confirmation_may_be_missing(claim: int) -> None:
    claims = cbor2.loads(evidence.pack(small()))
    del claims[claim]
    with pytest.raises(Invalid):
        evidence.unpack(cbor.dumps(claims))


@pytest.mark.parametrize("claim", evidence.CLAIMS)
@pytest.mark.parametrize("value", [None, True, -1, 1 << 40, b"", b"x" * 31, "", "x", [], [1], [[]], {}, {1: 1}, [{1: 1}]])
def test_a_claim_of_another_shape_is_refused(claim: int, value: object) -> None:
    if value == [] and claim in (evidence.COMPONENTS, evidence.TENANTS, evidence.CAPABILITIES):
        return
    if value == [1] and claim == evidence.CAPABILITIES:
        return
    claims = cbor2.loads(evidence.pack(small()))
    claims[claim] = value
    with pytest.raises(Invalid):
        evidence.unpack(cbor.dumps(claims))


@pytest.mark.parametrize("role", ["", ":", "x:y", "01:y", "4", "-1:y", "+1:y", "4294967296:y", "1:" + "n" * 33, "1 :y", "\u0661:y"])
def test_a_component_without_a_plain_type_is_refused(role: str) -> None:
    claims = cbor2.loads(evidence.pack(small()))
    claims[2399][0][1] = role
    with pytest.raises(Invalid):
        evidence.unpack(cbor.dumps(claims))


def test_a_claim_that_is_not_known_is_refused() -> None:
    claims = cbor2.loads(evidence.pack(small()))
    claims[2400] = "https://verifier.example"
    with pytest.raises(Invalid, match="not known"):
        evidence.unpack(cbor.dumps(claims))


def test_the_id_of_another_device_is_refused() -> None:
    claims = cbor2.loads(evidence.pack(small()))
    claims[evidence.DEVICE_ID] = point(OTHER)
    with pytest.raises(Invalid, match="ueid"):
        evidence.unpack(cbor.dumps(claims))


@pytest.mark.parametrize("size", [0, 8, 31, 33, 65])
def test_a_nonce_outside_the_profile_is_not_signed(size: int) -> None:
    report = small()
    report.nonce = b"n" * size
    with pytest.raises(Invalid, match="nonce"):
        evidence.pack(report)


@given(st.integers(0, 900), st.integers(1, 255))
def test_a_changed_byte_gives_other_evidence_or_none(at: int, flip: int) -> None:
    data = bytearray(evidence.pack(small()))
    data[at % len(data)] ^= flip
    try:
        found = evidence.unpack(data)
    except Invalid:
        return
    assert found.values() != small().values()


def test_a_token_verifies_under_another_implementation() -> None:
    token = cose.sign1(evidence.pack(small()), b"kid", sign)
    tag = cbor2.loads(token)
    protected, unprotected, payload, signature = tag.value
    assert (tag.tag, unprotected, cbor2.loads(protected)) == (18, {}, {1: -7, 4: b"kid"})
    signed = cbor2.dumps(["Signature1", protected, b"", payload])
    r, s = int.from_bytes(signature[:32], "big"), int.from_bytes(signature[32:], "big")
    KEY.public_key().verify(utils.encode_dss_signature(r, s), signed, ec.ECDSA(hashes.SHA256()))
    header, key_id, content, found, digest = cose.parse_sign1(token)
    assert (header, key_id, content, found) == ({1: -7, 4: b"kid"}, b"kid", payload, signature)
    assert digest == hashlib.sha256(signed).digest()


@given(st.integers(0, 2000), st.integers(1, 255))
def test_every_changed_byte_of_a_token_changes_what_is_checked(at: int, flip: int) -> None:
    token = cose.sign1(evidence.pack(small()), b"kid", sign)
    changed = bytearray(token)
    changed[at % len(token)] ^= flip
    try:
        _, key_id, _, signature, digest = cose.parse_sign1(changed)
    except Invalid:
        return
    _, want_id, _, want_signature, want_digest = cose.parse_sign1(token)
    assert digest != want_digest or signature != want_signature
    assert key_id != want_id or (digest, signature) != (want_digest, want_signature)


GOOD = cbor.dumps({1: -7, 4: b"k"})
BAD_MESSAGES = {
    "no tag": [GOOD, {}, b"p", b"s" * 64],
    "Mac0": cbor.Tag(17, [GOOD, {}, b"p", b"s" * 64]),
    "algorithm not signed": cbor.Tag(18, [cbor.dumps({4: b"k"}), {1: -7}, b"p", b"s" * 64]),
    "another unprotected parameter": cbor.Tag(18, [GOOD, {4: b"j"}, b"p", b"s" * 64]),
    "no algorithm": cbor.Tag(18, [cbor.dumps({4: b"k"}), {}, b"p", b"s" * 64]),
    "no key": cbor.Tag(18, [cbor.dumps({1: -7}), {}, b"p", b"s" * 64]),
    "EdDSA": cbor.Tag(18, [cbor.dumps({1: -8, 4: b"k"}), {}, b"p", b"s" * 64]),
    "critical": cbor.Tag(18, [cbor.dumps({1: -7, 2: [9], 4: b"k", 9: 1}), {}, b"p", b"s" * 64]),
    "empty key id": cbor.Tag(18, [cbor.dumps({1: -7, 4: b""}), {}, b"p", b"s" * 64]),
    "long key id": cbor.Tag(18, [cbor.dumps({1: -7, 4: b"k" * 65}), {}, b"p", b"s" * 64]),
    "text key id": cbor.Tag(18, [cbor.dumps({1: -7, 4: "k"}), {}, b"p", b"s" * 64]),
    "header not a map": cbor.Tag(18, [cbor.dumps([1, -7]), {}, b"p", b"s" * 64]),
    "header not bytes": cbor.Tag(18, [{1: -7, 4: b"k"}, {}, b"p", b"s" * 64]),
    "empty header": cbor.Tag(18, [b"", {}, b"p", b"s" * 64]),
    "no payload": cbor.Tag(18, [GOOD, {}, None, b"s" * 64]),
    "short signature": cbor.Tag(18, [GOOD, {}, b"p", b"s" * 63]),
    "long signature": cbor.Tag(18, [GOOD, {}, b"p", b"s" * 65]),
    "three parts": cbor.Tag(18, [GOOD, {}, b"p"]),
    "five parts": cbor.Tag(18, [GOOD, {}, b"p", b"s" * 64, b""]),
    "two tags": cbor.Tag(18, cbor.Tag(18, [GOOD, {}, b"p", b"s" * 64])),
}


@pytest.mark.parametrize("name", BAD_MESSAGES)
def test_a_message_of_another_form_is_refused(name: str) -> None:
    with pytest.raises(Invalid):
        cose.parse_sign1(cbor.dumps(BAD_MESSAGES[name]))
