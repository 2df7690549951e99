"""Blocks that are known by name and place: programs may touch them, so they keep what is written, and say so once.

A real-time program's start-up code may set up the cache, and MediaTek's turns external interrupts from levels into
edges at the main core's interrupt block. None of it has an effect here.
"""

from __future__ import annotations

from .registers import KNOWN, READ, Block, Log, Register, kept
from .time import NEVER


class Untold(Block):
    """No source names a register of it: every one is logged, with its address."""


class A7IrqConfig(Block):
    """The main core's interrupt block, of which MediaTek's external interrupts set the senses."""

    NAME = "CA7 IRQCFG"
    REGISTERS = (
        *(kept(0x200 + 4 * n, f"IRQ_SENS{n}", f"interrupts {32 * n} to {32 * n + 31} of the main core: 1 level, 0 edge") for n in range(8)),
        *(kept(0x240 + 4 * n, f"EDGE_TO_LEVEL{n}", "edges held as levels, a bit an interrupt") for n in range(8)),
        *(kept(0x280 + 4 * n, f"EDGE_STS{n}", "edges that came, a bit an interrupt; written as 1 to let go") for n in range(8)),
    )


class Straps(Block):
    """What the chip found at its pins at reset. MediaTek's timer driver asks for the crystal before it sets GPT3's divider."""

    NAME = "STRAPS"
    REGISTERS = (Register(0x190, "XTAL_STRAP", READ, 2, "1:0 the crystal: 20, 40, 26, 52 MHz", KNOWN),)


class LowMemory:
    """What is at address 0: it reads as 0, takes writes and forgets them, and holds no code. Satisfies `Device`."""

    SIZE = 0x1000

    def __init__(self, log: Log, name: str) -> None:
        self._log, self._name = log, name

    def read(self, offset: int, size: int) -> int:
        """Nothing is there."""
        self._log.once(f"{self._name}: {offset:#05x} is read: a null pointer?")
        return 0

    def write(self, offset: int, size: int, value: int) -> None:
        """It stays nothing."""
        self._log.once(f"{self._name}: {offset:#05x} is written: a null pointer?")

    def quiet_until(self, offset: int) -> int | None:
        """It will not change."""
        return NEVER


PRIVATE = {"CM4CFG": 0x2000_0000, "CACHE": 0x2008_0000, "CACHE MPU": 0x2009_0000, "INFRA": 0x2107_0000}  # by address
A7_IRQ_CONFIG = 0x3106_0000
STRAPS = 0x3009_0000
