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


class Attestor:
    """Makes evidence. What did not change since the last one is not packed again."""

    def __init__(self, keys: Keys, implementation: bytes) -> None:
        self._keys = keys
        self._implementation = implementation
        self._device_id = keys.public(purposes.IDENTITY)
        self._key_id = native.sha256(self._device_id)
        self._said: tuple[object, ...] = ()
        self._statement: evidence.Statement | None = None
        self._frame: cose.Frame | None = None

    def attest(
        self, nonce: bytes, lifecycle: int, boot_seed: bytes, stages: list[Stage], client: int, tenants: list[bytes],
        capabilities: list[int],
    ) -> bytes:  # fmt: skip
        """Signed evidence (COSE_Sign1), at most 3769 bytes. Raises Invalid for a nonce of an unlawful length."""
        components = [(one.image_type, one.digest, one.version, one.signer, one.name) for one in stages]
        said = (len(nonce), lifecycle, boot_seed, components, client, tenants, capabilities)
        if self._statement is None or self._frame is None or said != self._said:
            self._statement = evidence.Statement(evidence.Evidence(
                nonce, self._device_id, lifecycle, self._implementation, boot_seed, components,
                self._keys.public(purposes.client(client)),
                [(tenant, self._keys.public(purposes.tenant(tenant))) for tenant in tenants], capabilities,
            ))  # fmt: skip
            self._frame = cose.Frame(self._key_id, self._statement.size)
            self._said = said
        return self._frame.sign1(self._statement.over(bytes(nonce)), lambda digest: self._keys.sign(purposes.IDENTITY, digest))
