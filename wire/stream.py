"""Framing for serial lines: messages out of bytes that may be lost, joined or noise.

A packet is the message and its CRC-32 (little-endian), stuffed with COBS (Cheshire and Baker, 1999)
so that it holds no zero, and a zero that ends it. A decoder finds the next packet after anything.
"""

from __future__ import annotations

import binascii
import struct
from typing import TYPE_CHECKING

from .call import LIMIT
from .fault import Closed, Invalid

if TYPE_CHECKING:
    from collections.abc import Callable

CRC = 4
RUN = 254  # most bytes in one COBS group
LONGEST = LIMIT + CRC + (LIMIT + CRC) // RUN + 1  # a packet without its zero
CHUNK = 256
PATIENCE = 64  # messages that answer something else, before a link gives up


def encode(message: bytes) -> bytes:
    """The packet for `message`, its zero included. Raises Invalid if it is longer than LIMIT."""
    if len(message) > LIMIT:
        raise Invalid("a message of " + str(len(message)) + " bytes")
    return _stuff(bytes(message) + struct.pack("<I", binascii.crc32(message))) + b"\0"


def _stuff(text: bytes) -> bytes:
    """`text` in groups of a count and what precedes a zero, so that no byte is zero."""
    packet = bytearray()
    runs = text.split(b"\0")
    for number, run in enumerate(runs):
        for at in range(0, len(run) - RUN + 1, RUN):
            packet.append(RUN + 1)
            packet.extend(run[at : at + RUN])
        rest = len(run) % RUN
        # A full group stands for no zero; one that ends the text needs nothing after it.
        if rest or not run or number < len(runs) - 1:
            packet.append(rest + 1)
            packet.extend(run[len(run) - rest :])
    return bytes(packet)


def _unstuff(packet: bytes) -> bytes | None:
    """The text that `_stuff` made `packet` from, or None."""
    out = bytearray()
    at, end = 0, len(packet)
    while at < end:
        size = packet[at]
        if at + size > end:
            return None
        out.extend(packet[at + 1 : at + size])
        at += size
        if size <= RUN and at < end:
            out.append(0)
    return bytes(out)


class Decoder:
    """Bytes in, messages out. `refused` counts the packets that were damaged or too long."""

    def __init__(self) -> None:
        self.refused = 0
        self._packet = bytearray()
        self._is_lost = False  # in a packet that is too long, until its zero

    def feed(self, data: bytes) -> list[bytes]:
        """The messages that `data` completes, in order."""
        messages: list[bytes] = []
        parts = bytes(data).split(b"\0")
        for part in parts[:-1]:
            self._take(part)
            message = self._end()
            if message is not None:
                messages.append(message)
        self._take(parts[-1])
        return messages

    def _take(self, part: bytes) -> None:
        if self._is_lost or len(self._packet) + len(part) > LONGEST:
            self._is_lost = True
            self._packet = bytearray()
        else:
            self._packet.extend(part)

    def _end(self) -> bytes | None:
        packet, is_lost = bytes(self._packet), self._is_lost
        self._packet, self._is_lost = bytearray(), False
        if not packet and not is_lost:
            return None  # a zero that only made sure of the end of something
        text = None if is_lost else _unstuff(packet)
        if text is None or len(text) < CRC or struct.pack("<I", binascii.crc32(text[:-CRC])) != text[-CRC:]:
            self.refused += 1
            return None
        return text[:-CRC]


def link(read: Callable[[int], bytes], write: Callable[[bytes], object]) -> Callable[[bytes], bytes]:
    """A link (see `call.Port`) over a serial line.

    `read(n)` gives from 1 to n bytes, or none once it has waited as long as it will; `write` sends
    all it is given. A zero goes before each packet, so noise on the line costs no message. Replies
    to earlier requests are passed over. The link raises Closed if no reply comes.
    """
    decoder = Decoder()
    ready: list[bytes] = []

    def send(request: bytes) -> bytes:
        write(b"\0" + encode(request))
        for _ in range(PATIENCE):
            while not ready:
                data = read(CHUNK)
                if not data:
                    raise Closed("no reply on the serial line")
                ready.extend(decoder.feed(data))
            reply = ready.pop(0)
            if len(reply) > 1 and len(request) > 1 and reply[1] == request[1]:
                return reply
        raise Closed("only replies to something else on the serial line")

    return send
