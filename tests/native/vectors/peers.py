"""What cases are computed with: `hashlib`, `cryptography` over OpenSSL, and Python's integers."""

from __future__ import annotations

import hashlib
import hmac as standard_hmac
from collections.abc import Iterator

from cryptography.hazmat.primitives import cmac as openssl_cmac
from cryptography.hazmat.primitives.ciphers import algorithms

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
