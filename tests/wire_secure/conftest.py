"""Certificates of every kind, made by another library, and a crypto suite over the same library."""

import datetime
import hashlib
import hmac
import ipaddress
from typing import Any

import pytest
from cryptography import x509
from cryptography.exceptions import InvalidSignature, InvalidTag
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, utils
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDFExpand
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
PREHASHED = ec.ECDSA(utils.Prehashed(hashes.SHA256()))
LEAF = x509.BasicConstraints(False, None)
MONTH_AGO, YEAR_ON = datetime.timedelta(-30), datetime.timedelta(365)
NOW = datetime.datetime(2026, 6, 1, tzinfo=datetime.UTC)


class BadInput(ValueError):
    """What the suite raises for a signature, tag or point that is not right."""


class Reference:
    """`armillary.wire.suite.Suite`, over another library."""

    def sha256(self, data: bytes) -> bytes:
        return hashlib.sha256(data).digest()

    def hmac_sha256(self, key: bytes, data: bytes) -> bytes:
        return hmac.digest(key, data, "sha256")

    def hkdf_extract(self, salt: bytes, ikm: bytes) -> bytes:
        return hmac.digest(salt or bytes(32), ikm, "sha256")

    def hkdf_expand(self, prk: bytes, info: bytes, length: int) -> bytes:
        return HKDFExpand(hashes.SHA256(), length, info).derive(bytes(prk))

    def compare(self, a: bytes, b: bytes) -> bool:
        return hmac.compare_digest(a, b)

    def p256_is_private(self, private: bytes) -> bool:
        return 0 < int.from_bytes(private, "big") < ORDER

    def p256_public(self, private: bytes) -> bytes:
        return point(_private(private))

    def p256_ecdh(self, private: bytes, public: bytes) -> bytes:
        return _private(private).exchange(ec.ECDH(), _public(public))

    def p256_verify(self, public: bytes, digest: bytes, signature: bytes) -> None:
        r, s = int.from_bytes(signature[:32], "big"), int.from_bytes(signature[32:], "big")
        try:
            _public(public).verify(utils.encode_dss_signature(r, s), digest, PREHASHED)
        except InvalidSignature:
            raise BadInput("signature") from None

    def aes_gcm_seal(self, key: bytes, nonce: bytes, aad: bytes, plaintext: bytes) -> bytes:
        return AESGCM(bytes(key)).encrypt(bytes(nonce), plaintext, aad)

    def aes_gcm_open(self, key: bytes, nonce: bytes, aad: bytes, data: bytes) -> bytes:
        try:
            return AESGCM(bytes(key)).decrypt(bytes(nonce), data, aad)
        except InvalidTag:
            raise BadInput("tag") from None


def _private(private: bytes) -> ec.EllipticCurvePrivateKey:
    return ec.derive_private_key(int.from_bytes(private, "big"), ec.SECP256R1())


def _public(public: bytes) -> ec.EllipticCurvePublicKey:
    return ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), b"\x04" + public)


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
def suite() -> Reference:
    return Reference()


@pytest.fixture(scope="session")
def maker() -> Maker:
    return Maker()
