"""Numbers of boards with the MT3620: what is at which GPIO and header, and the memory that programs are linked for.

Pins are those of the boards' published hardware definitions. What is not in one is not here.
"""

from __future__ import annotations

from typing import NamedTuple

from armillary.hal.sim.realtime.package import FLASH, FLASH_SIZE, SYSRAM, SYSRAM_SIZE, TCM, TCM_SIZE
from armillary.hal.sim.realtime.shared import ISU_PINS

MEMORY = {"TCM": (TCM, TCM_SIZE), "SYSRAM": (SYSRAM, SYSRAM_SIZE), "FLASH": (FLASH, FLASH_SIZE)}  # address, bytes
STACK_TOP = TCM + TCM_SIZE
VECTORS, PRIORITY_BITS = 116, 3  # words of a vector table; the upper bits of a priority that count
# What the five GPIOs of an ISU are to its engines, from the first on.
SIGNALS = (("TXD", "SCLK"), ("RTS", "MOSI", "SCL"), ("RXD", "MISO", "SDA"), ("CTS", "CSA"), ("CSB",))


class Kit(NamedTuple):
    """A board: GPIOs of its LEDs (lit when low) and buttons (low when pressed); of its headers' pins; parts on its ISUs."""

    name: str
    leds: dict[str, int]
    buttons: dict[str, int]
    headers: dict[str, dict[int, int]]
    parts: dict[str, str] = {}

    def names(self) -> dict[int, str]:
        """What a GPIO is on the board: its LED or button, else its place on a header."""
        found = {gpio: f"{header}.{pin}" for header, pins in self.headers.items() for pin, gpio in pins.items()}
        return {**found, **{gpio: name for name, gpio in [*self.leds.items(), *self.buttons.items()]}}

    def place(self, gpio: int) -> str:
        """Where a GPIO comes out, as people say it: `header 4 pin 12`. Raises KeyError if it does not."""
        for header, pins in self.headers.items():
            for pin, number in pins.items():
                if number == gpio:
                    return f"{header.replace('h', 'header ')} pin {pin}"
        raise KeyError(f"{self.name} leads GPIO{gpio} out at no header")


def gpio_of(isu: int, signal: str) -> int:
    """The GPIO that is `signal` of an ISU. Raises KeyError."""
    for at, names in enumerate(SIGNALS):
        if signal in names:
            return ISU_PINS[isu][at]
    raise KeyError(f"an ISU has no {signal}")


def _leds(name: str, red: int, green: int, blue: int) -> dict[str, int]:
    return {f"{name}_red": red, f"{name}_green": green, f"{name}_blue": blue}


def _pins(first: int, step: int, *gpios: int) -> dict[int, int]:
    return {first + step * number: gpio for number, gpio in enumerate(gpios)}


BUTTONS = {"button_a": 12, "button_b": 13}
KITS = {
    "rdb": Kit(
        "Seeed MT3620 Development Kit (RDB)",
        {**_leds("led1", 8, 9, 10), **_leds("led2", 15, 16, 17), **_leds("led3", 18, 19, 20), **_leds("led4", 21, 22, 23),
         **_leds("status", 45, 46, 47), **_leds("network", 48, 14, 11)},
        BUTTONS,
        {"h1": _pins(3, 1, 59, 0, 56, 1, 58, 2, 57, 3, 60, 4), "h2": {**_pins(1, 2, 28, 26, 29, 27, 30), **_pins(4, 2, 5, 6, 7), **_pins(11, 1, 41, 43, 42, 44)},
         "h3": {**_pins(5, 2, 66, 67, 68, 69), 12: 70}, "h4": {**_pins(5, 2, 33, 31, 34, 32, 35), **_pins(6, 2, 38, 36, 39, 37, 40)}},
    ),
    "sk2": Kit(
        "Avnet MT3620 Starter Kit, revision 2",
        {**_leds("user", 8, 9, 10), "app_status": 4, "wlan_status": 0},
        BUTTONS,
        {"pmod": {1: 34, 2: 31, 3: 33, 4: 32, 7: 39, 8: 35, 9: 1}, "grove": {1: 37, 2: 38}},
        {"isu2:0x6a": "lsm6dso"},
    ),
    "mdb": Kit(
        "Seeed MT3620 Mini Development Board",
        {"user": 7},
        {},
        {"j1": {1: 4, 2: 5, 3: 6, 9: 30, 11: 34}, "j2": {13: 31, 15: 35}},
    ),
}  # fmt: skip
