"""Records: how messages are cut, sealed and numbered.

RFC 8446 section 5. Every record from a server has version 0x0303 on it; the standard would have us
look away, but a byte that nobody checks is a byte that somebody may change.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from .alert import refuse
from .schedule import clear, expand_label

if TYPE_CHECKING:
    from ..suite import Suite

CHANGE_CIPHER, ALERT, HANDSHAKE, APPLICATION = 20, 21, 22, 23
HEADER = 5
MOST_PLAIN = 1 << 14
MOST_SEALED = MOST_PLAIN + 256
TAG = 16
MOST_RECORDS = 1 << 24  # under one key: below 2**24.5, the bound for AES-GCM (section 5.5)
UPDATE_AT = MOST_RECORDS - 256  # records sent under one key before we ask for the next
CHANGE = b"\x14\x03\x03\x00\x01\x01"  # the record that only comforts middleboxes (appendix D.4)


def plain(kind: int, body: bytes, version: int = 0x0303) -> bytes:
    """A record without protection."""
    return bytes((kind,)) + version.to_bytes(2, "big") + len(body).to_bytes(2, "big") + body


def check_header(header: bytes, is_sealed: bool) -> int:
    """Length of the body that follows. Raises Failed for a header no server sends."""
    kind, length = header[0], header[3] << 8 | header[4]
    if not CHANGE_CIPHER <= kind <= APPLICATION:
        raise refuse("unexpected_message", "not a TLS record: type " + str(kind), "5.1")
    if header[1:3] != b"\x03\x03":
        raise refuse("protocol_version", "a record of another version of TLS", "5.1")
    if kind == CHANGE_CIPHER and length != 1:
        raise refuse("unexpected_message", "a change of cipher that is not one byte", "5")
    if not length:
        raise refuse("decode_error", "a record without a body", "5.1")
    if length > (MOST_SEALED if is_sealed else MOST_PLAIN):
        raise refuse("record_overflow", "a record of " + str(length) + " bytes", "5.1")
    return length


class Protection:
    """One direction under one traffic secret. Takes the secret over and clears it in the end."""

    def __init__(self, suite: Suite, secret: bytearray) -> None:
        self._suite = suite
        self._secret = secret
        self._use()

    def _use(self) -> None:
        self._key = expand_label(self._suite, self._secret, "key", b"", 16)
        self._vector = expand_label(self._suite, self._secret, "iv", b"", 12)
        self.sequence = 0

    def seal(self, kind: int, data: bytes) -> bytes:
        """The record that carries `data`, at most MOST_PLAIN bytes of one kind."""
        header = bytes((APPLICATION, 3, 3)) + (len(data) + 1 + TAG).to_bytes(2, "big")
        inner = bytes(data) + bytes((kind,))
        return header + self._suite.aes_gcm_seal(self._key, self._nonce(), header, inner)

    def open(self, header: bytes, body: bytes) -> tuple[int, bytes]:
        """(kind, data) of a record. Raises Failed unless it is the next one, unchanged."""
        try:
            inner = self._suite.aes_gcm_open(self._key, self._nonce(), header, body)
        except ValueError:
            raise refuse("bad_record_mac", "a record that was changed, or is out of order", "5.2")
        if len(inner) > MOST_PLAIN + 1:
            raise refuse("record_overflow", "a record with too much in it", "5.4")
        end = len(inner)
        while end and not inner[end - 1]:
            end -= 1
        if not end:
            raise refuse("unexpected_message", "a record of nothing but padding", "5.4")
        return inner[end - 1], inner[: end - 1]

    def _nonce(self) -> bytes:
        if self.sequence >= MOST_RECORDS:
            raise refuse("internal_error", "a key that has served its time", "5.5")
        nonce = bytearray(self._vector)
        for at, byte in enumerate(self.sequence.to_bytes(8, "big")):
            nonce[4 + at] ^= byte
        self.sequence += 1
        return bytes(nonce)

    def update(self) -> None:
        """Go to the next generation of keys (section 7.2)."""
        following = expand_label(self._suite, self._secret, "traffic upd", b"", 32)
        self.clear()
        self._secret = following
        self._use()

    def clear(self) -> None:
        """Forget the keys."""
        for secret in (self._secret, self._key, self._vector):
            clear(secret)
