"""GPIO: the pins of one block, as it stands at the groups, the ISUs, the ADC, the I2S and the Cortex-A7's block.

Every setting has a word and two aliases that set or clear the bits written as 1. The aliases read as zero:
drivers read, change and write them back, which would otherwise touch their neighbours.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..gpio import INPUT, PUSH_PULL
from ..state import WORD
from .conflicts import DECISIONS
from .registers import INFERRED, READ, WRITE, Block, Log, Register, kept

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from ..gpio import GpioBank
    from .time import Scheduler

SOFTWARE_PULLS = 1 << 31
assert DECISIONS["gpio-aliases"] and DECISIONS["gpio-i2s-input"]


def registers(settings: dict[int, str], din: int, others: dict[int, str]) -> tuple[Register, ...]:
    """The table of a block: `settings` with their aliases, the input register at `din`, and `others` that only store."""
    table = [Register(din, "DIN", READ, note="levels at the pins, a bit each")]
    for offset, name in settings.items():
        table += [
            Register(offset, name, note=SAYS[name], is_kept=name in KEPT),
            Register(offset + 4, name + "_SET", WRITE, note=f"set bits of {name}"),
            Register(offset + 8, name + "_RESET", WRITE, note=f"clear bits of {name}"),
        ]
    return (*table, *(kept(offset, name, SAYS[name]) for offset, name in others.items()))


def running(note: str, reset: int) -> Register:
    """GLOBAL_CTRL, where a block has one."""
    return Register(0x00, "GLOBAL_CTRL", reset=reset, note=note, source=INFERRED)


SAYS = {
    "DOUT": "what the outputs drive", "OE": "which pins are outputs", "PU": "pulled up, if 31 is set", "PD": "pulled down, if 31 is set",
    "IES": "which inputs are enabled: DIN has the levels of all", "SR": "slow edges", "PADDRV": "strength, two bits a pin: 4, 8, 12, 16 mA",
    "RDSEL": "delay of inputs", "TDSEL": "delay of outputs, four bits a pin", "EA": "open drain for I2C: 1 and 2", "RSEL": "which resistors pull",
}  # fmt: skip
KEPT = ("IES", "SR")
SETTINGS = {0x10: "DOUT", 0x20: "OE", 0x30: "PU", 0x40: "PD", 0x50: "SR", 0x60: "IES"}
OTHERS = {0x70: "PADDRV", 0x80: "RDSEL", 0x90: "TDSEL", 0xA0: "EA", 0xB0: "RSEL"}


class Gpio(Block):
    """`pins` of `bank`: bit n of every register is the n-th of them.

    The input register stands at DIN, the settings where OUT, OE, PU and PD say.
    """

    NAME = "GPIO"
    DIN, OUT, OE, PU, PD = 0x04, 0x10, 0x20, 0x30, 0x40
    SETTINGS = SETTINGS
    REGISTERS = registers(SETTINGS, 0x04, OTHERS)
    MORE = {"driven": WORD}

    def __init__(
        self, scheduler: Scheduler, log: Log, bank: GpioBank, pins: Sequence[int], base: int = 0, name: str = "",
    ) -> None:  # fmt: skip
        self.bank, self.pins = bank, tuple(pins)
        self.mask = (1 << len(self.pins)) - 1
        self._driven = 0
        super().__init__(scheduler, log, base, name)
        for offset in self.SETTINGS:  # the aliases store nothing, so they read 0
            self._writers[offset] = self._setter(offset, lambda old, value: value)
            self._writers[offset + 4] = self._setter(offset, lambda old, value: old | value)
            self._writers[offset + 8] = self._setter(offset, lambda old, value: old & ~value)

    def reset(self) -> None:
        """All inputs, no pulls of the chip."""
        super().reset()
        for bit, pin in enumerate(self.pins):
            if self._driven >> bit & 1:
                self.bank.release(pin)
            self.bank.pull_inside(pin, None)
        self._driven = 0

    def _setter(self, offset: int, change: Callable[[int, int], int]) -> Callable[[int], None]:
        apply = self._pull if offset in (self.PU, self.PD) else self._apply

        def write(value: int) -> None:
            self.words[offset] = change(self.words[offset], value) & 0xFFFFFFFF
            apply()

        return write

    def _apply(self) -> None:
        """Make the pins follow the settings."""
        out, enabled = self.words[self.OUT], self.words[self.OE] & self.mask
        for bit, pin in enumerate(self.pins):
            if enabled >> bit & 1:
                self.bank.output(pin, PUSH_PULL, out >> bit & 1)
            elif self._driven >> bit & 1:
                self.bank.configure(pin, INPUT)
        self._driven = enabled

    def _pull(self) -> None:
        """The chip's resistors, where software controls them (bit 31); both at once hold nothing."""
        up, down = self._switched(self.words[self.PU]), self._switched(self.words[self.PD])
        for bit, pin in enumerate(self.pins):
            is_up, is_down = up >> bit & 1, down >> bit & 1
            self.bank.pull_inside(pin, None if is_up == is_down else is_up)

    @staticmethod
    def _switched(word: int) -> int:
        return word if word & SOFTWARE_PULLS else 0

    def read_din(self) -> int:
        """The levels at the pins, driven by whoever."""
        return sum(self.bank.read(pin) << bit for bit, pin in enumerate(self.pins))

    def quiet_until(self, offset: int) -> int | None:
        """A level changes when something arranged does it."""
        return self.scheduler.next() if offset == self.DIN else super().quiet_until(offset)

    def settled_until(self, offset: int, value: int) -> int | None:
        """An output that is set to what it is, and that nobody else (PWM) has taken over."""
        if offset == self.DIN:  # it cannot be written
            return self.scheduler.next()
        setting, alias = offset & ~0xF, offset & 0xF
        old = self.words.get(setting, 0)
        new = {0: value, 4: old | value, 8: old & ~value}.get(alias)
        return self.scheduler.next() if setting in (self.OUT, self.OE) and new == old and self._is_applied() else None

    def _is_applied(self) -> bool:
        """Do the pins follow the settings?"""
        out, enabled = self.words[self.OUT], self.words[self.OE] & self.mask
        wanted = [(PUSH_PULL, out >> bit & 1) for bit in range(len(self.pins)) if enabled >> bit & 1]
        return self._driven == enabled and wanted == [self.bank.inside(pin)[:2] for bit, pin in enumerate(self.pins) if enabled >> bit & 1]

    def save(self) -> dict[str, Any]:
        """Settings; the pins follow from them."""
        return {**super().save(), "driven": self._driven}

    def restore(self, state: dict[str, Any]) -> None:
        """Drive what was driven, and nothing else."""
        for bit, pin in enumerate(self.pins):
            if self._driven >> bit & 1:
                self.bank.release(pin)
        super().restore(state)
        self._driven = state["driven"] & self.mask
        self._apply()
        self._pull()


class ResettingGpio(Gpio):
    """Pins that share GLOBAL_CTRL with other blocks: `resets` has what is called when a bit of it goes to 0."""

    def __init__(
        self, scheduler: Scheduler, log: Log, bank: GpioBank, pins: Sequence[int], base: int = 0, name: str = "",
    ) -> None:  # fmt: skip
        self.resets: dict[int, Callable[[], None]] = {}
        super().__init__(scheduler, log, bank, pins, base, name)

    def write_global_ctrl(self, value: int) -> None:
        """A bit that goes low resets what it belongs to. Clocks are taken as on, whatever their bits say."""
        was, self.words[0x00] = self.words[0x00], value
        for bit, call in self.resets.items():
            if was & bit and not value & bit:
                call()


class GroupGpio(ResettingGpio):
    """The pins of a group, whose GLOBAL_CTRL resets its counters and its PWM too."""

    REGISTERS = (
        running("0 counter mode; 1 counters, 2 PWM: out of reset (3, the counters' clock, kept)", 6),
        *registers(SETTINGS, 0x04, OTHERS),
    )

    @property
    def counts(self) -> bool:
        """Whether the group is in counter mode."""
        return bool(self.words[0x00] & 1)


class IsuGpio(ResettingGpio):
    """The pins of an ISU: its input register stands at 0x0C."""

    NAME = "ISU GPIO"
    DIN = 0x0C
    REGISTERS = (
        running("0 engines out of reset (clocks, 8 I2C, 12:9 SPI, 14:13 UART, kept)", 0x7F01),
        *registers(SETTINGS, 0x0C, OTHERS),
    )


class AdcGpio(ResettingGpio):
    """The pins of the ADC."""

    NAME = "ADC GPIO"
    REGISTERS = (running("0 converter out of reset", 1), *registers(SETTINGS, 0x04, OTHERS))


class PlainGpio(Gpio):
    """The pins of an I2S: its input register stands first, and again where other blocks have theirs."""

    NAME = "I2S GPIO"
    DIN = 0x00
    REGISTERS = (*registers(SETTINGS, 0x00, OTHERS), Register(0x04, "DIN_AGAIN", READ, note="as DIN"))

    def read_din_again(self) -> int:
        """The levels at the pins."""
        return self.read_din()

    def quiet_until(self, offset: int) -> int | None:
        """As DIN."""
        return super().quiet_until(self.DIN if offset == 0x04 else offset)


A7_SETTINGS = {0x10: "DOUT", 0x30: "OE", 0x50: "PU", 0x70: "PD", 0x90: "SR", 0xB0: "IES"}


class A7Gpio(Gpio):
    """The pins that stand in no group: settings 0x20 apart, the input register first."""

    NAME = "CA7 GPIO"
    DIN, OUT, OE, PU, PD = 0x00, 0x10, 0x30, 0x50, 0x70
    SETTINGS = A7_SETTINGS
    REGISTERS = registers(A7_SETTINGS, 0x00, {0xD0: "PADDRV"})
