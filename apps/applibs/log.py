"""Log: lines on the device's debug output (Applibs `log.h`). Needs no capability."""

from __future__ import annotations

from .errors import ask

MOST = 1000  # bytes of one call


def debug(text: str, *arguments: object) -> None:
    """Write `text`, or `text % arguments` (Log_Debug). A longer text goes out in parts."""
    line = text % arguments if arguments else text
    for part in split(line):
        _write(part)


def _write(part: str) -> None:
    ask(lambda kernel: kernel.log(part))


def split(text: str) -> list[str]:
    """`text` in parts of at most MOST bytes, cut between characters."""
    parts = []
    while len(text.encode()) > MOST:
        end = MOST // 4  # characters: even the widest fit
        parts.append(text[:end])
        text = text[end:]
    return parts + [text]
