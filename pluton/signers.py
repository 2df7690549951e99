"""Signers: whose signature counts for what.

A signature is checked against the keys that have the role asked for, never against the key that the
message names. A verdict is computed twice, and both must agree: one skipped step is not enough.
"""

from __future__ import annotations

from .. import native
from ..wire.fault import Denied, Untrusted
from ..wire.keystore import Key
from . import abi
from .fusemap import REVOKED_SIZE

YES, YES_AGAIN = 0x35A6, 0xCA59  # no bit in common; together they make VERDICT
VERDICT = 0xFFFF


class Signers:
    """Trusted keys, less the revoked ones (given by the first bytes of their SHA-256)."""

    def __init__(self, keys: list[Key], revoked: tuple[bytes, ...]) -> None:
        self._keys = []
        for key in keys:
            native.p256_check(key.public)
            signer = native.sha256(key.public)
            self._keys.append((key, signer, signer[:REVOKED_SIZE] in revoked))

    def find(self, roles: int, digest: bytes, signature: bytes) -> tuple[Key, bytes]:
        """(key, SHA-256 of it) of who signed `digest` and has one of `roles`.

        Raises Untrusted; Denied if the signer is revoked.
        """
        for key, signer, is_revoked in self._keys:
            if not key.roles & roles or not is_signed(key.public, digest, signature):
                continue
            if is_revoked:
                raise Denied("signed by a revoked key", "pluton", "signer.revoked",
                             "revocation fuses: " + signer[:REVOKED_SIZE].hex(), "sign with another key")  # fmt: skip
            return key, signer
        raise Untrusted(
            "no trusted key signed this", "pluton", "signer.role", "key store: keys with roles " + describe(roles),
            "sign with a key that has the role",
        )  # fmt: skip


def is_signed(public: bytes, digest: bytes, signature: bytes) -> bool:
    """Whether `public` (X||Y) made `signature` (r||s) over `digest`."""
    verdict = 0
    try:
        native.p256_verify(public, digest, signature)
        verdict |= YES
        native.p256_verify(public, digest, signature)
        verdict |= YES_AGAIN
    except native.BadSignature:
        return False
    return verdict == VERDICT and verdict & YES == YES


def describe(roles: int) -> str:
    """Role bits in words."""
    names = (
        (abi.ROLE_OS, "OS"), (abi.ROLE_APPLICATION, "APPLICATION"),
        (abi.ROLE_DEVELOPMENT, "DEVELOPMENT"), (abi.ROLE_CAPABILITY, "CAPABILITY"),
    )  # fmt: skip
    return "|".join([name for role, name in names if role & roles]) or "none"
