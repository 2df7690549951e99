"""Certificates of every kind, made by another library."""

import datetime
import hashlib
import ipaddress
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, utils
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from armillary import native

ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
PREHASHED = ec.ECDSA(utils.Prehashed(hashes.SHA256()))
LEAF = x509.BasicConstraints(False, None)
MONTH_AGO, YEAR_ON = datetime.timedelta(-30), datetime.timedelta(365)
NOW = datetime.datetime(2026, 6, 1, tzinfo=datetime.UTC)


def point(key: ec.EllipticCurvePrivateKey) -> bytes:
    """X||Y of the public half."""
    numbers = key.public_key().public_numbers()
    return numbers.x.to_bytes(32, "big") + numbers.y.to_bytes(32, "big")


class Maker:
    """Makes certificates: `issue` takes what should differ from a good one."""

    now = NOW
    now_ms = int(NOW.timestamp()) * 1000

    def key(self, number: int) -> ec.EllipticCurvePrivateKey:
        return ec.derive_private_key(int.from_bytes(hashlib.sha256(bytes((number,))).digest(), "big") % ORDER, ec.SECP256R1())

    def point(self, key: ec.EllipticCurvePrivateKey) -> bytes:
        return point(key)

    def name(self, text: str) -> x509.Name:
        return x509.Name([x509.NameAttribute(NameOID.ORGANIZATION_NAME, "Test"), x509.NameAttribute(NameOID.COMMON_NAME, text)])

    def der(self, certificate: x509.Certificate) -> bytes:
        return certificate.public_bytes(serialization.Encoding.DER)

    def pem(self, certificate: x509.Certificate) -> bytes:
        return certificate.public_bytes(serialization.Encoding.PEM)

    def signer(self, key: ec.EllipticCurvePrivateKey) -> Any:
        """The outside signer: a digest in, r||s out."""

        def sign(digest: bytes) -> bytes:
            r, s = utils.decode_dss_signature(key.sign(digest, PREHASHED))
            return r.to_bytes(32, "big") + s.to_bytes(32, "big")

        return sign

    def authority(self, name: str, key: Any, issuer: str, issuer_key: Any, **changes: Any) -> x509.Certificate:
        changes.setdefault("constraints", x509.BasicConstraints(True, None))
        changes.setdefault("usage", ("key_cert_sign", "crl_sign"))
        changes.setdefault("purposes", None)
        changes.setdefault("alternatives", None)
        return self.issue(name, key, issuer, issuer_key, **changes)

    def issue(
        self, name: str, key: Any, issuer: str, issuer_key: Any, *,
        constraints: Any = LEAF, usage: Any = ("digital_signature",),
        purposes: Any = (ExtendedKeyUsageOID.SERVER_AUTH,), alternatives: Any = ("server.example",),
        start: datetime.timedelta = MONTH_AGO, end: datetime.timedelta = YEAR_ON,
        digest: Any = None, extra: Any = (),
    ) -> x509.Certificate:  # fmt: skip
        builder = x509.CertificateBuilder().subject_name(self.name(name)).issuer_name(self.name(issuer))
        builder = builder.public_key(key.public_key()).serial_number(0x1234567890)
        builder = builder.not_valid_before(NOW + start).not_valid_after(NOW + end)
        for extension, critical in self._extensions(key, issuer_key, constraints, usage, purposes, alternatives):
            builder = builder.add_extension(extension, critical)
        for extension, critical in extra:
            builder = builder.add_extension(extension, critical)
        return builder.sign(issuer_key, digest or hashes.SHA256(), ecdsa_deterministic=True)

    def _extensions(self, key: Any, issuer_key: Any, constraints: Any, usage: Any, purposes: Any, alternatives: Any) -> Any:
        yield x509.SubjectKeyIdentifier.from_public_key(key.public_key()), False
        yield x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer_key.public_key()), False
        if constraints is not None:
            yield constraints, True
        if usage is not None:
            yield _usage(usage), True
        if purposes is not None:
            yield x509.ExtendedKeyUsage(purposes), False
        if alternatives is not None:
            yield x509.SubjectAlternativeName([_alternative(name) for name in alternatives]), False


def _usage(names: Any) -> x509.KeyUsage:
    every = (
        "digital_signature", "content_commitment", "key_encipherment", "data_encipherment",
        "key_agreement", "key_cert_sign", "crl_sign", "encipher_only", "decipher_only",
    )  # fmt: skip
    return x509.KeyUsage(**{name: name in names for name in every})


def _alternative(name: Any) -> Any:
    if not isinstance(name, str):
        return name
    try:
        return x509.IPAddress(ipaddress.ip_address(name))
    except ValueError:
        return x509.DNSName(name)


@pytest.fixture(scope="session")
def suite() -> Any:
    return native


@pytest.fixture(scope="session")
def maker() -> Maker:
    return Maker()
