"""Keys: everything Pluton signs, seals or hides with, derived on demand from what ROM handed on.

From the device secret ROM makes two values and then hides the secret until reset:

* the **device seed**, the same at every boot: identity, client, tenant and storage keys;
* the **compound device identifier** (TCG DICE), which each measured stage folds into the next one:
  what is sealed with it opens only if all of boot was the same.

HKDF is RFC 5869; private keys are the first candidate in 1..n-1 (FIPS 186-5, A.2.2). One purpose, one
key: the purpose and its owner are in the derivation. Private keys are made for one signature, checked
by verifying it (a fault while signing would give the key away), and cleared. Python keeps copies of
what was bytes until their memory is used again; only the bytearrays are surely cleared.
"""

from __future__ import annotations

import struct

from .. import native
from ..wire.call import Layout
from ..wire.fault import Internal
from .known import KnownKey

IDENTITY, GENERAL = b"identity", b"general"
MOST_PUBLICS = 32  # public keys remembered
MOST_KNOWNS = 4  # of them made ready for verifying, if they are used much; each may take 160 KiB

MEASURED = Layout("image_type:u32 digest:b32 version:u32 signer:b32")


def device_seed(secret: bytes) -> bytes:
    """The seed of every key that outlives an update. `secret` and result: 32 bytes."""
    return native.hkdf_extract(b"armillary device seed", secret)


def first_identifier(secret: bytes, measurement: bytes) -> bytes:
    """The compound device identifier of the first mutable stage (TCG DICE, section 6)."""
    return native.hmac_sha256(native.hkdf_extract(b"armillary identifier", secret), measurement)


def next_identifier(identifier: bytes, measurement: bytes) -> bytes:
    """The identifier of the stage after. It does not lead back to the one before."""
    return native.hmac_sha256(identifier, measurement)


def measurement(image_type: int, digest: bytes, version: int, signer: bytes) -> bytes:
    """What of a stage goes into the identifier: 32 bytes that do not depend on time or on the copy."""
    return native.sha256(MEASURED.pack((image_type, digest, version, signer)))


def client(number: int) -> bytes:
    """The purpose of the `number`-th client authentication key."""
    return b"client" + struct.pack("<I", number)


def tenant(tenant_id: bytes) -> bytes:
    """The purpose of a tenant's key (id of 16 bytes)."""
    return b"tenant" + tenant_id


class Keys:
    """The keys under one device seed. `lifecycle` is the state this boot began in."""

    def __init__(self, seed: bytes, lifecycle: int) -> None:
        self._seed = seed
        self._lifecycle = bytes((lifecycle,))
        self._publics: dict[bytes, bytes] = {}
        self._knowns: dict[bytes, KnownKey] = {}

    def public(self, purpose: bytes) -> bytes:
        """The public key (X||Y, 64 bytes) of a purpose."""
        if purpose not in self._publics:
            if len(self._publics) >= MOST_PUBLICS:
                self._publics.clear()
            private = self._private(purpose)
            self._publics[purpose] = native.p256_public(private)
            native.clear(private)
        return self._publics[purpose]

    def sign(self, purpose: bytes, digest: bytes) -> bytes:
        """ECDSA over a 32-byte digest: r||s. Raises Internal if the signature does not verify."""
        private = self._private(purpose)
        try:
            signature = native.p256_sign(private, digest)
        finally:
            native.clear(private)
        try:
            self._known(purpose).verify(digest, signature)
        except native.BadSignature:
            raise Internal("a signature of ours does not verify", "pluton", "keys.sign", "", "reset the chip")
        return signature

    def _known(self, purpose: bytes) -> KnownKey:
        public = self.public(purpose)
        if purpose not in self._knowns or self._knowns[purpose].public != public:
            if len(self._knowns) >= MOST_KNOWNS:
                self._knowns.clear()
            self._knowns[purpose] = KnownKey(public)
        return self._knowns[purpose]

    def storage(self, component: bytes, generation: int) -> bytes:
        """A component's storage key, 32 bytes; other in every lifecycle state."""
        return self._secret(b"storage" + component + struct.pack("<I", generation) + self._lifecycle)

    def records(self) -> bytes:
        """The key that authenticates Pluton's own records."""
        return self._secret(b"records")

    def sealing(self, context: bytes) -> bytes:
        """The key that seals under `context`, 32 bytes."""
        return self._secret(b"sealing" + context)

    def close(self) -> None:
        """Forget the seed."""
        self._seed = b""

    def _secret(self, info: bytes) -> bytes:
        return native.hkdf_expand(self._seed, b"secret " + info, 32)

    def _private(self, purpose: bytes) -> bytearray:
        for attempt in range(256):
            candidate = native.hkdf_expand(self._seed, b"private " + bytes((attempt,)) + purpose, 32)
            if native.p256_is_private(candidate):
                return bytearray(candidate)
        raise Internal("no private key can be derived", "pluton", "keys.private", "", "reset the chip")
