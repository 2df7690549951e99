"""The hardware Pluton is given: objects that satisfy `hal.interface`, made by the board.

Nothing in this ring constructs a device. Who holds a `Hardware` holds all of Pluton's authority.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ..hal.interface import Chip, Clock, Cores, Entropy, Flash, Fuses, Uart


class Hardware:
    """Devices, and the flash layout: partition number to (offset, size) in bytes."""

    def __init__(
        self,
        flash: Flash,
        fuses: Fuses,
        entropy: Entropy,
        clock: Clock,
        uart: Uart,
        chip: Chip,
        cores: Cores,
        layout: dict[int, tuple[int, int]],
    ) -> None:
        self.flash = flash
        self.fuses = fuses
        self.entropy = entropy
        self.clock = clock
        self.uart = uart
        self.chip = chip
        self.cores = cores
        self.layout = layout

    def say(self, line: str) -> None:
        """One line on the debug UART, for a person."""
        self.uart.write((line + "\n").encode())
