"""The protocol of P-256 in C, as tests call it, over each engine that this processor has."""

import hashlib

from cryptography.hazmat.primitives.asymmetric import ec

from armillary.native._native import ffi, lib
from armillary.native.plain.p256 import N

# RFC 6979, appendix A.2.5
PRIVATE = bytes.fromhex("c9afa9d845ba75166b5c215767b1d6934e50c3db36e89b127b8a622b120f6721")
PUBLIC = bytes.fromhex(
    "60fed4ba255a9d31c961eb74c6356d68c049b8923b61fa6ce669622e60f29fb6"
    "7903fe1008b8bc99a41ae9e95628bc64f2f1b20c2d7e9f5177a3c294d4462299"
)
DIGEST = hashlib.sha256(b"sample").digest()
SIGNATURE = bytes.fromhex(
    "efd48b2aacb6a8fd1140dd9cd45e81d69d2c877b56aaf991c34d0ea84eaf3716"
    "f7cb1c942d657c41d436c7a1b6e29f65f3e900dbb9aff4064dc4ab2f843acda8"
)
FEATURES = {"64-bit words": 0, "MULX and ADX": lib.CPU_ADX, "AVX-512 IFMA": lib.CPU_IFMA | lib.CPU_ADX}
OFFERED = [name for name, wanted in FEATURES.items() if wanted & lib.cpu_offers() == wanted]


def octets(number):
    return number.to_bytes(32, "big")


def number(text):
    return octets(int(text, 16))


def point(scalar):
    """scalar * G by an independent library."""
    numbers = ec.derive_private_key(scalar % N, ec.SECP256R1()).public_key().public_numbers()
    return octets(numbers.x) + octets(numbers.y)


def flipped(data, bit):
    changed = bytearray(data)
    changed[bit // 8] ^= 1 << bit % 8
    return bytes(changed)


class Protocol:
    """native/src/p256 with the features of the processor that are allowed; refusals are None or False."""

    def __init__(self, allowed):
        self.allowed = allowed

    def _run(self, function, *arguments):
        lib.cpu_restrict(self.allowed)
        try:
            return function(*arguments)
        finally:
            lib.cpu_restrict(0xFFFFFFFF)

    def _made(self, function, length, *arguments):
        at = ffi.new("uint8_t[]", b"\xaa" * length)
        if self._run(function, *arguments, at) == lib.VERDICT_ACCEPT:
            return ffi.unpack(ffi.cast("char *", at), length)
        assert bytes(ffi.buffer(at)[:length]) == bytes(length)  # a refusal leaves zeros
        return None

    def is_private(self, private):
        return self._run(lib.p256_is_private, private) == lib.VERDICT_ACCEPT

    def check(self, public):
        return self._run(lib.p256_check, public) == lib.VERDICT_ACCEPT

    def public(self, private):
        return self._made(lib.p256_public, 64, private)

    def ecdh(self, private, public):
        return self._made(lib.p256_ecdh, 32, private, public)

    def sign(self, private, digest):
        return self._made(lib.p256_sign, 64, private, digest)

    def sign_hedged(self, private, digest, extra):
        return self._made(lib.p256_sign_hedged, 64, private, digest, extra)

    def verify(self, public, digest, signature):
        return self._run(lib.p256_verify, public, digest, signature) == lib.VERDICT_ACCEPT

    def verify_many(self, claims):
        kept = [[ffi.from_buffer(bytes(part)) for part in claim] for claim in claims]
        array = ffi.new("struct p256_claim[]", max(len(claims), 1))
        for item, parts in zip(array, kept, strict=False):
            item.public_key, item.digest, item.signature = parts
            item.verdict = lib.VERDICT_ACCEPT  # what was there before is no answer
        self._run(lib.p256_verify_many, array, len(claims))
        return [array[i].verdict == lib.VERDICT_ACCEPT for i in range(len(claims))]

    def known(self, public):
        """A table for a key, or None; and a function that verifies by it."""
        room = ffi.new("uint8_t[]", self._run(lib.p256_known_size) + 63)
        table = room + -int(ffi.cast("uintptr_t", room)) % 64
        if self._run(lib.p256_known_begin, table, public) != lib.VERDICT_ACCEPT:
            return None
        return lambda digest, signature, _held=room: (
            self._run(lib.p256_known_verify, table, digest, signature) == lib.VERDICT_ACCEPT
        )

    def generate(self, drbg):
        private, public = ffi.new("uint8_t[32]"), ffi.new("uint8_t[64]")
        outcome = self._run(lib.p256_generate, drbg, private, public)
        return outcome == lib.VERDICT_ACCEPT, bytes(private), bytes(public)


PROTOCOLS = {name: Protocol(FEATURES[name]) for name in OFFERED}
