"""The facade where the C engine is not built: hashing by the interpreter's own library, the rest by another.

Portable. P-256 and AES come from pyca/cryptography where it is (`host`), else from plain Python
(`plain.suite`); either is loaded when first used. What stands on SHA-256 alone is `plain.derived` over
`hashlib`. MicroPython's `hashlib` gives one digest per hash, and it has no constant-time comparison.
"""

from __future__ import annotations

import hashlib
import sys

from .plain import keyed
from .plain.decision import decision_at_least, decision_both, decision_equal, decision_is
from .plain.derived import Derived
from .plain.health import Health
from .plain.memory import clear
from .plain.signature_der import signature_from_der, signature_to_der

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import ModuleType
    from typing import Any

    Data = bytes | bytearray | memoryview

__all__ = [
    "NAME", "AesGcm", "Drbg", "Health", "P256Key", "Sha256", "aes_cmac", "aes_ctr", "aes_gcm_open", "aes_gcm_seal",
    "clear", "compare", "decision_at_least", "decision_both", "decision_equal", "decision_is", "describe", "hkdf",
    "hkdf_expand", "hkdf_extract", "hmac_sha256", "key_unwrap", "key_wrap", "lms_verify", "merkle_path", "merkle_root",
    "merkle_verify", "p256_check", "p256_ecdh", "p256_generate", "p256_is_private", "p256_public", "p256_sign",
    "p256_sign_hedged", "p256_verify", "p256_verify_many", "sha256", "sha256_many", "sha256_pages",
    "signature_from_der", "signature_to_der", "warning",
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


def p256_is_private(private: Data) -> bool:
    """Whether `private` is 32 bytes, big-endian, of a number in 1..n-1."""
    return _heavy.p256_is_private(private)


def p256_public(private: Data) -> bytes:
    """The public key X || Y (64 bytes). Raises ValueError unless `p256_is_private`."""
    return _heavy.p256_public(private)


def p256_generate(random: keyed.Generator) -> tuple[bytes, bytes]:
    """A new key pair (private, public) from a Drbg (FIPS 186-5, A.2.2)."""
    private = keyed.private(random)
    return private, p256_public(private)


def p256_check(public: Data) -> None:
    """Raise BadPoint unless `public` is X || Y (64 bytes) of a point on the curve."""
    _heavy.p256_check(public)


def p256_ecdh(private: Data, public: Data) -> bytes:
    """The shared secret, 32 bytes: the X of private * public. Raises BadPoint, ValueError (SP 800-56A)."""
    return _heavy.p256_ecdh(private, public)


def p256_sign(private: Data, digest: Data) -> bytes:
    """The ECDSA signature r || s (64 bytes), the same for the same key and digest (RFC 6979)."""
    return _heavy.p256_sign(private, digest)


def p256_sign_hedged(private: Data, digest: Data, extra: Data) -> bytes:
    """As `p256_sign`, with 32 more bytes in the nonce (RFC 6979, section 3.6)."""
    return _heavy.p256_sign_hedged(private, digest, extra)


def p256_verify(public: Data, digest: Data, signature: Data) -> None:
    """Raise BadSignature unless `signature` is by `public` over `digest`; also if `public` is no point.

    For every signature (r, s) there is a second valid one, (r, n - s): never use a signature as an
    identity (FIPS 186-5, section 6.4.2).
    """
    _heavy.p256_verify(public, digest, signature)


def p256_verify_many(claims: keyed.Claims) -> None:
    """Raise BadSignatures, which names those refused, unless every (public, digest, signature) holds."""
    keyed.verify_many(p256_verify, claims)


def aes_gcm_seal(key: Data, nonce: Data, aad: Data, plaintext: Data) -> bytes:
    """The ciphertext and its 16-byte tag (SP 800-38D). Never use a nonce twice with one key."""
    return _heavy.aes_gcm_seal(key, nonce, aad, plaintext)


def aes_gcm_open(key: Data, nonce: Data, aad: Data, data: Data) -> bytes:
    """The plaintext of `data` (ciphertext and tag). Raises BadTag, and then gives nothing out."""
    return _heavy.aes_gcm_open(key, nonce, aad, data)


def aes_ctr(key: Data, counter: Data, data: Data) -> bytes:
    """`data` encrypted, or decrypted, from a first counter block of 16 bytes (SP 800-38A)."""
    return _heavy.aes_ctr(key, counter, data)


def aes_cmac(key: Data, data: Data) -> bytes:
    """The 16-byte tag of `data` (SP 800-38B). Compare tags with `compare`."""
    return _heavy.aes_cmac(key, data)


def key_wrap(kek: Data, key: Data) -> bytes:
    """`key` under `kek`, 8 bytes longer (RFC 3394). Raises ValueError unless `key` has 16, 24, ... bytes."""
    return _heavy.key_wrap(kek, key)


def key_unwrap(kek: Data, wrapped: Data) -> bytes:
    """What `key_wrap` took. Raises BadTag, and then gives nothing out."""
    return _heavy.key_unwrap(kek, wrapped)


def describe() -> str:
    """One line that names what does what; loads all of it."""
    return "SHA-256: " + NAME + "; P-256 and AES: " + _heavy.NAME


def warning() -> str:
    """What is weaker here than it could be, for a person to read. Loads everything."""
    words = "the C engine is not built (it needs a C compiler when Armillary is installed): crypto is slower, "
    if _heavy.NAME == "plain Python":
        return words + "and P-256 and AES, in plain Python, are much slower and not constant time"
    return words + "P-256 and AES are by " + _heavy.NAME + ", and decisions, random numbers and LMS in plain Python"
