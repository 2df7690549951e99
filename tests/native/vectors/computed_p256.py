"""P-256: keys, points, signatures and their encodings; both ends of every range."""

from __future__ import annotations

import itertools
import random
from collections.abc import Iterator

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import (
    Prehashed,
    decode_dss_signature,
    encode_dss_signature,
)

from tests.native.vectors.case import DONE, REFUSED, Suite
from tests.native.vectors.computed_random import drbg
from tests.native.vectors.peers import SOURCE, flips, number32
from tests.native.vectors.wycheproof import verify_in_other_ways

N = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
P = 0xFFFFFFFF00000001000000000000000000000000FFFFFFFFFFFFFFFFFFFFFFFF
B = 0x5AC635D8AA3A93E7B3EBBD55769886BC651D06B0CC53B0F63BCE3C3E27D2604B


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
