"""P-256 and AES by the host's library, pyca/cryptography over OpenSSL (CPython only).

OpenSSL's P-256 and AES-GCM are constant time on the processors it has assembly for. Python's copies
of keys (bytes) are not cleared: the process that handles keys must be nobody else's.
"""

from __future__ import annotations

from cryptography import __version__
from cryptography.exceptions import InvalidSignature, InvalidTag
from cryptography.hazmat.backends.openssl import backend
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import (
    Prehashed,
    decode_dss_signature,
    encode_dss_signature,
)
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.cmac import CMAC
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.keywrap import InvalidUnwrap, aes_key_unwrap, aes_key_wrap
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from .errors import BadPoint, BadSignature, BadTag
from .plain.p256 import p256_sign_hedged  # OpenSSL takes no extra bytes

__all__ = [
    "NAME", "aes_cmac", "aes_ctr", "aes_gcm_open", "aes_gcm_seal", "key_unwrap", "key_wrap", "p256_check", "p256_ecdh",
    "p256_is_private", "p256_public", "p256_sign", "p256_sign_hedged", "p256_verify",
]  # fmt: skip

Data = bytes | bytearray | memoryview

N = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
CURVE = ec.SECP256R1()
VERIFYING = ec.ECDSA(Prehashed(SHA256()))
SIGNING = ec.ECDSA(Prehashed(SHA256()), deterministic_signing=True)  # RFC 6979: no random source to fail
NAME = "cryptography " + __version__ + " (" + backend.openssl_version_text() + ")"
TAG = 16
MOST_WRAPPED = 65528


def _private(private: Data) -> ec.EllipticCurvePrivateKey:
    if not p256_is_private(private):
        raise ValueError("not a private key of P-256")
    return ec.derive_private_key(int.from_bytes(private, "big"), CURVE)


def _public(public: Data) -> ec.EllipticCurvePublicKey:
    if len(public) != 64:
        raise BadPoint("a public key of " + str(len(public)) + " bytes")
    try:
        return ec.EllipticCurvePublicKey.from_encoded_point(CURVE, b"\x04" + bytes(public))
    except ValueError:
        raise BadPoint("not a point of P-256")


def _digest(digest: Data) -> bytes:
    if len(digest) != 32:
        raise ValueError("a digest of " + str(len(digest)) + " bytes")
    return bytes(digest)


def p256_is_private(private: Data) -> bool:
    """Whether `private` is 32 bytes, big-endian, of a number in 1..n-1."""
    return len(private) == 32 and 0 < int.from_bytes(private, "big") < N


def p256_public(private: Data) -> bytes:
    """The public key X || Y (64 bytes). Raises ValueError unless `p256_is_private`."""
    return _private(private).public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)[1:]


def p256_check(public: Data) -> None:
    """Raise BadPoint unless `public` is X || Y (64 bytes) of a point on the curve."""
    _public(public)


def p256_ecdh(private: Data, public: Data) -> bytes:
    """The shared secret, 32 bytes: the X of private * public. Raises BadPoint, ValueError."""
    return _private(private).exchange(ec.ECDH(), _public(public))


def p256_sign(private: Data, digest: Data) -> bytes:
    """The signature r || s (64 bytes), the same for the same key and digest (RFC 6979)."""
    r, s = decode_dss_signature(_private(private).sign(_digest(digest), SIGNING))
    return r.to_bytes(32, "big") + s.to_bytes(32, "big")


def p256_verify(public: Data, digest: Data, signature: Data) -> None:
    """Raise BadSignature unless `signature` is by `public` over `digest`; also if `public` is no point."""
    digest = _digest(digest)
    if len(signature) != 64:
        raise BadSignature("a signature of " + str(len(signature)) + " bytes")
    r, s = int.from_bytes(signature[:32], "big"), int.from_bytes(signature[32:], "big")
    try:
        _public(public).verify(encode_dss_signature(r, s), digest, VERIFYING)
    except BadPoint:
        raise BadSignature("by no key: not a point of P-256")
    except InvalidSignature:
        raise BadSignature("the signature does not match")


def _aes_key(key: Data) -> bytes:
    if len(key) not in (16, 32):
        raise ValueError("an AES key of " + str(len(key)) + " bytes")
    return bytes(key)


def _cipher(key: Data, nonce: Data) -> AESGCM:
    if len(nonce) != 12:
        raise ValueError("a nonce of " + str(len(nonce)) + " bytes")
    return AESGCM(_aes_key(key))


def aes_gcm_seal(key: Data, nonce: Data, aad: Data, plaintext: Data) -> bytes:
    """The ciphertext and its 16-byte tag. Raises ValueError for a key or nonce of a wrong length."""
    return _cipher(key, nonce).encrypt(nonce, plaintext, aad)


def aes_gcm_open(key: Data, nonce: Data, aad: Data, data: Data) -> bytes:
    """The plaintext. Raises BadTag, and then gives nothing out."""
    cipher = _cipher(key, nonce)
    if len(data) < TAG:
        raise BadTag("shorter than a tag")
    try:
        return cipher.decrypt(nonce, data, aad)
    except InvalidTag:
        raise BadTag("the tag does not match")


def aes_ctr(key: Data, counter: Data, data: Data) -> bytes:
    """`data` encrypted, or decrypted, from a first counter block of 16 bytes."""
    if len(counter) != 16:
        raise ValueError("a counter of " + str(len(counter)) + " bytes")
    crypt = Cipher(algorithms.AES(_aes_key(key)), modes.CTR(bytes(counter))).encryptor()
    return crypt.update(data) + crypt.finalize()


def aes_cmac(key: Data, data: Data) -> bytes:
    """The 16-byte tag of `data`."""
    mac = CMAC(algorithms.AES(_aes_key(key)))
    mac.update(bytes(data))
    return mac.finalize()


def key_wrap(kek: Data, key: Data) -> bytes:
    """`key` under `kek`, 8 bytes longer. Raises ValueError unless `key` has 16, 24, ... bytes."""
    if not 16 <= len(key) <= MOST_WRAPPED or len(key) % 8:
        raise ValueError("a key to wrap of " + str(len(key)) + " bytes")
    return aes_key_wrap(_aes_key(kek), bytes(key))


def key_unwrap(kek: Data, wrapped: Data) -> bytes:
    """What `key_wrap` took. Raises BadTag, and then gives nothing out."""
    if not 24 <= len(wrapped) <= MOST_WRAPPED + 8 or len(wrapped) % 8:
        raise BadTag("a wrapped key of " + str(len(wrapped)) + " bytes")
    try:
        return aes_key_unwrap(_aes_key(kek), bytes(wrapped))
    except InvalidUnwrap:
        raise BadTag("the wrapped key was changed, or is under another key")
