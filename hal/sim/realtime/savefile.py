"""The file of a saved state: records of plain values, each with a name, and a digest over all.

| bytes | |
|---|---|
| 8 | 89 52 54 43 48 49 50 0A |
| 2 | version, 1; numbers are big-endian |
| for each record: 1, name | length and ASCII of its name |
| 4, body | length and CBOR of its value, in the one encoding of `wire.cbor` |
| 32 | SHA-256 of all before |

A record comes once, in the order in which the chip names them. Nothing is believed before the digest is right and
the whole file is read; a refusal names the offset of the record, or of what is wrong between records.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any, NamedTuple

from ....wire import cbor
from ....wire.fault import Invalid
from ..state import BadState

if TYPE_CHECKING:
    from collections.abc import Mapping

MAGIC, VERSION = b"\x89RTCHIP\n", 2
HEAD, DIGEST = 10, 32  # bytes
MOST_FILE = 64 << 20
MOST_RECORDS = 512


class Record(NamedTuple):
    """A value, and where in the file it stands."""

    value: Any
    offset: int


def pack(values: Mapping[str, object]) -> bytes:
    """The file of these records."""
    out = bytearray(MAGIC + VERSION.to_bytes(2, "big"))
    for name, value in values.items():
        body = cbor.dumps(value)
        out += bytes([len(name)]) + name.encode("ascii") + len(body).to_bytes(4, "big") + body
    return bytes(out + hashlib.sha256(out).digest())


def unpack(data: bytes) -> dict[str, Record]:
    """The records of a file. Raises BadState."""
    _check_frame(data)
    found: dict[str, Record] = {}
    at, end = HEAD, len(data) - DIGEST
    while at < end:
        start = at
        name, at = _counted(data, at, end, 1)
        body, at = _counted(data, at, end, 4)
        try:
            text = name.decode("ascii")
            if text in found or len(found) == MOST_RECORDS:
                raise BadState(f"a record {text!r} too many", start)
            found[text] = Record(cbor.loads(body), start)
        except UnicodeDecodeError:
            raise BadState("a record whose name is not ASCII", start) from None
        except Invalid as fault:
            raise BadState(f"record {text!r}: {fault.reason}", start) from None
    return found


def _check_frame(data: bytes) -> None:
    if len(data) > MOST_FILE:
        raise BadState(f"more than {MOST_FILE} bytes", MOST_FILE)
    if data[: len(MAGIC)] != MAGIC:
        raise BadState("no saved state of a chip: it does not begin with 89 52 54 43 48 49 50 0A", 0)
    if len(data) < HEAD + DIGEST:
        raise BadState(f"cut off: {len(data)} bytes", len(data))
    version = int.from_bytes(data[len(MAGIC) : HEAD], "big")
    if version != VERSION:
        raise BadState(f"version {version}, not {VERSION}: save it again with this version", len(MAGIC))
    if hashlib.sha256(data[:-DIGEST]).digest() != data[-DIGEST:]:
        raise BadState("the digest at its end is not that of what is before: the file is damaged or cut off", len(data) - DIGEST)


def _counted(data: bytes, at: int, end: int, size: int) -> tuple[bytes, int]:
    """(bytes, where the next begins) of bytes that stand after their number. Raises BadState."""
    start = at + size
    stop = start + int.from_bytes(data[at:start], "big")
    if start > end or stop > end:
        raise BadState("a record that is longer than the file", at)
    return data[start:stop], stop
