"""SHA-256 in plain Python (FIPS 180-4): what the C code is tested against.

About 2,000 times slower than C. Python's integers do not promise constant time.
"""

from __future__ import annotations

import struct

BLOCK = 64
WORD = 0xFFFF_FFFF


def _primes(count: int) -> list[int]:
    found: list[int] = []
    n = 2
    while len(found) < count:
        if all([n % prime for prime in found]):
            found.append(n)
        n += 1
    return found


def _fraction(n: int, power: int) -> int:
    """The first 32 bits of the fractional part of the `power`-th root of `n`, by bisection."""
    low, high = 0, n << 32
    while high - low > 1:
        middle = (low + high) // 2
        if middle**power <= n << 32 * power:
            low = middle
        else:
            high = middle
    return low & WORD


def _initial() -> list[int]:
    """Section 5.3.3: from the square roots of the first 8 primes."""
    return [_fraction(prime, 2) for prime in _primes(8)]


def _constants() -> list[int]:
    """Section 4.2.2: from the cube roots of the first 64 primes."""
    return [_fraction(prime, 3) for prime in _primes(64)]


INITIAL = tuple(_initial())
CONSTANTS = tuple(_constants())


def _rotate(x: int, n: int) -> int:
    return (x >> n | x << (32 - n)) & WORD


def _schedule(block: bytes) -> list[int]:
    """The 64 words of a block (section 6.2.2, step 1)."""
    w = list(struct.unpack(">16I", block))
    for t in range(16, 64):
        s0 = _rotate(w[t - 15], 7) ^ _rotate(w[t - 15], 18) ^ w[t - 15] >> 3
        s1 = _rotate(w[t - 2], 17) ^ _rotate(w[t - 2], 19) ^ w[t - 2] >> 10
        w.append((s1 + w[t - 7] + s0 + w[t - 16]) & WORD)
    return w


def _compress(state: list[int], block: bytes) -> list[int]:
    """The state after one more block (section 6.2.2, steps 2 to 4)."""
    a, b, c, d, e, f, g, h = state
    for constant, word in zip(CONSTANTS, _schedule(block)):
        t1 = h + (_rotate(e, 6) ^ _rotate(e, 11) ^ _rotate(e, 25)) + ((e & f) ^ (~e & g)) + constant + word
        t2 = (_rotate(a, 2) ^ _rotate(a, 13) ^ _rotate(a, 22)) + ((a & b) ^ (a & c) ^ (b & c))
        a, b, c, d, e, f, g, h = (t1 + t2) & WORD, a, b, c, (d + t1) & WORD, e, f, g
    return [(old + new) & WORD for old, new in zip(state, (a, b, c, d, e, f, g, h))]


class Sha256:
    """A hash in progress."""

    def __init__(self) -> None:
        self._state = list(INITIAL)
        self._rest = b""
        self._length = 0

    def update(self, data: bytes | bytearray | memoryview) -> None:
        """Take more data."""
        self._length += len(data)
        self._rest += bytes(data)
        while len(self._rest) >= BLOCK:
            self._state = _compress(self._state, self._rest[:BLOCK])
            self._rest = self._rest[BLOCK:]

    def digest(self) -> bytes:
        """The 32 bytes of the hash. Ask once, at the end."""
        state = self._state
        zeros = bytes((55 - len(self._rest)) % BLOCK)
        last = self._rest + b"\x80" + zeros + struct.pack(">Q", 8 * self._length)
        for at in range(0, len(last), BLOCK):
            state = _compress(state, last[at : at + BLOCK])
        return struct.pack(">8I", *state)


def sha256(data: bytes | bytearray | memoryview) -> bytes:
    """The 32 bytes of SHA-256 of `data`."""
    hash = Sha256()
    hash.update(data)
    return hash.digest()
