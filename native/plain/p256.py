"""ECDSA and ECDH on the curve P-256 in plain Python (FIPS 186-5, SP 800-186 section 3.2.1.3).

NOT constant time: which additions happen follows the bits of the scalar, and Python's integers take
as long as they are big. It is an oracle for tests and a text to read; a key that matters belongs to
the host's library or to C.
"""

from __future__ import annotations

from ..errors import BadPoint, BadSignature
from .mac import hmac
from .sha256 import sha256

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    Data = bytes | bytearray | memoryview
    # Jacobian coordinates: the affine point is (X / Z^2, Y / Z^3); Z = 0 is the neutral element.
    Point = tuple[int, int, int]

P = 0xFFFFFFFF00000001000000000000000000000000FFFFFFFFFFFFFFFFFFFFFFFF
N = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
B = 0x5AC635D8AA3A93E7B3EBBD55769886BC651D06B0CC53B0F63BCE3C3E27D2604B
G = (
    0x6B17D1F2E12C4247F8BCE6E563A440F277037D812DEB33A0F4A13945D898C296,
    0x4FE342E2FE1A7F9B8EE7EB4A7C0F9E162BCE33576B315ECECBB6406837BF51F5,
    1,
)
NEUTRAL = (1, 1, 0)


def _inverse(x: int, modulus: int) -> int:
    """1 / x for a prime modulus, by Fermat (MicroPython's pow takes no negative exponent)."""
    return pow(x, modulus - 2, modulus)


def _double(point: Point) -> Point:
    """2 * point; the formulas for a = -3, "dbl-2001-b" of the Explicit-Formulas Database."""
    x, y, z = point
    delta, gamma = z * z % P, y * y % P
    beta = x * gamma % P
    alpha = 3 * (x - delta) * (x + delta) % P
    x3 = (alpha * alpha - 8 * beta) % P
    z3 = ((y + z) * (y + z) - gamma - delta) % P
    return x3, (alpha * (4 * beta - x3) - 8 * gamma * gamma) % P, z3


def _add(left: Point, right: Point) -> Point:
    """left + right, whatever they are: "add-2007-bl" with the three exceptional cases."""
    if not left[2]:
        return right
    if not right[2]:
        return left
    x1, y1, z1 = left
    x2, y2, z2 = right
    z1z1, z2z2 = z1 * z1 % P, z2 * z2 % P
    u1, s1 = x1 * z2z2 % P, y1 * z2 * z2z2 % P
    h = (x2 * z1z1 - u1) % P
    r = (y2 * z1 * z1z1 - s1) % P
    if not h:
        return NEUTRAL if r else _double(left)
    hh = h * h % P
    hhh, v = h * hh % P, u1 * hh % P
    x3 = (r * r - hhh - 2 * v) % P
    return x3, (r * (v - x3) - s1 * hhh) % P, z1 * z2 * h % P


def _multiply(scalar: int, point: Point) -> Point:
    """scalar * point, from the highest bit down."""
    result: Point = NEUTRAL
    for bit in range(255, -1, -1):
        result = _double(result)
        if scalar >> bit & 1:
            result = _add(result, point)
    return result


def _affine(point: Point) -> tuple[int, int]:
    x, y, z = point
    inverse = _inverse(z, P)
    return x * inverse * inverse % P, y * inverse * inverse * inverse % P


def _load_point(public: Data) -> Point:
    """The point of `public`, fully checked (SP 800-56A section 5.6.2.3.3; the cofactor is 1)."""
    if len(public) != 64:
        raise BadPoint("a public key of " + str(len(public)) + " bytes")
    x, y = int.from_bytes(bytes(public[:32]), "big"), int.from_bytes(bytes(public[32:]), "big")
    if x >= P or y >= P or (y * y - (x * x - 3) * x - B) % P:
        raise BadPoint("not a point of P-256")
    return x, y, 1


def _load_private(private: Data) -> int:
    if not p256_is_private(private):
        raise ValueError("not a private key of P-256")
    return int.from_bytes(bytes(private), "big")


def _load_digest(digest: Data) -> int:
    if len(digest) != 32:
        raise ValueError("a digest of " + str(len(digest)) + " bytes")
    return int.from_bytes(bytes(digest), "big")


def p256_is_private(private: Data) -> bool:
    """Whether `private` is 32 bytes, big-endian, of a number in 1..n-1."""
    return len(private) == 32 and 0 < int.from_bytes(bytes(private), "big") < N


def p256_public(private: Data) -> bytes:
    """The public key X || Y (64 bytes). Raises ValueError unless `p256_is_private`."""
    x, y = _affine(_multiply(_load_private(private), G))
    return x.to_bytes(32, "big") + y.to_bytes(32, "big")


def p256_check(public: Data) -> None:
    """Raise BadPoint unless `public` is X || Y (64 bytes) of a point on the curve."""
    _load_point(public)


def p256_ecdh(private: Data, public: Data) -> bytes:
    """The shared secret, 32 bytes: the X of private * public. Raises BadPoint, ValueError."""
    scalar, point = _load_private(private), _load_point(public)
    return _affine(_multiply(scalar, point))[0].to_bytes(32, "big")


def _nonces(private: bytes, digest: bytes, extra: bytes = b"") -> Iterator[int]:
    """The candidates for k of RFC 6979, sections 3.2 and 3.6, with HMAC-SHA256; qlen = hlen = 256."""
    reduced = (int.from_bytes(digest, "big") % N).to_bytes(32, "big")
    v, k = b"\x01" * 32, bytes(32)
    for separator in (b"\x00", b"\x01"):
        k = hmac(sha256, k, v + separator + private + reduced + extra)
        v = hmac(sha256, k, v)
    while True:
        v = hmac(sha256, k, v)
        yield int.from_bytes(v, "big")
        k = hmac(sha256, k, v + b"\x00")
        v = hmac(sha256, k, v)


def p256_sign(private: Data, digest: Data) -> bytes:
    """The signature r || s (64 bytes), the same for the same key and digest (RFC 6979)."""
    return _sign(private, digest, b"")


def p256_sign_hedged(private: Data, digest: Data, extra: Data) -> bytes:
    """As `p256_sign`, with 32 more bytes in the nonce (RFC 6979, section 3.6)."""
    if len(extra) != 32:
        raise ValueError("extra randomness of " + str(len(extra)) + " bytes")
    return _sign(private, digest, bytes(extra))


def _sign(private: Data, digest: Data, extra: bytes) -> bytes:
    key, message = _load_private(private), _load_digest(digest)
    for k in _nonces(bytes(private), bytes(digest), extra):
        if not 0 < k < N:
            continue
        r = _affine(_multiply(k, G))[0] % N
        s = _inverse(k, N) * (message + r * key) % N
        if r and s:
            return r.to_bytes(32, "big") + s.to_bytes(32, "big")
    raise AssertionError("unreachable: the candidates never end")


def p256_verify(public: Data, digest: Data, signature: Data) -> None:
    """Raise BadSignature unless `signature` is by `public` over `digest` (FIPS 186-5, section 6.4.2).

    A public key that is no point verifies nothing. For every signature (r, s) there is a second valid
    one, (r, n - s): never use a signature as an identity.
    """
    message = _load_digest(digest)
    try:
        point = _load_point(public)
    except BadPoint:
        raise BadSignature("by no key: not a point of P-256")
    if len(signature) != 64:
        raise BadSignature("a signature of " + str(len(signature)) + " bytes")
    r, s = int.from_bytes(bytes(signature[:32]), "big"), int.from_bytes(bytes(signature[32:]), "big")
    if not (0 < r < N and 0 < s < N):
        raise BadSignature("r or s is out of bounds")
    w = _inverse(s, N)
    sum = _add(_multiply(message * w % N, G), _multiply(r * w % N, point))
    if not sum[2] or _affine(sum)[0] % N != r:
        raise BadSignature("the signature does not match")
