"""Buses: who may have one, who has it, and what a transfer does and takes."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from armillary.hal.sim.buses import SpiLoop
from armillary.hal.sim.parts import Accelerometer, Registers
from armillary.kernel import abi, buses
from armillary.wire.fault import Busy, Closed, Denied, Fault, Full, Invalid, NoDevice, OutOfOrder

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
each_kind = pytest.mark.parametrize("kind", OPENERS)


@pytest.fixture
def device(maker, new_device):
    return new_device([maker.app_package("a", capabilities=ALL), maker.app_package("b", capabilities=ALL), maker.app_package("c"),
                       maker.app_package("pins", capabilities={"Gpio": [27, 67]}),
                       maker.app_package("other", capabilities={"Uart": ["ISU0"], "I2cMaster": ["ISU2"]})])


@pytest.fixture
def app(device):
    return device.app("a").port


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


# -- whose it is ---------------------------------------------------------------------------------------


@each_kind
def test_without_the_line_in_the_manifest_it_is_denied_and_told(device, kind):
    with pytest.raises(Denied) as caught:
        OPENERS[kind](device.app("c").port)
    line = {"i2c": "I2cMaster", "spi": "SpiMaster", "uart": "Uart", "adc": "Adc", "pwm": "Pwm"}[kind]
    assert line in caught.value.reason and "Capabilities." + line in caught.value.remedy
    assert [one for one in device.events("denial") if line in str(one)]


@each_kind
def test_two_apps_cannot_have_it_at_once(device, app, kind):
    OPENERS[kind](app)
    for other in (app, device.app("b").port):
        with pytest.raises(Busy):
            OPENERS[kind](other)


@each_kind
def test_a_closed_one_is_free_again(device, app, kind):
    app.close(OPENERS[kind](app))
    OPENERS[kind](device.app("b").port)


@each_kind
def test_that_of_an_app_that_died_is_free(device, app, kind):
    OPENERS[kind](app)
    device.app("a").die(1)
    device.run(0.5)
    OPENERS[kind](device.app("b").port)


def test_with_the_pins_left_out_two_apps_share_a_bus(device, app, monkeypatch):
    """The flaw: a master without its pins is anybody's, and one app hears what another's part says."""
    monkeypatch.setattr(buses._Held, "__init__", lambda self, found, owner, block: setattr(self, "_buses", found))
    monkeypatch.setattr(buses._Held, "close", lambda self: None)
    for pin in range(26, 31):
        device.chip.firewall.assign(pin, 1)
    device.chip.wires.i2c[0].attach(0x50, Registers({0: 7}))
    OPENERS["i2c"](app)
    spy = OPENERS["i2c"](device.app("b").port)
    device.app("b").port.i2c_begin(spy, 0x50, 1, b"\0")
    finish(device, device.app("b").port, spy)
    assert device.app("b").port.i2c_result(spy) == (1, 1, b"\x07")


def test_a_bus_and_a_gpio_cannot_have_the_same_pin(device, app):
    pins = device.app("pins").port
    handle = pins.gpio_open_output(27, 0, 0)
    with pytest.raises(Busy):
        app.i2c_open(0)
    pins.close(handle)
    app.i2c_open(0)
    with pytest.raises(Busy):
        pins.gpio_open_output(27, 0, 0)


def test_what_could_not_be_taken_whole_is_not_taken_at_all(device, app):
    device.app("pins").port.gpio_open_output(67, 0, 0)
    with pytest.raises(Busy):
        app.uart_open(3, 9600, 8, 0, 1, 0)
    assert [pin for pin in PINS["uart"] if device.kernel.pins.owner(pin)] == [67]


def test_a_pin_that_cannot_be_made_an_input_keeps_no_other(device, app, monkeypatch):
    handle, configure = app.i2c_open(0), device.kernel.pins.gpio.configure

    def stuck(pin, mode):
        if pin == 27:
            raise Fault("stuck")
        configure(pin, mode)

    monkeypatch.setattr(device.kernel.pins.gpio, "configure", stuck)
    with pytest.raises(Fault, match="stuck"):
        app.close(handle)
    assert not held_pins(device)


def test_uart_and_i2c_of_one_unit_exclude_each_other(device, app):
    line = device.app("other").port.uart_open(0, 9600, 8, 0, 1, 0)
    with pytest.raises(Busy):
        app.i2c_open(0)
    device.app("other").port.close(line)
    app.i2c_open(0)


def test_a_unit_that_the_board_does_not_have_is_no_device(device):
    with pytest.raises(NoDevice):
        device.app("other").port.i2c_open(2)


@each_kind
def test_a_unit_of_a_real_time_core_is_not_given(device, app, kind):
    device.monitor.ownership.give(0, (PINS[kind][1],))
    with pytest.raises(Fault) as caught:
        OPENERS[kind](app)
    assert "real-time core 0" in caught.value.policy


def test_a_handle_of_one_kind_is_none_of_another(app):
    i2c, adc = app.i2c_open(0), app.adc_open(0)
    for call in (
        lambda: app.spi_begin(i2c, 1, 1, b""), lambda: app.uart_read(i2c, 1), lambda: app.adc_poll(i2c, 0),
        lambda: app.i2c_begin(adc, 1, 1, b""), lambda: app.i2c_result(adc),
    ):  # fmt: skip
        with pytest.raises(Invalid):
            call()


@each_kind
def test_no_bus_is_taken_without_a_handle_to_give(device, app, kind):
    for _ in range(32):
        app.package_open("bin/app.py")
    with pytest.raises(Full):
        OPENERS[kind](app)
    OPENERS[kind](device.app("b").port)


def test_a_board_without_buses_says_so(device, app):
    device.kernel.applications._means.buses._hal = None
    device.kernel.applications._means.buses.pwms = None
    for kind in ("i2c", "spi", "adc", "pwm"):
        with pytest.raises(NoDevice):
            OPENERS[kind](app)
    assert not held_pins(device)


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


def test_nothing_of_what_came_for_another_app_is_left_on_a_line(device, app):
    line, other = device.chip.wires.serial[3], device.app("b").port
    handle = other.uart_open(3, 9600, 8, 0, 1, 0)
    line.inject(b"secret" * 10_000)
    other.close(handle)
    handle = app.uart_open(3, 9600, 8, 0, 1, 0)
    assert app.uart_read(handle, 4000) == b""


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


# -- anything ---------------------------------------------------------------------------------------------

CALLS = st.lists(st.one_of(
    st.tuples(st.just("open"), st.sampled_from(list(OPENERS))), st.tuples(st.just("close"), st.integers(0, 5)),
    st.tuples(st.just("begin"), st.integers(0, 5), st.integers(0, 127), st.integers(0, 40), st.binary(max_size=40)),
    st.tuples(st.just("result"), st.integers(0, 5)), st.tuples(st.just("pass"), st.integers(0, 5)),
    st.tuples(st.just("configure"), st.integers(0, 5), st.integers(0, 5_000_000), st.integers(0, 4)),
), max_size=25)  # fmt: skip


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(calls=CALLS)
def test_whatever_an_app_does_pins_are_held_by_what_is_open_and_free_after_it(device, calls):
    port, open_ones = device.app("a").port, []
    for name, *values in calls:
        try:
            perform(device, port, open_ones, name, values)
        except Fault:
            pass
        assert held_pins(device) == sorted(pin for kind, _ in open_ones for pin in PINS[kind])
    for _, handle in open_ones:
        port.close(handle)
    assert not held_pins(device)


def perform(device, port, open_ones, name, values):
    kind, handle = open_ones[values[0] % len(open_ones)] if open_ones and isinstance(values[0], int) else ("", 0)
    if name == "open":
        open_ones.append((values[0], OPENERS[values[0]](port)))
    elif name == "pass":
        device.clock.advance_us(1000 * values[0])
    elif name == "close" and handle:
        open_ones.remove((kind, handle))
        port.close(handle)
    elif name == "begin":
        (port.i2c_begin if kind == "i2c" else port.spi_begin)(handle, *(values[1:] if kind == "i2c" else (1, *values[2:])))
    elif name == "result":
        (port.i2c_result if kind == "i2c" else port.spi_result)(handle)
    elif kind == "spi":
        port.spi_configure(handle, values[1], values[2], 0)
