"""Evidence: what a device says of itself, as claims a verifier of any maker can read.

The claims are those of an Entity Attestation Token (RFC 9711) under the PSA profile (RFC 9783); the
three it has no word for are in the private range (RFC 8392, section 9.1). Evidence is the payload
of a COSE_Sign1 message (`wire.cose`); what Azure Sphere signs is not public, so this is our guess.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from . import cbor
from .fault import Invalid

if TYPE_CHECKING:
    from collections.abc import Sequence

    Component = tuple[int, bytes, int, bytes, str]
    Tenant = tuple[bytes, bytes]

CONFIRMATION, NONCE, UEID, PROFILE, BOOT_SEED = 8, 10, 256, 265, 268
CLIENT_ID, LIFECYCLE, IMPLEMENTATION, COMPONENTS = 2394, 2395, 2396, 2399
DEVICE_ID, TENANTS, CAPABILITIES = -75001, -75002, -75003  # ours: private use
CLAIMS = (
    CONFIRMATION, NONCE, UEID, PROFILE, BOOT_SEED, CLIENT_ID, LIFECYCLE, IMPLEMENTATION, COMPONENTS,
    DEVICE_ID, TENANTS, CAPABILITIES,
)  # fmt: skip
TYPE, DIGEST, VERSION, SIGNER = 1, 2, 4, 5  # keys of a component (RFC 9783, section 4.4.1)

PSA_PROFILE = "tag:psacertified.org,2023:psa#tfm"
MONITOR_CLIENT = 1  # a positive client is on the secure side (RFC 9783, section 4.1.2)
NONCE_SIZES = (32, 48, 64)
MOST_COMPONENTS, MOST_TENANTS, MOST_CAPABILITIES = 20, 8, 64

# Our lifecycle (its number is the place in this table) as PSA's (RFC 9783, section 4.3.1):
# terminated is decommissioned, blank is assembly and test, module complete is provisioning of the
# root of trust, device complete is secured.
PSA_LIFECYCLE = (0x6000, 0x1000, 0x2000, 0x3000)

KEY, KTY, CURVE, X, Y = 1, 1, -1, -2, -3  # cnf: COSE_Key (RFC 8747, section 3.2; RFC 9053, section 7.1)
EC2, P256 = 2, 1


class Evidence:
    """One report of a device, fresh by the verifier's nonce.

    nonce: 32, 48 or 64 bytes; device_id: the device's public key, X||Y; lifecycle: 0..3 as in
    PSA_LIFECYCLE; implementation_id and boot_seed: 32 bytes; components: (image type, SHA-256,
    security version, SHA-256 of the signer's key, name of at most 32 bytes) in boot order;
    client_auth_public: the next client authentication key, X||Y, or None; tenants: (id of 16 bytes,
    public key X||Y); capabilities: numbers of the device capabilities in force.
    """

    def __init__(
        self,
        nonce: bytes,
        device_id: bytes,
        lifecycle: int,
        implementation_id: bytes,
        boot_seed: bytes,
        components: Sequence[Component],
        client_auth_public: bytes | None = None,
        tenants: Sequence[Tenant] = (),
        capabilities: Sequence[int] = (),
    ) -> None:
        self.nonce = bytes(nonce)
        self.device_id = bytes(device_id)
        self.lifecycle = lifecycle
        self.implementation_id = bytes(implementation_id)
        self.boot_seed = bytes(boot_seed)
        self.components = [tuple(part) for part in components]
        self.client_auth_public = client_auth_public
        self.tenants = [tuple(tenant) for tenant in tenants]
        self.capabilities = list(capabilities)

    def values(self) -> tuple[object, ...]:
        """Every field, in the order of the constructor."""
        return (
            self.nonce, self.device_id, self.lifecycle, self.implementation_id, self.boot_seed,
            self.components, self.client_auth_public, self.tenants, self.capabilities,
        )  # fmt: skip


def ueid(device_id: bytes) -> bytes:
    """The device's universal entity id: type RAND, SHA-256 of its key (RFC 9783, section 4.2.1)."""
    return b"\x01" + hashlib.sha256(device_id).digest()


def pack(evidence: Evidence) -> bytes:
    """The claims of `evidence`, to be signed. Raises Invalid unless `unpack` would take them back."""
    claims: dict[object, object] = {
        PROFILE: PSA_PROFILE,
        NONCE: evidence.nonce,
        UEID: ueid(evidence.device_id),
        CLIENT_ID: MONITOR_CLIENT,
        LIFECYCLE: _psa_lifecycle(evidence.lifecycle),
        IMPLEMENTATION: evidence.implementation_id,
        BOOT_SEED: evidence.boot_seed,
        COMPONENTS: [_pack_component(part) for part in evidence.components],
        DEVICE_ID: evidence.device_id,
        TENANTS: [[tenant, public] for tenant, public in evidence.tenants],
        CAPABILITIES: evidence.capabilities,
    }
    if evidence.client_auth_public is not None:
        claims[CONFIRMATION] = {KEY: _pack_key(bytes(evidence.client_auth_public))}
    data = cbor.dumps(claims)
    unpack(data)
    return data


class Statement:
    """Everything that evidence says but the nonce, packed: a nonce (of the same length) is put in its place."""

    def __init__(self, evidence: Evidence) -> None:
        """Raises Invalid as `pack` does."""
        size = len(evidence.nonce)
        evidence.nonce = bytes(size)
        packed = pack(evidence)
        evidence.nonce = b"\xff" * size
        other, at = pack(evidence), 0
        while packed[at] == other[at]:
            at += 1
        if packed[:at] + evidence.nonce + packed[at + size :] != other:
            raise Invalid("a nonce that is not in one piece")
        self.size = len(packed)
        self._nonce = size
        self._before, self._after = packed[:at], packed[at + size :]

    def over(self, nonce: bytes) -> bytes:
        """The claims with this nonce. Raises Invalid if its length is another."""
        if len(nonce) != self._nonce:
            raise Invalid("a nonce of another length than the statement's")
        return self._before + nonce + self._after


def _psa_lifecycle(lifecycle: int) -> int:
    # Whatever is not a state of ours reads as the most restrictive one.
    return PSA_LIFECYCLE[lifecycle if 0 <= lifecycle < len(PSA_LIFECYCLE) else 0]


def _pack_component(part: tuple[object, ...]) -> dict[int, object]:
    image_type, digest, version, signer, name = part
    # The profile has one text for the role of a component: ours is "image type:name".
    return {TYPE: str(image_type) + ":" + str(name), DIGEST: digest, VERSION: str(version), SIGNER: signer}


def _pack_key(public: bytes) -> dict[int, object]:
    return {KTY: EC2, CURVE: P256, X: public[:32], Y: public[32:]}


def unpack(data: bytes) -> Evidence:
    """The evidence in claims whose signature was verified. Raises Invalid for any missing, unknown
    or malformed claim, and for a ueid that is not that of the device id."""
    claims = _map(cbor.loads(data), "the claims")
    for key in claims:
        if key not in CLAIMS:
            raise Invalid("a claim that is not known here: " + str(key))
    client = _number(claims.get(CLIENT_ID), 0x7FFF_FFFF, "client id")
    if claims.get(PROFILE) != PSA_PROFILE or client != MONITOR_CLIENT:
        raise Invalid("not the profile, or not the client, of this evidence")
    device_id = _bytes(claims.get(DEVICE_ID), (64,), "device id")
    if claims.get(UEID) != ueid(device_id):
        raise Invalid("the ueid is not that of the device id")
    lifecycle = claims.get(LIFECYCLE)
    if lifecycle not in PSA_LIFECYCLE:
        raise Invalid("a lifecycle that is not known here")
    return Evidence(
        _bytes(claims.get(NONCE), NONCE_SIZES, "nonce"),
        device_id,
        PSA_LIFECYCLE.index(_number(lifecycle, 0xFFFF, "lifecycle")),
        _bytes(claims.get(IMPLEMENTATION), (32,), "implementation id"),
        _bytes(claims.get(BOOT_SEED), (32,), "boot seed"),
        [_component(part) for part in _list(claims.get(COMPONENTS), MOST_COMPONENTS, "components")],
        _confirmation(claims[CONFIRMATION]) if CONFIRMATION in claims else None,
        [_tenant(part) for part in _list(claims.get(TENANTS), MOST_TENANTS, "tenants")],
        [_number(part, 0xFFFF, "capability") for part in _list(claims.get(CAPABILITIES), MOST_CAPABILITIES, "capabilities")],
    )


def _component(value: object) -> Component:
    part = _map(value, "a component")
    if set(part) != {TYPE, DIGEST, VERSION, SIGNER}:
        raise Invalid("a component has type, digest, version and signer")
    role, version = part[TYPE], part[VERSION]
    if not isinstance(role, str) or not isinstance(version, str):
        raise Invalid("type and version of a component are text")
    image_type, colon, name = role.partition(":")
    if not colon or len(name.encode()) > 32:
        raise Invalid("a component's type is `image type:name`")
    digest = _bytes(part[DIGEST], (32,), "digest")
    return _decimal(image_type), digest, _decimal(version), _bytes(part[SIGNER], (32,), "signer"), name


def _confirmation(value: object) -> bytes:
    confirmation = _map(value, "the confirmation")
    key = _map(confirmation.get(KEY), "the confirmation key")
    if len(confirmation) != 1 or set(key) != {KTY, CURVE, X, Y}:
        raise Invalid("a confirmation is one COSE key")
    if _number(key[KTY], 9, "kty") != EC2 or _number(key[CURVE], 9, "curve") != P256:
        raise Invalid("a confirmation key is on P-256")
    return _bytes(key[X], (32,), "x") + _bytes(key[Y], (32,), "y")


def _tenant(value: object) -> Tenant:
    pair = _list(value, 2, "a tenant")
    if len(pair) != 2:
        raise Invalid("a tenant is its id and its key")
    return _bytes(pair[0], (16,), "tenant"), _bytes(pair[1], (64,), "tenant key")


def _map(value: object, name: str) -> dict[object, object]:
    if not isinstance(value, dict):
        raise Invalid(name + ": not a map")
    return value


def _list(value: object, most: int, name: str) -> list[object]:
    if not isinstance(value, list) or len(value) > most:
        raise Invalid(name + ": not a list of at most " + str(most))
    return value


def _bytes(value: object, sizes: tuple[int, ...], name: str) -> bytes:
    if not isinstance(value, bytes) or len(value) not in sizes:
        raise Invalid(name + ": not bytes, or of a wrong length")
    return value


def _number(value: object, most: int, name: str) -> int:
    if value is True or value is False or not isinstance(value, int) or not 0 <= value <= most:
        raise Invalid(name + ": not a number up to " + str(most))
    return value


def _decimal(text: str) -> int:
    """A u32 in decimal, with one spelling only."""
    if not 1 <= len(text) <= 10:
        raise Invalid("not a decimal number")
    for character in text:
        if character not in "0123456789":
            raise Invalid("not a decimal number")
    if str(int(text)) != text or int(text) > 0xFFFF_FFFF:
        raise Invalid("a decimal number that is not the shortest, or too large")
    return int(text)
