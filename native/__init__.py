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

from .errors import BadPath, BadPoint, BadSignature, BadTag

__all__ = [
    "ENGINE", "BadPath", "BadPoint", "BadSignature", "BadTag", "Sha256", "aes_gcm_open", "aes_gcm_seal", "clear",
    "compare", "describe", "hkdf_expand", "hkdf_extract", "hmac_sha256", "lms_verify", "p256_check", "p256_ecdh",
    "p256_is_private", "p256_public", "p256_sign", "p256_verify", "prepare", "sha256", "warning",
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
Sha256 = _engine.Sha256
aes_gcm_open = _engine.aes_gcm_open
aes_gcm_seal = _engine.aes_gcm_seal
clear = _engine.clear
compare = _engine.compare
describe = _engine.describe
hkdf_expand = _engine.hkdf_expand
hkdf_extract = _engine.hkdf_extract
hmac_sha256 = _engine.hmac_sha256
lms_verify = _engine.lms_verify
p256_check = _engine.p256_check
p256_ecdh = _engine.p256_ecdh
p256_is_private = _engine.p256_is_private
p256_public = _engine.p256_public
p256_sign = _engine.p256_sign
p256_verify = _engine.p256_verify
sha256 = _engine.sha256
warning = _engine.warning


def prepare() -> None:
    """Do every operation once, so that nothing is left to load in a process about to be confined."""
    private, digest, nonce = sha256(b"prepare"), sha256(b""), bytes(12)
    public = p256_public(private)
    p256_verify(public, digest, p256_sign(private, digest))
    p256_ecdh(private, public)
    aes_gcm_open(private, nonce, b"", aes_gcm_seal(private, nonce, b"", digest))
    clear(bytearray(hkdf_expand(hkdf_extract(b"", private), b"", 32)))
