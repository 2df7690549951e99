"""Self-test: every primitive gives its published answer before it is used, or nothing is served.

Known answers of FIPS 180-4, RFC 4231, RFC 5869, RFC 6979, RFC 9858, the GCM specification and NIST's CAVP
(HMAC_DRBG).
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

LMS_PUBLIC = _hex("0000000a00000008202122232425262728292a2b2c2d2e2f2c571450aed99cfb4f4ac285da14882796618314508b12d2")  # RFC 9858, appendix A
LMS_MESSAGE = b"Test message for SHA256-192\n"
LMS_SIGNATURE = _hex(
    "00000005000000080b5040a18c1b5cabcbc85b047402ec6294a30dd8da8fc3dae13b9f0875f09361dc77fcc4481ea463"
    "c073716249719193614b835b4694c059f12d3aedd34f3db93f3580fb88743b8b3d0648c0537b7a50e433d7ea9d6672ff"
    "fc5f42770feab4f98eb3f3b23fd2061e4d0b38f832860ae76673ad1a1a52a9005dcf1bfb56fe16ff723627612f9a48f7"
    "90f3c47a67f870b81e919d99919c8db48168838cece0abfb683da48b9209868be8ec10c63d8bf80d36498dfc205dc45d"
    "0dd870572d6d8f1d90177cf5137b8bbf7bcb67a46f86f26cfa5a44cbcaa4e18da099a98b0b3f96d5ac8ac375d8da2a7c"
    "248004ba11d7ac775b9218359cddab4cf8ccc6d54cb7e1b35a36ddc9265c087063d2fc6742a7177876476a324b03295b"
    "fed99f2eaf1f38970583c1b2b616aad0f31cd7a4b1bb0a51e477e94a01bbb4d6f8866e2528a159df3d6ce244d2b6518d"
    "1f0212285a3c2d4a927054a1e1620b5b02aab0c8c10ed48ae518ea73cba81fcfff88bff461dac51e7ab4ca75f47a6259"
    "d24820b9995792d139f61ae2a8186ae4e3c9bfe0af2cc717f424f41aa67f03faedb0665115f2067a46843a4cbbd297d5"
    "e83bc1aafc18d1d03b3d894e8595a6526073f02ab0f08b99fd9eb208b59ff6317e5545e6f9ad5f9c183abd043d5acd6e"
    "b2dd4da3f02dbc3167b468720a4b8b92ddfe7960998bb7a0ecf2a26a37598299413f7b2aecd39a30cec527b4d9710c44"
    "73639022451f50d01c0457125da0fa4429c07dad859c846cbbd93ab5b91b01bc770b089cfede6f651e86dd7c15989c8b"
    "5321dea9ca608c71fd862323072b827cee7a7e28e4e2b999647233c3456944bb7aef9187c96b3f5b79fb98bc76c3574d"
    "d06f0e95685e5b3aef3a54c4155fe3ad817749629c30adbe897c4f4454c86c490000000ae9ca10eaa811b22ae07fb195"
    "e3590a334ea64209942fbae338d19f152182c807d3c40b189d3fcbea942f44682439b191332d33ae0b761a2a8f984b56"
    "b2ac2fd4ab08223a69ed1f7719c7aa7e9eee96504b0e60c6bb5c942d695f0493eb25f80a5871cffd131d0e04ffe5065b"
    "c7875e82d34b40b69dd9f3c1"
)


def run(has_lms: bool = False) -> None:
    """Raise Internal, naming the primitive, if one of them does not give its published answer.

    LMS is asked only of a chip with a key for it: it takes as long as all the others.
    """
    digest = native.sha256(b"sample")
    signature = native.p256_sign(PRIVATE, digest)
    answers: tuple[tuple[str, bool], ...] = (
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
    if has_lms:
        answers += (("LMS verify", _signed(LMS_SIGNATURE)), ("LMS refuse", not _signed(LMS_SIGNATURE[:-1] + b"\0")))
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


def _signed(signature: bytes) -> bool:
    try:
        native.lms_verify(LMS_PUBLIC, LMS_MESSAGE, signature)
    except native.BadSignature:
        return False
    return True


def _opens(data: bytes) -> bool:
    try:
        return native.aes_gcm_open(bytes(32), bytes(12), b"", data) == bytes(16)
    except native.BadTag:
        return False
