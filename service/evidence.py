"""Evidence, read by the verifier: COSE_Sign1 and the claims of RFC 9711 under RFC 9783's profile.

Written apart from the encoder on the device (`wire.evidence`), over another CBOR library, so that
one mistake cannot be on both sides. The envelope is opened, the signature is checked with the key
the service has on record, and only then are the claims read. Encoding is strict: bytes that would
be encoded otherwise (indefinite lengths, long integers, repeated keys, a tail) are refused.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass

import cbor2
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature

PROFILE = "tag:psacertified.org,2023:psa#tfm"
PROTECTED = (1, 4)  # algorithm and key id (RFC 9052, table 3)
ES256 = -7
MOST_BYTES = 8192
ABSENT = object()

# Claim numbers (RFC 9711 section 10.2; RFC 9783 section 4) and ours from the private range.
CLAIM_NAMES = {
    265: "profile", 10: "nonce", 256: "ueid", 268: "boot_seed", 2394: "client", 2395: "lifecycle",
    2396: "implementation", 2399: "components", 8: "confirmation", -75001: "device", -75002: "tenants",
    -75003: "capabilities",
}  # fmt: skip
LIFECYCLES = {0x6000: "terminated", 0x1000: "blank", 0x2000: "module-complete", 0x3000: "device-complete"}


class BadEvidence(ValueError):
    """The bytes are not evidence, or do not say what evidence must say."""


@dataclass(frozen=True)
class Envelope:
    """What can be known before the signature is checked."""

    key_id: bytes
    payload: bytes
    signature: bytes
    signed: bytes  # the Sig_structure of RFC 9052 section 4.4


@dataclass(frozen=True)
class Component:
    """One measured image. `signer` is SHA-256 of the key that signed it."""

    type: int
    sha256: str
    version: int
    signer: str
    name: str


@dataclass(frozen=True)
class Claims:
    """What a device says of itself. Keys are X||Y; ids of tenants are 16 bytes."""

    nonce: bytes
    device: bytes
    lifecycle: str
    implementation: bytes
    boot_seed: bytes
    components: tuple[Component, ...]
    client_key: bytes | None
    tenants: tuple[tuple[bytes, bytes], ...]
    capabilities: tuple[int, ...]


def open_envelope(data: bytes) -> Envelope:
    """The parts of a COSE_Sign1 message, unverified. Raises BadEvidence."""
    if not 0 < len(data) <= MOST_BYTES:
        raise BadEvidence("evidence is 1 to " + str(MOST_BYTES) + " bytes")
    message = _decode(data, "the message")
    if not isinstance(message, cbor2.CBORTag) or message.tag != 18:
        raise BadEvidence("not a COSE_Sign1 message")
    parts = message.value
    if not isinstance(parts, tuple) or len(parts) != 4:
        raise BadEvidence("a COSE_Sign1 message is [protected, {}, payload, signature]")
    _map(parts[1], (), "the unprotected header")
    protected, payload, signature = (_bytes(parts[at], None, "a part of the message") for at in (0, 2, 3))
    header = _map(_decode(protected, "the protected header"), PROTECTED, "the protected header")
    if type(header[1]) is not int or header[1] != ES256:
        raise BadEvidence("the algorithm is not ES256")
    signed = cbor2.dumps(["Signature1", protected, b"", payload])
    return Envelope(
        _bytes(header[4], 32, "the key id"), payload, _bytes(signature, 64, "the signature"), signed
    )


def verify(envelope: Envelope, public: bytes) -> None:
    """Raise BadEvidence unless `public` (X||Y) signed the envelope's payload."""
    r, s = (int.from_bytes(part, "big") for part in (envelope.signature[:32], envelope.signature[32:]))
    try:
        load_key(public).verify(encode_dss_signature(r, s), envelope.signed, ec.ECDSA(hashes.SHA256()))
    except (InvalidSignature, ValueError):
        raise BadEvidence("the signature is wrong") from None


def load_key(public: bytes) -> ec.EllipticCurvePublicKey:
    """The P-256 key X||Y. Raises BadEvidence if it is not a point of the curve."""
    try:
        return ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), b"\x04" + public)
    except ValueError:
        raise BadEvidence("not a point of P-256") from None


def read_claims(payload: bytes) -> Claims:
    """The claims in a payload whose signature was verified. Raises BadEvidence."""
    raw = _decode(payload, "the claims")
    if isinstance(raw, Mapping) and 8 not in raw:
        raw = {**raw, 8: ABSENT}  # the one claim that need not be there
    numbered = _map(raw, tuple(CLAIM_NAMES), "the claims")
    claims = {name: numbered[number] for number, name in CLAIM_NAMES.items()}
    if claims["profile"] != PROFILE or type(claims["client"]) is not int or claims["client"] != 1:
        raise BadEvidence("another profile, or another client than the security monitor")
    device = _bytes(claims["device"], 64, "the device id")
    if claims["ueid"] != b"\x01" + hashlib.sha256(device).digest():
        raise BadEvidence("the ueid is not that of the device id")
    if type(claims["lifecycle"]) is not int or claims["lifecycle"] not in LIFECYCLES:
        raise BadEvidence("an unknown lifecycle")
    return Claims(
        nonce=_bytes(claims["nonce"], 32, "the nonce"),
        device=device,
        lifecycle=LIFECYCLES[claims["lifecycle"]],
        implementation=_bytes(claims["implementation"], 32, "the implementation id"),
        boot_seed=_bytes(claims["boot_seed"], 32, "the boot seed"),
        components=tuple(_component(part) for part in _list(claims["components"], 20, "components")),
        client_key=None if claims["confirmation"] is ABSENT else _confirmation(claims["confirmation"]),
        tenants=tuple(_tenant(part) for part in _list(claims["tenants"], 8, "tenants")),
        capabilities=tuple(
            _number(part, 0xFFFF) for part in _list(claims["capabilities"], 64, "capabilities")
        ),
    )


def _decode(data: bytes, what: str) -> object:
    try:
        value = cbor2.loads(
            data, max_depth=8, allow_indefinite=False, allow_duplicate_keys=False, immutable=True
        )
        encoded = cbor2.dumps(value)
    except (cbor2.CBORDecodeError, cbor2.CBOREncodeError):
        raise BadEvidence(what + ": not CBOR") from None
    if encoded != data:
        raise BadEvidence(what + ": not the one way to encode it")
    return value


def _component(value: object) -> Component:
    part = _map(value, (1, 2, 4, 5), "a component")
    role, version = part[1], part[4]
    if not isinstance(role, str) or not isinstance(version, str):
        raise BadEvidence("a component's type and version are text")
    number, colon, name = role.partition(":")
    if not colon or len(name.encode()) > 32:
        raise BadEvidence("a component's type is 'image type:name'")
    digest, signer = _bytes(part[2], 32, "a digest"), _bytes(part[5], 32, "a signer")
    return Component(_decimal(number), digest.hex(), _decimal(version), signer.hex(), name)


def _confirmation(value: object) -> bytes:
    key = _map(_map(value, (1,), "the confirmation")[1], (1, -1, -2, -3), "the confirmation key")
    if (type(key[1]), type(key[-1])) != (int, int) or (key[1], key[-1]) != (2, 1):
        raise BadEvidence("the confirmation key is not on P-256")
    return _point(_bytes(key[-2], 32, "x") + _bytes(key[-3], 32, "y"))


def _tenant(value: object) -> tuple[bytes, bytes]:
    pair = _list(value, 2, "a tenant")
    if len(pair) != 2:
        raise BadEvidence("a tenant is its id and its key")
    return _bytes(pair[0], 16, "a tenant's id"), _point(_bytes(pair[1], 64, "a tenant's key"))


def _point(public: bytes) -> bytes:
    load_key(public)
    return public


def _map(value: object, keys: tuple[int, ...], what: str) -> Mapping[int, object]:
    if (
        not isinstance(value, Mapping)
        or any(type(key) is not int for key in value)
        or set(value) != set(keys)
    ):
        raise BadEvidence(what + ": not a map of exactly the known keys")
    return value


def _list(value: object, most: int, what: str) -> tuple[object, ...]:
    if not isinstance(value, tuple) or len(value) > most:
        raise BadEvidence(what + ": not a list of at most " + str(most))
    return value


def _bytes(value: object, size: int | None, what: str) -> bytes:
    if not isinstance(value, bytes) or (size is not None and len(value) != size):
        raise BadEvidence(what + ": not bytes, or of a wrong length")
    return value


def _number(value: object, most: int) -> int:
    if type(value) is not int or not 0 <= value <= most:
        raise BadEvidence("not a number up to " + str(most))
    return value


def _decimal(text: str) -> int:
    """A u32 written in decimal in its one way."""
    if not (text.isascii() and text.isdigit() and len(text) <= 10 and str(int(text)) == text):
        raise BadEvidence("not a decimal number")
    return _number(int(text), 0xFFFF_FFFF)
