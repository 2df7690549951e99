"""Certificates: the service's own authorities, what they issue, and who a certificate says one is.

    root (kept off line once made)
    ├── server certificate: names of the service
    ├── device authority: one certificate a day for every device that proved itself
    └── catalog authority
        └── one authority per catalog: a certificate a day for each device and tenant

The device interface trusts the device authority alone, so what an app holds for its tenant's cloud
opens nothing here. Profile: RFC 5280, P-256 and SHA-256 throughout. There is no revocation list:
certificates live a day, and the device's state is looked at on every request (RFC 9608's argument).
"""

from __future__ import annotations

import hashlib
import ipaddress
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from . import evidence
from .refusals import Forbidden

DAY_S = 86_400
YEAR_S = 365 * DAY_S
BACKDATED_S = 300  # for devices whose clock is a little behind
URI = "urn:armillary:device:"
UNREADABLE = (  # what the library raises for a certificate that is not one, or not by this issuer
    ValueError, TypeError, InvalidSignature, UnsupportedAlgorithm, x509.InvalidVersion,
    x509.ExtensionNotFound, x509.DuplicateExtension, x509.UnsupportedGeneralNameType,
)  # fmt: skip

# Our extensions, under the arc that a random UUID gives to anyone (ITU-T X.667, section 7).
ARC = "2.25.242118360497208186461237408113407286147"
MEASUREMENTS = x509.ObjectIdentifier(ARC + ".1")  # OCTET STRING: SHA-256 of the measured components

Random = Callable[[int], bytes]


class _LongName(x509.NameAttribute[str]):
    """A common name of more than X.520's 64 characters.

    Azure Sphere puts the 128 digits of the device id there. The library would only warn, through
    state that all threads share, so it is given a short name and asked for the long one.
    """

    def __init__(self, value: str) -> None:
        super().__init__(NameOID.COMMON_NAME, "device")
        self._long = value

    @property
    def value(self) -> str:
        return self._long


def device_name(device: str) -> x509.Name:
    """The subject of a device's certificates."""
    return x509.Name([_LongName(device)])


@dataclass(frozen=True)
class Issuer:
    """A key that signs certificates, its own certificate, and those above it except the root."""

    key: ec.EllipticCurvePrivateKey
    certificate: x509.Certificate
    above: tuple[x509.Certificate, ...] = ()

    @property
    def chain(self) -> str:
        """PEM of this certificate and those above it."""
        return to_pem((self.certificate, *self.above))


def make_root(now: int, random: Random) -> Issuer:
    """A new root authority for ten years, with room for two levels of authorities below."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = _plain_name("Armillary root")
    builder = _builder(name, name, key.public_key(), now, now + 10 * YEAR_S, random)
    return Issuer(
        key, _as_authority(builder, key.public_key(), key.public_key(), 2).sign(key, hashes.SHA256())
    )


def make_authority(parent: Issuer, name: str, depth: int, now: int, random: Random) -> Issuer:
    """A new authority under `parent` with room for `depth` levels of authorities below it."""
    key = ec.generate_private_key(ec.SECP256R1())
    end = min(now + 10 * YEAR_S, int(parent.certificate.not_valid_after_utc.timestamp()))
    builder = _builder(_plain_name(name), parent.certificate.subject, key.public_key(), now, end, random)
    builder = _as_authority(builder, key.public_key(), parent.key.public_key(), depth)
    is_below_root = parent.certificate.issuer == parent.certificate.subject
    above = () if is_below_root else (parent.certificate, *parent.above)
    return Issuer(key, builder.sign(parent.key, hashes.SHA256()), above)


def make_server(
    parent: Issuer, names: Iterable[str], addresses: Iterable[str], now: int, random: Random
) -> tuple[ec.EllipticCurvePrivateKey, x509.Certificate]:
    """A key and a year's certificate for a server with these host names and IP addresses."""
    key = ec.generate_private_key(ec.SECP256R1())
    names = tuple(names)
    general: list[x509.GeneralName] = [x509.DNSName(name) for name in names]
    general += [x509.IPAddress(ipaddress.ip_address(address)) for address in addresses]
    issuer = parent.certificate.subject
    builder = _builder(_plain_name(names[0]), issuer, key.public_key(), now, now + YEAR_S, random)
    builder = _as_leaf(builder, key.public_key(), parent, ExtendedKeyUsageOID.SERVER_AUTH, general)
    return key, builder.sign(parent.key, hashes.SHA256())


@dataclass(frozen=True)
class Leaf:
    """A certificate just issued."""

    chain: str  # PEM, leaf first, without the root
    serial: str  # hex
    not_after: int  # Unix seconds


def issue(issuer: Issuer, device: str, public: bytes, measurements: bytes, now: int, random: Random) -> Leaf:
    """A day's client certificate for `device` over the key `public` (X||Y).

    `measurements` is the 32-byte digest of what the device booted. Raises BadEvidence if the key is
    not a point of the curve.
    """
    key = evidence.load_key(public)
    builder = _builder(device_name(device), issuer.certificate.subject, key, now, now + DAY_S, random)
    uri = [x509.UniformResourceIdentifier(URI + device)]
    builder = _as_leaf(builder, key, issuer, ExtendedKeyUsageOID.CLIENT_AUTH, uri)
    builder = builder.add_extension(
        x509.UnrecognizedExtension(MEASUREMENTS, b"\x04\x20" + measurements), False
    )
    certificate = builder.sign(issuer.key, hashes.SHA256())
    return Leaf(to_pem((certificate,)) + issuer.chain, format(certificate.serial_number, "x"), now + DAY_S)


def measurements_digest(components: Iterable[evidence.Component]) -> bytes:
    """SHA-256 of the components in order of type: type (u32 big-endian) then digest, each."""
    parts = sorted((part.type, part.sha256) for part in components)
    return hashlib.sha256(
        b"".join(kind.to_bytes(4, "big") + bytes.fromhex(hex_) for kind, hex_ in parts)
    ).digest()


def identify(authority: x509.Certificate, der: bytes, now: int) -> str:
    """The device id in a certificate of the device authority that is valid now.

    Everything is checked here, whatever the transport has checked before: the signature, the
    validity by the service's own clock, the purpose, and that subject and alternative name agree.
    Raises Forbidden.
    """
    try:
        certificate = x509.load_der_x509_certificate(der)
        certificate.verify_directly_issued_by(authority)
        usage = certificate.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
        basic = certificate.extensions.get_extension_for_class(x509.BasicConstraints).value
        names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except UNREADABLE:
        raise _foreign("it was not issued by the device authority") from None
    moment = datetime.fromtimestamp(now, UTC)
    if not certificate.not_valid_before_utc <= moment <= certificate.not_valid_after_utc:
        raise Forbidden("certificate-expired", "the client certificate is not valid now", "attest again")
    if not der.endswith(b"\x00" + certificate.signature):  # the library lets the bit string have unused bits
        raise _foreign("it is not DER")
    if basic.ca or list(usage) != [ExtendedKeyUsageOID.CLIENT_AUTH]:
        raise _foreign("it is not for a client")
    uris = names.get_values_for_type(x509.UniformResourceIdentifier)
    if len(uris) != 1 or not uris[0].startswith(URI):
        raise _foreign("it names no device")
    device = uris[0][len(URI) :]
    if device_name(device).public_bytes() not in certificate.tbs_certificate_bytes:
        raise _foreign("its subject and its alternative name differ")
    return device


def to_pem(certificates: Iterable[x509.Certificate]) -> str:
    return "".join(part.public_bytes(serialization.Encoding.PEM).decode() for part in certificates)


def key_to_pem(key: ec.EllipticCurvePrivateKey) -> bytes:
    """PKCS #8, not encrypted: the folder's permissions protect it."""
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )


def _foreign(reason: str) -> Forbidden:
    return Forbidden("certificate-foreign", "the client certificate: " + reason, "attest to this service")


def _plain_name(text: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text[:64])])


def _builder(
    subject: x509.Name,
    issuer: x509.Name,
    public: ec.EllipticCurvePublicKey,
    now: int,
    end: int,
    random: Random,
) -> x509.CertificateBuilder:
    # 159 random bits, positive and not zero (RFC 5280, section 4.1.2.2).
    serial = int.from_bytes(random(20), "big") >> 1 or 1
    start = datetime.fromtimestamp(now - BACKDATED_S, UTC)
    return x509.CertificateBuilder(
        issuer_name=issuer,
        subject_name=subject,
        public_key=public,
        serial_number=serial,
        not_valid_before=start,
        not_valid_after=datetime.fromtimestamp(end, UTC),
    )


def _as_authority(
    builder: x509.CertificateBuilder,
    public: ec.EllipticCurvePublicKey,
    issuer: ec.EllipticCurvePublicKey,
    depth: int,
) -> x509.CertificateBuilder:
    return (
        builder.add_extension(x509.BasicConstraints(True, depth), True)
        .add_extension(_key_usage(is_authority=True), True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(public), False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer), False)
    )


def _as_leaf(
    builder: x509.CertificateBuilder,
    public: ec.EllipticCurvePublicKey,
    issuer: Issuer,
    purpose: x509.ObjectIdentifier,
    names: Iterable[x509.GeneralName],
) -> x509.CertificateBuilder:
    return (
        builder.add_extension(x509.BasicConstraints(False, None), True)
        .add_extension(_key_usage(is_authority=False), True)
        .add_extension(x509.ExtendedKeyUsage([purpose]), False)
        .add_extension(x509.SubjectAlternativeName(list(names)), False)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(public), False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer.key.public_key()), False)
    )


def _key_usage(is_authority: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not is_authority, content_commitment=False, key_encipherment=False,
        data_encipherment=False, key_agreement=False, key_cert_sign=is_authority, crl_sign=is_authority,
        encipher_only=False, decipher_only=False,
    )  # fmt: skip
