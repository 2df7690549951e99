"""Attestation: evidence of what booted, and the keys a certificate is wanted for.

The device's identity key signs it over the verifier's nonce. The next client authentication key is
inside, so whoever is given a certificate for it is this device, as it is now.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from .. import native
from ..wire import cose, evidence
from ..wire.fault import Invalid
from ..wire.stage import Stage
from . import keys as purposes

if TYPE_CHECKING:
    from .keys import Keys

TENANT = 16


def tenants_of(data: bytes) -> list[bytes]:
    """The tenant ids (16 bytes each, at most 8) in `data`. Raises Invalid."""
    if len(data) % TENANT:
        raise Invalid("tenant ids are 16 bytes each", "pluton", "attest.tenants")
    found: list[bytes] = []
    for at in range(0, len(data), TENANT):
        tenant = bytes(data[at : at + TENANT])
        if tenant in found:
            raise Invalid("a tenant is named twice", "pluton", "attest.tenants")
        found.append(tenant)
    return found


def attest(
    keys: Keys,
    nonce: bytes,
    lifecycle: int,
    implementation: bytes,
    boot_seed: bytes,
    stages: list[Stage],
    client: int,
    tenants: list[bytes],
    capabilities: list[int],
) -> bytes:
    """Signed evidence (COSE_Sign1), at most 3769 bytes. Raises Invalid for a nonce of an unlawful length."""
    device_id = keys.public(purposes.IDENTITY)
    components = [(one.image_type, one.digest, one.version, one.signer, one.name) for one in stages]
    claims = evidence.pack(
        evidence.Evidence(
            nonce, device_id, lifecycle, implementation, boot_seed, components,
            keys.public(purposes.client(client)),
            [(tenant, keys.public(purposes.tenant(tenant))) for tenant in tenants], capabilities,
        )
    )  # fmt: skip
    return cose.sign1(claims, native.sha256(device_id), lambda digest: keys.sign(purposes.IDENTITY, digest))
