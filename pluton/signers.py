"""Signers: whose signatures count for what.

A signature is checked against the keys that have the role asked for, never against the key that the
message names. A verdict is computed twice, and both must agree: one skipped step is not enough.

A key may have an LMS key beside it. What it signed must then be signed by both if the device's fuses say
so, and if a package has an LMS signature that one must hold whatever the fuses say: there is nothing to
negotiate, and nothing to gain by spoiling one of the two.
"""

from __future__ import annotations

from .. import native
from ..wire import image
from ..wire.fault import Denied, Untrusted
from ..wire.keystore import Key
from . import abi
from .fusemap import REVOKED_SIZE
from .known import KnownKey

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

YES, YES_AGAIN = 0x35A6, 0xCA59  # no bit in common; together they make VERDICT
VERDICT = 0xFFFF
NO_SIGNER = "signer.role"  # the rule of a refusal because nobody trusted signed


class Signers:
    """Trusted keys, less the revoked ones (given by the first bytes of their SHA-256).

    With `is_hybrid_required` a signature by ECDSA alone counts for nothing.
    """

    def __init__(self, keys: list[Key], revoked: tuple[bytes, ...], is_hybrid_required: bool) -> None:
        self._is_hybrid_required = is_hybrid_required
        self._keys = []
        for key in keys:
            signer = native.sha256(key.public)
            self._keys.append((key, KnownKey(key.public), signer, signer[:REVOKED_SIZE] in revoked))

    def find(
        self, roles: int, digest: bytes, signature: bytes, second: Callable[[], image.LmsPart | None]
    ) -> tuple[Key, bytes]:  # fmt: skip
        """(key, SHA-256 of it) of who signed `digest` and has one of `roles`.

        `second` gives the LMS half, if there is one; it is asked after the first half has proved good.
        Raises Untrusted; Denied if the signer is revoked.
        """
        for key, known, signer, is_revoked in self._keys:
            if not key.roles & roles or not is_signed(known, digest, signature):
                continue
            if is_revoked:
                raise Denied("signed by a revoked key", "pluton", "signer.revoked",
                             "revocation fuses: " + signer[:REVOKED_SIZE].hex(), "sign with another key")  # fmt: skip
            part = second()
            verdict = self._second(key, part, YES)
            verdict |= self._second(key, part, YES_AGAIN)
            if verdict != VERDICT or verdict & YES != YES:
                raise refuse_second(key, part)
            return key, signer
        raise Untrusted(
            "no trusted key signed this", "pluton", NO_SIGNER, "key store: keys with roles " + describe(roles),
            "sign with a key that has the role",
        )  # fmt: skip


    def _second(self, key: Key, part: image.LmsPart | None, verdict: int) -> int:
        """`verdict` if the LMS half is as it must be with this key, else 0."""
        if part is None:
            return 0 if self._is_hybrid_required else verdict
        if not key.lms or native.decision_equal(native.sha256(key.lms), part.key) != native.ACCEPT:
            return 0
        try:
            native.lms_verify(key.lms, image.lms_message(part.digest), part.signature)
        except native.BadSignature:
            return 0
        return verdict


def refuse_second(key: Key, part: image.LmsPart | None) -> Denied | Untrusted:
    """The fault, to be raised, for an LMS half that is not as it must be."""
    if part is None:
        return Denied(
            "signed by ECDSA alone", "pluton", "signer.hybrid", "fuse row 9: two signatures are required",
            "sign it with the LMS key too",
        )  # fmt: skip
    if not key.lms:
        return Untrusted(
            "this device knows no LMS key beside the key that signed", "pluton", "signer.lms_key",
            "key store: no LMS key for the signer", "sign it without LMS, or issue a key store that names the LMS key",
        )  # fmt: skip
    if native.sha256(key.lms) != part.key:
        return Untrusted(
            "signed by another LMS key than the one beside the signer's", "pluton", "signer.lms_key",
            "LMS key " + native.sha256(key.lms)[:8].hex() + "...", "sign with the two keys that belong together",
        )  # fmt: skip
    return Untrusted(
        "the LMS signature does not match", "pluton", "signer.lms",
        "LMS key " + part.key[:8].hex() + "...", "sign it anew with both keys",
    )  # fmt: skip


def is_signed(known: KnownKey, digest: bytes, signature: bytes) -> bool:
    """Whether the key made `signature` (r||s) over `digest`.

    The engine's own verdict bears one fault (`native/src/p256`); the call is made twice because a call can be skipped.
    """
    verdict = 0
    try:
        known.verify(digest, signature)
        verdict |= YES
        known.verify(digest, signature)
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
