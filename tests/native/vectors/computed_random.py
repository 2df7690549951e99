"""HMAC-DRBG and the health tests of its noise, for which nobody publishes a set that has both."""

from __future__ import annotations

import itertools
import random
from collections.abc import Iterator

from tests.native.vectors.case import DONE, REFUSED, Suite, number
from tests.native.vectors.peers import SOURCE, hmac_sha256
from tests.native.vectors.wycheproof import PIECES


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
