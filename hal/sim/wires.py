"""Wires: what leads out of the chip and is no pin of its own. The board's parts hang here, whoever drives the bus.

A serial unit (ISU) is the main core's or a real-time core's; its buses are the same objects for both, so a part
serves either.
"""

from __future__ import annotations

from .buses import AnalogInputs, I2cBus, SpiBus
from .uart import Uart

ISUS = 6


class Wires:
    """`i2c`, `spi` and `serial` (UARTs) of each ISU, and the `analog` inputs. A reset of the chip changes none of them."""

    def __init__(self) -> None:
        self.i2c = [I2cBus() for _ in range(ISUS)]
        self.spi = [SpiBus() for _ in range(ISUS)]
        self.serial = [Uart() for _ in range(ISUS)]
        self.analog = AnalogInputs()
