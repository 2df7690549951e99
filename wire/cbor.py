"""CBOR, the deterministic part: one value has one encoding, and the reader accepts no other.

RFC 8949 with the core deterministic rules of its section 4.2.1: shortest lengths, definite lengths,
map keys in the order of their encodings. Known values are integers, bytes, text, lists, maps whose
keys are integers, bytes or text, tags, booleans and None. There are no floats: nothing of ours
needs one, and two readers seldom agree on them.
"""

from __future__ import annotations

from . import utf8
from .fault import Invalid

MOST_DEPTH = 8  # containers and tags within one another

UNSIGNED, NEGATIVE, BYTES, TEXT, ARRAY, MAP, TAG, SIMPLE = range(8)  # major types
HIGHEST = (1 << 64) - 1
SIMPLES = {20: False, 21: True, 22: None}


class Tag:
    """A value with a meaning: `number` is registered with IANA (RFC 8949, section 3.4)."""

    def __init__(self, number: int, value: object) -> None:
        self.number = number
        self.value = value


def dumps(value: object) -> bytes:
    """The one encoding of `value`; a map is a dict or `Pairs`. Raises Invalid if it has none here."""
    out = bytearray()
    _write(out, value, 0)
    return bytes(out)


class Pairs:
    """A map given as (key, value) pairs, in any order; a key given twice is refused."""

    def __init__(self, pairs: list[tuple[object, object]]) -> None:
        self.pairs = pairs


def _write(out: bytearray, value: object, depth: int) -> None:
    if value is None or value is False or value is True:
        out.append(SIMPLE << 5 | (22 if value is None else 21 if value else 20))
    elif isinstance(value, int):
        _write_head(out, *((UNSIGNED, value) if value >= 0 else (NEGATIVE, -1 - value)))
    elif isinstance(value, (bytes, bytearray, memoryview)):
        _write_head(out, BYTES, len(value))
        out.extend(value)
    elif isinstance(value, str):
        body = value.encode()
        _write_head(out, TEXT, len(body))
        out.extend(body)
    else:
        _write_container(out, value, depth)


def _write_container(out: bytearray, value: object, depth: int) -> None:
    if depth == MOST_DEPTH:
        raise Invalid("CBOR nested too deeply")
    if isinstance(value, (list, tuple)):
        _write_head(out, ARRAY, len(value))
        for item in value:
            _write(out, item, depth + 1)
    elif isinstance(value, dict):
        _write_map(out, list(value.items()), depth)
    elif isinstance(value, Pairs):
        _write_map(out, value.pairs, depth)
    elif isinstance(value, Tag):
        _write_head(out, TAG, value.number)
        _write(out, value.value, depth + 1)
    else:
        raise Invalid("CBOR has no encoding here for " + type(value).__name__)


def _write_map(out: bytearray, pairs: list[tuple[object, object]], depth: int) -> None:
    encoded = []
    for key, value in pairs:
        if not _is_key(key):
            raise Invalid("a CBOR map key must be an integer, bytes or text")
        body = bytearray()
        _write(body, value, depth + 1)
        encoded.append((dumps(key), bytes(body)))
    encoded.sort()  # keys differ, so values never decide
    _write_head(out, MAP, len(encoded))
    last = None
    for name, content in encoded:
        if name == last:
            raise Invalid("a CBOR map key is given twice")
        last = name
        out.extend(name)
        out.extend(content)


def _write_head(out: bytearray, major: int, value: int) -> None:
    if not 0 <= value <= HIGHEST:
        raise Invalid("an integer beyond 64 bits")
    if value < 24:
        out.append(major << 5 | value)
        return
    size = 1 if value < 1 << 8 else 2 if value < 1 << 16 else 4 if value < 1 << 32 else 8
    out.append(major << 5 | (24 + (1, 2, 4, 8).index(size)))
    out.extend(value.to_bytes(size, "big"))


def _is_key(value: object) -> bool:
    # On CPython True is an int, and as a key it would be equal to 1.
    return value is not True and value is not False and isinstance(value, (int, bytes, str))


def loads(data: bytes) -> object:
    """The value whose one encoding is `data`. Maps come as dict, arrays as list, tags as Tag.

    Raises Invalid for anything else: an encoding that is longer than needed, out of order, of
    indefinite length, cut short, nested more than MOST_DEPTH deep, or followed by more bytes.
    """
    reader = _Reader(bytes(data))
    value = reader.value(0)
    if reader.at != len(reader.data):
        raise Invalid("bytes after the CBOR value: " + str(len(reader.data) - reader.at))
    return value


class _Reader:
    def __init__(self, data: bytes) -> None:
        self.data = data
        self.at = 0

    def take(self, length: int) -> bytes:
        if length > len(self.data) - self.at:
            raise Invalid("CBOR cut short, or a lying length")
        self.at += length
        return self.data[self.at - length : self.at]

    def head(self) -> tuple[int, int]:
        """(major type, argument), the argument in its shortest form or Invalid."""
        first = self.take(1)[0]
        major, short = first >> 5, first & 31
        if short < 24:
            return major, short
        if short > 27 or major == SIMPLE:
            raise Invalid("CBOR of indefinite length, reserved, or not known here")
        size = 1 << (short - 24)
        value = int.from_bytes(self.take(size), "big")
        if value < (24 if size == 1 else 1 << (4 * size)):
            raise Invalid("a CBOR number or length that is not the shortest")
        return major, value

    def value(self, depth: int) -> object:
        major, number = self.head()
        if major == UNSIGNED:
            return number
        if major == NEGATIVE:
            return -1 - number
        if major == BYTES:
            return self.take(number)
        if major == TEXT:
            return utf8.decode(self.take(number), "CBOR text")
        if major == SIMPLE:
            if number not in SIMPLES:
                raise Invalid("a CBOR simple value that is not known here: " + str(number))
            return SIMPLES[number]
        if depth == MOST_DEPTH:
            raise Invalid("CBOR nested too deeply")
        if major == TAG:
            return Tag(number, self.value(depth + 1))
        return self.array(number, depth) if major == ARRAY else self.map(number, depth)

    def array(self, count: int, depth: int) -> list[object]:
        if count > len(self.data) - self.at:  # each item takes a byte at least
            raise Invalid("a CBOR array with a lying length")
        return [self.value(depth + 1) for _ in range(count)]

    def map(self, count: int, depth: int) -> dict[object, object]:
        if 2 * count > len(self.data) - self.at:
            raise Invalid("a CBOR map with a lying length")
        found: dict[object, object] = {}
        last = b""
        for _ in range(count):
            start = self.at
            key = self.value(MOST_DEPTH)  # a key is not a container
            if not _is_key(key):
                raise Invalid("a CBOR map key must be an integer, bytes or text")
            encoded = self.data[start : self.at]
            if encoded <= last:
                raise Invalid("CBOR map keys out of order, or one twice")
            last = encoded
            found[key] = self.value(depth + 1)
        return found

