"""The power fails in every flash and fuse operation, and again in every operation of the recovery.

Each scenario says what leads up to it, what is cut, and what must be true of the device that boots
afterwards. A device is then always used once more: being whole means that the next update works.
"""

import pytest

from armillary.monitor.log import Log
from armillary.wire import image
from armillary.wire.fault import NotFound

APP = bytes.fromhex("a1") * 16
OS = (2, 4, 7, 8, 22)
FILE = b"\x0f" * 16


class Scenario:
    """`prepare(device)` on a booted device; then, after a boot, `act(device)` is cut; `check(device)` after it.

    `check_late` is what holds after one boot more, where that makes a difference. Where booting writes
    nothing, `redo` is what the kernel would do next, and the second cut strikes there.
    """

    def __init__(self, prepare, act, check, check_late=None, redo=None):
        self.redo = redo or (lambda device: None)
        self.prepare = prepare
        self.act = act
        self.check = check
        self.check_late = check_late or check


def app(device, version):
    return device.maker.package(image.APPLICATIONS, version)


def confirm_app(device):
    device.run()
    device.kernel.confirm_application(APP)


def app_is(*versions):
    """The installed app is one of `versions`, whole; and the next update goes through."""

    def check(device):
        assert device.run() in [app(device, version) for version in versions]
        device.install(app(device, 9))
        confirm_app(device)
        assert device.run() == app(device, 9)
        assert device.counter(APP) == 9

    return check


def os_is(*versions):
    """The OS set is of one of `versions`, not a mixture, with its counters not above it; and the next update goes through."""

    def check(device):
        found = set(device.versions().values())
        assert len(found) == 1 and found <= set(versions)
        assert all(device.counter(device.maker.component(one)) <= max(found) for one in OS)
        device.kernel.confirm_boot()
        device.update(9)
        device.kernel.confirm_boot()
        device.boot()
        assert set(device.versions().values()) == {9}
        assert {device.counter(device.maker.component(one)) for one in OS} == {9}

    return check


def files_are(*contents):
    """The file has one of `contents` (None: there is none), whole; and can be replaced."""

    def check(device):
        try:
            found = device.kernel.storage_load(FILE)
        except NotFound:
            found = None
        assert found in contents
        device.kernel.storage_replace(FILE, b"next" * 500)
        assert device.kernel.storage_load(FILE) == b"next" * 500

    return check


def log_keeps(device):
    text = device.kernel.read_log()
    assert text.endswith((b"3", b"LAST"))
    device.kernel.write_log(b"more")
    again = Log(device.flash, device.facts.FLASH_LAYOUT)
    again.open()
    assert again.read(0, again.size()).endswith(b"more")


def fill_log(device):
    for digit in b"0123":
        device.kernel.write_log(bytes((digit,)) * 1000)
        device.kernel.write_log(bytes((digit,)) * 1000)
        device.kernel.write_log(bytes((digit,)) * 1000)


def write_file(device):
    device.kernel.storage_replace(FILE, b"new" * 1700)


def delete_file(device):
    try:
        device.kernel.storage_delete(FILE)
    except NotFound:
        pass  # an earlier try got that far


def write_old_file(device):
    device.kernel.storage_replace(FILE, b"old" * 700)


def log_last(device):
    device.kernel.write_log(b"x" * 1000 + b"LAST")


def stage_os(device):
    for one in OS:
        device.stage(device.maker.package(one, 2))


def nothing(device):
    pass


SCENARIOS = {
    "staging an app": Scenario(nothing, lambda device: device.stage(app(device, 2)), app_is(1)),
    "installing an app": Scenario(lambda device: device.stage(app(device, 2)), lambda device: device.kernel.install_staged(), app_is(1, 2)),
    "confirming an app": Scenario(lambda device: device.install(app(device, 2)), confirm_app, app_is(2)),
    "reverting an app": Scenario(lambda device: device.install(app(device, 2)), lambda device: device.kernel.revert_application(APP), app_is(1, 2)),
    "removing a second app": Scenario(
        lambda device: device.install(device.maker.package(image.APPLICATIONS, 1, component=FILE)),
        lambda device: device.kernel.invalidate_image(FILE), app_is(1),
    ),
    "staging an OS set": Scenario(nothing, stage_os, os_is(1)),
    "installing an OS set": Scenario(stage_os, lambda device: device.kernel.install_staged(), os_is(1, 2)),
    "confirming an OS set": Scenario(
        lambda device: device.install(*[device.maker.package(one, 2) for one in OS]),
        lambda device: device.kernel.confirm_boot(), os_is(2), os_is(1, 2),  # by then its two trials are over
    ),
    "writing a file": Scenario(nothing, write_file, files_are(None, b"new" * 1700), redo=write_file),
    "replacing a file": Scenario(write_old_file, write_file, files_are(b"old" * 700, b"new" * 1700), redo=write_file),
    "deleting a file": Scenario(write_old_file, delete_file, files_are(b"old" * 700, None), redo=delete_file),
    "logging into the next sector": Scenario(fill_log, log_last, log_keeps, redo=log_last),
}  # fmt: skip


def ready(device, scenario):
    """The flash and fuses of a device that is about to do what is cut."""
    device.boot()
    scenario.prepare(device)
    return device.snapshot()


def cuts(device, saved, act, step=1):
    """Each torn state that a power cut in `act` leaves; `act` is done after a boot from `saved`."""
    operation = 1 - step
    while True:
        operation += step
        device.restore(saved)
        device.boot()
        if not device.cut(operation, lambda: act(device)):
            return
        yield operation, device.snapshot()


def boot_cuts(device, saved, redo=lambda device: None):
    """Each torn state that a power cut leaves in booting from `saved`, and in what is done again then."""

    def recover():
        device.boot_powered()
        redo(device)

    operation = 0
    while True:
        operation += 1
        device.restore(saved)
        if not device.cut(operation, recover):
            return
        yield operation, device.snapshot()


def boots_and_passes(device, saved, check):
    device.restore(saved)
    assert device.boot()
    check(device)


@pytest.mark.parametrize("name", sorted(SCENARIOS))
def test_a_power_cut_leaves_the_old_or_the_new(device, name):
    """At every operation; with an OS set, which takes many, at every fifth here and at every one below."""
    scenario = SCENARIOS[name]
    count = 0
    step = 5 if name in ("staging an OS set", "confirming an OS set") else 1
    for _, torn in cuts(device, ready(device, scenario), scenario.act, step):
        boots_and_passes(device, torn, scenario.check)
        count += 1
    assert count >= 3


@pytest.mark.slow
@pytest.mark.parametrize("name", sorted(SCENARIOS))
def test_a_second_power_cut_in_the_recovery_changes_nothing(device, name):
    scenario = SCENARIOS[name]
    states = 0
    for _, torn in list(cuts(device, ready(device, scenario), scenario.act)):
        for _, again in list(boot_cuts(device, torn, scenario.redo)):
            boots_and_passes(device, again, scenario.check_late)
            states += 1
    print(name + ": " + str(states) + " states")
    assert states


@pytest.mark.parametrize("boots", (1, 2, 3))
def test_a_power_cut_while_a_trial_is_counted_or_ended_leaves_one_whole_set(device, boots):
    """The 1st and 2nd boots of a new set count it, the 3rd goes back."""
    device.boot()
    stage_os(device)
    device.kernel.install_staged()
    for _ in range(boots - 1):
        device.boot()
    count = 0
    for _, torn in list(boot_cuts(device, device.snapshot())):
        boots_and_passes(device, torn, os_is(1, 2))
        count += 1
    assert count >= 10


@pytest.mark.slow
@pytest.mark.parametrize("boots", (1, 2, 3))
def test_two_power_cuts_while_a_trial_is_counted_or_ended(device, boots):
    device.boot()
    stage_os(device)
    device.kernel.install_staged()
    for _ in range(boots - 1):
        device.boot()
    states = 0
    for _, torn in list(boot_cuts(device, device.snapshot())):
        for _, again in list(boot_cuts(device, torn)):
            boots_and_passes(device, again, os_is(1, 2))
            states += 1
    print(str(states) + " states")


def provisioned(device):
    device.provision(device.maker.images(apps=[app(device, 1)]))


def test_provisioning_again_after_any_power_cut_gives_a_whole_device(device):
    """Over a device that was in use, so what is there already is not blank."""
    saved = device.snapshot()
    total = device.operations(lambda: provisioned(device))
    for operation in range(1, total + 1):
        device.restore(saved)
        assert device.cut(operation, lambda: provisioned(device))
        device.rail.power_on()
        provisioned(device)
        assert device.reaches_kernel()
        assert device.run() == app(device, 1)


@pytest.mark.slow
def test_provisioning_a_third_time_after_two_power_cuts_gives_a_whole_device(device):
    saved = device.snapshot()
    total = device.operations(lambda: provisioned(device))
    for first in range(1, total + 1):
        device.restore(saved)
        assert device.cut(first, lambda: provisioned(device))
        torn = device.snapshot()
        for second in range(1, total + 1):
            device.restore(torn)
            assert device.cut(second, lambda: provisioned(device))
            device.rail.power_on()
            provisioned(device)
            assert device.reaches_kernel()


def test_a_device_whose_provisioning_was_cut_does_not_boot_half_done(device):
    from armillary.wire.fault import Fault

    saved = device.snapshot()
    total = device.operations(lambda: provisioned(device))
    for operation in range(1, total - 24):  # the last 24 write the two tables
        device.restore(saved)
        assert device.cut(operation, lambda: provisioned(device))
        try:
            device.boot()
        except Fault:
            continue
        assert operation <= 4  # the old table was not gone yet


def test_the_atomic_switch_is_what_protects_the_old_set(device, monkeypatch):
    """The flaw put in: the table is written over the only good copy first. Then some cut leaves nothing to boot."""
    from armillary.monitor import locator
    from armillary.wire.fault import Fault

    def careless(self, entries):
        for copy in locator.COPIES:
            self._flash.erase(self._layout[copy][0])
        for copy in locator.COPIES:
            self._write_copy(copy, locator.partition.pack_table(self._sequence + 1, entries))
        self._sequence, self.entries = self._sequence + 1, entries

    scenario = SCENARIOS["installing an app"]
    saved = ready(device, scenario)
    monkeypatch.setattr(locator.Locator, "replace", careless)
    dead = 0
    for _, torn in cuts(device, saved, scenario.act):
        device.restore(torn)
        try:
            device.boot()
        except Fault:
            dead += 1
    assert dead
