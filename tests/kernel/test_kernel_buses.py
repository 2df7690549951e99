"""Buses: who may have one, and who has it."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from armillary.hal.sim.parts import Registers
from armillary.kernel import buses
from armillary.wire.fault import Busy, Denied, Fault, Full, Invalid, NoDevice
from tests.kernel.on_buses import OPENERS, PINS, finish, held_pins, packages

each_kind = pytest.mark.parametrize("kind", OPENERS)


@pytest.fixture
def device(maker, new_device):
    return new_device(packages(maker))


@pytest.fixture
def app(device):
    return device.app("a").port


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
