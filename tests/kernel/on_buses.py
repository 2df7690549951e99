"""What the tests of buses share: apps that may have them, and ways to wait."""

from __future__ import annotations

from armillary.kernel import abi

ALL = {
    "I2cMaster": ["ISU0"], "SpiMaster": ["ISU1"], "Uart": ["ISU3"], "Adc": ["ADC-CONTROLLER-0"],
    "Pwm": ["PWM-CONTROLLER-1"],
}  # fmt: skip
OPENERS = {
    "i2c": lambda port: port.i2c_open(0), "spi": lambda port: port.spi_open(1, 0, 1),
    "uart": lambda port: port.uart_open(3, 9600, 8, 0, 1, 0), "adc": lambda port: port.adc_open(0),
    "pwm": lambda port: port.pwm_open(1),
}  # fmt: skip
PINS = {"i2c": range(26, 31), "spi": range(31, 36), "uart": range(66, 71), "adc": range(41, 49), "pwm": range(4, 8)}


def packages(maker):
    """Two apps that may have every kind of bus, one that may have none, and two that are in the way."""
    return [
        maker.app_package("a", capabilities=ALL), maker.app_package("b", capabilities=ALL), maker.app_package("c"),
        maker.app_package("pins", capabilities={"Gpio": [27, 67]}),
        maker.app_package("other", capabilities={"Uart": ["ISU0"], "I2cMaster": ["ISU2"]}),
    ]  # fmt: skip


def wait(held, handle, timeout_ms=100_000):
    """Begin to wait as an app does: (event, handle) if it is there at once, else None."""
    reply = held.gate(held.port.wait_request(timeout_ms, [handle]))
    return None if reply is None else held.port.wait_result(reply)


def finish(device, port, handle):
    """Wait for the end of a transfer; the µs it took."""
    held, begun = next(held for held in device.tasks.tasks if held.port is port), device.clock.uptime_us()
    assert wait(held, handle) is None
    while True:
        due = device.kernel.step()
        if held.replies:
            break
        device.clock.advance_us(due - device.clock.uptime_us())
    assert port.wait_result(held.replies.pop()) == (abi.READABLE, handle)
    return device.clock.uptime_us() - begun


def held_pins(device):
    return [pin for pin in range(71) if device.kernel.pins.owner(pin)]
