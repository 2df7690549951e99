"""One X.509 certificate, read whole and strictly: what it says, and not whether it is true.

RFC 5280 section 4.1. Reading proves nothing; `wire.x509` decides what to believe.
"""

from __future__ import annotations

import binascii

from . import utf8
from .der import (
    BOOLEAN,
    GENERALIZED_TIME,
    IA5,
    INTEGER,
    OCTET_STRING,
    PRINTABLE,
    SEQUENCE,
    SET,
    UTC_TIME,
    UTF8,
    Reader,
    der_signature_to_raw,
)  # fmt: skip
from .fault import Invalid

MOST_BYTES = 8192  # of one certificate
ECDSA_SHA256 = bytes.fromhex("300a06082a8648ce3d040302")  # AlgorithmIdentifier, 1.2.840.10045.4.3.2
P256_KEY = bytes.fromhex("301306072a8648ce3d020106082a8648ce3d030107")  # id-ecPublicKey on secp256r1
COMMON_NAME = bytes.fromhex("550403")  # 2.5.4.3
KEY_USAGE = bytes.fromhex("551d0f")  # 2.5.29.15
ALTERNATIVE_NAME = bytes.fromhex("551d11")  # 2.5.29.17
BASIC_CONSTRAINTS = bytes.fromhex("551d13")  # 2.5.29.19
NAME_CONSTRAINTS = bytes.fromhex("551d1e")  # 2.5.29.30
EXTENDED_USAGE = bytes.fromhex("551d25")  # 2.5.29.37
SERVER_AUTH = bytes.fromhex("2b06010505070301")  # 1.3.6.1.5.5.7.3.1
CLIENT_AUTH = bytes.fromhex("2b06010505070302")
BASE64 = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
SIGN, SIGN_CERTIFICATES = 0x8000, 0x0400  # bits 0 and 5 of KeyUsage
OTHER_NAMES = (0xA0, 0x81, 0xA3, 0xA4, 0xA5, 0x86, 0x88)  # alternatives to a DNS name or an address


class Certificate:
    """`signed` are the bytes the signature is over; names are kept encoded, for comparing.

    `usage` is -1 and `purposes` None where the certificate does not say; `path_length` is -1 where
    there is no limit. Times are milliseconds since 1970, `not_after_ms` the last that is valid.
    """

    def __init__(self) -> None:
        self.signed = b""
        self.signature = b""
        self.serial = b""
        self.issuer = b""
        self.subject = b""
        self.common_name = ""
        self.public = b""
        self.not_before_ms = 0
        self.not_after_ms = 0
        self.is_authority = False
        self.path_length = -1
        self.usage = -1
        self.purposes: list[bytes] | None = None
        self.hosts: list[str] = []
        self.addresses: list[bytes] = []


def parse(data: bytes) -> Certificate:
    """The certificate in `data`. Raises Invalid if one byte of it is not as it must be."""
    data = bytes(data)
    if len(data) > MOST_BYTES:
        raise Invalid("a certificate beyond " + str(MOST_BYTES) + " bytes")
    outer = Reader(data)
    reader = outer.inside(SEQUENCE)
    outer.finish()
    found = Certificate()
    found.signed = reader.whole(SEQUENCE)
    if reader.whole(SEQUENCE) != ECDSA_SHA256:
        raise Invalid("a signature algorithm other than ecdsa-with-SHA256")
    found.signature = der_signature_to_raw(reader.bits())
    reader.finish()
    _read_signed(found, Reader(found.signed).inside(SEQUENCE))
    return found


def summary(data: bytes) -> tuple[str, int]:
    """(common name of the subject, last valid moment in ms since 1970) of a certificate."""
    found = parse(data)
    return found.common_name, found.not_after_ms


def _read_signed(found: Certificate, reader: Reader) -> None:
    version = reader.inside(0xA0)
    if version.content(INTEGER) != b"\x02":
        raise Invalid("not a version 3 certificate")
    version.finish()
    found.serial = reader.unsigned(20)
    if found.serial == b"\x00":
        raise Invalid("a serial number of zero")
    if reader.whole(SEQUENCE) != ECDSA_SHA256:
        raise Invalid("the signed algorithm is not the one outside")
    found.issuer, _ = _name(reader)
    if found.issuer == b"\x30\x00":
        raise Invalid("an issuer without a name")
    validity = reader.inside(SEQUENCE)
    found.not_before_ms = _time(validity) * 1000
    found.not_after_ms = _time(validity) * 1000 + 999
    validity.finish()
    found.subject, found.common_name = _name(reader)
    found.public = _public(reader.inside(SEQUENCE))
    _read_extensions(found, reader.inside(0xA3))
    reader.finish()


def _name(reader: Reader) -> tuple[bytes, str]:
    """(the encoded name, its last common name)."""
    whole, common_name = reader.whole(SEQUENCE), ""
    parts = Reader(whole).inside(SEQUENCE)
    while parts.next_tag >= 0:
        relative = parts.inside(SET)
        while True:
            pair = relative.inside(SEQUENCE)
            kind, tag = pair.oid(), pair.next_tag
            value = pair.content(tag)
            pair.finish()
            if kind == COMMON_NAME and tag in (UTF8, PRINTABLE, IA5):
                common_name = utf8.decode(value, "a common name")
            if relative.next_tag < 0:
                break
    return whole, common_name


def _public(reader: Reader) -> bytes:
    if reader.whole(SEQUENCE) != P256_KEY:
        raise Invalid("a key that is not on P-256")
    point = reader.bits()
    reader.finish()
    if len(point) != 65 or point[0] != 4:
        raise Invalid("a point that is not uncompressed")
    return point[1:]


def _time(reader: Reader) -> int:
    """Seconds since 1970. Until 2049 a UTCTime, from 2050 a GeneralizedTime (section 4.1.2.5)."""
    if reader.next_tag == UTC_TIME:
        digits = _digits(reader.content(UTC_TIME), 12)
        year = int(digits[:2])
        year += 1900 if year >= 50 else 2000
    else:
        digits = _digits(reader.content(GENERALIZED_TIME), 14)
        year = int(digits[:4])
        if year < 2050:
            raise Invalid("a time before 2050 that is not a UTCTime")
        digits = digits[2:]
    month, day, hour, minute, second = [int(digits[at : at + 2]) for at in (2, 4, 6, 8, 10)]
    if not (1 <= month <= 12 and 1 <= day <= _days(year, month) and hour < 24 and minute < 60 and second < 60):
        raise Invalid("a time that does not exist")
    return ((_day_number(year, month, day) * 24 + hour) * 60 + minute) * 60 + second


def _digits(body: bytes, count: int) -> str:
    if len(body) != count + 1 or body[-1] != 0x5A or not all([0x30 <= byte <= 0x39 for byte in body[:-1]]):
        raise Invalid("a time that is not " + str(count) + " digits and a Z")
    return body[:-1].decode()


def _days(year: int, month: int) -> int:
    if month == 2:
        return 29 if year % 4 == 0 and (year % 100 or year % 400 == 0) else 28
    return 30 if month in (4, 6, 9, 11) else 31


def _day_number(year: int, month: int, day: int) -> int:
    """Days since 1970-01-01, counting years from March so that the leap day is the last."""
    if month < 3:
        year, month = year - 1, month + 12
    return year * 365 + year // 4 - year // 100 + year // 400 + (153 * month - 457) // 5 + day - 719469


def _read_extensions(found: Certificate, outer: Reader) -> None:
    reader, seen = outer.inside(SEQUENCE), []
    outer.finish()
    while True:
        extension = reader.inside(SEQUENCE)
        kind, is_critical = extension.oid(), False
        if extension.next_tag == BOOLEAN:
            is_critical = extension.boolean()
            if not is_critical:
                raise Invalid("a default that is spelt out")
        value = extension.inside(OCTET_STRING)
        extension.finish()
        if kind in seen:
            raise Invalid("an extension given twice")
        seen.append(kind)
        _read_extension(found, kind, is_critical, value)
        if reader.next_tag < 0:
            break


def _read_extension(found: Certificate, kind: bytes, is_critical: bool, value: Reader) -> None:
    read = EXTENSIONS.get(kind)
    if read is not None:
        read(found, value)
        value.finish()
    elif is_critical or kind == NAME_CONSTRAINTS:
        # Name constraints must be critical (4.2.1.10); one that is not would else go unheeded.
        raise Invalid("a critical extension that is not known here: " + kind.hex())


def _constraints(found: Certificate, value: Reader) -> None:
    inner = value.inside(SEQUENCE)
    if inner.next_tag == BOOLEAN:
        found.is_authority = inner.boolean()
        if not found.is_authority:
            raise Invalid("a default that is spelt out")
    if inner.next_tag == INTEGER:
        found.path_length = int.from_bytes(inner.unsigned(2), "big")
        if not found.is_authority:
            raise Invalid("a path length without authority")
    inner.finish()


def _usage(found: Certificate, value: Reader) -> None:
    found.usage = value.flags()


def _purposes(found: Certificate, value: Reader) -> None:
    inner, found.purposes = value.inside(SEQUENCE), []
    while True:
        found.purposes.append(inner.oid())
        if inner.next_tag < 0:
            break


def _alternatives(found: Certificate, value: Reader) -> None:
    inner = value.inside(SEQUENCE)
    while True:
        tag = inner.next_tag
        body = inner.content(tag)
        if tag == 0x82:
            found.hosts.append(_host(body))
        elif tag == 0x87:
            if len(body) not in (4, 16):
                raise Invalid("an address of a wrong length")
            found.addresses.append(body)
        elif tag not in OTHER_NAMES:
            raise Invalid("a name of a kind that does not exist")
        if inner.next_tag < 0:
            break


def _host(body: bytes) -> str:
    # A NUL in a name once made "bank.example\0.evil.example" pass for bank.example.
    if not body or not all([0x21 <= byte <= 0x7E for byte in body]):
        raise Invalid("a DNS name with a character that does not belong there")
    return body.decode()


EXTENSIONS = {
    BASIC_CONSTRAINTS: _constraints,
    KEY_USAGE: _usage,
    EXTENDED_USAGE: _purposes,
    ALTERNATIVE_NAME: _alternatives,
}


def pem_to_der(text: str | bytes) -> list[bytes]:
    """The certificates of a PEM text (RFC 7468), in order. Raises Invalid."""
    if not isinstance(text, str):
        text = utf8.decode(bytes(text), "PEM")
    found: list[bytes] = []
    block: list[str] | None = None
    for line in text.split("\n"):
        line = line.strip()
        if line == "-----BEGIN CERTIFICATE-----" and block is None:
            block = []
        elif line == "-----END CERTIFICATE-----" and block is not None:
            found.append(_base64("".join(block)))
            block = None
        elif line.startswith("-----"):
            raise Invalid("a PEM boundary that does not belong there")
        elif block is not None:
            block.append(line)
    if block is not None:
        raise Invalid("a PEM block without an end")
    return found


def _base64(text: str) -> bytes:
    # Decoders differ in what they skip and raise, so only the one good spelling reaches one.
    letters = text.rstrip("=")
    if not letters or len(text) % 4 or len(text) - len(letters) > 2 or not all([letter in BASE64 for letter in letters]):
        raise Invalid("PEM that is not base 64")
    data = binascii.a2b_base64(text.encode())
    if binascii.b2a_base64(data).strip().decode() != text:
        raise Invalid("PEM with bits after its end")
    return data
