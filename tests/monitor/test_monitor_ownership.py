"""Who owns a pin, and from when on that is fixed."""

import pytest

from armillary.pluton.abi import BLANK, DEVICE_COMPLETE, MODULE_COMPLETE
from armillary.wire.fault import Busy, Denied, Locked, NoDevice, NotFound

GPIO = 1


def owner(device, pin):
    return device.chip.firewall.owner(pin)


@pytest.fixture
def complete(device):
    """A device that left manufacture, booted."""
    device.set_lifecycle(DEVICE_COMPLETE)
    device.boot()
    return device


@pytest.mark.parametrize("state", (BLANK, MODULE_COMPLETE))
def test_in_manufacture_pins_change_hands(device, state):
    device.set_lifecycle(state)
    device.boot()
    assert owner(device, 8) == 0
    device.kernel.peripheral_acquire(GPIO, 8)
    assert owner(device, 8) == 1
    device.kernel.peripheral_release(GPIO, 8)
    assert owner(device, 8) == 0


def test_a_pin_is_acquired_once(booted):
    booted.kernel.peripheral_acquire(GPIO, 8)
    with pytest.raises(Busy):
        booted.kernel.peripheral_acquire(GPIO, 8)


def test_only_an_acquired_pin_is_released(booted):
    with pytest.raises(NotFound):
        booted.kernel.peripheral_release(GPIO, 8)


@pytest.mark.parametrize("kind, index", ((1, 7), (1, 0xFFFF), (0, 8), (2, 8), (0xFFFF, 0xFFFF)))
def test_there_is_no_other_peripheral(booted, kind, index):
    for call in (booted.kernel.peripheral_acquire, booted.kernel.peripheral_release):
        with pytest.raises(NoDevice):
            call(kind, index)


def test_the_lock_holds_until_the_reset(booted):
    booted.kernel.peripheral_acquire(GPIO, 8)
    booted.kernel.peripheral_lock_config()
    with pytest.raises(Locked):
        booted.kernel.peripheral_acquire(GPIO, 9)
    booted.kernel.peripheral_release(GPIO, 8)
    booted.kernel.peripheral_acquire(GPIO, 8)
    assert owner(booted, 8) == 1
    booted.boot().peripheral_acquire(GPIO, 9)


def test_the_lock_is_the_hardwares_too(booted):
    booted.kernel.peripheral_lock_config()
    with pytest.raises(Locked):
        booted.monitor_hardware().pins.assign(8, 2)


def test_a_complete_device_is_frozen_at_boot_with_every_pin_the_kernels(complete):
    assert [owner(complete, pin) for pin in complete.facts.PINS] == [1, 1, 1]
    with pytest.raises(Locked):
        complete.monitor_hardware().pins.assign(8, 2)
    complete.kernel.peripheral_acquire(GPIO, 8)
    complete.kernel.peripheral_release(GPIO, 8)
    assert owner(complete, 8) == 1


def test_a_complete_device_open_for_development_is_not_frozen(complete):
    complete.install(complete.maker.capability_file(complete.device_id, (11,)))
    complete.boot().peripheral_acquire(GPIO, 8)
    complete.kernel.peripheral_release(GPIO, 8)
    assert owner(complete, 8) == 0


def test_the_kernel_cannot_reach_the_table_around_the_monitor(booted):
    from armillary.hal.port import PinOwnershipPort

    with pytest.raises(Denied):
        PinOwnershipPort(booted.chip.port("kernel")).assign(8, 1)
