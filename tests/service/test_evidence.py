"""The verifier's reader of evidence: it agrees with the device's writer, and takes nothing else."""

import hashlib

import cbor2
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from armillary.service import evidence as reader
from armillary.wire import evidence as writer


@pytest.fixture(scope="module")
def sample():
    """Evidence of a fixed device; the point is P-256's generator."""
    x = bytes.fromhex("6b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c296")
    y = bytes.fromhex("4fe342e2fe1a7f9b8ee7eb4a7c0f9e162bce33576b315ececbb6406837bf51f5")
    parts = [(4, b"\x11" * 32, 7, b"\x22" * 32, "monitor"), (7, b"\x33" * 32, 0, b"\x44" * 32, "kernel: ü")]
    return writer.Evidence(
        b"\x01" * 32, x + y, 3, b"\x02" * 32, b"\x03" * 32, parts, x + y, [(b"\x05" * 16, x + y)], [11, 13]
    )


@pytest.fixture(scope="module")
def claims(sample):
    return cbor2.loads(writer.pack(sample))


def test_what_the_device_writes_the_service_reads(sample):
    found = reader.read_claims(writer.pack(sample))
    assert (found.nonce, found.device, found.boot_seed) == (sample.nonce, sample.device_id, sample.boot_seed)
    assert (found.lifecycle, found.implementation) == ("device-complete", sample.implementation_id)
    assert found.client_key == sample.client_auth_public
    assert found.tenants == tuple(sample.tenants)
    assert found.capabilities == (11, 13)
    assert [(part.type, part.sha256, part.version, part.signer, part.name) for part in found.components] == [
        (kind, digest.hex(), version, signer.hex(), name)
        for kind, digest, version, signer, name in sample.components
    ]


@given(
    nonce=st.binary(min_size=32, max_size=32),
    lifecycle=st.integers(0, 3),
    parts=st.lists(
        st.tuples(
            st.integers(0, 0xFFFF_FFFF),
            st.binary(min_size=32, max_size=32),
            st.integers(0, 0xFFFF_FFFF),
            st.binary(min_size=32, max_size=32),
            st.text(max_size=8),
        ),
        max_size=20,
    ),
    capabilities=st.lists(st.integers(0, 0xFFFF), max_size=64),
)
def test_both_readers_agree_on_everything_the_writer_writes(sample, nonce, lifecycle, parts, capabilities):
    data = writer.pack(
        writer.Evidence(
            nonce,
            sample.device_id,
            lifecycle,
            bytes(32),
            bytes(32),
            parts,
            sample.client_auth_public,
            (),
            capabilities,
        )
    )
    ours, theirs = reader.read_claims(data), writer.unpack(data)
    assert ours.nonce == theirs.nonce
    assert ours.lifecycle == ("terminated", "blank", "module-complete", "device-complete")[theirs.lifecycle]
    assert list(ours.capabilities) == theirs.capabilities
    assert [(one.type, bytes.fromhex(one.sha256), one.version, one.name) for one in ours.components] == [
        (kind, digest, version, name) for kind, digest, version, _, name in theirs.components
    ]


@pytest.mark.parametrize("number", sorted(reader.CLAIM_NAMES, key=abs))
def test_every_claim_is_needed_and_none_may_be_of_another_type(claims, number):
    without = {key: value for key, value in claims.items() if key != number}
    if number == 8:
        assert reader.read_claims(cbor2.dumps(without)).client_key is None
    else:
        with pytest.raises(reader.BadEvidence):
            reader.read_claims(cbor2.dumps(without))
    for value in (None, True, -1, 1 << 64, 1.0, "", b"", [], [[]], {}, {0: 0}, [None] * 99, "x" * 70_000):
        if number in (-75002, -75003, 2399) and value == []:
            continue  # an empty list is one of its own type
        with pytest.raises(reader.BadEvidence):
            reader.read_claims(cbor2.dumps({**claims, number: value}))


def test_a_claim_that_is_not_known_is_refused(claims):
    for key in (0, 11, "10", 2397, -75004):
        with pytest.raises(reader.BadEvidence, match="known keys"):
            reader.read_claims(cbor2.dumps({**claims, key: 0}))


@pytest.mark.parametrize(
    "change",
    [
        {256: b"\x01" + bytes(32)},
        {256: b"\x02" + bytes(32)},
        {265: "tag:psacertified.org,2019:psa#legacy"},
        {2394: True},
        {2394: 2},
        {2395: 0x4000},
        {8: {1: {1: 2, -1: 1, -2: bytes(32), -3: bytes(32)}}},
        {8: {1: {1: 2, -1: 2, -2: bytes(32), -3: bytes(32)}}},
        {-75002: [[bytes(16), bytes(64)]]},
        {-75002: [[bytes(16)]]},
        {-75003: [65536]},
        {-75003: [True]},
        {2399: [{1: "4", 2: bytes(32), 4: "1", 5: bytes(32)}]},
        {2399: [{1: "4:m", 2: bytes(31), 4: "1", 5: bytes(32)}]},
        {2399: [{1: "4:m", 2: bytes(32), 4: "01", 5: bytes(32)}]},
        {2399: [{1: "4:m", 2: bytes(32), 4: "-1", 5: bytes(32)}]},
        {2399: [{1: "4:m", 2: bytes(32), 4: "4294967296", 5: bytes(32)}]},
        {2399: [{1: "\u0664:m", 2: bytes(32), 4: "1", 5: bytes(32)}]},
        {2399: [{1: "4:" + "m" * 33, 2: bytes(32), 4: "1", 5: bytes(32)}]},
        {2399: [{1: "4:m", 2: bytes(32), 4: "1", 5: bytes(32), 6: "more"}]},
    ],
    ids=str,
)
def test_a_claim_with_a_value_it_cannot_have_is_refused(claims, change):
    with pytest.raises(reader.BadEvidence):
        reader.read_claims(cbor2.dumps({**claims, **change}))


def test_there_is_one_way_to_encode_claims(claims):
    data = cbor2.dumps(claims)
    long_head = b"\xb8" + bytes([len(claims)]) + data[1:]
    open_end = b"\xbf" + data[1:] + b"\xff"
    twice = bytes([data[0] + 1]) + data[1:] + cbor2.dumps(10) + cbor2.dumps(bytes(32))
    shared = b"\xd8\x1c" + data
    for other in (long_head, open_end, twice, shared, data + b"\x00", data[:-1], b""):
        with pytest.raises(reader.BadEvidence):
            reader.read_claims(other)
    assert reader.read_claims(data)


def envelope(protected, unprotected, payload, signature, tag=18):
    return cbor2.dumps(cbor2.CBORTag(tag, [protected, unprotected, payload, signature]))


def test_an_envelope_has_exactly_the_parameters_that_are_signed(kit):
    good = cbor2.dumps({1: -7, 4: bytes(32)})
    assert reader.open_envelope(envelope(good, {}, b"x", bytes(64))).key_id == bytes(32)
    for other in (
        envelope(good, {1: -7}, b"x", bytes(64)),
        envelope(good, {4: bytes(32)}, b"x", bytes(64)),
        envelope(good, [], b"x", bytes(64)),
        envelope(good, {}, None, bytes(64)),
        envelope(good, {}, b"x", bytes(63)),
        envelope(good, {}, b"x", bytes(64), tag=98),
        envelope(b"", {}, b"x", bytes(64)),
        envelope(cbor2.dumps({1: -7}), {}, b"x", bytes(64)),
        envelope(cbor2.dumps({1: -35, 4: bytes(32)}), {}, b"x", bytes(64)),
        envelope(cbor2.dumps({1: -7, 4: bytes(31)}), {}, b"x", bytes(64)),
        envelope(cbor2.dumps({1: -7, 4: bytes(32), 2: [99]}), {}, b"x", bytes(64)),
        cbor2.dumps([good, {}, b"x", bytes(64)]),
        envelope(good, {}, bytes(9000), bytes(64)),
    ):
        with pytest.raises(reader.BadEvidence):
            reader.open_envelope(other)


@pytest.mark.parametrize(
    "signature", [bytes(64), b"\xff" * 64, bytes(32) + b"\x01" * 32], ids=["0", "max", "r0"]
)
def test_degenerate_signatures_are_wrong(sample, signature):
    data = envelope(cbor2.dumps({1: -7, 4: hashlib.sha256(sample.device_id).digest()}), {}, b"x", signature)
    with pytest.raises(reader.BadEvidence, match="wrong"):
        reader.verify(reader.open_envelope(data), sample.device_id)


@settings(max_examples=400)
@given(st.binary(max_size=300))
def test_any_bytes_are_refused_in_the_one_way(data):
    for read in (reader.open_envelope, reader.read_claims):
        with pytest.raises(reader.BadEvidence):
            read(data)


@settings(max_examples=400)
@given(data=st.data())
def test_changed_claims_are_refused_or_read_as_what_they_now_say(sample, data):
    packed = bytearray(writer.pack(sample))
    for _ in range(data.draw(st.integers(1, 3))):
        packed[data.draw(st.integers(0, len(packed) - 1))] = data.draw(st.integers(0, 255))
    try:
        found = reader.read_claims(bytes(packed))
    except reader.BadEvidence:
        return
    other = writer.unpack(bytes(packed))
    assert (found.nonce, found.boot_seed, list(found.capabilities)) == (
        other.nonce,
        other.boot_seed,
        other.capabilities,
    )
