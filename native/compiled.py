"""The facade by our own C engine (CPython; ImportError where it is not built).

Every operation is one crossing: the functions and types that `native/binding` puts into the library
take any bytes-like object, raise the refusals of `errors`, and let other threads run above 4 KiB.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from . import _native
from ._native import lib

if not hasattr(_native, "sha256"):  # a boxed program loads this file anew, and the library never
    lib.binding_install()

from ._native import (  # they are there from here on
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
from .plain import keyed

if TYPE_CHECKING:
    from .plain.keyed import Claims

__all__ = [
    "NAME", "AesGcm", "Drbg", "Health", "P256Key", "Sha256", "aes_cmac", "aes_ctr", "aes_gcm_open",
    "aes_gcm_seal", "clear", "compare", "decision_at_least", "decision_both", "decision_equal", "decision_is",
    "hkdf", "hkdf_expand", "hkdf_extract", "hmac_sha256", "key_unwrap", "key_wrap", "lms_verify",
    "merkle_path", "merkle_root", "merkle_verify", "p256_check", "p256_ecdh", "p256_generate",
    "p256_is_private", "p256_public", "p256_sign", "p256_sign_hedged", "p256_verify", "sha256", "sha256_many",
    "sha256_pages", "signature_from_der", "signature_to_der", "describe", "p256_verify_many", "restrict",
    "warning",
]  # fmt: skip

FEATURES = ("sha", "aes", "vaes", "adx", "ifma")  # bits of common/cpu.h, in their order


def p256_verify_many(claims: Claims) -> None:
    """Raise BadSignatures, which names those refused, unless every (public, digest, signature) holds."""
    keyed.require_none(p256_refused(claims))


def restrict(*features: str) -> None:
    """Use only these of FEATURES, where the processor has them; none leaves the portable code.

    For tests and lessons: `restrict(*FEATURES)` gives everything back. Not while another thread computes.
    """
    lib.cpu_restrict(sum(1 << FEATURES.index(feature) for feature in features))


def describe() -> str:
    """One line that names what does what."""
    used = lib.cpu_features()
    found = [feature for bit, feature in enumerate(FEATURES) if used >> bit & 1]
    return "own C engine, " + (" ".join(found) if found else "portable")


def warning() -> str:
    """What is weaker here than it could be: nothing."""
    return ""


NAME = "C with the processor's SHA-256" if lib.cpu_features() & lib.CPU_SHA else "portable C"
