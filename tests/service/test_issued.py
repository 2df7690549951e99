"""What an accepted attestation gives: the certificates, judged by OpenSSL and by another library."""

import hashlib
import subprocess
from datetime import UTC, datetime

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.x509.oid import ExtendedKeyUsageOID
from cryptography.x509.verification import Criticality, ExtensionPolicy, PolicyBuilder, Store

from armillary.service import certificates
from armillary.wire import guid

FOREIGN_TENANT = "99999999-8888-7777-6666-555555555555"


def last_verdict(lab, device):
    return lab.ok("GET", "/v1/devices/" + device.id)["attestation"]


def test_a_device_that_proves_itself_gets_a_day_of_certificate(lab, device):
    verdict = lab.attest(device)
    assert verdict.status == 200, verdict.answer
    assert verdict.answer["not_after"] == lab.clock() + 86_400
    assert verdict.answer["tenants"] == {}
    assert last_verdict(lab, device)["is_accepted"]
    assert last_verdict(lab, device)["release"] == "one"
    assert lab.ok("GET", "/v1/devices/" + device.id)["certificate_not_after"] == lab.clock() + 86_400


def test_the_certificate_says_what_it_must(lab, device, kit):
    lab.attest(device)
    leaf = x509.load_der_x509_certificate(lab.attest(device).leaf)
    assert leaf.not_valid_before_utc == datetime.fromtimestamp(lab.clock() - 300, UTC)
    assert leaf.not_valid_after_utc == datetime.fromtimestamp(lab.clock() + 86_400, UTC)
    form = serialization.PublicFormat.UncompressedPoint
    public = leaf.public_key().public_bytes(serialization.Encoding.X962, form)[1:]
    assert public == kit.raw_public(device.client_key)
    usage = leaf.extensions.get_extension_for_class(x509.KeyUsage)
    assert usage.critical and usage.value.digital_signature and not usage.value.key_cert_sign
    purposes = leaf.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    assert list(purposes) == [ExtendedKeyUsageOID.CLIENT_AUTH]
    names = leaf.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert names.get_values_for_type(x509.UniformResourceIdentifier) == ["urn:armillary:device:" + device.id]
    measured = leaf.extensions.get_extension_for_oid(certificates.MEASUREMENTS).value.value
    parts = sorted((part[0], part[1]) for part in device.components)
    expected = b"".join(kind.to_bytes(4, "big") + digest for kind, digest in parts)
    assert measured == b"\x04\x20" + hashlib.sha256(expected).digest()


def test_the_subject_is_the_device_id_though_x520_would_have_it_shorter(lab, device):
    leaf = x509.load_der_x509_certificate(lab.attest(device).leaf)
    with pytest.warns(UserWarning, match="length must be"):  # the library, of names longer than 64
        assert leaf.subject.rfc4514_string() == "CN=" + device.id


def test_serial_numbers_are_random_and_positive(lab, device):
    serials = {x509.load_der_x509_certificate(lab.attest(device).leaf).serial_number for _ in range(8)}
    assert len(serials) == 8
    assert all(0 < serial < 1 << 159 for serial in serials)
    assert max(serials).bit_length() > 120


def test_openssl_verifies_the_chain(lab, device, tmp_path):
    chain = lab.attest(device).answer["certificate"].split("-----BEGIN")[1:]
    leaf, above = ["-----BEGIN" + part for part in chain]
    (tmp_path / "leaf.pem").write_text(leaf)
    (tmp_path / "above.pem").write_text(above)
    verdict = openssl_verify(lab, tmp_path, "-x509_strict", "-purpose", "sslclient")
    assert verdict.returncode == 0, verdict.stderr
    assert openssl_verify(lab, tmp_path, "-purpose", "sslserver").returncode != 0
    lab.clock.seconds += 86_401
    assert openssl_verify(lab, tmp_path, "-purpose", "sslclient").returncode != 0


def openssl_verify(lab, path, *options):
    command = ["openssl", "verify", "-attime", str(lab.clock()), "-CAfile", str(lab.path / "root.pem")]
    command += ["-untrusted", str(path / "above.pem"), *options, str(path / "leaf.pem")]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def client_verifier(lab, *roots):
    """Another judge than OpenSSL: the library's own, with the profile's exceptions spelled out."""
    leaf_policy = ExtensionPolicy.permit_all().require_present(
        x509.SubjectAlternativeName, Criticality.AGNOSTIC, lambda policy, certificate, names: None
    )
    builder = PolicyBuilder().store(Store(roots)).time(datetime.fromtimestamp(lab.clock(), UTC))
    builder = builder.extension_policies(
        ca_policy=ExtensionPolicy.webpki_defaults_ca(), ee_policy=leaf_policy
    )
    return builder.build_client_verifier()


def test_the_librarys_verifier_verifies_the_chain(lab, device):
    leaf, above = x509.load_pem_x509_certificates(lab.attest(device).answer["certificate"].encode())
    found = client_verifier(lab, lab.service.keys.root).verify(leaf, [above])
    assert len(found.chain) == 3
    assert found.chain[-1] == lab.service.keys.root


def test_each_tenant_of_the_catalog_gets_a_certificate_of_the_catalogs_authority(lab, kit):
    tenant = lab.ok("POST", "/v1/tenants", {"catalog": lab.catalog})["id"]
    keys = {lab.catalog: kit.new_key(), tenant: kit.new_key()}
    pairs = tuple((guid.to_bytes(name), kit.raw_public(key)) for name, key in keys.items())
    device = lab.claim(kit.Device(tenants=pairs))
    verdict = lab.attest(device)
    assert set(verdict.answer["tenants"]) == set(keys)
    chain = x509.load_pem_x509_certificates(verdict.answer["tenants"][tenant].encode())
    assert len(chain) == 3
    client_verifier(lab, lab.service.keys.root).verify(chain[0], chain[1:])
    told = lab.ok("GET", "/v1/catalogs/" + lab.catalog + "/chain")["chain"]
    assert x509.load_pem_x509_certificates(told.encode())[0] == chain[1]
    form = serialization.PublicFormat.UncompressedPoint
    assert chain[0].public_key().public_bytes(serialization.Encoding.X962, form)[1:] == pairs[1][1]


def test_a_tenant_of_another_catalog_gets_nothing_and_the_operator_is_told(lab, kit):
    other = lab.new_catalog("other")
    public = kit.raw_public(kit.new_key())
    tenants = tuple((guid.to_bytes(name), public) for name in (other, FOREIGN_TENANT, lab.catalog))
    device = lab.claim(kit.Device(tenants=tenants))
    assert set(lab.attest(device).answer["tenants"]) == {lab.catalog}
    told = lab.ok("GET", "/v1/reports?kind=attestation&device=" + device.id)["reports"]
    assert [row["detail"]["error"] for row in told] == ["tenant-foreign"] * 2
    assert other in told[1]["detail"]["reason"]
