"""The timer every core has: it is read without asking anyone."""

from __future__ import annotations

from typing import Any


class MachineClock:
    """hal.interface.Clock over the machine's own timer."""

    def __init__(self, machine: Any):
        self.uptime_us = machine.uptime_us
        self.unix_ms = machine.unix_ms
