"""Transfers, lines, voltages and pulses: what an app gets of a bus that it has, and when."""

from __future__ import annotations

import pytest

from armillary.hal.sim.buses import SpiLoop
from armillary.hal.sim.parts import Accelerometer, Registers
from armillary.kernel import abi, buses
from armillary.wire.fault import Busy, Closed, Invalid, OutOfOrder
from tests.kernel.on_buses import finish, held_pins, packages, wait


@pytest.fixture
def device(maker, new_device):
    return new_device(packages(maker))


@pytest.fixture
def app(device):
    return device.app("a").port


# -- transfers -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("hz", buses.I2C_SPEEDS)
def test_an_i2c_transfer_takes_its_bits(device, app, hz):
    device.chip.wires.i2c[0].attach(0x50, Registers({3: 9}))
    handle = app.i2c_open(0)
    app.i2c_configure(handle, hz, 0)
    app.i2c_begin(handle, 0x50, 4, b"\x03")
    with pytest.raises(Busy):
        app.i2c_result(handle)
    with pytest.raises(Busy):
        app.i2c_begin(handle, 0x50, 4, b"\x03")
    bits = (1 + 9 + 9) + (1 + 9 + 4 * 9) + 1
    assert finish(device, app, handle) == -(-bits * 1_000_000 // hz)
    assert app.i2c_result(handle) == (1, 1, bytes([9, 0, 0, 0]))
    with pytest.raises(OutOfOrder):
        app.i2c_result(handle)


def test_a_part_that_is_not_there_answers_soon(device, app):
    handle = app.i2c_open(0)
    app.i2c_begin(handle, 0x50, 100, bytes(100))
    assert finish(device, app, handle) == 110
    assert app.i2c_result(handle) == (0, 0, b"")


def test_a_transfer_that_is_too_long_times_out_with_what_fitted(device, app):
    part = Registers({})
    device.chip.wires.i2c[0].attach(0x50, part)
    handle = app.i2c_open(0)
    app.i2c_configure(handle, 0, 10)
    app.i2c_begin(handle, 0x50, 0, bytes(range(1, 201)))
    assert finish(device, app, handle) == 10_000
    outcome, count, _ = app.i2c_result(handle)
    assert outcome == 3 and 100 < count <= 110
    assert device.chip.wires.i2c[0].log[-1].split()[2:] == [f"{byte:02x}" for byte in range(1, count + 1)]


def test_what_was_not_fetched_is_forgotten(device, app):
    device.chip.wires.i2c[0].attach(0x50, Registers({0: 1, 1: 2}))
    handle = app.i2c_open(0)
    app.i2c_begin(handle, 0x50, 1, b"\0")
    device.run(0.1)
    app.i2c_begin(handle, 0x50, 1, b"\1")
    finish(device, app, handle)
    assert app.i2c_result(handle)[2] == b"\2"


def test_a_handle_that_is_closed_in_the_middle_is_closed(device, app):
    handle = app.i2c_open(0)
    app.i2c_begin(handle, 0x50, 1, b"\0")
    app.close(handle)
    with pytest.raises(Closed):
        app.i2c_result(handle)


@pytest.mark.parametrize("hz, milliseconds", [(1, 0), (100_001, 0), (0, 60_001)])
def test_an_i2c_setting_that_is_none_is_refused(app, hz, milliseconds):
    with pytest.raises(Invalid):
        app.i2c_configure(app.i2c_open(0), hz, milliseconds)


def test_an_spi_part_stays_selected_until_the_last_transfer(device, app):
    part = Accelerometer()
    device.chip.wires.spi[1].attach(1, part)
    handle = app.spi_open(1, 1, 1)
    app.spi_configure(handle, 1_000_000, 4, 2)
    app.spi_begin(handle, 0, 0, b"\x8f")
    assert finish(device, app, handle) == 8
    app.spi_begin(handle, 1, 2, b"")
    assert finish(device, app, handle) == 16
    assert app.spi_result(handle) == bytes([0x69, 0])
    app.spi_begin(handle, 1, 1, b"\x8f")
    finish(device, app, handle)
    assert app.spi_result(handle) == b"\x69"


def test_a_line_that_is_active_high_selects_a_part_in_between(device, app):
    device.chip.wires.spi[1].attach(0, SpiLoop())
    handle = app.spi_open(1, 0, 2)
    app.spi_begin(handle, 1, 1, b"\x55")
    finish(device, app, handle)
    assert app.spi_result(handle) == b"\xff" and device.chip.wires.spi[1].exchange(0x55) == 0x55
    app.close(handle)
    assert device.chip.wires.spi[1].exchange(0x55) == 0xFF


def test_a_line_is_let_go_of_when_its_app_ends_in_the_middle(device, app):
    device.chip.wires.spi[1].attach(0, SpiLoop())
    handle = app.spi_open(1, 0, 1)
    app.spi_begin(handle, 0, 1, b"")
    assert device.chip.wires.spi[1].exchange(0x55) == 0x55
    device.app("a").die(1)
    device.run(0.1)
    assert device.chip.wires.spi[1].exchange(0x55) == 0xFF


@pytest.mark.parametrize("hz", [1, 19_999, 40_000_001])
def test_an_spi_clock_that_is_none_is_refused(app, hz):
    with pytest.raises(Invalid):
        app.spi_configure(app.spi_open(1, 0, 1), hz, 0, 0)


# -- lines and voltages ----------------------------------------------------------------------------------


def test_a_uart_carries_bytes_both_ways_and_tells(device, app):
    line = device.chip.wires.serial[3]
    line.inject(b"of before")
    handle = app.uart_open(3, 9600, 7, 1, 2, 1)
    assert line.settings == (9600, 7, 1, 2, 1) and app.uart_read(handle, 10) == b""
    assert app.uart_write(handle, b"ping") == 4 and line.take() == b"ping"
    held = device.app("a")
    assert wait(held, handle) is None
    line.inject(b"pong")
    device.run(0.1)
    assert app.wait_result(held.replies.pop()) == (abi.READABLE, handle)
    assert (app.uart_read(handle, 2), app.uart_read(handle, 9)) == (b"po", b"ng")


def test_what_nobody_reads_stays_bounded(device, app):
    line, handle = device.chip.wires.serial[3], app.uart_open(3, 9600, 8, 0, 1, 0)
    line.inject(bytes(60_000))
    assert wait(device.app("a"), handle) == (abi.READABLE, handle)
    assert len(line.read(60_000)) == 60_000 - buses.UART_KEPT
    assert len(app.uart_read(handle, 4000)) == 4000


def heard_after_another(device, app):
    """What an app hears of a line on which much has come for the app before."""
    line, other = device.chip.wires.serial[3], device.app("b").port
    handle = other.uart_open(3, 9600, 8, 0, 1, 0)
    line.inject(b"secret" * 10_000)
    other.close(handle)
    return app.uart_read(app.uart_open(3, 9600, 8, 0, 1, 0), 4000)


def test_nothing_of_what_came_for_another_app_is_left_on_a_line(device, app):
    assert heard_after_another(device, app) == b""


def test_with_what_came_before_left_on_a_line_an_app_hears_it(device, app, monkeypatch):
    """The flaw: who opens a line gets what its buffer has."""
    monkeypatch.setattr(buses.Serial, "_discard", lambda self: None)
    assert b"secret" in heard_after_another(device, app)


def test_opening_a_line_that_never_pauses_comes_to_an_end(device, app, monkeypatch):
    monkeypatch.setattr(device.chip.wires.serial[3], "read", bytes)
    assert len(app.uart_read(app.uart_open(3, 9600, 8, 0, 1, 0), 9)) == 9


@pytest.mark.parametrize("baud, flow", [(299, 0), (3_000_001, 0), (9600, 2)])
def test_a_line_setting_that_is_none_is_refused_and_nothing_is_held(device, app, baud, flow):
    with pytest.raises(Invalid):
        app.uart_open(3, baud, 8, 0, 1, flow)
    assert not held_pins(device)


@pytest.mark.parametrize("millivolts, reference, value", [(0, 0, 0), (1250, 0, 2047), (2500, 0, 4095), (1000, 1000, 4095), (600, 1200, 2045)])
def test_a_voltage_reads_against_its_reference(device, app, millivolts, reference, value):
    device.chip.wires.analog.set(5, millivolts * 1000)
    handle = app.adc_open(0)
    if reference:
        app.adc_reference(handle, 5, reference)
    assert app.adc_poll(handle, 5) == value


@pytest.mark.parametrize("millivolts", [0, 2501])
def test_a_reference_beyond_the_converters_is_refused(app, millivolts):
    with pytest.raises(Invalid):
        app.adc_reference(app.adc_open(0), 0, millivolts)


def test_pulses_come_from_the_moment_they_are_applied_until_the_app_ends(device, app):
    device.run(0.1)
    handle = app.pwm_open(1)
    app.pwm_apply(handle, 2, 2_000_000, 500_000, 0, 1)
    device.run(0.004)
    begun = device.chip.gpio.history[0][0]
    assert [(time - begun, pin, level) for time, pin, level in device.chip.gpio.history] == [
        (0, 6, 1), (500, 6, 0), (2000, 6, 1), (2500, 6, 0), (4000, 6, 1),
    ]  # fmt: skip
    with pytest.raises(Invalid):
        app.pwm_apply(handle, 2, 1000, 1001, 0, 1)
    device.app("a").die(1)
    device.run(0.2)
    assert device.chip.waves.next_us() is None and device.chip.gpio.mode(6) == 0
