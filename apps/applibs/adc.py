"""ADC: voltages at the analog inputs (Applibs `adc.h`). Needs the controller in Capabilities.Adc.

    with adc.open(adc.CONTROLLER_0) as converter:
        volts = converter.poll(0) / 4095 * 2.5
"""

from __future__ import annotations

from .bus import Opened, check
from .errors import ask

CONTROLLER_0 = 0
CHANNELS = 8
BITS = 12


class Adc(Opened):
    """The open converter. What reads as 4095 is 2.5 V until the app sets less."""

    def get_sample_bit_count(self, channel: int) -> int:
        """Bits of a value, 12 (ADC_GetSampleBitCount). Raises OSError (EINVAL)."""
        _check(channel)
        return BITS

    def set_reference_voltage(self, channel: int, volts: float) -> None:
        """What reads as full scale, at most 2.5 V (ADC_SetReferenceVoltage). Raises OSError (EINVAL, EBADF)."""
        _check(channel)
        millivolts = int(volts * 1000 + 0.5)
        check(0 < millivolts < 1 << 16, "a reference of {} mV: 1 to 2500", millivolts)
        ask(lambda kernel: kernel.adc_reference(self.handle, channel, millivolts))

    def poll(self, channel: int) -> int:
        """The value of a channel now, 0 to 4095 (ADC_Poll). Raises OSError (EINVAL, EBADF)."""
        _check(channel)
        return ask(lambda kernel: kernel.adc_poll(self.handle, channel))


def open(controller: int = CONTROLLER_0) -> Adc:
    """Take the converter with all its inputs (ADC_Open). Raises OSError (EACCES, EBUSY)."""
    check(0 <= controller <= 0xFF, "no ADC controller {}", controller)
    return Adc(ask(lambda kernel: kernel.adc_open(controller)))


def _check(channel: int) -> None:
    check(0 <= channel < CHANNELS, "no ADC channel {}: 0 to 7", channel)
