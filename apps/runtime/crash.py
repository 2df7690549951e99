"""Last words: the traceback of an app's uncaught exception, with the app's own paths in it."""

from __future__ import annotations

import io
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

MOST = 3400  # bytes of a report
MOST_FRAMES = 32


def report(error: BaseException, path: str) -> str:
    """The traceback in at most MOST bytes: where in the app (`path`) it happened, and what.

    Frames outside of the app are left out: they are ours, and where they lie is nobody's business.
    """
    lines = ["Traceback (most recent call last):"] + frames(error, path) + [last(error)]
    return cut("\n".join(lines))


def frames(error: BaseException, path: str) -> list[str]:
    """One line for each frame of the app, the outermost first."""
    if hasattr(sys, "print_exception"):  # MicroPython has no chain of frames, but can print it
        out = io.StringIO()
        sys.print_exception(error, out)
        return [line for line in out.getvalue().split("\n") if line.startswith('  File "' + path + '"')][-MOST_FRAMES:]
    lines: list[str] = []
    step: Any = error.__traceback__  # Any: the interpreter's own chain of frames
    while step is not None:
        code = step.tb_frame.f_code
        if code.co_filename == path:
            lines.append('  File "{}", line {}, in {}'.format(path, step.tb_lineno, code.co_name))
        step = step.tb_next
    return lines[-MOST_FRAMES:]


def last(error: BaseException) -> str:
    """The line that says what it was. An exception that cannot be shown is named only."""
    name = type(error).__name__
    try:
        is_key = isinstance(error, KeyError) and len(error.args) == 1
        words = repr(error.args[0]) if is_key else str(error)  # MicroPython's str of it has no quotes
    except Exception:  # the app's own __str__ may do anything
        return name
    return name + ": " + words if words else name


def cut(text: str) -> str:
    """The last MOST bytes of `text`, from the start of a character: the end says what happened."""
    while len(text.encode()) > MOST:
        text = text[max(1, (len(text.encode()) - MOST) // 4) :]
    return text
