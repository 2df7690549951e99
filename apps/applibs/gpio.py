"""GPIO: pins of the board (Applibs `gpio.h`). Needs the pin in Capabilities.Gpio.

    with gpio.open_as_output(8) as led:
        led.set_value(gpio.HIGH)
"""

from __future__ import annotations

from .errors import ask

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

LOW, HIGH = 0, 1  # GPIO_Value
PUSH_PULL, OPEN_DRAIN, OPEN_SOURCE = 0, 1, 2  # GPIO_OutputMode


class Pin:
    """An open pin; `handle` is for the event loop (an input that changed)."""

    def __init__(self, number: int, handle: int) -> None:
        self.number = number
        self.handle = handle

    def get_value(self) -> int:
        """The level, LOW or HIGH (GPIO_GetValue). Raises OSError (EBADF)."""
        return ask(lambda kernel: kernel.gpio_get(self.handle))

    def set_value(self, value: int) -> None:
        """Drive the pin (GPIO_SetValue). Raises OSError (EINVAL, EBADF)."""
        ask(lambda kernel: kernel.gpio_set(self.handle, value))

    def close(self) -> None:
        """Give the pin back: it becomes an input. Closing twice does nothing."""
        handle, self.handle = self.handle, 0
        if handle:
            ask(lambda kernel: kernel.close(handle))

    def __enter__(self) -> Pin:
        return self

    def __exit__(self, *error: Any) -> None:
        self.close()


def open_as_output(number: int, mode: int = PUSH_PULL, value: int = LOW) -> Pin:
    """Take a pin as an output (GPIO_OpenAsOutput). Raises OSError (EACCES, ENODEV, EBUSY, EINVAL)."""
    return Pin(number, ask(lambda kernel: kernel.gpio_open_output(number, mode, value)))


def open_as_input(number: int) -> Pin:
    """Take a pin as an input (GPIO_OpenAsInput). Raises OSError (EACCES, ENODEV, EBUSY)."""
    return Pin(number, ask(lambda kernel: kernel.gpio_open_input(number)))
