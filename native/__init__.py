"""Crypto that both sides share: our C engine, else the host's library, else plain Python.

Which code answers depends on the machine, the answers do not: `compiled` (C, CPython), `board` (the same C
inside MicroPython), or `standard` (no C: the interpreter's hash, and `host` or `plain` for the rest,
loaded when first used or by `prepare`). Keys, digests and signatures are big-endian bytes of fixed
length: private 32, public 64 (X || Y), digest 32, signature 64 (r || s), AES key 16 or 32, nonce 12,
tag 16. A wrong length of one's own material raises ValueError; what comes from outside raises
BadSignature, BadPoint, BadTag or BadPath. `README.md` lists the operations, and says what is constant
time and what is not.
"""

from __future__ import annotations

import sys

from .errors import BadPath, BadPoint, BadSignature, BadSignatures, BadTag
from .plain.decision import ACCEPT, REJECT

__all__ = [
    "ACCEPT", "AesGcm", "BadPath", "BadPoint", "BadSignature", "BadSignatures", "BadTag", "Drbg", "ENGINE", "Health",
    "P256Key", "REJECT", "Sha256", "aes_cmac", "aes_ctr", "aes_gcm_open", "aes_gcm_seal", "clear", "compare",
    "decision_at_least", "decision_both", "decision_equal", "decision_is", "describe", "hkdf", "hkdf_expand",
    "hkdf_extract", "hmac_sha256", "key_unwrap", "key_wrap", "lms_verify", "merkle_path", "merkle_root",
    "merkle_verify", "p256_check", "p256_ecdh", "p256_generate", "p256_is_private", "p256_public",
    "p256_sign", "p256_sign_hedged", "p256_verify", "p256_verify_many", "prepare", "sha256", "sha256_many",
    "sha256_pages", "signature_from_der", "signature_to_der", "warning",
]  # fmt: skip

IS_HOSTED = sys.implementation.name == "cpython"

if IS_HOSTED:
    try:
        from . import compiled as _engine
    except ImportError:  # not built
        from . import standard as _engine  # type: ignore[no-redef]  # the same names in both
else:
    try:
        from . import board as _engine  # type: ignore[no-redef]
    except ImportError:  # not built in
        from . import standard as _engine  # type: ignore[no-redef]

ENGINE = _engine.NAME  # what hashes
AesGcm = _engine.AesGcm
Drbg = _engine.Drbg
Health = _engine.Health
P256Key = _engine.P256Key
Sha256 = _engine.Sha256
aes_cmac = _engine.aes_cmac
aes_ctr = _engine.aes_ctr
aes_gcm_open = _engine.aes_gcm_open
aes_gcm_seal = _engine.aes_gcm_seal
clear = _engine.clear
compare = _engine.compare
decision_at_least = _engine.decision_at_least
decision_both = _engine.decision_both
decision_equal = _engine.decision_equal
decision_is = _engine.decision_is
describe = _engine.describe
hkdf = _engine.hkdf
hkdf_expand = _engine.hkdf_expand
hkdf_extract = _engine.hkdf_extract
hmac_sha256 = _engine.hmac_sha256
key_unwrap = _engine.key_unwrap
key_wrap = _engine.key_wrap
lms_verify = _engine.lms_verify
merkle_path = _engine.merkle_path
merkle_root = _engine.merkle_root
merkle_verify = _engine.merkle_verify
p256_check = _engine.p256_check
p256_ecdh = _engine.p256_ecdh
p256_generate = _engine.p256_generate
p256_is_private = _engine.p256_is_private
p256_public = _engine.p256_public
p256_sign = _engine.p256_sign
p256_sign_hedged = _engine.p256_sign_hedged
p256_verify = _engine.p256_verify
p256_verify_many = _engine.p256_verify_many
sha256 = _engine.sha256
sha256_many = _engine.sha256_many
sha256_pages = _engine.sha256_pages
signature_from_der = _engine.signature_from_der
signature_to_der = _engine.signature_to_der
warning = _engine.warning


def prepare() -> None:
    """Do every operation once, so that nothing is left to load in a process about to be confined."""
    private, digest, nonce, random = sha256(b"prepare"), sha256(b""), bytes(12), Drbg(bytes(48), b"", b"")
    public = p256_public(private)
    signature = p256_sign(private, digest)
    p256_verify(public, digest, signature)
    p256_verify_many([(public, digest, signature)])
    P256Key(public).verify(digest, p256_sign_hedged(private, digest, digest))
    p256_ecdh(p256_generate(random)[0], public)
    signature_from_der(signature_to_der(signature))
    aes_gcm_open(private, nonce, b"", aes_gcm_seal(private, nonce, b"", digest))
    AesGcm(private).seal(nonce, b"", digest)
    aes_ctr(private, aes_cmac(private, digest), key_unwrap(digest, key_wrap(digest, private)))
    merkle_verify(merkle_root(digest, 8), 4, 1, digest[8:16], merkle_path(digest, 8, 1))
    sha256_many([digest, sha256_pages(digest, 8), hkdf(b"", private, b"", 32)])
    clear(bytearray(hkdf_expand(hkdf_extract(b"", private), b"", 32)))
    Health(9, 71).test(digest)
    decision_both(decision_equal(private, digest), decision_at_least(1, decision_is(1, 1)))
    try:
        lms_verify(b"", b"", b"")
    except BadSignature:
        pass  # as it must
