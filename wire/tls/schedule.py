"""The key schedule: from one shared secret to every key, each bound to what was said so far.

RFC 8446 section 7.1, without pre-shared keys. Secrets are kept in byte arrays and cleared when they
have served; copies that the interpreter or the suite made on the way are beyond our reach.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ..suite import Suite

SIZE = 32  # of a digest and of every secret


def clear(secret: bytearray) -> None:
    for at in range(len(secret)):
        secret[at] = 0


def expand_label(suite: Suite, secret: bytes | bytearray, label: str, context: bytes, length: int) -> bytearray:
    """HKDF-Expand-Label."""
    name = b"tls13 " + label.encode()
    info = length.to_bytes(2, "big") + bytes((len(name),)) + name + bytes((len(context),)) + context
    return bytearray(suite.hkdf_expand(secret, info, length))


def finished_value(suite: Suite, secret: bytearray, transcript: bytes) -> bytes:
    """verify_data of the end that holds `secret` (section 4.4.4)."""
    key = expand_label(suite, secret, "finished", b"", SIZE)
    value = suite.hmac_sha256(key, transcript)
    clear(key)
    return value


class Schedule:
    """The secrets of one connection, stage by stage: early, handshake, master."""

    def __init__(self, suite: Suite) -> None:
        self._suite = suite
        self._secret = bytearray(suite.hkdf_extract(bytes(SIZE), bytes(SIZE)))

    def advance(self, secret: bytes | bytearray) -> None:
        """Mix `secret` in: the ECDHE secret for the handshake, zeros for the data after it."""
        salt = expand_label(self._suite, self._secret, "derived", self._suite.sha256(b""), SIZE)
        clear(self._secret)
        self._secret = bytearray(self._suite.hkdf_extract(salt, secret))
        clear(salt)

    def traffic(self, label: str, transcript: bytes) -> bytearray:
        """A traffic secret of this stage, bound to the hash of the messages up to here."""
        return expand_label(self._suite, self._secret, label, transcript, SIZE)

    def clear(self) -> None:
        clear(self._secret)
