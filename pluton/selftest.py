"""Self-test: every primitive gives its published answer before it is used, or nothing is served.

Known answers of FIPS 180-4, RFC 4231, RFC 5869, RFC 6979, the GCM specification and NIST's CAVP (HMAC_DRBG).
What decides is asked for both answers, and the tests of noise for a source that is stuck.
"""

from __future__ import annotations

from .. import native
from ..wire.fault import Internal


def _hex(text: str) -> bytes:
    return bytes.fromhex(text)


ABC = _hex("ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad")  # FIPS 180-4
HMAC = _hex("5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843")  # RFC 4231, case 2
EXTRACTED = _hex("077709362c2e32df0ddc3f0dc47bba6390b6c73bb50f9c3122ec844ad7c2b3e5")  # RFC 5869, A.1
EXPANDED = _hex("3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf34007208d5b887185865")
PRIVATE = _hex("c9afa9d845ba75166b5c215767b1d6934e50c3db36e89b127b8a622b120f6721")  # RFC 6979, A.2.5
PUBLIC = _hex(
    "60fed4ba255a9d31c961eb74c6356d68c049b8923b61fa6ce669622e60f29fb6"
    "7903fe1008b8bc99a41ae9e95628bc64f2f1b20c2d7e9f5177a3c294d4462299"
)
SAMPLE = _hex(  # SHA-256, message "sample"
    "efd48b2aacb6a8fd1140dd9cd45e81d69d2c877b56aaf991c34d0ea84eaf3716"
    "f7cb1c942d657c41d436c7a1b6e29f65f3e900dbb9aff4064dc4ab2f843acda8"
)
SEALED = _hex("cea7403d4d606b6e074ec5d3baf39d18d0d1c8a799996bf0265b98b5d48ab919")  # GCM, test case 14

ENTROPY = _hex("ca851911349384bffe89de1cbdc46e6831e44d34a4fb935ee285dd14b71a7488")  # CAVS 14.3, no reseed, COUNT = 0
NONCE = _hex("659ba96c601dc69fc902940805ec0ca8")
RANDOM = _hex(
    "e528e9abf2dece54d47c7e75e5fe302149f817ea9fb4bee6f4199697d04d5b89d54fbb978a15b5c443c9ec21036d2460"
    "b6f73ebad0dc2aba6e624abf07745bc107694bb7547bb0995f70de25d6b29e2d3011bb19d27676c07162c8b5ccde0668"
    "961df86803482cb37ed6d5c0bb8d50cf1f50d476aa0458bdaba806f48be9dcb8"
)


def run() -> None:
    """Raise Internal, naming the primitive, if one of them does not give its published answer."""
    digest = native.sha256(b"sample")
    signature = native.p256_sign(PRIVATE, digest)
    answers = (
        ("SHA-256", native.sha256(b"abc") == ABC),
        ("HMAC", native.hmac_sha256(b"Jefe", b"what do ya want for nothing?") == HMAC),
        ("HKDF-Extract", native.hkdf_extract(_hex("000102030405060708090a0b0c"), b"\x0b" * 22) == EXTRACTED),
        ("HKDF-Expand", native.hkdf_expand(EXTRACTED, _hex("f0f1f2f3f4f5f6f7f8f9"), 42) == EXPANDED),
        ("P-256 key", native.p256_public(PRIVATE) == PUBLIC),
        ("ECDSA sign", _accepts(digest, signature)),
        ("ECDSA verify", _accepts(digest, SAMPLE)),
        ("ECDSA refuse", not _accepts(native.sha256(b"other"), SAMPLE)),
        ("AES-GCM seal", native.aes_gcm_seal(bytes(32), bytes(12), b"", bytes(16)) == SEALED),
        ("AES-GCM open", _opens(SEALED)),
        ("AES-GCM refuse", not _opens(SEALED[:-1] + b"\x18")),
        ("compare", native.compare(ABC, ABC) and not native.compare(ABC, HMAC)),
        ("HMAC_DRBG", _random() == RANDOM),
        ("noise tests", native.Health(9, 71).test(ABC) and not native.Health(9, 71).test(bytes(9))),
        ("equal", native.decision_equal(ABC, ABC) == native.ACCEPT != native.decision_equal(ABC, HMAC)),
        ("at least", native.decision_at_least(7, 7) == native.ACCEPT != native.decision_at_least(6, 7)),
        ("state", native.decision_is(3, 3) == native.ACCEPT != native.decision_is(2, 3)),
    )  # fmt: skip
    for name, is_right in answers:
        if not is_right:
            raise Internal("the self-test of " + name + " failed", "pluton", "selftest", "", "the chip is not to be used")


def _random() -> bytes:
    generator = native.Drbg(ENTROPY, NONCE, b"")
    generator.generate(len(RANDOM), b"")
    return generator.generate(len(RANDOM), b"")


def _accepts(digest: bytes, signature: bytes) -> bool:
    try:
        native.p256_verify(PUBLIC, digest, signature)
    except native.BadSignature:
        return False
    return True


def _opens(data: bytes) -> bool:
    try:
        return native.aes_gcm_open(bytes(32), bytes(12), b"", data) == bytes(16)
    except native.BadTag:
        return False
