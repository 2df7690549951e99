"""GPIO: the pins of one block, as it stands at the groups, the ISUs, the ADC and the I2S.

Every setting has a word and two aliases that set or clear the bits written as 1. The aliases read as zero:
drivers read, change and write them back, which would otherwise touch their neighbours.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..gpio import INPUT, PUSH_PULL
from .registers import INFERRED, READ, WRITE, Block, Log, Register

if TYPE_CHECKING:
    from collections.abc import Callable

    from ..gpio import GpioBank
    from .time import Scheduler

SETTINGS = {0x10: "DOUT", 0x20: "OE", 0x30: "PU", 0x40: "PD", 0x60: "IES"}
SOFTWARE_PULLS = 1 << 31
COUNTER = (
    (0x100, "CNT_STATIC0"), (0x104, "CNT_STATIC1"), (0x108, "CNT_STATIC2"), (0x10C, "CNT_STATIC3"),
    (0x110, "CNT_DYNAMIC"), (0x120, "CNT_RESET_VALUE"), (0x124, "CNT_LOW"), (0x128, "CNT_HIGH"),
    (0x130, "CNT_INT_EN"), (0x134, "CNT_INT_CLR"), (0x138, "CNT_INT_STS"), (0x140, "CNT_FIFO_STS"),
    (0x144, "CNT_CAPTURE0"), (0x148, "CNT_CAPTURE1"), (0x14C, "CNT_COUNT"), (0x150, "CNT_DEBUG0"),
    (0x154, "CNT_DEBUG1"),
)  # fmt: skip


def registers(din: int) -> tuple[Register, ...]:
    """The table of a block whose input register stands at `din`."""
    table = [Register(0x00, "GLOBAL_CTRL", reset=2, note="1 GPIO running, 2 PWM running", source=INFERRED),
             Register(din, "DIN", READ, note="levels at the pins")]  # fmt: skip
    for offset, name in SETTINGS.items():
        table += [Register(offset, name), Register(offset + 4, name + "_SET", WRITE), Register(offset + 8, name + "_RESET", WRITE)]
    table += [Register(0x50, "SR"), Register(0x70, "PADDRV", note="2 bits a pin: 4, 8, 12, 16 mA"), Register(0x80, "RDSEL"),
              Register(0x90, "TDSEL"), Register(0xA0, "EA"), Register(0xB0, "RSEL")]  # fmt: skip
    if din == 0x00:
        del table[0]
    return tuple(table)


class Gpio(Block):
    """Pins `first`.. of `bank`, as many as `count`. `may` tells whether this block's user owns a pin.

    The input register stands at 0x04, on an ISU at 0x0C, elsewhere at 0x00 (`din`).
    """

    NAME = "GPIO"
    DIN = 0x04
    REGISTERS = (*registers(0x04), *(Register(offset, name) for offset, name in COUNTER))

    def __init__(
        self, scheduler: Scheduler, log: Log, bank: GpioBank, first: int, count: int, base: int = 0, name: str = "",
    ) -> None:  # fmt: skip
        self.bank, self.first, self.count = bank, first, count
        self.mask = (1 << count) - 1
        self._driven = 0
        super().__init__(scheduler, log, base, name)
        for offset in SETTINGS:
            self._writers[offset] = self._setter(offset, lambda old, value: value)
            self._writers[offset + 4] = self._setter(offset, lambda old, value: old | value)
            self._writers[offset + 8] = self._setter(offset, lambda old, value: old & ~value)
            self._readers[offset + 4] = self._readers[offset + 8] = lambda: 0

    def reset(self) -> None:
        """All inputs, no pulls."""
        super().reset()
        self._release()

    def _release(self) -> None:
        for pin in range(self.count):
            if self._driven >> pin & 1:
                self.bank.release(self.first + pin)
        self._driven = 0

    def _setter(self, offset: int, change: Callable[[int, int], int]) -> Callable[[int], None]:
        def write(value: int) -> None:
            self.words[offset] = change(self.words.get(offset, 0), value) & 0xFFFFFFFF
            self._apply()

        return write

    def _apply(self) -> None:
        """Make the pins follow the settings."""
        out, enabled = self.words[0x10], self.words[0x20] & self.mask
        for pin in range(self.count):
            number, bit = self.first + pin, 1 << pin
            if enabled & bit:
                if not self._driven & bit:
                    self.bank.configure(number, PUSH_PULL)
                self.bank.write(number, int(bool(out & bit)))
            elif self._driven & bit:
                self.bank.configure(number, INPUT)
        self._driven = enabled
        self._pull()

    def _pull(self) -> None:
        """Pulls of the chip, where software controls them; what the board fitted stays otherwise."""
        up, down = self.words[0x30], self.words[0x40]
        for pin in range(self.count):
            if up & SOFTWARE_PULLS and up >> pin & 1:
                self.bank.pull(self.first + pin, 1)
            elif down & SOFTWARE_PULLS and down >> pin & 1:
                self.bank.pull(self.first + pin, 0)

    def read_din(self) -> int:
        """The levels at the pins, driven by whoever."""
        return sum(self.bank.read(self.first + pin) << pin for pin in range(self.count))

    def quiet_until(self, offset: int) -> int | None:
        """A level changes when something arranged does it."""
        return self.scheduler.next() if offset == self.DIN else super().quiet_until(offset)

    def save(self) -> dict[str, Any]:
        """Settings; the pins follow from them."""
        return {**super().save(), "driven": self._driven}

    def restore(self, state: dict[str, Any]) -> None:
        """Drive what was driven."""
        super().restore(state)
        self._driven = 0
        self._apply()


class IsuGpio(Gpio):
    """The pins of an ISU: its input register stands at 0x0C."""

    NAME = "ISU GPIO"
    DIN = 0x0C
    REGISTERS = registers(0x0C)


class PlainGpio(Gpio):
    """The pins of an I2S: its input register stands first."""

    NAME = "I2S GPIO"
    DIN = 0x00
    REGISTERS = registers(0x00)
