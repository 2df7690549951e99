"""What a real-time core reaches of the chip that it shares: THE table of the bus firewall for these masters.

A core's own memory and peripherals (0x00100000, 0x20000000 to 0x22FFFFFF, its slice of flash) need no row: no other
master is there. Everything else is shared, and what no row gives is refused. A row says where it is and what it takes:

* ANY: every core may.
* BLOCK: who was granted one of `blocks` (from a manifest's Uart, SpiMaster, ...).
* ALL, SOME: who owns all, or one, of `pins`.
* BITS: who owns pins of a register that has bits of several: each bit belongs to the owner of its pin. `hal/sim/realtime/
  guard.py` says what that means for a read and for a write.

The real firewall's granularity is not published; the operating system is known to open whole blocks. Bits are
finer than that, never coarser, so what this table refuses a real device would have to grant to another app as well.
"""

from __future__ import annotations

from typing import NamedTuple

from ....wire import blocks as kinds
from ..firewall import SHARED_RAM, SHARED_RAM_SIZE
from ..wires import ISUS
from . import shared
from .shared import ADC_PINS, I2S_PINS, ISU_PINS, STRIDE
from .untold import A7_IRQ_CONFIG, STRAPS

ANY, BLOCK, ALL, SOME, BITS, SHARE = "any", "block", "all", "some", "bits", "share"


class Row(NamedTuple):
    """`size` bytes at `start`. A row of BITS is also reached, whole, by who has one of its `blocks`."""

    start: int
    size: int
    name: str
    takes: str
    pins: tuple[int, ...] = ()
    blocks: tuple[int, ...] = ()

    def policy(self) -> str:
        """What would have to be in the manifest, as a line."""
        wanted = [kinds.name(block) for block in self.blocks]
        if self.pins:
            how = {ALL: "all of ", SOME: "one of ", BITS: "the pin among "}[self.takes]
            wanted.append("Gpio: " + how + ", ".join(str(pin) for pin in self.pins))
        if self.takes == SHARE:
            wanted.append("the rings of AllowedApplicationConnections")
        return self.name + " takes " + (" or ".join(wanted) or "what no manifest can give")


def _rows() -> list[Row]:
    rows = [
        Row(shared.TOPCFG + 0x120, 4, "TOPCFG.DEBUG_UART_CLOCK", ANY),
        Row(shared.TOPCFG + 0x208, 4, "TOPCFG.ADC_CLOCK", BLOCK, blocks=(kinds.ADC,)),
        Row(shared.TOPCFG + 0x210, 4, "TOPCFG.COUNTER_CLOCK", SOME, tuple(range(24))),
        Row(STRAPS + 0x190, 4, "STRAPS", ANY),
        Row(A7_IRQ_CONFIG + 0x200, 0xA0, "CA7 IRQCFG", SOME, tuple(range(24))),
        Row(shared.A7_GPIO, 0x1000, "CA7 GPIO", BITS, shared.A7_PINS),
        Row(shared.ADC, 0x100, "ADC GPIO", BITS, tuple(ADC_PINS)),
        Row(shared.ADC + 0x100, 0xF00, "ADC", BLOCK, blocks=(kinds.ADC,)),
        Row(SHARED_RAM, SHARED_RAM_SIZE, "A7 SYSRAM", SHARE),
    ]
    for word in range(12):
        pins = tuple(range(8 * word, 8 * word + 8))
        rows.append(Row(shared.PINMUX + 0x20 + 4 * word, 4, f"PINMUX{word}", BITS, pins))
    for number in range(shared.GROUPS):
        rows += _group(number)
    for number in range(ISUS):
        rows += _isu(number)
    for number in range(2):
        rows += _i2s(number)
    return sorted(rows)


def _group(number: int) -> list[Row]:
    base, pins = shared.GROUP + STRIDE * number, tuple(range(4 * number, 4 * number + 4))
    rows = [Row(base, 0x100, f"GPIO{number}", BITS, pins), Row(base + 0x100, 0xF00, f"COUNTER{number}", ALL, pins[:3])]
    if number < shared.PWM_GROUPS:
        rows.append(Row(base + 0x1000, 0x1000, f"PWM{number}", BLOCK, blocks=(kinds.PWM + number,)))
    return rows


def _isu(number: int) -> list[Row]:
    base, name = shared.ISU + STRIDE * number, f"ISU{number} "
    return [
        Row(base, 0x200, name + "GPIO", BITS, tuple(ISU_PINS[number])),
        Row(base + 0x200, 0x100, name + "I2C", BLOCK, blocks=(kinds.I2C + number,)),
        Row(base + 0x300, 0x200, name + "SPI", BLOCK, blocks=(kinds.SPI + number,)),
        Row(base + 0x500, 0xB00, name + "UART", BLOCK, blocks=(kinds.UART + number,)),
    ]


def _i2s(number: int) -> list[Row]:
    base, blocks = shared.I2S + STRIDE * number, (kinds.I2S + number,)
    return [
        Row(base, 0x100, f"I2S{number}", BLOCK, blocks=blocks),
        Row(base + 0x100, 0xF00, f"I2S{number} GPIO", BITS, tuple(I2S_PINS[number]), blocks),
        Row(shared.I2S_FIFO + STRIDE * number, 0x1000, f"I2S{number} FIFO", BLOCK, blocks=blocks),
    ]


TABLE = tuple(_rows())
NOTHING = "no row of the firewall's table: it belongs to the main core or to the system"
# Places that are there and no row gives, by name: (start, bytes). A program that tries them is refused and told on.
FORBIDDEN = {
    "FIREWALL": (0x3000_0000, 0x1_0000), "CA7 WDT": (0x3005_0000, 0x1000), "FLASH CONTROL": (0x3007_0000, 0x1000),
    "EFUSE": (0x300E_0000, 0x1000), "CA7 MBOX0": (0x3101_0000, 0x1000), "CA7 MBOX1": (0x3102_0000, 0x1000), "WIFI": (0x6000_0000, 0x100_0000), "FLASH": (0x9000_0000, 0x100_0000),
}  # fmt: skip


def within(start: int, size: int) -> tuple[Row, ...]:
    """The rows of the `size` bytes at `start`. What none of them gives, nobody may."""
    return tuple(row for row in TABLE if start <= row.start < start + size)


def interrupt(number: int) -> tuple[str, int] | None:
    """What an interrupt takes: ("block", number), ("pin", number), ("counter", group); None if it is the core's own."""
    if 20 <= number < 44:
        return "pin", number - 20
    if shared.ISU_IRQ <= number < shared.I2S_IRQ:
        isu, kind = divmod(number - shared.ISU_IRQ, 4)
        return "block", (kinds.I2C, kinds.SPI, kinds.SPI, kinds.UART)[kind] + isu
    if shared.I2S_IRQ <= number < shared.ADC_IRQ:
        return "block", kinds.I2S + number - shared.I2S_IRQ
    if number == shared.ADC_IRQ:
        return "block", kinds.ADC
    if shared.COUNTER_IRQ <= number < shared.COUNTER_IRQ + shared.GROUPS:
        return "counter", number - shared.COUNTER_IRQ
    return None


def channel(number: int, part: int) -> int | None:
    """The block that DMA channel `number` moves items of, by bits 11:8 of its register's address; None for a copy."""
    if number < 12:
        return {0x300: kinds.SPI, 0x500: kinds.UART}.get(part, kinds.I2C) + number // 2
    if number == 12:
        return None
    if number < shared.I2S_CHANNEL:
        return kinds.UART + (number - shared.UART_CHANNEL) // 2
    return kinds.ADC if number == shared.ADC_CHANNEL else kinds.I2S + (number - shared.I2S_CHANNEL) // 2
