"""A pin has one owner, and leaves nothing behind (A12, K05)."""

from __future__ import annotations

import pytest

from armillary.kernel import pins
from armillary.wire.fault import Busy, Closed, Denied, Fault, Invalid, NoDevice

GPIO = {"Gpio": [8, 9, 40]}


@pytest.fixture
def device(maker, new_device):
    return new_device([maker.app_package("a", capabilities=GPIO), maker.app_package("b", capabilities=GPIO)])


@pytest.fixture
def apps(device):
    return device.app("a").port, device.app("b").port


def test_a_pin_that_is_open_cannot_be_taken_or_disturbed(device, apps):
    a, b = apps
    handle = a.gpio_open_output(8, 0, 1)
    for action in (
        lambda: b.gpio_open_output(8, 0, 0), lambda: b.gpio_open_input(8), lambda: a.gpio_open_input(8),
        lambda: b.gpio_set(handle, 0), lambda: b.close(handle),
    ):  # fmt: skip
        with pytest.raises((Busy, Closed)):
            action()
    assert device.chip.gpio.read(8) == 1


def test_with_ownership_left_out_a_pin_can_be_stolen(device, apps, monkeypatch):
    """The flaw: the peripheral-disable attack of Anvil."""
    a, b = apps
    a.gpio_open_output(8, 0, 1)
    monkeypatch.setattr(device.kernel.pins, "_owners", {})
    monkeypatch.setattr(device.kernel.pins._monitor, "peripheral_acquire", lambda kind, index: None)
    b.gpio_set(b.gpio_open_output(8, 0, 0), 0)
    assert device.chip.gpio.read(8) == 0


def test_a_closed_pin_is_an_input_again_and_free(device, apps):
    a, b = apps
    handle = a.gpio_open_output(8, 0, 1)
    assert device.chip.gpio.mode(8) == 1
    a.close(handle)
    assert (device.chip.gpio.mode(8), device.chip.gpio.read(8)) == (0, 0)
    b.gpio_open_input(8)


def test_the_pins_of_an_app_that_died_are_free(device, apps):
    a, b = apps
    a.gpio_open_output(8, 0, 1)
    device.app("a").die(1)
    device.run(0.5)
    assert device.chip.gpio.mode(8) == 0
    b.gpio_open_output(8, 0, 0)


@pytest.mark.parametrize("mode, level, wire", [(0, 1, 1), (0, 0, 0), (1, 0, 0), (2, 1, 1)])
def test_an_output_begins_in_its_mode_at_its_level(device, apps, mode, level, wire):
    apps[0].gpio_open_output(8, mode, level)
    assert device.chip.gpio.mode(8) == mode + 1 and device.chip.gpio.read(8) == wire


def test_an_open_drain_lets_the_outside_decide_a_one(device, apps):
    handle = apps[0].gpio_open_output(8, 1, 1)
    device.chip.gpio.pull(8, 1)
    assert apps[0].gpio_get(handle) == 1
    device.chip.gpio.drive(8, 0)
    assert apps[0].gpio_get(handle) == 0


def test_an_input_is_read_and_not_driven(device, apps):
    handle = apps[0].gpio_open_input(8)
    device.chip.gpio.drive(8, 1)
    assert apps[0].gpio_get(handle) == 1
    with pytest.raises(Invalid):
        apps[0].gpio_set(handle, 0)


def test_a_pin_the_board_does_not_have_is_no_device_and_takes_no_handle(device, apps):
    with pytest.raises(NoDevice):
        apps[0].gpio_open_input(40)
    assert device.process("a").handles.numbers() == []
    assert device.kernel.pins.owner(40) is None


def test_a_pin_that_cannot_be_set_up_is_given_back(device, apps, monkeypatch):
    def fail(pin, mode):
        raise Invalid("no")

    monkeypatch.setattr(device.kernel.pins.gpio, "configure", fail)
    with pytest.raises(Invalid):
        apps[0].gpio_open_input(8)
    monkeypatch.undo()
    apps[1].gpio_open_input(8)


def test_the_kernel_holds_a_pin_only_while_an_app_does(device, apps):
    bus = device.kernel.hardware.gpio
    with pytest.raises(Denied):
        bus.read(8)
    handle = apps[0].gpio_open_input(8)
    assert bus.read(8) == 0
    apps[0].close(handle)
    with pytest.raises(Denied):
        bus.read(8)


def test_one_app_can_hold_every_handle_without_touching_anothers(maker, new_device):
    every = {"Gpio": [4, 5, 6, 7, 8, 9, 10, 11], "MutableStorage": {"SizeKB": 8}}
    device = new_device([maker.app_package("a", capabilities=every), maker.app_package("b", capabilities=every)])
    greedy, other = device.app("a").port, device.app("b").port
    with pytest.raises(Fault, match="32 handles"):
        while True:
            greedy.package_open("bin/app.py")
    with pytest.raises(Fault, match="32 handles"):
        greedy.gpio_open_input(8)
    other.gpio_open_input(8)  # the refused one did not take the pin
    assert pins.KIND_GPIO == 1
