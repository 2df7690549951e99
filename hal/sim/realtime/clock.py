"""RGU: the core's clock and its sleep control."""

from __future__ import annotations

from typing import TYPE_CHECKING

from . import time
from .registers import CLEAR, INFERRED, Block, Log, Register, kept

if TYPE_CHECKING:
    from collections.abc import Callable

    from .time import Scheduler

SLOW_TICKS = time.SECOND // time.SLOW_HZ  # of a cycle of 32.768 kHz, rounded down to a whole tick
TICKS = {0: time.XTAL, 1: SLOW_TICKS, 2: time.PLL}  # a cycle, by the selector


class Rgu(Block):
    """`set_clock` is told the ticks that a cycle of the core takes from now on."""

    NAME = "RGU"
    REGISTERS = (
        kept(0x000, "SLP_CTRL", "0 sleep, 1 deep sleep, when WFI comes with SCR.SLEEPDEEP: the core sleeps as it does without"),
        Register(0x004, "SLP_AUX", CLEAR, note="0 woke from deep sleep: never set, as nothing is powered down"),
        kept(0x008, "SLP_EVENT", "record of what woke the core"),
        Register(0x00C, "HCLK_CK_CTRL", note="9:8 the core's clock: 0 26 MHz, 1 32.768 kHz, 2 197.6 MHz", source=INFERRED),
        kept(0x100, "HW_MEM_PDN", "25:0 memory banks off in sleep, 3:0 of them SYSRAM"),
        kept(0x104, "HW_MEM_SLP", "memory banks asleep in sleep"),
        kept(0x10C, "SW_MEM_PDN", "memory banks off now"),
        kept(0x110, "SW_MEM_SLP", "memory banks asleep now"),
        kept(0x114, "SW_MEM_ISO", "memory banks isolated now"),
        kept(0x118, "MEM_OPTION", "options of memory power"),
        kept(0x120, "DUMMY", "a word for software"),
        kept(0x1B0, "CKGEN0", "clock generator"),
        kept(0x1B4, "CKGEN_2M", "generator of the 2 MHz clock"),
        kept(0x1B8, "POWER_CTRL", "power control"),
    )

    def __init__(self, scheduler: Scheduler, log: Log, set_clock: Callable[[int], None], base: int = 0, name: str = "") -> None:
        self._set_clock = set_clock
        super().__init__(scheduler, log, base, name)

    def reset(self) -> None:
        """The crystal."""
        super().reset()
        self._set_clock(TICKS[0])

    def write_hclk_ck_ctrl(self, value: int) -> None:
        """Another clock, at once: no driver waits for the PLL."""
        self.words[0x00C] = value
        selected = value >> 8 & 3
        if selected not in TICKS:
            self.log.once(f"{self.name}: clock selector 3 is unknown; the clock stays as it is")
        else:
            self._set_clock(TICKS[selected])
