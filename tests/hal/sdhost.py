"""A host for an SD card on SPI, written without looking at the card: what a driver does, byte by byte."""

import zlib

BLOCK = 512


def crc7(data):
    """By long division of the whole message, as text."""
    bits = "".join(f"{byte:08b}" for byte in data) + "0" * 7
    rest = int(bits, 2)
    for at in range(len(bits) - 8, -1, -1):
        if rest >> at + 7 & 1:
            rest ^= 0x89 << at
    return rest


class Host:
    """Talks to `card`, or to a bus, with the card selected."""

    def __init__(self, card):
        self.card = card

    def clock(self, count, byte=0xFF):
        return bytes(self.card.exchange(byte) for _ in range(count))

    def send(self, data):
        for byte in data:
            self.card.exchange(byte)

    def frame(self, index, argument=0):
        head = bytes([0x40 | index]) + argument.to_bytes(4, "big")
        return head + bytes([crc7(head) << 1 | 1])

    def command(self, index, argument=0, more=0):
        """R1, or R1 and `more` bytes; None if nothing came."""
        self.send(self.frame(index, argument))
        if index == 12:
            self.clock(1)
        first = self.wait()
        return first if first is None or not more else bytes([first]) + self.clock(more)

    def wait(self, while_is=0xFF, most=64):
        for _ in range(most):
            byte = self.card.exchange(0xFF)
            if byte != while_is:
                return byte
        return None

    def application(self, index, argument=0, more=0):
        self.command(55)
        return self.command(index, argument, more)

    def begin(self):
        """Into SPI, and ready; returns the OCR."""
        assert self.command(0) == 0x01 and self.command(8, 0x1AA, 4) == b"\x01\0\0\x01\xaa"
        assert any(self.application(41, 1 << 30) == 0 for _ in range(20))
        return int.from_bytes(self.command(58, more=4)[1:], "big")

    def data(self, length=BLOCK):
        """(token, data, check sum) of what comes."""
        token = self.wait()
        return (token, b"", 0) if token != 0xFE else (token, self.clock(length), int.from_bytes(self.clock(2), "big"))

    def give(self, data, token=0xFE, check=0xFFFF):
        """The response to a block, after the card is no longer busy."""
        self.send(b"\xff" + bytes([token]) + data + check.to_bytes(2, "big"))
        response = self.wait() & 0x1F
        assert self.wait(while_is=0, most=100_000) == 0xFF
        return response


def fingerprint(card):
    """What the card is, in one number."""
    return zlib.crc32(repr(card.save()).encode())
