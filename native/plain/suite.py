"""The whole facade in plain Python.

Sound and readable; slow, and not constant time (see each module).
"""

from __future__ import annotations

from . import lms, mac
from .gcm import aes_gcm_open, aes_gcm_seal
from .memory import clear, compare
from .p256 import p256_check, p256_ecdh, p256_is_private, p256_public, p256_sign, p256_verify
from .sha256 import Sha256, sha256

TYPE_CHECKING = False
if TYPE_CHECKING:
    Data = bytes | bytearray | memoryview

__all__ = [
    "Sha256", "aes_gcm_open", "aes_gcm_seal", "clear", "compare", "hkdf_expand", "hkdf_extract", "hmac_sha256",
    "lms_verify", "p256_check", "p256_ecdh", "p256_is_private", "p256_public", "p256_sign", "p256_verify", "sha256",
]  # fmt: skip

NAME = "plain Python"


def hmac_sha256(key: Data, data: Data) -> bytes:
    """HMAC-SHA256 of `data` under `key`: 32 bytes (RFC 2104)."""
    return mac.hmac(sha256, key, data)


def hkdf_extract(salt: Data, ikm: Data) -> bytes:
    """A pseudo-random key of 32 bytes (RFC 5869, section 2.2)."""
    return mac.extract(hmac_sha256, salt, ikm)


def hkdf_expand(prk: Data, info: Data, length: int) -> bytes:
    """`length` bytes, at most 8160 (RFC 5869, section 2.3)."""
    return mac.expand(hmac_sha256, prk, info, length)


def lms_verify(public: Data, message: Data, signature: Data) -> None:
    """Raise BadSignature unless `signature` is by the LMS key `public` over `message` (RFC 8554)."""
    lms.verify(sha256, bytes(public), bytes(message), bytes(signature))
