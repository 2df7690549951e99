"""Crypto that both sides share: C where it is built, the host's library, or plain Python.

SHA-256, comparison and clearing come from C (`compiled`), else from the interpreter (`standard`).
P-256 and AES-GCM come from the host's library (`host`), else from plain Python (`plain`), and are
loaded when first used or by `prepare`. Keys, digests and signatures are big-endian bytes of fixed
length: private 32, public 64 (X || Y), digest 32, signature 64 (r || s), AES key 16, 24 or 32,
nonce 12, tag 16. A wrong length of one's own material raises ValueError; what comes from outside
raises BadSignature, BadPoint or BadTag. `README.md` says what is constant time and what is not.
"""

from __future__ import annotations

import sys

from .errors import BadPoint, BadSignature, BadTag
from .plain import mac

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import ModuleType
    from typing import Any

    Data = bytes | bytearray | memoryview

__all__ = [
    "ENGINE", "BadPoint", "BadSignature", "BadTag", "Sha256", "aes_gcm_open", "aes_gcm_seal", "clear", "compare",
    "describe", "hkdf_expand", "hkdf_extract", "hmac_sha256", "p256_check", "p256_ecdh", "p256_is_private",
    "p256_public", "p256_sign", "p256_verify", "prepare", "sha256", "warning",
]  # fmt: skip

IS_HOSTED = sys.implementation.name == "cpython"

if IS_HOSTED:
    try:
        from . import compiled as _engine
    except ImportError:  # not built
        from . import standard as _engine  # type: ignore[no-redef]  # the same names in both
else:
    from . import standard as _engine  # type: ignore[no-redef]

ENGINE = _engine.NAME  # what hashes
sha256 = _engine.sha256
Sha256 = _engine.Sha256
compare = _engine.compare
clear = _engine.clear


class _Later:
    """The module that does P-256 and AES-GCM, loaded when first asked for one of its names."""

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


def describe() -> str:
    """One line that names what does what; loads all of it."""
    return "SHA-256: " + ENGINE + "; P-256 and AES-GCM: " + _heavy.NAME


def warning() -> str:
    """What is weaker here than it could be, for a person to read; empty if nothing is. Loads everything."""
    lines = []
    if ENGINE == "hashlib":
        lines.append("the C library is not built: hashing by hashlib, no clearing by C, no confinement")
    if _heavy.NAME == "plain Python":
        lines.append("P-256 and AES-GCM run in plain Python, slowly and not in constant time")
    return "; ".join(lines)


def prepare() -> None:
    """Do every operation once, so that nothing is left to load in a process about to be confined."""
    private, digest, nonce = sha256(b"prepare"), sha256(b""), bytes(12)
    public = p256_public(private)
    p256_verify(public, digest, p256_sign(private, digest))
    p256_ecdh(private, public)
    aes_gcm_open(private, nonce, b"", aes_gcm_seal(private, nonce, b"", digest))
    clear(bytearray(hkdf_expand(hkdf_extract(b"", private), b"", 32)))
