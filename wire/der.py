"""DER: the distinguished encoding of ASN.1, read strictly.

ITU-T X.690, section 10. Lengths are definite and the shortest, tags are single bytes, integers have
no needless byte, and whoever reads a structure says when it must end. Nothing is copied twice, and
no length is believed before it was compared with what is there.
"""

from __future__ import annotations

from .fault import Invalid

BOOLEAN, INTEGER, BIT_STRING, OCTET_STRING, NULL, OID = 0x01, 0x02, 0x03, 0x04, 0x05, 0x06
UTF8, PRINTABLE, IA5, UTC_TIME, GENERALIZED_TIME = 0x0C, 0x13, 0x16, 0x17, 0x18
SEQUENCE, SET = 0x30, 0x31
MOST = 0xFFFF  # bytes of one value


class Reader:
    """The values in `data[at:end]`, one after the other. Every method raises Invalid."""

    def __init__(self, data: bytes, at: int = 0, end: int = -1) -> None:
        self.data = data
        self.at = at
        self.end = len(data) if end < 0 else end

    @property
    def next_tag(self) -> int:
        """Tag of the value that comes next, or -1 at the end."""
        return self.data[self.at] if self.at < self.end else -1

    def bounds(self, tag: int) -> tuple[int, int]:
        """(start, end) of the content of the next value, which must have `tag`; steps over it."""
        if self.next_tag != tag or tag & 0x1F == 0x1F:
            raise Invalid("DER: tag " + str(self.next_tag) + " where " + str(tag) + " belongs")
        if self.end - self.at < 2:
            raise Invalid("DER: cut short")
        length, start = self.data[self.at + 1], self.at + 2
        if length >= 0x80:
            length, start = self._long_length(length - 0x80, start)
        if length > self.end - start:
            raise Invalid("DER: a lying length")
        self.at = start + length
        return start, self.at

    def _long_length(self, size: int, start: int) -> tuple[int, int]:
        if not 1 <= size <= 2 or size > self.end - start:
            raise Invalid("DER: a length that is indefinite or too long")
        length = int.from_bytes(self.data[start : start + size], "big")
        if length < 0x80 or length < 1 << (8 * (size - 1)):
            raise Invalid("DER: a length that is not the shortest")
        return length, start + size

    def content(self, tag: int) -> bytes:
        """Content of the next value."""
        start, end = self.bounds(tag)
        return self.data[start:end]

    def whole(self, tag: int) -> bytes:
        """The next value with its tag and length: what signatures and names are compared over."""
        before = self.at
        self.bounds(tag)
        return self.data[before : self.at]

    def inside(self, tag: int) -> Reader:
        """A reader of what is within the next value."""
        start, end = self.bounds(tag)
        return Reader(self.data, start, end)

    def finish(self) -> None:
        """Nothing may follow."""
        if self.at != self.end:
            raise Invalid("DER: more than belongs there")

    def oid(self) -> bytes:
        """Content octets of an object identifier, each component in its shortest form."""
        body = self.content(OID)
        first = True
        for byte in body:
            if first and byte == 0x80:
                raise Invalid("DER: an object identifier that is not the shortest")
            first = byte < 0x80
        if not body or not first:
            raise Invalid("DER: an object identifier cut short")
        return body

    def boolean(self) -> bool:
        body = self.content(BOOLEAN)
        if body not in (b"\x00", b"\xff"):
            raise Invalid("DER: a boolean is 00 or ff")
        return body == b"\xff"

    def unsigned(self, most: int = 32) -> bytes:
        """A whole number not below zero, big-endian without leading zeros, of at most `most` bytes."""
        body = self.content(INTEGER)
        if not body or body[0] >= 0x80:
            raise Invalid("DER: a number that is empty or negative")
        if len(body) > 1 and body[0] == 0:
            body = body[1:]
            if body[0] < 0x80:
                raise Invalid("DER: a number that is not the shortest")
        if len(body) > most:
            raise Invalid("DER: a number beyond its bounds")
        return body

    def bits(self) -> bytes:
        """A bit string of whole bytes."""
        body = self.content(BIT_STRING)
        if not body or body[0]:
            raise Invalid("DER: not a bit string of whole bytes")
        return body[1:]

    def flags(self) -> int:
        """A named bit list of at most 16 bits; bit 0 of the list is 0x8000 (X.690, section 11.2.2)."""
        body = self.content(BIT_STRING)
        if not 2 <= len(body) <= 3 or body[0] > 7:
            raise Invalid("DER: not a bit list")
        unused = body[0]
        if not body[-1] & (1 << unused) or body[-1] & ((1 << unused) - 1):
            raise Invalid("DER: a bit list with trailing zeros")
        return (body[1] << 8 | (body[2] if len(body) == 3 else 0)) & 0xFFFF


def encode(tag: int, content: bytes) -> bytes:
    """One value."""
    length = len(content)
    if length > MOST:
        raise Invalid("DER: a value beyond 65535 bytes")
    if length < 0x80:
        return bytes((tag, length)) + content
    if length < 0x100:
        return bytes((tag, 0x81, length)) + content
    return bytes((tag, 0x82, length >> 8, length & 0xFF)) + content


def encode_unsigned(number: bytes) -> bytes:
    """An INTEGER from a big-endian number of any width."""
    at = 0
    while at < len(number) - 1 and not number[at]:
        at += 1
    body = number[at:] or b"\x00"
    return encode(INTEGER, b"\x00" + body if body[0] >= 0x80 else body)


def der_signature_to_raw(data: bytes) -> bytes:
    """r||s (64 bytes) of an ECDSA-Sig-Value (RFC 3279, section 2.2.3). Raises Invalid."""
    outer = Reader(bytes(data))
    inner = outer.inside(SEQUENCE)
    outer.finish()
    r, s = inner.unsigned(), inner.unsigned()
    inner.finish()
    return bytes(32 - len(r)) + r + bytes(32 - len(s)) + s


def raw_to_der(signature: bytes) -> bytes:
    """The ECDSA-Sig-Value of r||s (64 bytes). Raises Invalid."""
    if len(signature) != 64:
        raise Invalid("a raw signature is 64 bytes")
    return encode(SEQUENCE, encode_unsigned(signature[:32]) + encode_unsigned(signature[32:]))
