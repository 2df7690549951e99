"""The main core's masters: what a part hears and answers, on the model itself and across the gate."""

import pytest

from armillary.boards.sim import facts
from armillary.hal.port import BusesPort
from armillary.hal.sim.parts import Accelerometer
from armillary.hal.sim.silicon import Silicon


class Stubborn:
    """Takes so many bytes and no more."""

    def __init__(self, most):
        self.most, self.heard, self.stops = most, [], 0

    def start(self, is_read):
        self.heard.append(b"")
        return True

    def write(self, byte):
        self.heard[-1] += bytes([byte])
        return len(self.heard[-1]) <= self.most

    def stop(self):
        self.stops += 1


def own(chip, pins):
    """The kernel has these pins."""
    for pin in pins:
        chip.firewall.assign(pin, 1)


@pytest.fixture
def chip():
    return Silicon(facts, seed=1)


@pytest.fixture(params=["model", "port"])
def buses(request, chip, port):
    return chip.masters if request.param == "model" else BusesPort(port("kernel"))


def test_a_part_answers_on_i2c(buses, chip):
    own(chip, range(36, 41))
    chip.wires.i2c[2].attach(0x6A, Accelerometer())
    assert buses.i2c_transfer(2, 0x6A, 1, b"\x0f") == (1, 1, b"\x69")
    assert buses.i2c_transfer(2, 0x6A, 0, b"\x10\x04") == (1, 2, b"")
    assert buses.i2c_transfer(2, 0x6B, 0, b"") == (0, 0, b"")
    assert buses.i2c_transfer(2, 0x6B, 2, b"") == (0, 0, b"")
    assert buses.i2c_transfer(2, 0x6A, 0, b"") == (1, 0, b"")


def test_a_byte_that_is_not_acknowledged_ends_a_transfer(buses, chip):
    own(chip, range(36, 41))
    part = Stubborn(2)
    chip.wires.i2c[2].attach(0x10, part)
    assert buses.i2c_transfer(2, 0x10, 4, b"abcd") == (2, 2, b"")
    assert part.heard == [b"abc"] and part.stops == 1


def test_a_part_answers_on_spi_while_its_line_is_low(buses, chip):
    own(chip, range(31, 36))
    chip.wires.spi[1].attach(0, Accelerometer())
    buses.spi_select(1, 0, 0)
    assert buses.spi_transfer(1, 0, 1, b"\x8f") == b"\x69"
    buses.spi_select(1, 0, 1)
    assert buses.spi_transfer(1, 0, 1, b"\x8f") == b"\xff"
    buses.spi_select(1, 1, 0)
    assert buses.spi_transfer(1, 0, 1, b"\x8f") == b"\xff"


def test_bits_go_either_way_over_spi(buses, chip):
    own(chip, range(31, 36))
    chip.wires.spi[1].attach(1, Accelerometer())
    buses.spi_select(1, 1, 0)
    assert buses.spi_transfer(1, 1, 1, b"\xf1") == b"\x96"


def test_a_reset_lets_go_of_the_lines(buses, chip):
    own(chip, range(31, 36))
    chip.wires.spi[1].attach(0, Accelerometer())
    buses.spi_select(1, 0, 0)
    chip.masters.reset()
    assert buses.spi_transfer(1, 0, 1, b"\x8f") == b"\xff"


@pytest.mark.parametrize("microvolts, value", [(0, 0), (1_250_000, 2047), (2_500_000, 4095), (3_300_000, 4095), (-5, 0)])
def test_a_voltage_is_converted(buses, chip, microvolts, value):
    own(chip, range(41, 49))
    chip.wires.analog.set(3, microvolts)
    assert buses.adc_read(3) == value
