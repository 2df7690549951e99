"""The crypto that a device without C runs, in full: prints what both interpreters must agree on."""

import armillary.native as native
from armillary.native.plain import suite


def show(data):
    print("".join(["%02x" % byte for byte in data]))


def refused(name, call, *arguments):
    try:
        call(*arguments)
        print(name, "was accepted")
    except ValueError as refusal:
        print(name, type(refusal).__name__)  # the words are each engine's own


def flipped(data):
    changed = bytearray(data)
    changed[len(changed) // 2] ^= 1
    return bytes(changed)


for length in (0, 1, 55, 56, 63, 64, 65, 200):
    assert native.sha256(bytes(length)) == suite.sha256(bytes(length))
hash = native.Sha256()
for piece in (b"a", bytearray(b"b"), memoryview(b"abc")[2:]):
    hash.update(piece)
show(hash.digest())
show(native.hmac_sha256(b"Jefe", b"what do ya want for nothing?"))
show(native.hkdf_expand(native.hkdf_extract(b"", b"\x0b" * 22), b"", 42))
refused("expansion", native.hkdf_expand, bytes(32), b"", 8161)

private = bytes.fromhex("c9afa9d845ba75166b5c215767b1d6934e50c3db36e89b127b8a622b120f6721")
public, digest = suite.p256_public(private), native.sha256(b"sample")
signature = suite.p256_sign(private, digest)
for data in (public, signature, suite.p256_ecdh(private, public)):
    show(data)
suite.p256_verify(public, digest, signature)
refused("signature", suite.p256_verify, public, digest, flipped(signature))
refused("digest", suite.p256_verify, public, flipped(digest), signature)
refused("point", suite.p256_check, flipped(public))
refused("zero", suite.p256_sign, bytes(32), digest)

for size in (16, 32):
    sealed = suite.aes_gcm_seal(private[:size], bytes(12), b"aad", b"plain" * 7)
    show(sealed)
    print(suite.aes_gcm_open(private[:size], bytes(12), b"aad", sealed) == b"plain" * 7)
    refused("tag", suite.aes_gcm_open, private[:size], bytes(12), b"aad", flipped(sealed))

secret = bytearray(b"keepburn")
native.clear(memoryview(secret)[4:])
print(bytes(secret), native.compare(b"a", b"a"), native.compare(b"a", b"b"), native.compare(b"a", b"ab"))
