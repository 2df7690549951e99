"""Pluton seen from the monitor: one typed method for every call of the mailbox.

A method raises the fault that Pluton's reply carries, and Closed if Pluton is gone.
"""

from __future__ import annotations

from ..wire.call import Port
from . import abi

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ..wire.image import LmsPart


class PlutonPort(Port):
    """The client of `pluton.abi`; `link` takes one request (bytes) and returns its reply (bytes)."""

    def set_postcode(self, code: int) -> None:
        """Record a boot progress code."""
        self.call(abi.SET_POSTCODE, code)

    def get_boot_mode_flags(self) -> int:
        """Bit 0: the backup Pluton runtime runs; bit 1: the backup monitor."""
        flags: int = self.call(abi.GET_BOOT_MODE_FLAGS)
        return flags

    def measure(self, image_type: int, digest: bytes, version: int, signer: bytes, name: str) -> None:
        """Add a stage to the measurement list. Raises OutOfOrder once it is closed, Full at 20."""
        self.call(abi.MEASURE, image_type, digest, version, signer, name)

    def close_measurements(self) -> None:
        """Freeze the measurement list until reset."""
        self.call(abi.CLOSE_MEASUREMENTS)

    def get_measurements(self, index: int) -> tuple[int, int, bytes, int, bytes, str]:
        """(count, image type, digest, version, signer, name) of the stage at `index`."""
        stage: tuple[int, int, bytes, int, bytes, str] = self.call(abi.GET_MEASUREMENTS, index)
        return stage

    def read_counter(self, component: bytes) -> int:
        """The lowest security version allowed for `component` (16 bytes); 0 if never set."""
        value: int = self.call(abi.READ_COUNTER, component)
        return value

    def advance_counter(self, component: bytes, value: int) -> None:
        """Move a component's counter forward. Raises Rollback if `value` lies behind it."""
        self.call(abi.ADVANCE_COUNTER, component, value)

    def derive_key(self, component: bytes, generation: int) -> bytes:
        """The storage key (32 bytes) of one component and generation."""
        key: bytes = self.call(abi.DERIVE_KEY, component, generation)
        return key

    def seal(self, measurements: int, data: bytes) -> bytes:
        """A blob that opens only here and under the same measurements in the mask."""
        blob: bytes = self.call(abi.SEAL, measurements, data)
        return blob

    def unseal(self, blob: bytes) -> bytes:
        """What `seal` was given. Raises Untrusted."""
        data: bytes = self.call(abi.UNSEAL, blob)
        return data

    def read_rng(self, length: int) -> bytes:
        """1 to 1024 random bytes. Raises Unhealthy."""
        data: bytes = self.call(abi.READ_RNG, length)
        return data

    def get_security_state(self) -> tuple[int, bytes, bytes]:
        """(lifecycle state, general public key, attestation public key)."""
        state: tuple[int, bytes, bytes] = self.call(abi.GET_SECURITY_STATE)
        return state

    def verify_image(self, role: int, digest: bytes, signature: bytes) -> tuple[bytes, int]:
        """(signer, whether by a development key) of an image signed for one of the roles.

        `digest` is SHA-256 of the package less its signature (64 bytes, r||s); `signer` is SHA-256
        of the key. Raises Untrusted.
        """
        verdict: tuple[bytes, int] = self.call(abi.VERIFY_IMAGE, role, digest, signature)
        return verdict

    def verify_hybrid_image(self, role: int, digest: bytes, signature: bytes, part: LmsPart) -> tuple[bytes, int]:
        """As `verify_image`, for an image that has an LMS signature too: both must hold. Raises Untrusted."""
        verdict: tuple[bytes, int] = self.call(
            abi.VERIFY_HYBRID_IMAGE, role, digest, signature, part.digest, part.key, part.signature
        )
        return verdict

    def is_capability_enabled(self, capability: int) -> bool:
        """Whether this device holds the capability."""
        return bool(self.call(abi.IS_CAPABILITY_ENABLED, capability))

    def get_enabled_capabilities(self) -> bytes:
        """The capabilities held, u16 little-endian each."""
        capabilities: bytes = self.call(abi.GET_ENABLED_CAPABILITIES)
        return capabilities

    def generate_client_auth_key(self) -> bytes:
        """Public half (64 bytes) of the next client authentication key."""
        public: bytes = self.call(abi.GENERATE_CLIENT_AUTH_KEY)
        return public

    def commit_client_auth_key(self) -> None:
        """Use the generated key from now on."""
        self.call(abi.COMMIT_CLIENT_AUTH_KEY)

    def get_tenant_public_key(self, tenant: bytes) -> bytes:
        """Public half (64 bytes) of a tenant's key."""
        public: bytes = self.call(abi.GET_TENANT_PUBLIC_KEY, tenant)
        return public

    def process_attestation(self, nonce: bytes, tenants: bytes) -> bytes:
        """Evidence over `nonce`, naming the keys of `tenants` (16 bytes each)."""
        evidence: bytes = self.call(abi.PROCESS_ATTESTATION, nonce, tenants)
        return evidence

    def sign_with_tenant_attestation_key(self, tenant: bytes, digest: bytes) -> bytes:
        """Signature (64 bytes, r||s) of `digest` as the tenant."""
        signature: bytes = self.call(abi.SIGN_WITH_TENANT_KEY, tenant, digest)
        return signature

    def sign_with_client_auth_key(self, digest: bytes) -> bytes:
        """Signature (64 bytes, r||s) of `digest` as this device."""
        signature: bytes = self.call(abi.SIGN_WITH_CLIENT_AUTH_KEY, digest)
        return signature

    def device_reset(self, reason: int) -> None:
        """Reset the chip."""
        self.call(abi.DEVICE_RESET, reason)

    def get_manufacturing_state(self) -> int:
        """The lifecycle state."""
        state: int = self.call(abi.GET_MANUFACTURING_STATE)
        return state

    def set_manufacturing_state(self, state: int) -> None:
        """Move the lifecycle forward; one way."""
        self.call(abi.SET_MANUFACTURING_STATE, state)

    def decode_capabilities(self, blob: bytes) -> bytes:
        """What a capability file for this device grants, u16 little-endian each. Raises Untrusted."""
        capabilities: bytes = self.call(abi.DECODE_CAPABILITIES, blob)
        return capabilities

    def install_capabilities(self, blob: bytes) -> None:
        """Verify a capability file and use it until reset. Raises Untrusted."""
        self.call(abi.INSTALL_CAPABILITIES, blob)

    def revoke_signer(self, signer: bytes, signature: bytes) -> None:
        """Believe a key (SHA-256 of it) no more, for ever; the root key signed the order. Raises Untrusted, Full."""
        self.call(abi.REVOKE_SIGNER, signer, signature)
