"""What an SD card says of itself, and its check sums: CSD, CID, SCR, SD Status, CRC7, CRC16.

From the public Physical Layer Simplified Specification: 4.5 (CRC), 5.2 (CID), 5.3 (CSD), 5.6 (SCR), 4.10.2 (SD Status).
"""

from __future__ import annotations

BLOCK = 512  # bytes
UNIT = 1 << 19  # the step of a high-capacity card's size, in bytes
MOST_STANDARD = 1 << 30  # the largest card whose size version 1 of the CSD can tell with blocks of 512 bytes
CRC7_POLYNOMIAL, CRC16_POLYNOMIAL = 0x09, 0x1021
CLASSES = 0x135  # basic, block read, block write, erase, application specific
MANUFACTURER, PRODUCT, REVISION, MADE = b"\x00AR", b"ARMLR", 0x10, (26 << 4) | 1  # MADE: years since 2000, month
SERIAL = 0x3620


def crc7(data: bytes) -> int:
    """The check sum of a command and of CSD and CID: 7 bits (4.5)."""
    value = 0
    for byte in data:
        for bit in range(7, -1, -1):
            is_out = (value >> 6 ^ byte >> bit) & 1
            value = (value << 1 & 0x7F) ^ (CRC7_POLYNOMIAL if is_out else 0)
    return value


def _crc16_table() -> tuple[int, ...]:
    table = []
    for byte in range(256):
        value = byte << 8
        for _ in range(8):
            value = (value << 1 ^ (CRC16_POLYNOMIAL if value & 0x8000 else 0)) & 0xFFFF
        table.append(value)
    return tuple(table)


_TABLE = _crc16_table()


def crc16(data: bytes) -> int:
    """The check sum of a block of data: 16 bits (4.5)."""
    value = 0
    for byte in data:
        value = value << 8 & 0xFFFF ^ _TABLE[value >> 8 ^ byte]
    return value


def fields(*pairs: tuple[int, int]) -> bytes:
    """Whole bytes of (value, bits), the first highest. What does not fit in its bits is a mistake of the caller."""
    value = length = 0
    for part, bits in pairs:
        assert 0 <= part < 1 << bits, (part, bits)
        value, length = value << bits | part, length + bits
    assert length % 8 == 0, length
    return value.to_bytes(length // 8, "big")


def checked(data: bytes) -> bytes:
    """`data` and its CRC7, with the bit that is always 1."""
    return data + bytes([crc7(data) << 1 | 1])


def csd_standard(blocks: int) -> bytes:
    """Version 1 of the CSD (5.3.2): `blocks` of 512 bytes, in C_SIZE + 1 steps of 2^(C_SIZE_MULT + 2)."""
    multiplier = next(n for n in range(8) if blocks >> n + 2 <= 4096)
    return checked(fields(
        (0, 2), (0, 6), (0x0E, 8), (0, 8), (0x32, 8),  # version, TAAC 1 ms, NSAC, TRAN_SPEED 25 MHz
        (CLASSES, 12), (9, 4), (1, 1), (0, 1), (0, 1), (0, 1), (0, 2),  # CCC, READ_BL_LEN, partial reads, misalignment, DSR
        ((blocks >> multiplier + 2) - 1, 12), (5, 3), (5, 3), (5, 3), (5, 3), (multiplier, 3),  # C_SIZE, currents, C_SIZE_MULT
        (1, 1), (127, 7), (0, 7), (0, 1), (0, 2), (2, 3), (9, 4), (0, 1), (0, 5),  # erase by block, R2W_FACTOR, WRITE_BL_LEN
        (0, 1), (0, 1), (0, 1), (0, 1), (0, 2), (0, 2),  # FILE_FORMAT, COPY, write protection
    ))  # fmt: skip


def csd_high(blocks: int) -> bytes:
    """Version 2 of the CSD (5.3.3): C_SIZE + 1 steps of 512 KiB."""
    return checked(fields(
        (1, 2), (0, 6), (0x0E, 8), (0, 8), (0x32, 8),
        (CLASSES, 12), (9, 4), (0, 1), (0, 1), (0, 1), (0, 1), (0, 2), (0, 4),
        (blocks * BLOCK // UNIT - 1, 22), (0, 1),
        (1, 1), (127, 7), (0, 7), (0, 1), (0, 2), (2, 3), (9, 4), (0, 1), (0, 5),
        (0, 1), (0, 1), (0, 1), (0, 1), (0, 2), (0, 2),
    ))  # fmt: skip


def cid() -> bytes:
    """Manufacturer, product, revision, serial number, month (5.2)."""
    return checked(MANUFACTURER + PRODUCT + bytes([REVISION]) + SERIAL.to_bytes(4, "big") + MADE.to_bytes(2, "big"))


def scr() -> bytes:
    """Physical layer 2.00, erased bytes are 0, no security, one and four data lines (5.6)."""
    return bytes([0x02, 0x05]) + bytes(6)


def sd_status() -> bytes:
    """One data line, a regular card (4.10.2)."""
    return bytes(64)
