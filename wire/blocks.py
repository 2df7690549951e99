"""Blocks: the shared peripherals that a real-time core can be granted, by number.

Pins have numbers of their own (0 to 95) and owners; a block is what stands behind pins and has no
pin of its own. The monitor takes the blocks of an app from its signed manifest (`of`) and hands
them to the bus firewall, a byte each. A number never changes its meaning.
"""

from __future__ import annotations

from . import permissions

TYPE_CHECKING = False
if TYPE_CHECKING:
    from .manifest import Manifest

PWM, ADC, I2S, UART, I2C, SPI, EINT = 0, 8, 16, 32, 48, 64, 96  # the first block of each kind
COUNTS = {"PWM": 3, "ADC": 1, "I2S": 2, "UART": 6, "I2C": 6, "SPI": 6, "EINT": 24}
FIRST = {"PWM": PWM, "ADC": ADC, "I2S": I2S, "UART": UART, "I2C": I2C, "SPI": SPI, "EINT": EINT}
MOST = 64  # blocks in one grant; there are 48

# kind: (the capability whose line of the manifest grants it, what precedes the number in its value)
CAPABILITIES = {
    "PWM": ("Pwm", "PWM-CONTROLLER-"), "ADC": ("Adc", "ADC-CONTROLLER-"), "I2S": ("I2sSubordinate", "I2S"),
    "UART": ("Uart", "ISU"), "I2C": ("I2cMaster", "ISU"), "SPI": ("SpiMaster", "ISU"), "EINT": ("ExternalInterrupt", "EINT"),
}  # fmt: skip
KINDS = ("PWM", "ADC", "I2S", "UART", "I2C", "SPI", "EINT")


def kind(number: int) -> str:
    """The kind of block `number`, "" if there is no such block."""
    for name in KINDS:
        if FIRST[name] <= number < FIRST[name] + COUNTS[name]:
            return name
    return ""


def name(number: int) -> str:
    """Block `number` in words, such as `Uart ISU0`: the capability and its value in a manifest."""
    found = kind(number)
    if not found:
        return "block " + str(number)
    capability, prefix = CAPABILITIES[found]
    return capability + " " + prefix + str(number - FIRST[found])


def pins(number: int) -> tuple[int, ...]:
    """The pins behind block `number`: whoever has the block drives them."""
    return tuple(permissions.BLOCKS.get(name(number).split(" ")[-1], ()))


def of(manifest: Manifest) -> bytes:
    """The blocks that the capabilities of `manifest` name, in ascending order."""
    asked = (
        ("PWM", manifest.pwm), ("ADC", manifest.adc), ("I2S", manifest.i2s_subordinate), ("UART", manifest.uart),
        ("I2C", manifest.i2c_master), ("SPI", manifest.spi_master), ("EINT", manifest.external_interrupt),
    )  # fmt: skip
    found = []
    for kind_of, values in asked:
        prefix = CAPABILITIES[kind_of][1]
        found.extend([FIRST[kind_of] + int(value[len(prefix) :]) for value in values])
    return bytes(sorted(found))
