"""The power fails at every flash and fuse operation of installing, proving and removing a real-time app.

Whatever is left, the device boots, each core has just what the manifest of the app that is now
installed claims, and the app starts.
"""

import pytest

from armillary.wire.fault import NotFound
from tests.monitor.rtapps import FIRST, SECOND, RtDevice, package

CLAIMS = {0: [], 1: [8, 9], 2: [9, 10], 3: [36, 37, 38, 39, 40]}  # security version: pins; 0 is no app
ASKED = {1: {"Gpio": [8, 9]}, 2: {"Gpio": [9, 10]}, 3: {"Uart": ["ISU2"]}}


def app(device, version, component=FIRST):
    return package(device.maker, component, ASKED[version], version)


@pytest.fixture
def device(maker, factory_state):
    """A complete device whose real-time app, version 1, has proved itself."""
    device = RtDevice(maker)
    device.restore(factory_state[0])
    device.complete().boot()
    device.install_and_restart(app(device, 1))
    prove(device)
    return device


def prove(device):
    device.kernel.realtime_start(FIRST)
    device.kernel.confirm_application(FIRST)


def installed(device):
    entry = device.entry(FIRST)
    return 0 if entry is None else entry.version


def install_another(device):
    device.install(package(device.maker, SECOND, {"Gpio": [1]}))


def go_back(device):
    device.kernel.realtime_start(FIRST)
    device.kernel.revert_application(FIRST)


def remove(device):
    try:
        device.kernel.invalidate_image(FIRST)
    except NotFound:
        pass


# what leads up to it, what is cut, which versions may be installed afterwards
SCENARIOS = {
    "installing an upgrade": (lambda device: None, lambda device: device.install(app(device, 2)), (1, 2)),
    "installing another app": (lambda device: None, install_another, (1,)),
    "proving an upgrade": (lambda device: device.install(app(device, 2)), prove, (2,)),
    "going back": (lambda device: device.install(app(device, 2)), go_back, (1, 2)),
    "removing it": (lambda device: None, remove, (0, 1)),
}  # fmt: skip


def check(device, lawful):
    """What must hold of the device that has booted; then the next update goes through."""
    version = installed(device)
    assert version in lawful
    cores = [device.owned(0), device.owned(1)]
    assert sorted(pins for pins in cores if pins) == sorted(pins for pins in (CLAIMS[version], other(device)) if pins)
    assert all(device.owner(pin) for pin in device.facts.PINS)
    if version:
        assert device.owned(device.kernel.realtime_start(FIRST)) == CLAIMS[version]
    assert device.install(app(device, 3))[1]
    device.boot()
    prove(device)
    assert CLAIMS[3] in (device.owned(0), device.owned(1))
    assert device.counter(FIRST) == 3


def other(device):
    return [1] if device.entry(SECOND) is not None else []


@pytest.mark.parametrize("name", sorted(SCENARIOS))
def test_after_a_power_cut_the_map_is_that_of_what_is_installed(device, name):
    before, act, lawful = SCENARIOS[name]
    before(device)
    saved, operation = device.snapshot(), 0
    while True:
        operation += 1
        device.restore(saved)
        device.boot()
        if not device.cut(operation, lambda: act(device)):
            break
        device.boot()
        check(device, lawful)
    assert operation > 4
    print(name + ": " + str(operation - 1) + " cuts")


def test_making_the_map_writes_nothing_that_a_power_cut_could_strike(device):
    with_a_map = device.operations(device.boot)
    device.kernel.invalidate_image(FIRST)
    device.boot()
    assert device.operations(device.boot) == with_a_map
