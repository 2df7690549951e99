"""The facade where the C engine is not built: hashing by the interpreter's own library, the rest by another.

Portable. P-256 and AES come from pyca/cryptography where it is (`host`), else from plain Python
(`plain.suite`); either is loaded when first used. MicroPython's `hashlib` gives one digest per hash,
and it has no constant-time comparison.
"""

from __future__ import annotations

import hashlib
import sys

from .plain import lms, mac
from .plain.memory import clear

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import ModuleType
    from typing import Any

    Data = bytes | bytearray | memoryview

__all__ = [
    "NAME", "Sha256", "aes_gcm_open", "aes_gcm_seal", "clear", "compare", "describe", "hkdf_expand", "hkdf_extract",
    "hmac_sha256", "lms_verify", "p256_check", "p256_ecdh", "p256_is_private", "p256_public", "p256_sign", "p256_verify",
    "sha256", "warning",
]  # fmt: skip

try:
    from hmac import compare_digest as compare
except ImportError:
    from .plain.memory import compare  # type: ignore[no-redef]  # takes less, and all we give it

NAME = "hashlib"
IS_HOSTED = sys.implementation.name == "cpython"


class _Later:
    """The module that does P-256 and AES, loaded when first asked for one of its names."""

    def __getattr__(self, name: str) -> Any:
        value = getattr(_load(), name)
        setattr(self, name, value)
        return value


def _load() -> ModuleType:
    if IS_HOSTED:
        try:
            from . import host

            return host
        except ImportError:  # no `cryptography` here
            pass
    from .plain import suite

    return suite


if TYPE_CHECKING:
    from . import host as _heavy
else:
    _heavy = _Later()


def sha256(data: Data) -> bytes:
    """The 32 bytes of SHA-256 of `data`."""
    return hashlib.sha256(data).digest()


class Sha256:
    """A hash in progress."""

    def __init__(self) -> None:
        self._hash = hashlib.sha256()

    def update(self, data: Data) -> None:
        """Take more data."""
        self._hash.update(data)

    def digest(self) -> bytes:
        """The 32 bytes of the hash. Ask once, at the end: not every engine can go on."""
        return self._hash.digest()


def hmac_sha256(key: Data, data: Data) -> bytes:
    """HMAC-SHA256 of `data` under `key` (any length): 32 bytes (RFC 2104)."""
    return mac.hmac(sha256, key, data)


def hkdf_extract(salt: Data, ikm: Data) -> bytes:
    """HKDF-Extract with SHA-256: a pseudo-random key of 32 bytes (RFC 5869, section 2.2)."""
    return mac.extract(hmac_sha256, salt, ikm)


def hkdf_expand(prk: Data, info: Data, length: int) -> bytes:
    """HKDF-Expand with SHA-256: `length` bytes. Raises ValueError beyond 8160 (RFC 5869, section 2.3)."""
    return mac.expand(hmac_sha256, prk, info, length)


def p256_is_private(private: Data) -> bool:
    """Whether `private` is 32 bytes, big-endian, of a number in 1..n-1."""
    return _heavy.p256_is_private(private)


def p256_public(private: Data) -> bytes:
    """The public key X || Y (64 bytes). Raises ValueError unless `p256_is_private`."""
    return _heavy.p256_public(private)


def p256_check(public: Data) -> None:
    """Raise BadPoint unless `public` is X || Y (64 bytes) of a point on the curve."""
    _heavy.p256_check(public)


def p256_ecdh(private: Data, public: Data) -> bytes:
    """The shared secret, 32 bytes: the X of private * public. Raises BadPoint, ValueError (SP 800-56A)."""
    return _heavy.p256_ecdh(private, public)


def p256_sign(private: Data, digest: Data) -> bytes:
    """The ECDSA signature r || s (64 bytes), the same for the same key and digest (RFC 6979)."""
    return _heavy.p256_sign(private, digest)


def p256_verify(public: Data, digest: Data, signature: Data) -> None:
    """Raise BadSignature unless `signature` is by `public` over `digest`; also if `public` is no point.

    For every signature (r, s) there is a second valid one, (r, n - s): never use a signature as an
    identity (FIPS 186-5, section 6.4.2).
    """
    _heavy.p256_verify(public, digest, signature)


def aes_gcm_seal(key: Data, nonce: Data, aad: Data, plaintext: Data) -> bytes:
    """The ciphertext and its 16-byte tag (SP 800-38D). Never use a nonce twice with one key."""
    return _heavy.aes_gcm_seal(key, nonce, aad, plaintext)


def aes_gcm_open(key: Data, nonce: Data, aad: Data, data: Data) -> bytes:
    """The plaintext of `data` (ciphertext and tag). Raises BadTag, and then gives nothing out."""
    return _heavy.aes_gcm_open(key, nonce, aad, data)


def lms_verify(public: Data, message: Data, signature: Data) -> None:
    """Raise BadSignature unless `signature` is by the LMS key `public` over `message` (RFC 8554, SP 800-208).

    Taken are the sets with SHA-256, of 256 and of 192 bits; which one is said by the key alone.
    """
    lms.verify(sha256, bytes(public), bytes(message), bytes(signature))


def describe() -> str:
    """One line that names what does what; loads all of it."""
    return "SHA-256: " + NAME + "; P-256 and AES: " + _heavy.NAME


def warning() -> str:
    """What is weaker here than it could be, for a person to read. Loads everything."""
    words = "the C engine is not built: "
    if _heavy.NAME == "plain Python":
        return words + "P-256 and AES run in plain Python, much slower and not in constant time"
    return words + "slower; P-256 and AES by the host's library"
