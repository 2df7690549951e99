"""Cases whose answers come from other implementations: `hashlib`, `cryptography` over OpenSSL, and the few lines
of Python below.

They go where published sets do not: every length around a block, every piece, every flipped bit, both ends of
every range, and the primitives for which nobody publishes a set.
"""

from __future__ import annotations

import hashlib
import hmac as standard_hmac
import itertools
import random
from collections.abc import Iterator

from cryptography.hazmat.primitives import cmac as openssl_cmac
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import (
    Prehashed,
    decode_dss_signature,
    encode_dss_signature,
)
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.keywrap import aes_key_wrap

from tests.native.vectors.case import ACCEPT, DONE, REFUSED, REJECT, UNFIT, Suite, number
from tests.native.vectors.wycheproof import PIECES, verify_in_other_ways

N = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
P = 0xFFFFFFFF00000001000000000000000000000000FFFFFFFFFFFFFFFFFFFFFFFF
B = 0x5AC635D8AA3A93E7B3EBBD55769886BC651D06B0CC53B0F63BCE3C3E27D2604B
SOURCE = "computed"
LENGTHS = [*range(0, 70), 95, 111, 112, 119, 120, 127, 128, 129, 191, 192, 255, 256, 257, 511, 512, 513, 1023, 1024, 1025, 4096, 4099]


def number32(value: int) -> bytes:
    return value.to_bytes(32, "big")


def sha256_of(data: bytes) -> bytes:
    return hashlib.sha256(data).digest()


def hmac_sha256(key: bytes, data: bytes) -> bytes:
    return standard_hmac.digest(key, data, "sha256")


def cmac(key: bytes, data: bytes) -> bytes:
    mac = openssl_cmac.CMAC(algorithms.AES(key))
    mac.update(data)
    return mac.finalize()


def flips(data: bytes) -> Iterator[tuple[int, bytes]]:
    """Every way to change one bit."""
    for bit in range(8 * len(data)):
        changed = bytearray(data)
        changed[bit // 8] ^= 1 << bit % 8
        yield bit, bytes(changed)


# -- hashing


def hashing(suite: Suite, source: random.Random) -> None:
    for length in LENGTHS:
        data = source.randbytes(length)
        suite.add(SOURCE, length, "sha256", data, answer=sha256_of(data))
        for sizes in PIECES:
            suite.add(SOURCE, length, "sha256_pieces", data, sizes, answer=sha256_of(data))
        key = source.randbytes(length % 131)
        suite.add(SOURCE, length, "hmac", key, data, answer=hmac_sha256(key, data))
        suite.add(SOURCE, length, "hmac_pieces", key, data, b"\x3f\x02", answer=hmac_sha256(key, data))
    for count in [*range(0, 20), 33, 96]:
        for longest in (0, 64, 300, 1100):
            jobs = [source.randbytes(source.randint(0, longest)) for _ in range(count)]
            suite.add(SOURCE, count, "sha256_many", *jobs, answer=b"".join(map(sha256_of, jobs)))
    for count, size in itertools.product((0, 1, 2, 3, 4, 5, 8, 9, 17, 40), (0, 1, 32, 55, 56, 64, 100, 256, 1024)):
        data = source.randbytes(count * size)
        pages = b"".join(sha256_of(data[at * size : (at + 1) * size]) for at in range(count))
        suite.add(SOURCE, f"{count} of {size}", "sha256_pages", data, number(size), number(count), answer=pages)


def hkdf(prk: bytes, info: bytes, length: int) -> bytes:
    out = block = b""
    for counter in range(1, -(-length // 32) + 1):
        block = hmac_sha256(prk, block + info + bytes([counter]))
        out += block
    return out[:length]


def deriving(suite: Suite, source: random.Random) -> None:
    for length in (0, 1, 31, 32, 33, 63, 64, 65, 255, 8129, 8160):
        salt, ikm, info = (source.randbytes(source.choice((0, 1, 13, 32, 64, 65, 200))) for _ in range(3))
        prk = hmac_sha256(salt, ikm)
        suite.add(SOURCE, length, "hkdf", salt, ikm, info, number(length), answer=hkdf(prk, info, length))
        suite.add(SOURCE, length, "hkdf_extract", salt, ikm, answer=prk)
        for size in (0, 16, 32, 64, 65):
            key = source.randbytes(size)
            suite.add(SOURCE, length, "hkdf_expand", key, info, number(length), answer=hkdf(key, info, length))
    suite.add(SOURCE, 8161, "hkdf_expand", bytes(32), b"", number(8161), status=UNFIT)


# -- Merkle trees, as RFC 9162 section 2.1 defines them


def split(count: int) -> int:
    """The largest power of two below `count`."""
    return 1 << (count - 1).bit_length() - 1


def tree(leaves: list[bytes]) -> bytes:
    if not leaves:
        return sha256_of(b"")
    if len(leaves) == 1:
        return sha256_of(b"\0" + leaves[0])
    left = split(len(leaves))
    return sha256_of(b"\1" + tree(leaves[:left]) + tree(leaves[left:]))


def path(leaves: list[bytes], index: int) -> list[bytes]:
    if len(leaves) == 1:
        return []
    left = split(len(leaves))
    if index < left:
        return [*path(leaves[:left], index), tree(leaves[left:])]
    return [*path(leaves[left:], index - left), tree(leaves[:left])]


def trees(suite: Suite, source: random.Random) -> None:
    for length, block in [*((length, 16) for length in range(0, 16 * 20, 7)), (4096, 64), (4097, 64), (10000, 4096), (100, 200), (74, 64), (130, 64), (1030, 100)]:
        data = source.randbytes(length)
        leaves = [data[at : at + block] for at in range(0, length, block)]
        root = tree(leaves)
        suite.add(SOURCE, length, "merkle_root", data, number(block), answer=root)
        suite.add(SOURCE, length, "merkle_path", data, number(block), number(len(leaves)), status=UNFIT)
        for index in {0, 1, len(leaves) // 2, len(leaves) - 2, len(leaves) - 1} & set(range(len(leaves))):
            proof = path(leaves, index)
            suite.add(SOURCE, index, "merkle_path", data, number(block), number(index), answer=b"".join(proof))
            claim(suite, root, len(leaves), index, leaves[index], proof)
    forged_paths(suite, source)


def claim(suite: Suite, root: bytes, count: int, index: int, leaf: bytes, proof: list[bytes], status: int = DONE) -> None:
    """That `leaf` is number `index` of `count`."""
    arguments = (root, number(count), number(index), leaf, b"".join(proof))
    suite.add(SOURCE, f"{index} of {count}", "merkle_verify", *arguments, status=status)


def forged_paths(suite: Suite, source: random.Random) -> None:
    leaves = [source.randbytes(24) for _ in range(13)]
    root, index = tree(leaves), 10
    proof = path(leaves, index)
    for other in (*range(20), 1 << 31, (1 << 32) - 1):
        if other != index:
            claim(suite, root, 13, other, leaves[index], proof, REFUSED)
    # The tree of n leaves proves a leaf by the turns that its number takes; those of 11, 12 and 14 leaves differ.
    for count in (0, 1, 2, 8, 9, 10, 11, 12, 17, 26, 1 << 20):
        claim(suite, root, count, index, leaves[index], proof, REFUSED)
    for wrong in (proof[:-1], proof[1:], [*proof, proof[0]], [*proof, *proof] * 9, [], list(reversed(proof))):
        claim(suite, root, 13, index, leaves[index], wrong, REFUSED)
    for other in range(13):  # too long and too short a path of every leaf, the lone last one among them
        right = path(leaves, other)
        claim(suite, root, 13, other, leaves[other], right)
        for wrong in ([*right, root], right[:-1], [root, *right], right[1:]):
            claim(suite, root, 13, other, leaves[other], wrong, REFUSED)
    for _, changed in flips(leaves[index]):
        claim(suite, root, 13, index, changed, proof, REFUSED)
    for _, changed in flips(b"".join(proof)):
        claim(suite, root, 13, index, leaves[index], [changed], REFUSED)
    for _, changed in flips(root):
        claim(suite, changed, 13, index, leaves[index], proof, REFUSED)
    # CVE-2012-2459: no leaf stands for two; a node is no leaf.
    claim(suite, tree(leaves[:4]), 2, 0, sha256_of(b"\1" + leaves[0] + leaves[1]), [tree(leaves[2:4])], REFUSED)
    claim(suite, tree(leaves[:1]), 1, 0, leaves[0], [], DONE)
    claim(suite, tree(leaves[:1]), 1, 0, leaves[0], [root], REFUSED)
    claim(suite, tree([]), 0, 0, b"", [], REFUSED)


# -- AES


def counting(suite: Suite, source: random.Random) -> None:
    starts = [bytes(16), b"\xff" * 16, b"\xff" * 15 + b"\xf0", bytes(12) + b"\xff\xff\xff\xfe", bytes(8) + b"\xff" * 8]
    for size, length in itertools.product((16, 32), LENGTHS):
        key, data = source.randbytes(size), source.randbytes(length)
        for counter in (source.randbytes(16), starts[length % len(starts)]):
            cipher = Cipher(algorithms.AES(key), modes.CTR(counter)).encryptor()
            after = (int.from_bytes(counter, "big") + -(-length // 16)) % (1 << 128)
            answer = cipher.update(data) + after.to_bytes(16, "big")
            suite.add(SOURCE, length, "aes_ctr", key, counter, data, answer=answer)
            suite.add(SOURCE, length, "aes_ctr_pieces", key, counter, data, b"\x01\x04\x02\x09", answer=answer)
    for size in (16, 32):
        for at in range(20):
            key, block = source.randbytes(size), source.randbytes(16)
            chain = block
            cipher = Cipher(algorithms.AES(key), modes.ECB()).encryptor()
            for _ in range(1000):
                chain = cipher.update(chain)
            suite.add(SOURCE, at, "aes_monte", key, block, answer=chain)
    for size in (0, 1, 15, 17, 24, 31, 33):
        for operation in ("aes_encrypt", "aes_decrypt", "cmac"):
            suite.add(SOURCE, f"key of {size}", operation, bytes(size), bytes(16), status=UNFIT)


def sealing(suite: Suite, source: random.Random) -> None:
    for size, length in itertools.product((16, 32), [*LENGTHS, 5000, 16384]):
        key, nonce = source.randbytes(size), source.randbytes(source.choice((12, 12, 12, 8, 16, 61, 128)))
        aad, text = source.randbytes(source.choice((0, 1, 12, 16, 20, 33, 300))), source.randbytes(length)
        both = AESGCM(key).encrypt(nonce, text, aad)
        sealed, tag = both[:length], both[length:]
        suite.add(SOURCE, length, "gcm_seal", key, nonce, aad, text, answer=both)
        suite.add(SOURCE, length, "gcm_open", key, nonce, aad, sealed, tag, answer=text)
        for sizes in (PIECES[length % len(PIECES)], b"\xff\xfe\x05"):
            suite.add(SOURCE, length, "gcm_seal_pieces", key, nonce, aad, text, sizes, answer=both)
            suite.add(SOURCE, length, "gcm_open_pieces", key, nonce, aad, sealed, tag, sizes, answer=text)
    for size, length in ((16, 40), (32, 200), (32, 0)):
        forged_seals(suite, source, source.randbytes(size), source.randbytes(length))


def forged_seals(suite: Suite, source: random.Random, key: bytes, text: bytes) -> None:
    """Every bit of tag, nonce, additional data and, if it is short, ciphertext."""
    nonce, aad = source.randbytes(12), source.randbytes(9)
    both = AESGCM(key).encrypt(nonce, text, aad)
    sealed, tag = both[:-16], both[-16:]
    forged = [(nonce, aad, sealed, changed) for _, changed in flips(tag)]
    forged += [(changed, aad, sealed, tag) for _, changed in flips(nonce)]
    forged += [(nonce, changed, sealed, tag) for _, changed in flips(aad)]
    forged += [(nonce, aad, changed, tag) for bit, changed in flips(sealed) if len(text) < 64 or bit % 37 == 0]
    forged += [(nonce, aad + sealed[:1], sealed[1:], tag), (nonce, aad[:-1], aad[-1:] + sealed, tag)] if text else []
    forged += [(nonce, b"", sealed, tag), (nonce, aad, b"", tag)] if text else [(nonce, b"", sealed, tag)]
    for at, arguments in enumerate(forged):
        refused = bytes(len(arguments[2]))
        suite.add(SOURCE, f"forged {at}", "gcm_open", key, *arguments, status=REFUSED, answer=refused)
        suite.add(SOURCE, f"forged {at}", "gcm_open_pieces", key, *arguments, b"\x07", status=REFUSED)


def tagging(suite: Suite, source: random.Random) -> None:
    for size, length in itertools.product((16, 32), LENGTHS):
        key, data = source.randbytes(size), source.randbytes(length)
        suite.add(SOURCE, length, "cmac", key, data, answer=cmac(key, data))
        sizes = PIECES[length % len(PIECES)]
        suite.add(SOURCE, length, "cmac_pieces", key, data, sizes, answer=cmac(key, data))


def wrapping(suite: Suite, source: random.Random) -> None:
    for size, length in itertools.product((16, 32), (16, 24, 32, 40, 64, 512, 4096, 65528)):
        kek, key = source.randbytes(size), source.randbytes(length)
        wrapped = aes_key_wrap(kek, key)
        suite.add(SOURCE, length, "keywrap", kek, key, answer=wrapped)
        suite.add(SOURCE, length, "keyunwrap", kek, wrapped, answer=key)
    kek, key = source.randbytes(32), source.randbytes(16)
    for bit, changed in flips(aes_key_wrap(kek, key)):
        suite.add(SOURCE, f"flip {bit}", "keyunwrap", kek, changed, status=REFUSED, answer=bytes(16))
    for length in (0, 1, 7, 8, 9, 15, 17, 23, 65529, 65536):
        suite.add(SOURCE, length, "keywrap", kek, bytes(length), status=REFUSED, answer=bytes(length + 8))
    for length in (0, 1, 7, 8, 9, 16, 23, 25, 65537, 65544):
        answer = bytes(max(length - 8, 0))
        suite.add(SOURCE, length, "keyunwrap", kek, bytes(length), status=REFUSED, answer=answer)


# -- P-256


def point_of(private: int) -> bytes:
    numbers = ec.derive_private_key(private, ec.SECP256R1()).public_key().public_numbers()
    return number32(numbers.x) + number32(numbers.y)


def raw(der: bytes) -> bytes:
    r, s = decode_dss_signature(der)
    return number32(r) + number32(s)


def signature_of(private: int, digest: bytes) -> bytes:
    """By OpenSSL, with the nonce of RFC 6979."""
    way = ec.ECDSA(Prehashed(hashes.SHA256()), deterministic_signing=True)
    return raw(ec.derive_private_key(private, ec.SECP256R1()).sign(digest, way))


def hedged_signature(private: int, digest: bytes, extra: bytes) -> bytes:
    """RFC 6979, sections 3.2 and 3.6, over Python's integers and OpenSSL's points."""
    seed = number32(private) + number32(int.from_bytes(digest, "big") % N)
    for candidate in drbg(seed, b"", extra, forever=True):
        nonce = int.from_bytes(candidate, "big")
        if 0 < nonce < N:
            r = int.from_bytes(point_of(nonce)[:32], "big") % N
            s = pow(nonce, -1, N) * (int.from_bytes(digest, "big") + r * private) % N
            if r and s:
                return number32(r) + number32(s)
    raise AssertionError


def edge_scalars(source: random.Random) -> list[int]:
    few = [1, 2, 3, 4, 5, 7, 8, 15, 16, 17, 31, 32, 127, 128, 129, 255, 256]
    near = [N - few_from for few_from in few] + [N // 2, N // 2 + 1, N // 2 - 1]
    powers = [1 << bit for bit in range(8, 256, 13)] + [(1 << bit) - 1 for bit in range(11, 256, 17)]
    patterns = [int(word * (64 // len(word)), 16) % N for word in ("a", "5", "ff00", "f0", "00ffffff", "80000000", "7fffffff")]
    return [*few, *near, *powers, *patterns, *(source.randrange(1, N) for _ in range(60))]


def key_making(suite: Suite, source: random.Random) -> None:
    for private in edge_scalars(source):
        suite.add(SOURCE, hex(private), "p256_public", number32(private), answer=point_of(private))
        suite.add(SOURCE, hex(private), "p256_is_private", number32(private))
    for bad in (0, N, N + 1, N + (1 << 32), P, (1 << 256) - 1):
        suite.add(SOURCE, hex(bad), "p256_public", number32(bad), status=REFUSED, answer=bytes(64))
        suite.add(SOURCE, hex(bad), "p256_is_private", number32(bad), status=REFUSED)
        suite.add(SOURCE, hex(bad), "p256_sign", number32(bad), bytes(32), status=REFUSED, answer=bytes(64))
        suite.add(SOURCE, hex(bad), "p256_sign_hedged", number32(bad), bytes(32), bytes(32), status=REFUSED, answer=bytes(64))
        suite.add(SOURCE, hex(bad), "p256_ecdh", number32(bad), point_of(5), status=REFUSED, answer=bytes(32))
    for at in range(12):
        entropy, nonce, name = source.randbytes(32), source.randbytes(at), source.randbytes(at % 3)
        for candidate in drbg(entropy, nonce, name):
            private = int.from_bytes(candidate, "big") + 1  # FIPS 186-5, A.2.2
            if private < N:
                suite.add(SOURCE, at, "p256_generate", entropy, nonce, name, answer=number32(private) + point_of(private))
                break


def points(suite: Suite, source: random.Random) -> None:
    good = [point_of(source.randrange(1, N)) for _ in range(30)]
    for point in good:
        suite.add(SOURCE, point.hex()[:8], "p256_check", point)
    x, y = (int.from_bytes(part, "big") for part in (good[0][:32], good[0][32:]))
    bad = [(0, 0), (x, 0), (0, y), (x, y ^ 1), (y, x), (x, (y + 1) % P), (P, y), (x, P), (P - 1, P - 1), (1, 1)]
    bad += [((1 << 256) - 1, y), (x, (1 << 256) - 1), ((1 << 256) - 1,) * 2]
    root = pow(B, (P + 1) // 4, P)  # x = 0 is on the curve, and so are x = p and y + p written as what they are not
    suite.add(SOURCE, "x is 0", "p256_check", number32(0) + number32(root))
    small = next((x, y) for x, y in square_points() if max(x, 0) + P < 1 << 256)
    suite.add(SOURCE, "a small x", "p256_check", number32(small[0]) + number32(small[1]))
    bad += [(P, root), (small[0] + P, small[1]), (0, P + root if P + root < 1 << 256 else P)]
    for x, y in bad:
        point = number32(x) + number32(y)
        suite.add(SOURCE, f"{x:x}, {y:x}", "p256_check", point, status=REFUSED)
        suite.add(SOURCE, f"{x:x}, {y:x}", "p256_ecdh", number32(7), point, status=REFUSED, answer=bytes(32))
        suite.add(SOURCE, f"{x:x}, {y:x}", "p256_verify", point, bytes(32), number32(1) * 2, status=REFUSED)
        suite.add(SOURCE, f"{x:x}, {y:x}", "p256_known", point, bytes(32), number32(1) * 2, status=REFUSED)
        suite.add(SOURCE, f"{x:x}, {y:x}", "p256_verify_many", point, bytes(32), number32(1) * 2, answer=b"\0")


def square_points() -> Iterator[tuple[int, int]]:
    """Points with x from 1 up."""
    for x in itertools.count(1):
        square = (x**3 - 3 * x + B) % P
        y = pow(square, (P + 1) // 4, P)
        if y * y % P == square:
            yield x, y


def agreeing(suite: Suite, source: random.Random) -> None:
    for private in edge_scalars(source)[::2]:
        other = source.choice((1, 2, N - 1, N - 2, private, N - private, source.randrange(1, N), source.randrange(1, N)))
        secret = point_of(private * other % N)[:32]
        suite.add(SOURCE, hex(private), "p256_ecdh", number32(private), point_of(other), answer=secret)


def signing(suite: Suite, source: random.Random) -> None:
    claims: list[tuple[bytes, bytes, bytes, bool]] = []
    digests = [bytes(32), b"\xff" * 32, number32(N), number32(N - 1), number32(N + 1), number32(1)]
    for at, private in enumerate(edge_scalars(source)):
        digest = digests[at % 12] if at % 12 < len(digests) else source.randbytes(32)
        made = signature_of(private, digest)
        suite.add(SOURCE, hex(private), "p256_sign", number32(private), digest, answer=made)
        suite.add(SOURCE, hex(private), "p256_verify", point_of(private), digest, made)
        claims.append((point_of(private), digest, made, True))
        claims.append((point_of(private), source.randbytes(32), made, False))
        r, s = made[:32], int.from_bytes(made[32:], "big")
        claims.append((point_of(private), digest, r + number32(N - s), True))
        extra = source.randbytes(32)
        hedged = hedged_signature(private, digest, extra)
        suite.add(SOURCE, hex(private), "p256_sign_hedged", number32(private), digest, extra, answer=hedged)
        claims.append((point_of(private), digest, hedged, True))
    private, digest = source.randrange(1, N), source.randbytes(32)
    claims.append((point_of(private), digest, signature_of(private, digest), True))
    claims += [(*claim, False) for claim in bad_signatures(private, digest)]
    for public, digest, made, is_good in claims:
        suite.add(SOURCE, made.hex()[:8], "p256_verify", public, digest, made, status=DONE if is_good else REFUSED)
    verify_in_other_ways(suite, SOURCE, claims)


def bad_signatures(private: int, digest: bytes) -> Iterator[tuple[bytes, bytes, bytes]]:
    """Every flipped bit of a signature, half of the digest's and the key's, and numbers out of range."""
    public, made = point_of(private), signature_of(private, digest)
    for _, changed in flips(made):
        yield public, digest, changed
    for bit, changed in flips(digest):
        if bit % 2:
            yield public, changed, made
    for bit, changed in flips(public):
        if bit % 5 == 0:
            yield changed, digest, made
    values = [0, 1, N - 1, N, N + 1, P, P - N, (1 << 256) - 1]
    r, s = (int.from_bytes(part, "big") for part in (made[:32], made[32:]))
    for one in values:
        for pair in ((one, s), (r, one), *((one, other) for other in values)):
            yield public, digest, number32(pair[0]) + number32(pair[1])
    # u1 G + u2 Q is the neutral element: digest = -r d.
    for r in (1, 2, N - 1):
        yield public, number32(-r * private % N), number32(r) + number32(s)


def encodings(suite: Suite, source: random.Random) -> None:
    values = [1, 127, 128, 255, 256, 32767, 32768, N - 1, N, (1 << 255) - 1, 1 << 255, (1 << 256) - 1, source.randrange(N)]
    for r, s in itertools.product(values, values):
        der, pair = encode_dss_signature(r, s), number32(r) + number32(s)
        suite.add(SOURCE, der.hex(), "signature_to_der", pair, answer=der)
        suite.add(SOURCE, der.hex(), "signature_from_der", der, answer=pair)
    for r, s in ((0, 1), (1, 0), (0, 0), (1 << 256, 1), (1, 1 << 256), (1 << 300, 1)):
        der = encode_dss_signature(r, s)
        suite.add(SOURCE, der.hex(), "signature_from_der", der, status=REFUSED, answer=bytes(64))
        if max(r, s) < 1 << 256:
            suite.add(SOURCE, der.hex(), "signature_to_der", number32(r) + number32(s), answer=der)
    der = encode_dss_signature(source.randrange(N), source.randrange(1 << 255, 1 << 256))
    for wrong in wrong_encodings(der):
        suite.add(SOURCE, wrong.hex(), "signature_from_der", wrong, status=REFUSED, answer=bytes(64))


def wrong_encodings(der: bytes) -> Iterator[bytes]:
    """What is no DER, or has something before or after; flips inside the numbers are numbers too and left out."""
    for end in range(len(der)):
        yield der[:end]
    yield from (der + b"\0", b"\0" + der, b"\x30" + der[1:2] + der, der + der)
    yield from (b"\x30\x81" + der[1:], b"\x30\x82\0" + der[1:], b"\x30\x80" + der[2:] + b"\0\0", b"\x31" + der[1:])
    first = der[3]
    for at in (0, 1, 2, 3, 4 + first, 5 + first):  # the tags and the lengths
        for value in range(256):
            if value != der[at]:
                yield der[:at] + bytes([value]) + der[at + 1 :]
    yield from (b"\x30\x06\x02\x01\x81\x02\x01\x01", b"\x30\x06\x02\x01\x01\x02\x01\xff", b"\x30\x07\x02\x02\x00\x7f\x02\x01\x01")
    yield from (b"\x30\x05\x02\x00\x02\x01\x01", b"\x30\x04\x02\x00\x02\x00", b"\x30\x03\x02\x01\x01", b"\x30\x07\x02\x01\x01\x02\x81\x01\x01")
    yield from (b"\x30\x09\x02\x01\x01\x02\x01\x01\x02\x01\x01", b"\x30\x00", b"\x02\x01\x01", b"\x30\x08\x02\x01\x01\x02\x01\x01\x05\x00")


# -- randomness


def drbg(entropy: bytes, nonce: bytes, name: bytes, forever: bool = False) -> Iterator[bytes]:
    """Blocks of 32 bytes of HMAC_DRBG (SP 800-90A, 10.1.2): one a request, or one request that goes on (RFC 6979)."""
    key, value = bytes(32), b"\1" * 32
    key, value = drbg_update(key, value, entropy + nonce + name)
    while True:
        value = hmac_sha256(key, value)
        yield value
        key, value = drbg_update(key, value, b"")


def drbg_update(key: bytes, value: bytes, data: bytes) -> tuple[bytes, bytes]:
    for separator in (b"\0", b"\1") if data else (b"\0",):
        key = hmac_sha256(key, value + separator + data)
        value = hmac_sha256(key, value)
    return key, value


def drbg_request(key: bytes, value: bytes, length: int, additional: bytes) -> tuple[bytes, bytes, bytes]:
    if additional:
        key, value = drbg_update(key, value, additional)
    out = b""
    while len(out) < length:
        value = hmac_sha256(key, value)
        out += value
    return (*drbg_update(key, value, additional), out[:length])


def generating(suite: Suite, source: random.Random) -> None:
    for at in range(60):
        entropy, nonce, name = source.randbytes(source.choice((32, 48, 64))), source.randbytes(16), source.randbytes(32 * (at % 2))
        more, with_it = source.randbytes(32 * (at // 2 % 2)), source.randbytes(32 * (at // 4 % 2))
        additional = [source.randbytes(32 * (at // 8 % 2)) for _ in range(2)]
        lengths = source.choice(((128, 128), (0, 32), (1, 31), (33, 65), (256, 1), (64, 64)))
        key, value = drbg_update(bytes(32), b"\1" * 32, entropy + nonce + name)
        key, value, first = drbg_request(key, value, lengths[0], additional[0])
        if more:
            key, value = drbg_update(key, value, more + with_it)
        key, value, second = drbg_request(key, value, lengths[1], additional[1])
        arguments = (entropy, nonce, name, number(lengths[0]), additional[0], more, with_it, number(lengths[1]), additional[1])
        suite.add(SOURCE, at, "drbg", *arguments, answer=first + second)
    _, _, most = drbg_request(*drbg_update(bytes(32), b"\1" * 32, bytes(48)), 65536, b"")
    for length, status, answer in ((65536, DONE, most), (65537, REFUSED, bytes(65537))):
        arguments = (bytes(48), b"", b"", number(length), b"", b"", b"", number(0), b"")
        suite.add(SOURCE, f"request of {length}", "drbg", *arguments, status=status, answer=answer)
    fresh = next(drbg(bytes(48), b"", b""))
    for count in (1, 1 << 20, (1 << 20) + 1, (1 << 32) - 1):
        status, answer = (DONE, fresh) if count <= 1 << 20 else (REFUSED, bytes(32))
        suite.add(SOURCE, f"request number {count}", "drbg_worn", bytes(48), number(count), status=status, answer=answer)


def is_healthy(repetitions: int, proportion: int, samples: bytes) -> bool:
    """SP 800-90B, sections 4.4.1 and 4.4.2, as they are written there."""
    run = 0
    for at, sample in enumerate(samples):
        run = run + 1 if at and sample == samples[at - 1] else 1
        if run >= repetitions:
            return False
    for begin in range(0, len(samples), 512):
        window = samples[begin : begin + 512]
        if sum(sample == window[0] for sample in window) >= proportion:
            return False
    return True


def watching(suite: Suite, source: random.Random) -> None:
    streams = [b"", b"\0", source.randbytes(2000), bytes(30), bytes(31), bytes(32), b"ab" * 600, b"aab" * 400]
    streams += [source.randbytes(700) + b"\5" * count + source.randbytes(700) for count in (4, 5, 6, 30, 31, 32)]
    streams += [bytes([7]) + bytes(source.choice(b"\7\1\2\3") for _ in range(1200)) for _ in range(5)]
    streams += [windows(source, count) for count in (323, 324, 325, 326)]
    for samples, (repetitions, proportion), sizes in itertools.product(streams, ((31, 325), (6, 60), (2, 512), (512, 129)), PIECES):
        status = DONE if is_healthy(repetitions, proportion, samples) else REFUSED
        suite.add(SOURCE, len(samples), "health", number(repetitions), number(proportion), samples, sizes, status=status)


def windows(source: random.Random, count: int) -> bytes:
    """Two windows of 512 samples, of which the second holds its first `count` times, with few repetitions."""
    second = [9] * (count - 1) + [source.choice((1, 2)) for _ in range(512 - count)]
    spread = [0] * 511
    places = [at * 511 // len(second) for at in range(len(second))]
    for place, value in zip(places, second, strict=True):
        spread[place] = value
    source.shuffle(spread)
    return source.randbytes(512) + bytes([9, *spread])


# -- decisions


def deciding(suite: Suite, source: random.Random) -> None:
    for length in (0, 1, 2, 3, 4, 5, 7, 8, 16, 31, 32, 33, 64):
        data = source.randbytes(length)
        for operation in ("compare", "decision_equal"):
            suite.add(SOURCE, length, operation, data, data)
            suite.add(SOURCE, length, operation, data, data + b"\0", status=UNFIT)
            for bit, changed in flips(data):
                if length <= 32:
                    suite.add(SOURCE, f"flip {bit}", operation, data, changed, status=REFUSED)
        suite.add(SOURCE, length, "clear", data, answer=bytes(length))
    edges = [0, 1, 2, 255, 256, (1 << 31) - 1, 1 << 31, (1 << 32) - 1, 1 << 32, (1 << 63) - 1, 1 << 63, (1 << 64) - 1]
    edges += [source.randrange(1 << 64) for _ in range(6)]
    for value, floor in itertools.product(edges, edges):
        arguments = value.to_bytes(8, "little"), floor.to_bytes(8, "little")
        suite.add(SOURCE, f"{value} >= {floor}", "decision_at_least", *arguments, status=DONE if value >= floor else REFUSED)
    states = [0, 1, 2, 3, 0x80000000, 0xFFFFFFFF, ACCEPT, REJECT]
    for state, wanted in itertools.product(states, states):
        suite.add(SOURCE, f"{state} is {wanted}", "decision_is", number(state), number(wanted), status=DONE if state == wanted else REFUSED)
        status = DONE if state == wanted == ACCEPT else REFUSED
        suite.add(SOURCE, f"{state} and {wanted}", "decision_both", number(state), number(wanted), status=status)


def load(suite: Suite, seed: int = 1) -> None:
    """The same cases for the same seed."""
    sections = (
        hashing, deriving, trees, counting, sealing, tagging, wrapping, key_making, points, agreeing, signing,
        encodings, generating, watching, deciding,
    )  # fmt: skip
    for each in sections:
        each(suite, random.Random(f"{seed} {each.__name__}"))
