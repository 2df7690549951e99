"""Pictures and sound in files that everything opens: PNG (ISO/IEC 15948) and WAV, as small as they may be."""

from __future__ import annotations

import io
import struct
import wave
import zlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

SIGNATURE = b"\x89PNG\r\n\x1a\n"
RGB, DEPTH = 2, 8  # colour type; bits of a sample


def png(width: int, points: bytes) -> bytes:
    """A PNG of `points`: three bytes each (red, green, blue), line by line from the top, `width` of them a line."""
    lines = [b"\0" + points[at : at + 3 * width] for at in range(0, len(points), 3 * width)]  # 0: no filter (9.2)
    head = struct.pack(">IIBBBBB", width, len(lines), DEPTH, RGB, 0, 0, 0)
    return SIGNATURE + _chunk(b"IHDR", head) + _chunk(b"IDAT", zlib.compress(b"".join(lines), 9)) + _chunk(b"IEND", b"")


def _chunk(kind: bytes, data: bytes) -> bytes:
    """Length, type, data, and the CRC of the two (5.3)."""
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def wav(rate: int, frames: Iterable[int]) -> bytes:
    """A WAV of `frames` a 32-bit word: 16 bits left in the lower half, 16 bits right; `rate` of them a second."""
    file = io.BytesIO()
    with wave.open(file, "wb") as writer:
        writer.setnchannels(2)
        writer.setsampwidth(2)
        writer.setframerate(rate)
        words = list(frames)
        writer.writeframes(struct.pack(f"<{len(words)}I", *words))
    return file.getvalue()
