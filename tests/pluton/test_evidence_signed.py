"""Evidence, read by decoders and a verifier that are not ours."""

import cbor2
import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, utils

from armillary import native
from armillary.pluton import abi
from armillary.wire import cose, evidence, image
from armillary.wire.fault import Invalid, OutOfOrder, Unhealthy

NONCE = b"n" * 32
TENANTS = [bytes((n,)) * 16 for n in range(1, 9)]


def verify(device_id, message):
    """The claims of a COSE_Sign1 message, checked with cbor2 and cryptography alone."""
    tag = cbor2.loads(message)
    assert tag.tag == 18
    protected, unprotected, payload, signature = tag.value
    assert unprotected == {} and cbor2.loads(protected)[1] == -7
    numbers = ec.EllipticCurvePublicNumbers(
        int.from_bytes(device_id[:32], "big"), int.from_bytes(device_id[32:], "big"), ec.SECP256R1()
    )  # fmt: skip
    signed = cbor2.dumps(["Signature1", protected, b"", payload])
    der = utils.encode_dss_signature(int.from_bytes(signature[:32], "big"), int.from_bytes(signature[32:], "big"))
    numbers.public_key().verify(der, signed, ec.ECDSA(hashes.SHA256()))
    return cbor2.loads(payload)


def test_evidence_verifies_and_says_what_booted(world):
    port = world.port()
    claims = verify(world.device_id, port.process_attestation(NONCE, b"".join(TENANTS[:2])))
    assert claims[10] == NONCE
    assert claims[256] == b"\x01" + native.sha256(world.device_id)
    assert claims[2396] == native.sha256(world.root.public)
    assert [part[1].split(":")[0] for part in claims[2399]] == ["1", "19", "2", "4"]
    digest = native.sha256(image.split(world.cores.started[0][1][4:])[0])
    assert claims[2399][3][2] == digest and claims[2399][3][5] == world.os.signer


def test_evidence_names_the_next_client_key_and_the_tenants_keys(world):
    port = world.port()
    claims = verify(world.device_id, port.process_attestation(NONCE, TENANTS[0]))
    key = claims[8][1]
    next_key = key[-2] + key[-3]
    assert claims[evidence.TENANTS] == [[TENANTS[0], port.get_tenant_public_key(TENANTS[0])]]
    port.commit_client_auth_key()
    digest = native.sha256(b"d")
    native.p256_verify(next_key, digest, port.sign_with_client_auth_key(digest))
    after = verify(world.device_id, port.process_attestation(NONCE, b""))[8][1]
    assert after[-2] + after[-3] != next_key


def test_generate_and_attest_name_the_same_key(world):
    port = world.port()
    public = port.generate_client_auth_key()
    key = verify(world.device_id, port.process_attestation(NONCE, b""))[8][1]
    assert key[-2] + key[-3] == public


def test_our_own_reader_agrees(world):
    message = world.port().process_attestation(NONCE, b"")
    _, key_id, payload, signature, digest = cose.parse_sign1(message)
    assert key_id == native.sha256(world.device_id)
    native.p256_verify(world.device_id, digest, signature)
    assert evidence.unpack(payload).device_id == world.device_id


def test_every_changed_byte_breaks_it(world):
    message = world.port().process_attestation(NONCE, b"")
    for at in range(0, len(message), 3):
        changed = message[:at] + bytes((message[at] ^ 1,)) + message[at + 1 :]
        assert not verifies(world.device_id, changed), at


def verifies(device_id, message):
    """Whether an independent verifier takes the message."""
    try:
        verify(device_id, message)
    except (InvalidSignature, AssertionError, ValueError, cbor2.CBORDecodeError, TypeError, AttributeError):
        return False
    return True


def test_the_verifier_of_these_tests_takes_sound_evidence(world):
    assert verifies(world.device_id, world.port().process_attestation(NONCE, b""))


def test_evidence_of_another_nonce_is_other_evidence(world):
    port = world.port()
    one, other = port.process_attestation(NONCE, b""), port.process_attestation(b"m" * 32, b"")
    assert verify(world.device_id, one)[10] != verify(world.device_id, other)[10]


@pytest.mark.parametrize("length", [0, 1, 8, 31, 33, 47, 63])
def test_a_nonce_of_another_length_is_refused(world, length):
    with pytest.raises(Invalid):
        world.port().process_attestation(b"n" * length, b"")


@pytest.mark.parametrize("tenants", [b"t", b"t" * 15, b"t" * 17, b"t" * 32])
def test_tenants_are_sixteen_bytes_each_and_named_once(world, tenants):
    with pytest.raises(Invalid):
        world.port().process_attestation(NONCE, tenants)


def test_nothing_is_attested_before_boot_is_done(world):
    with pytest.raises(OutOfOrder):
        world.port(closed=False).process_attestation(NONCE, b"")


def test_every_change_of_state_shows(world):
    port = world.port()
    seen = [verify(world.device_id, port.process_attestation(NONCE, b""))]
    port.install_capabilities(world.capability_file([11], world.device_id))
    seen.append(verify(world.device_id, port.process_attestation(NONCE, b"")))
    port.set_manufacturing_state(abi.DEVICE_COMPLETE)
    seen.append(verify(world.device_id, port.process_attestation(NONCE, b"")))
    assert [claims[evidence.CAPABILITIES] for claims in seen] == [[12], [11, 12], [11]]
    assert [claims[2395] for claims in seen] == [0x1000, 0x1000, 0x3000]


def test_the_boot_seed_is_one_per_boot(world):
    port = world.port()
    seeds = [verify(world.device_id, port.process_attestation(NONCE, b""))[268] for _ in range(2)]
    port = world.port()
    seeds.append(verify(world.device_id, port.process_attestation(NONCE, b""))[268])
    assert seeds[0] == seeds[1] != seeds[2]


def test_without_entropy_nothing_is_attested_or_sealed_but_signatures_go_on(world):
    world.entropy.break_down("dead")
    port = world.port()
    for refused in (lambda: port.process_attestation(NONCE, b""), lambda: port.seal(0, b""), lambda: port.read_rng(1)):
        with pytest.raises(Unhealthy):
            refused()
    assert port.sign_with_tenant_attestation_key(TENANTS[0], bytes(32))


def test_the_longest_evidence_there_is_fits_a_reply(world):
    port = world.port(closed=False)
    for _ in range(16):
        port.measure(0xFFFF_FFFF, bytes(32), 0xFFFF_FFFF, bytes(32), "a name of thirty-two bytes .....")
    port.close_measurements()
    port.install_capabilities(world.capability_file(list(range(60000, 60064)), world.device_id))
    message = port.process_attestation(NONCE * 2, b"".join(TENANTS))
    assert 3700 < len(message) <= abi.PROCESS_ATTESTATION.result.fields[0].high
    assert len(verify(world.device_id, message)[2399]) == 20
