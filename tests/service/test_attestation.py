"""Attestation: what earns a certificate, and each thing that does not."""

import base64
import hashlib
import json
import re
import threading

import cbor2
import pytest

from armillary.service import attestation, queries
from armillary.wire import guid

FOREIGN_TENANT = "99999999-8888-7777-6666-555555555555"


def last_verdict(lab, device):
    return lab.ok("GET", "/v1/devices/" + device.id)["attestation"]


def refused(lab, device, nonce=None):
    """The error of a refused attestation, which must have been recorded and reported too."""
    verdict = lab.attest(device, nonce)
    assert verdict.status == 403, verdict.answer
    assert last_verdict(lab, device)["error"] == verdict.error
    assert not last_verdict(lab, device)["is_accepted"]
    newest = lab.ok("GET", "/v1/reports?kind=attestation&limit=1&device=" + device.id)["reports"][0]
    assert newest["detail"]["error"] == verdict.error
    return verdict.error


# Who is refused.


def test_an_unknown_device_and_a_wrong_signature_get_the_same_answer(lab, device, kit):
    stranger = kit.Device()
    unknown = lab.attest_with(stranger.evidence(lab.nonce(stranger)))
    data = bytearray(device.evidence(lab.nonce(device)))
    data[-1] ^= 1
    forged = lab.attest_with(bytes(data))
    assert unknown == forged
    assert unknown.status == 403
    assert json.loads(unknown.body)["error"] == "device-unproven"


def test_strangers_are_recorded_without_touching_the_devices_own_record(lab, device):
    lab.attest(device)
    data = bytearray(device.evidence(lab.nonce(device)))
    data[-1] ^= 1
    for _ in range(queries.MOST_STRANGERS + 3):
        lab.attest_with(bytes(data))
    shown = lab.ok("GET", "/v1/devices/" + device.id)
    assert shown["attestation"]["is_accepted"]
    assert shown["strangers"] == queries.MOST_STRANGERS
    assert shown["reports"] == 0


def test_evidence_signed_by_another_devices_key_is_refused(lab, device, kit):
    thief = lab.claim(kit.Device())
    payload = device.claims(lab.nonce(device))
    kid = hashlib.sha256(kit.raw_public(device.key)).digest()
    protected = cbor2.dumps({1: -7, 4: kid})
    signed = cbor2.dumps(["Signature1", protected, b"", payload])
    signature = kit.raw_sign(thief.key, hashlib.sha256(signed).digest())
    data = cbor2.dumps(cbor2.CBORTag(18, [protected, {}, payload, signature]))
    assert json.loads(lab.attest_with(data).body)["error"] == "device-unproven"


def test_claims_of_another_device_under_ones_own_signature_are_refused(lab, device, kit):
    other = lab.claim(kit.Device())
    data = device.sign(other.claims(lab.nonce(device)))
    assert json.loads(lab.attest_with(data).body)["error"] == "claims-invalid"


def test_a_swapped_client_key_breaks_the_signature(lab, device, kit):
    data = device.evidence(lab.nonce(device))
    mine, theirs = kit.raw_public(device.client_key), kit.raw_public(kit.new_key())
    for at in (0, 32):
        assert data.count(mine[at : at + 32]) == 1
        data = data.replace(mine[at : at + 32], theirs[at : at + 32])
    assert json.loads(lab.attest_with(data).body)["error"] == "device-unproven"


def test_a_revoked_device_is_refused_until_it_is_active_again(lab, device):
    lab.ok("PATCH", "/v1/devices/" + device.id, {"state": "revoked"})
    assert refused(lab, device) == "device-revoked"
    lab.ok("PATCH", "/v1/devices/" + device.id, {"state": "active"})
    assert lab.attest(device).status == 200


def test_an_unclaimed_device_is_refused(lab, device):
    nonce = lab.nonce(device)
    lab.ok("DELETE", "/v1/devices/" + device.id)
    assert lab.attest(device, nonce).error == "device-unproven"


# Nonces.


def test_a_nonce_works_until_the_end_of_its_life_and_not_after(lab, device):
    first, second = lab.nonce(device), lab.nonce(device)
    lab.clock.seconds += attestation.NONCE_LIFE_S
    assert lab.attest(device, first).status == 200
    lab.clock.seconds += 1
    assert refused(lab, device, second) == "nonce-expired"


def test_a_nonce_works_once(lab, device):
    nonce = lab.nonce(device)
    assert lab.attest(device, nonce).status == 200
    assert refused(lab, device, nonce) == "nonce-used"


def test_without_the_memory_of_spent_nonces_a_replay_would_work(lab, device, monkeypatch):
    nonce = lab.nonce(device)
    data = device.evidence(nonce)
    assert lab.attest_with(data).status == 200
    monkeypatch.setattr(attestation, "_spend", lambda service, tx, nonce, device: None)
    assert lab.attest_with(data).status == 200


def test_a_nonce_is_spent_by_evidence_that_is_then_refused(lab, device):
    nonce = lab.nonce(device)
    device.lifecycle = 1
    assert refused(lab, device, nonce) == "lifecycle"
    device.lifecycle = 3
    assert refused(lab, device, nonce) == "nonce-used"


def test_a_nonce_stays_spent_when_the_service_starts_again(lab, device, kit):
    nonce = lab.nonce(device)
    assert lab.attest(device, nonce).status == 200
    again = type(lab.service).open(lab.path, lab.clock)
    try:
        with pytest.raises(attestation.Forbidden, match="nonce-used"):
            attestation.attest(again, device.evidence(nonce))
        fresh = attestation.make_nonce(again, device.id)
        assert attestation.attest(lab.service, device.evidence(fresh)).release == "one"
    finally:
        again.close()


def test_the_nonce_of_another_device_is_refused(lab, device, kit):
    other = lab.claim(kit.Device())
    assert refused(lab, device, lab.nonce(other)) == "nonce-foreign"


@pytest.mark.parametrize("at", range(32))
def test_no_byte_of_a_nonce_can_be_changed(lab, device, at):
    nonce = bytearray(lab.nonce(device))
    nonce[at] ^= 0x80
    assert refused(lab, device, bytes(nonce)) == "nonce-foreign"


def test_asking_for_a_nonce_tells_nothing_and_costs_nothing(lab, device, kit):
    before = (lab.path / "service.db-wal").stat().st_size
    answers = [
        lab.ask("POST", "/v1/device/nonce", {"device": one.id})
        for one in (device, kit.Device())
        for _ in range(20)
    ]
    assert {answer.status for answer in answers} == {200}
    assert {re.sub(rb"[0-9a-f]{64}", b"", answer.body) for answer in answers} == {b'{"nonce":""}'}
    assert len({answer.body for answer in answers}) == 40
    assert (lab.path / "service.db-wal").stat().st_size == before


def test_of_two_attestations_with_one_nonce_exactly_one_wins(lab, device):
    nonce = lab.nonce(device)
    data = [device.evidence(nonce) for _ in range(8)]
    statuses, start = [], threading.Barrier(8)

    def run(evidence):
        start.wait()
        statuses.append(lab.attest_with(evidence).status)

    threads = [threading.Thread(target=run, args=(one,)) for one in data]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(statuses) == [200] + [403] * 7


def test_attestations_of_one_device_are_bounded(lab, device):
    for _ in range(attestation.MOST_SPENT):
        assert lab.attest(device).status == 200
    response = lab.attest_with(device.evidence(lab.nonce(device)))
    assert response.status == 429
    assert dict(response.headers)["retry-after"] == "300"
    lab.clock.seconds += attestation.NONCE_LIFE_S + 1
    assert lab.attest(device).status == 200


# What booted.


def test_an_unknown_measurement_is_refused_and_named(lab, device):
    kind, _, *rest = device.components[3]
    device.components[3] = (kind, b"\xee" * 32, *rest)
    assert refused(lab, device) == "measurement-unknown"
    assert "ee" * 32 in last_verdict(lab, device)["reason"]


@pytest.mark.parametrize("at", range(7))
def test_a_set_with_one_image_missing_is_refused(lab, device, at):
    del device.components[at]
    assert refused(lab, device) == "measurements-incomplete"


def test_nothing_measured_is_refused(lab, device):
    device.components = []
    assert refused(lab, device) == "measurement-unknown"


def test_an_image_more_than_the_release_is_refused(lab, device):
    device.components.append((10, b"\xaa" * 32, 1, bytes(32), "extra"))
    assert refused(lab, device) == "measurement-unknown"


def test_an_image_type_measured_twice_is_refused(lab, device):
    device.components.append(device.components[0])
    assert refused(lab, device) == "measurement-repeated"


def test_a_mixture_of_two_releases_is_refused(lab, device, kit):
    second = kit.os_components("two")
    lab.ok("POST", "/v1/releases", {"name": "two", "components": kit.release_of(second)})
    device.components[2] = second[2]
    assert refused(lab, device) == "measurements-incomplete"
    device.components = second
    assert lab.attest(device).status == 200


def test_a_digest_measured_under_another_type_is_unknown(lab, device):
    first, second = device.components[0], device.components[1]
    device.components[0] = (first[0], second[1], *first[2:])
    assert refused(lab, device) == "measurement-unknown"


def test_a_security_version_below_the_release_is_refused(lab, device):
    kind, digest, version, signer, name = device.components[4]
    device.components[4] = (kind, digest, version - 1, signer, name)
    assert refused(lab, device) == "version-old"


def test_a_withdrawn_release_is_refused_by_name(lab, device):
    lab.ok("PATCH", "/v1/releases/one", {"withdrawn": True})
    assert refused(lab, device) == "release-withdrawn"
    assert "one" in last_verdict(lab, device)["reason"]
    lab.ok("PATCH", "/v1/releases/one", {"withdrawn": False})
    assert lab.attest(device).status == 200


def test_without_appraisal_any_software_would_be_certified(lab, device, monkeypatch):
    device.components = [(4, b"\xee" * 32, 9, bytes(32), "malware")]
    assert refused(lab, device) == "measurement-unknown"
    monkeypatch.setattr(attestation.releases, "appraise", lambda tx, components: "anything")
    assert lab.attest(device).status == 200


# The state of the device.


@pytest.mark.parametrize("lifecycle", [0, 1, 2])
def test_a_production_group_takes_only_devices_whose_lifecycle_is_complete(lab, device, lifecycle):
    device.lifecycle = lifecycle
    assert refused(lab, device) == "lifecycle"


def test_a_production_group_takes_no_device_with_capabilities(lab, device):
    device.capabilities = (11,)
    assert refused(lab, device) == "capabilities"


def test_a_development_group_takes_both_but_nothing_terminated(lab, kit):
    group = lab.new_group(lab.catalog, "bench", development=True)
    device = lab.claim(kit.Device(lifecycle=1, capabilities=(11,)), group)
    assert lab.attest(device).status == 200
    device.lifecycle = 0
    assert refused(lab, device) == "lifecycle"


def test_a_boot_that_comes_back_shows_a_clone_and_shuts_both_out(lab, device):
    for seed in (1, 1, 2, 2):
        device.boot_seed = bytes([seed]) * 32
        assert lab.attest(device).status == 200
    device.boot_seed = b"\x01" * 32
    assert refused(lab, device) == "device-cloned"
    device.boot_seed = b"\x02" * 32
    assert refused(lab, device) == "device-quarantined"
    lab.ok("PATCH", "/v1/devices/" + device.id, {"state": "active"})
    assert lab.attest(device).status == 200


def test_without_the_lineage_of_boots_a_clone_would_live_beside_the_device(lab, device, monkeypatch):
    monkeypatch.setattr(attestation, "_check_lineage", lambda tx, seed, device: None)
    for seed in (1, 2, 1, 2):
        device.boot_seed = bytes([seed]) * 32
        assert lab.attest(device).status == 200


def test_evidence_without_a_client_key_earns_nothing(lab, device):
    nonce = lab.nonce(device)
    claims = cbor2.loads(device.claims(nonce))
    del claims[8]
    data = device.sign(cbor2.dumps(claims, canonical=True))
    assert json.loads(lab.attest_with(data).body)["error"] == "key-missing"


def test_the_identity_key_itself_is_never_certified(lab, device, kit):
    device.client_key = device.key
    assert refused(lab, device) == "claims-invalid"
    device.client_key = kit.new_key()
    device.tenants = ((guid.to_bytes(lab.catalog), kit.raw_public(device.key)),)
    assert refused(lab, device) == "claims-invalid"


# What comes in.


def test_evidence_that_is_not_base64_is_malformed(lab):
    for text in ("*", "AAA", "AAAA\n", "AAAA===="):
        assert lab.refused("POST", "/v1/device/attest", {"evidence": text}) == (400, "evidence-malformed")


def test_evidence_that_is_too_long_is_refused_before_it_is_decoded(lab):
    text = base64.b64encode(bytes(8190)).decode()
    assert lab.refused("POST", "/v1/device/attest", {"evidence": text}) == (400, "evidence-malformed")
    assert lab.refused("POST", "/v1/device/attest", {"evidence": "A" * 11_004}) == (422, "body-invalid")
    assert lab.refused("POST", "/v1/device/attest", {"evidence": "A" * 13_000}) == (413, "body-large")
