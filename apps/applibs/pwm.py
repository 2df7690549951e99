"""PWM: pulses on a pin (Applibs `pwm.h`). Needs the controller in Capabilities.Pwm.

    with pwm.open(pwm.CONTROLLER_1) as controller:
        controller.apply(0, period_ns=1_000_000, duty_ns=250_000)   # a quarter of a millisecond in each

The channels of CONTROLLER_n are the pins 4n to 4n + 3; an app has all of them from open to close. On a simulated board
a wave with periods below 20 µs shows its first four; then longer ones of the same duty stand for the rest.
"""

from __future__ import annotations

from .bus import Opened, check
from .errors import ask

CONTROLLER_0, CONTROLLER_1, CONTROLLER_2 = 0, 1, 2
NORMAL, INVERTED = 0, 1  # PwmPolarity
CHANNELS = 4
LONGEST_NS = 0xFFFF_FFFF


class Pwm(Opened):
    """An open controller."""

    def apply(self, channel: int, period_ns: int, duty_ns: int, polarity: int = NORMAL, enabled: bool = True) -> None:
        """Pulses of `duty_ns` every `period_ns` (at most 4.29 s) from now on; not enabled, the level between pulses
        (PWM_Apply). Raises OSError (EINVAL, EBADF)."""
        check(0 <= channel < CHANNELS, "no PWM channel {}: 0 to 3", channel)
        check(0 < period_ns <= LONGEST_NS, "a period of {} ns", period_ns)
        check(0 <= duty_ns <= period_ns, "a pulse of {} ns, longer than its period, or less than nothing", duty_ns)
        check(polarity in (NORMAL, INVERTED), "no polarity {}", polarity)
        ask(lambda kernel: kernel.pwm_apply(self.handle, channel, period_ns, duty_ns, polarity, int(enabled)))


def open(controller: int) -> Pwm:
    """Take a controller with its four pins (PWM_Open). Raises OSError (EACCES, EBUSY, ENODEV)."""
    check(0 <= controller <= 0xFF, "no PWM controller {}", controller)
    return Pwm(ask(lambda kernel: kernel.pwm_open(controller)))
