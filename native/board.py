"""The facade by our own C engine inside MicroPython, built in as `native/micropython` says.

ImportError where it is not.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ._native import (
        AesGcm,
        Drbg,
        Health,
        P256Key,
        Sha256,
        aes_cmac,
        aes_ctr,
        aes_gcm_open,
        aes_gcm_seal,
        clear,
        compare,
        decision_at_least,
        decision_both,
        decision_equal,
        decision_is,
        hkdf,
        hkdf_expand,
        hkdf_extract,
        hmac_sha256,
        key_unwrap,
        key_wrap,
        lms_verify,
        merkle_path,
        merkle_root,
        merkle_verify,
        p256_check,
        p256_ecdh,
        p256_generate,
        p256_is_private,
        p256_public,
        p256_refused,
        p256_sign,
        p256_sign_hedged,
        p256_verify,
        sha256,
        sha256_many,
        sha256_pages,
        signature_from_der,
        signature_to_der,
    )
    from .plain.keyed import Claims
else:
    from _armillary_native import (
        AesGcm,
        Drbg,
        Health,
        P256Key,
        Sha256,
        aes_cmac,
        aes_ctr,
        aes_gcm_open,
        aes_gcm_seal,
        clear,
        compare,
        decision_at_least,
        decision_both,
        decision_equal,
        decision_is,
        hkdf,
        hkdf_expand,
        hkdf_extract,
        hmac_sha256,
        key_unwrap,
        key_wrap,
        lms_verify,
        merkle_path,
        merkle_root,
        merkle_verify,
        p256_check,
        p256_ecdh,
        p256_generate,
        p256_is_private,
        p256_public,
        p256_refused,
        p256_sign,
        p256_sign_hedged,
        p256_verify,
        sha256,
        sha256_many,
        sha256_pages,
        signature_from_der,
        signature_to_der,
    )

from .plain import keyed  # noqa: E402

__all__ = [
    "NAME", "AesGcm", "Drbg", "Health", "P256Key", "Sha256", "aes_cmac", "aes_ctr", "aes_gcm_open",
    "aes_gcm_seal", "clear", "compare", "decision_at_least", "decision_both", "decision_equal", "decision_is",
    "hkdf", "hkdf_expand", "hkdf_extract", "hmac_sha256", "key_unwrap", "key_wrap", "lms_verify",
    "merkle_path", "merkle_root", "merkle_verify", "p256_check", "p256_ecdh", "p256_generate",
    "p256_is_private", "p256_public", "p256_sign", "p256_sign_hedged", "p256_verify", "sha256", "sha256_many",
    "sha256_pages", "signature_from_der", "signature_to_der", "describe", "p256_verify_many",
    "warning",
]  # fmt: skip

NAME = "built-in C"


def p256_verify_many(claims: Claims) -> None:
    """Raise BadSignatures, which names those refused, unless every (public, digest, signature) holds."""
    keyed.require_none(p256_refused(claims))


def describe() -> str:
    """One line that names what does what."""
    return "own C engine, built into MicroPython"


def warning() -> str:
    """What is weaker here than it could be: nothing."""
    return ""
