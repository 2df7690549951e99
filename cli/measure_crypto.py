"""What `armillary bench crypto` measures: our crypto at the Python boundary, each operation beside a named peer.

Ours and the peer's take turns in short slices on one CPU, timed by the processor time they take; the
ratio is the median over the rounds, which no other load of the machine moves much. Above 1 ours is faster.
"""

from __future__ import annotations

import hashlib
import os
import statistics
import time
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any, NamedTuple

from armillary import native

Report = Callable[[dict[str, Any]], None]
Act = Callable[[], object]
ROUNDS = 31
SLICE_S = 0.002
PAGE, IMAGE = 4096, 512 * 1024
BATCH = 16


class Row(NamedTuple):
    """One operation: what it is, the least ratio wanted (or None), who the peer is, and both as functions.

    `each` is how many operations one call makes. `missing` says how to get a peer that is not here.
    """

    what: str
    goal: float | None
    peer: str
    ours: Act | None
    theirs: Act | None
    each: int = 1
    missing: str = ""


def crypto(report: Report, rounds: int = ROUNDS) -> None:
    """Every row of the table, and at last the two that need more than a function."""
    from .measure_device import evidence

    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {max(before)})
    try:
        report({"what": "engine", "is": native.describe()})
        for row in rows():
            report(measure(row, rounds))
    finally:
        os.sched_setaffinity(0, before)
    report(evidence())


def rows() -> Iterator[Row]:
    """The rows, made one by one so that nothing of the next is in memory."""
    yield from hashing()
    yield from authentication()
    yield from sealing()
    yield from signing()
    yield image()


def measure(row: Row, rounds: int) -> dict[str, Any]:
    """The figures of one row, medians over the rounds."""
    if row.ours is None or row.theirs is None:
        return {"what": row.what, "goal": row.goal, "peer": row.peer, "missing": row.missing}
    counts = [_calls(row.ours), _calls(row.theirs)]
    taken: list[tuple[float, float]] = []
    for _ in range(rounds):
        taken.append((_slice(row.ours, counts[0]) / row.each, _slice(row.theirs, counts[1]) / row.each))
    return figure(row.what, row.goal, row.peer, taken)


def figure(what: str, goal: float | None, peer: str, taken: list[tuple[float, float]]) -> dict[str, Any]:
    """The figures of rounds of (ours, theirs) in microseconds."""
    ratio = statistics.median([theirs / ours for ours, theirs in taken])
    return {
        "what": what, "us": round(statistics.median([ours for ours, _ in taken]), 3), "peer": peer,
        "peer_us": round(statistics.median([theirs for _, theirs in taken]), 3), "ratio": round(ratio, 2), "goal": goal,
    }  # fmt: skip


def _calls(act: Act) -> int:
    """How many calls fill a slice."""
    act()
    start = time.thread_time()
    act()
    return max(1, int(SLICE_S / max(time.thread_time() - start, 1e-7)))


def _slice(act: Act, calls: int) -> float:
    """Microseconds a call takes."""
    start = time.thread_time()
    for _ in range(calls):
        act()
    return (time.thread_time() - start) / calls * 1e6


def hashing() -> Iterator[Row]:
    """SHA-256 of little, of much, and of the pages of an image."""
    for name, goal, size in (("64 B", 1.25, 64), ("64 KiB", 0.98, 65536)):
        data = os.urandom(size)
        yield Row(f"SHA-256 {name}", goal, "hashlib", partial(_by_engine, data), partial(_by_hashlib, data))
    whole, pages, peer = os.urandom(IMAGE), native.sha256_pages, hashlib.sha256
    view, at = memoryview(whole), range(0, IMAGE, PAGE)

    def one_by_one() -> bytes:
        return b"".join([peer(view[page : page + PAGE]).digest() for page in at])

    yield Row("SHA-256 of 128 pages", 1.3, "hashlib, page by page", lambda: pages(whole, PAGE), one_by_one)


def _by_engine(data: bytes) -> bytes:
    return native.sha256(data)


def _by_hashlib(data: bytes) -> bytes:
    return hashlib.sha256(data).digest()


def authentication() -> Iterator[Row]:
    """HMAC and HKDF."""
    from cryptography.hazmat.primitives.hashes import SHA256
    from cryptography.hazmat.primitives.hmac import HMAC
    from cryptography.hazmat.primitives.kdf.hkdf import HKDF

    key, data, salt, info = os.urandom(32), os.urandom(64), os.urandom(32), b"purpose"

    def hmac() -> bytes:
        tag = HMAC(key, SHA256())
        tag.update(data)
        return tag.finalize()

    yield Row("HMAC 64 B", 2.5, "cryptography", lambda: native.hmac_sha256(key, data), hmac)
    yield Row(
        "HKDF 32 B", 3.5, "cryptography", lambda: native.hkdf(salt, key, info, 32),
        lambda: HKDF(SHA256(), 32, salt, info).derive(key),
    )  # fmt: skip


def sealing() -> Iterator[Row]:
    """AES-256-GCM into the caller's buffer, with the key at hand on both sides.

    The peer is called as it is everywhere, and gives new bytes; for much data also into a buffer, which is newer.
    """
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

    key, nonce, aad = os.urandom(32), os.urandom(12), os.urandom(13)
    ours, peer = native.AesGcm(key), AESGCM(key)
    for name, goal, size in (("64 B", 1.4, 64), ("1 KiB", 1.5, 1024), ("64 KiB", 1.1, 65536)):
        text, sealed, out = os.urandom(size), bytearray(size + 16), bytearray(size)
        seal = partial(ours.seal_into, nonce, aad, text, sealed)
        seal()
        data = bytes(sealed)
        open_ = partial(ours.open_into, nonce, aad, data, out)
        yield Row(f"AES-256-GCM seal {name}", goal, "cryptography", seal, partial(peer.encrypt, nonce, text, aad))
        yield Row(f"AES-256-GCM open {name}", goal, "cryptography", open_, partial(peer.decrypt, nonce, data, aad))
        if size == 65536 and hasattr(peer, "encrypt_into"):
            into, back = partial(peer.encrypt_into, nonce, text, aad, sealed), partial(peer.decrypt_into, nonce, data, aad, out)
            yield Row(f"AES-256-GCM seal {name}", None, "cryptography, into a buffer too", seal, into)
            yield Row(f"AES-256-GCM open {name}", None, "cryptography, into a buffer too", open_, back)


def signing() -> Iterator[Row]:
    """P-256. The peer's keys are loaded beforehand and its digest made; ours come as bytes."""
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.hazmat.primitives.asymmetric.utils import Prehashed
    from cryptography.hazmat.primitives.hashes import SHA256

    private, digest = native.sha256(b"bench"), native.sha256(b"message")
    public, signature = native.p256_public(private), native.p256_sign(private, digest)
    key = ec.derive_private_key(int.from_bytes(private, "big"), ec.SECP256R1())
    other, ecdsa, der = key.public_key(), ec.ECDSA(Prehashed(SHA256())), native.signature_to_der(signature)
    known, claims = native.P256Key(public), [(public, digest, signature)] * BATCH

    def verify() -> None:
        other.verify(der, digest, ecdsa)

    def verify_batch() -> None:
        for _ in range(BATCH):
            other.verify(der, digest, ecdsa)

    yield Row("P-256 sign", 1.0, "cryptography", lambda: native.p256_sign(private, digest), lambda: key.sign(digest, ecdsa))
    yield Row("P-256 verify, unknown key", 1.0, "cryptography", lambda: native.p256_verify(public, digest, signature), verify)
    yield Row("P-256 verify, known key", 3.0, "cryptography", lambda: known.verify(digest, signature), verify)
    yield Row(
        f"P-256 verify, batch of {BATCH}", 4.0, "cryptography", lambda: native.p256_verify_many(claims), verify_batch, BATCH
    )
    yield Row(
        "P-256 ECDH", 0.9, "cryptography", lambda: native.p256_ecdh(private, public), lambda: key.exchange(ec.ECDH(), other)
    )


def image() -> Row:
    """An image of 512 KiB verified and measured as Pluton does at boot, beside MCUboot's tool."""
    from .measure_device import imgtool_verifies, pluton_verifies

    what, goal, peer = "image verify and measure, 512 KiB", 2.0, "imgtool, in process"
    theirs = imgtool_verifies(IMAGE)
    missing = "" if theirs else "pip install imgtool"
    return Row(what, goal, peer, pluton_verifies(IMAGE), theirs, missing=missing)
