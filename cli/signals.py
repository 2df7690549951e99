"""Signals that a script sends to a command."""

from __future__ import annotations

import contextlib
import signal
import sys
import threading
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

TERMINATED = 128 + signal.SIGTERM  # what shells say of a program that `kill` ended


@contextlib.contextmanager
def sigterm_as_ctrl_c() -> Iterator[None]:
    """A script that ends a run gets what was to be written, as a person does."""
    if threading.current_thread() is not threading.main_thread():  # Python hears signals in that one alone
        yield
        return
    before = signal.signal(signal.SIGTERM, lambda *_: sys.exit(TERMINATED))
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
