"""The whole facade in plain Python.

Sound and readable; slow, and not constant time (see each module).
"""

from __future__ import annotations

from . import keyed
from .aes import ctr as aes_ctr
from .cmac import cmac_aes as aes_cmac
from .decision import decision_at_least, decision_both, decision_equal, decision_is
from .derived import Derived
from .gcm import aes_gcm_open, aes_gcm_seal
from .health import Health
from .keywrap import keyunwrap as key_unwrap
from .keywrap import keywrap as key_wrap
from .memory import clear, compare
from .p256 import (
    p256_check,
    p256_ecdh,
    p256_is_private,
    p256_public,
    p256_sign,
    p256_sign_hedged,
    p256_verify,
)
from .sha256 import Sha256, sha256
from .signature_der import signature_from_der, signature_to_der

TYPE_CHECKING = False
if TYPE_CHECKING:
    Data = bytes | bytearray | memoryview

__all__ = [
    "AesGcm", "Drbg", "Health", "P256Key", "Sha256", "aes_cmac", "aes_ctr", "aes_gcm_open", "aes_gcm_seal", "clear",
    "compare", "decision_at_least", "decision_both", "decision_equal", "decision_is", "hkdf", "hkdf_expand",
    "hkdf_extract", "hmac_sha256", "key_unwrap", "key_wrap", "lms_verify", "merkle_path", "merkle_root",
    "merkle_verify", "p256_check", "p256_ecdh", "p256_generate", "p256_is_private", "p256_public", "p256_sign",
    "p256_sign_hedged", "p256_verify", "p256_verify_many", "sha256", "sha256_many", "sha256_pages",
    "signature_from_der", "signature_to_der",
]  # fmt: skip

NAME = "plain Python"

_derived = Derived(sha256)
Drbg = _derived.drbg
hkdf = _derived.hkdf
hkdf_expand = _derived.hkdf_expand
hkdf_extract = _derived.hkdf_extract
hmac_sha256 = _derived.hmac_sha256
lms_verify = _derived.lms_verify
merkle_path = _derived.merkle_path
merkle_root = _derived.merkle_root
merkle_verify = _derived.merkle_verify
sha256_many = _derived.sha256_many
sha256_pages = _derived.sha256_pages


def AesGcm(key: Data) -> keyed.Gcm:
    """AES-GCM under a key of 16 or 32 bytes."""
    return keyed.Gcm(aes_gcm_seal, aes_gcm_open, key)


def P256Key(public: Data) -> keyed.Known:
    """A public key made ready. Raises BadPoint."""
    p256_check(public)
    return keyed.Known(p256_verify, public)


def p256_generate(random: keyed.Generator) -> tuple[bytes, bytes]:
    """A new key pair (private, public) from a Drbg (FIPS 186-5, A.2.2)."""
    private = keyed.private(random)
    return private, p256_public(private)


def p256_verify_many(claims: keyed.Claims) -> None:
    """Raise BadSignatures, which names those refused, unless every (public, digest, signature) holds."""
    keyed.verify_many(p256_verify, claims)
