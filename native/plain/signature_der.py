"""ECDSA signatures between r || s and DER (RFC 3279 section 2.2.3): strictly, one encoding of a value."""

from __future__ import annotations

from ..errors import BadSignature

TYPE_CHECKING = False
if TYPE_CHECKING:
    Data = bytes | bytearray | memoryview

SEQUENCE, INTEGER = 0x30, 0x02
NUMBER = 32  # bytes of r and of s


def signature_to_der(raw: Data) -> bytes:
    """The DER of r || s (64 bytes of any values). Raises ValueError for another length."""
    if len(raw) != 2 * NUMBER:
        raise ValueError("a signature of " + str(len(raw)) + " bytes")
    body = _integer(bytes(raw[:NUMBER])) + _integer(bytes(raw[NUMBER:]))
    return bytes((SEQUENCE, len(body))) + body


def _integer(number: bytes) -> bytes:
    """Without leading zeros, and with one where the first bit would be a sign."""
    at = 0
    while at < NUMBER - 1 and not number[at]:
        at += 1
    body = (b"\0" if number[at] & 0x80 else b"") + number[at:]
    return bytes((INTEGER, len(body))) + body


def signature_from_der(der: Data) -> bytes:
    """r || s. Raises BadSignature unless `der` is the DER of two numbers from 1 to 2^256 - 1."""
    data = bytes(der)
    if len(data) < 2 or data[0] != SEQUENCE or data[1] != len(data) - 2:
        raise BadSignature("not a signature in DER")
    r, at = _number(data, 2)
    s, at = _number(data, at)
    if at != len(data):
        raise BadSignature("not a signature in DER")
    return r + s


def _number(data: bytes, at: int) -> tuple[bytes, int]:
    """(the 32 bytes of the INTEGER at a place, the place after it)."""
    if len(data) - at < 3 or data[at] != INTEGER:
        raise BadSignature("not a signature in DER")
    end = at + 2 + data[at + 1]
    body = data[at + 2 : end]
    is_padded = len(body) > 1 and not body[0]
    if data[at + 1] != len(body) or not body or body[0] & 0x80 or (is_padded and not body[1] & 0x80):
        raise BadSignature("not a signature in DER")
    digits = body[1:] if is_padded else body
    if len(digits) > NUMBER or not any(digits):
        raise BadSignature("a number of a signature is out of bounds")
    return bytes(NUMBER - len(digits)) + digits, end
