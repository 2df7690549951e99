"""Pin multiplexer and the always-on clock gates: settings of the operating system, which programs read and copy.

What the numbers of the modes mean is not known, and a pin works here for whichever block uses it.
"""

from __future__ import annotations

from .registers import Block, Register, kept


class PinMux(Block):
    """Four bits a pin, eight pins a word, from +0x20 on."""

    NAME = "PINMUX"
    REGISTERS = tuple(
        kept(0x20 + 4 * word, f"PINMUX{word}", f"modes of pins {8 * word} to {8 * word + 7}, four bits each") for word in range(12)
    )

    def mode(self, pin: int) -> int:
        """The mode number of `pin`."""
        return self.words[0x20 + 4 * (pin // 8)] >> 4 * (pin % 8) & 15


class TopConfig(Block):
    """Clock gates; clocks are taken as on, whatever the bits say."""

    NAME = "TOPCFG"
    REGISTERS = (
        kept(0x120, "DEBUG_UART_CLOCK", "0 out of reset, 14:13 clock of the debug UARTs: on whatever it says", reset=0x6001),
        kept(0x208, "ADC_CLOCK", "31 clock of the ADC: on whatever it says", reset=1 << 31),
        Register(0x210, "COUNTER_CLOCK", note="1:0 clock of the GPIO counters: 26 MHz, 32.768 kHz, 125 MHz, 200 MHz"),
    )

    def counter_clock(self) -> int:
        """The selector of the GPIO counters' clock."""
        return self.words[0x210] & 3
