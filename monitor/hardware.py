"""What the board hands the monitor: its devices, and where each flash partition lies.

The monitor constructs none of these; authority is what is in this record and nothing else.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ..hal.interface import Chip, Clock, Flash, PinOwnership, RealTimeCores, Uart, Watchdog

    Layout = dict[int, tuple[int, int]]


class Hardware:
    """`layout` maps a partition number to (offset, size); `pin_numbers` are the board's GPIO pins."""

    def __init__(
        self, flash: Flash, clock: Clock, uart: Uart, watchdog: Watchdog, pins: PinOwnership,
        chip: Chip, cores: RealTimeCores, layout: Layout, pin_numbers: tuple[int, ...],
    ) -> None:  # fmt: skip
        self.flash = flash
        self.clock = clock
        self.uart = uart
        self.watchdog = watchdog
        self.pins = pins
        self.chip = chip
        self.cores = cores
        self.layout = layout
        self.pin_numbers = pin_numbers
