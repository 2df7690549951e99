"""Booting: which copies are taken, what is measured and said, and what the kernel's core is started on."""

import pytest

from armillary.hal.sim.power import ChipReset
from armillary.monitor.core import Monitor
from armillary.pluton import abi as pluton_abi
from armillary.pluton.port import PlutonPort
from armillary.wire import image
from armillary.wire.fault import Failed, Fault
from armillary.wire.partition import pack_table
from armillary.wire.stage import parse_line

BOOTED = (image.KERNEL, image.ROOT_FS, image.UPDATE_CERT_STORE)


def lines(device):
    return device.chip.uarts[0].take().decode().splitlines()


def split_load(load):
    packages, at = [], 0
    while at < len(load):
        end = at + 4 + int.from_bytes(load[at : at + 4], "little")
        packages.append(load[at + 4 : end])
        at = end
    return packages


def spoil(device, component, replica=0, offset=20):
    """Flip one bit of an image in flash."""
    device.flash.flip_bit(device.entry(component, 2, replica).offset + offset, 3)


def test_the_kernel_starts_on_the_three_verified_packages(booted, maker):
    core, load = booted.chip.started[-1]
    assert core == 2
    assert split_load(load) == [maker.package(one) for one in BOOTED]


def test_every_stage_is_measured_in_order(booted):
    types = [int(parse_line(line)[1]["type"]) for line in lines(booted) if parse_line(line)]
    assert types == [1, 19, 2, 4, 7, 8, 22]
    assert booted.versions() == {2: 1, 4: 1, 7: 1, 8: 1, 22: 1}


def test_measurements_are_closed_before_the_kernel_runs(booted):
    with pytest.raises(Fault):
        PlutonPort(booted.pluton.gate("monitor")).measure(10, bytes(32), 0, bytes(32), "late")


def test_a_damaged_primary_gives_way_to_its_backup_and_says_so(booted):
    spoil(booted, booted.maker.component(image.KERNEL))
    kernel = booted.boot()
    assert kernel.get_rollback_info() == (False, 4, "")
    assert any("kernel: the backup copy is used, because primary: " in line for line in lines(booted))
    assert "backup copy is used" in kernel.read_log().decode()


def test_a_log_that_cannot_be_written_does_not_stop_the_backup_from_booting(booted):
    spoil(booted, booted.maker.component(image.KERNEL))
    start, size = booted.facts.FLASH_LAYOUT[5]
    plain = booted.flash.program

    def program(offset, data):
        if start <= offset < start + size:
            raise Failed("worn out")
        plain(offset, data)

    booted.flash.program = program
    assert booted.reaches_kernel()
    assert "[monitor] the log cannot be written" in lines(booted)


@pytest.mark.parametrize("image_type", BOOTED)
def test_each_image_the_monitor_boots_has_a_backup(booted, image_type):
    spoil(booted, booted.maker.component(image_type))
    assert booted.reaches_kernel()
    assert booted.kernel.get_rollback_info()[1] == 4 << BOOTED.index(image_type)


def test_a_device_with_no_good_kernel_stops_and_says_what_was_tried(booted):
    for replica in (0, 1):
        spoil(booted, booted.maker.component(image.KERNEL), replica)
    with pytest.raises(Failed, match="no usable kernel: primary: .*; backup: "):
        booted.boot()
    assert any("no usable kernel" in line for line in lines(booted))
    assert [core for core, _ in booted.chip.started] == [1]


def test_confirming_repairs_a_damaged_primary(booted):
    spoil(booted, booted.maker.component(image.KERNEL))
    booted.boot().confirm_boot()
    assert booted.boot().get_rollback_info() == (False, 0, "")


@pytest.mark.parametrize("image_type", (2, 4, 7, 8, 19, 22))
@pytest.mark.parametrize("replica", (0, 1))
def test_confirming_mends_either_copy_of_every_os_image(booted, image_type, replica):
    component = booted.maker.component(image_type)
    spoil(booted, component, replica)
    booted.boot().confirm_boot()
    spoil(booted, component, 1 - replica)
    assert booted.reaches_kernel()


def test_a_damaged_signature_alone_is_found_and_mended(booted):
    component = booted.maker.component(image.KERNEL)
    entry = booted.entry(component)
    spoil(booted, component, 0, entry.length - 1)
    booted.boot().confirm_boot()
    assert booted.boot().get_rollback_info()[1] == 0


def test_a_second_confirmation_writes_nothing(booted):
    booted.kernel.confirm_boot()
    assert booted.operations(booted.kernel.confirm_boot) == 0


def test_a_damaged_locator_copy_is_repaired_at_boot(booted):
    for partition in (9, 10):
        offset, _ = booted.facts.FLASH_LAYOUT[partition]
        good = booted.flash.read(offset, 600)
        booted.flash.flip_bit(offset + 40, 0)
        booted.boot()
        assert booted.flash.read(offset, 600) == good


def test_without_a_locator_the_monitor_stops(booted):
    for partition in (9, 10):
        booted.flash.erase(booted.facts.FLASH_LAYOUT[partition][0])
    booted.chip.watchdog.reset()
    monitor = Monitor(booted.monitor_hardware(), PlutonPort(booted.pluton.gate("monitor")))
    with pytest.raises(Failed, match="no whole locator table"):
        monitor.boot()


def test_the_watchdog_runs_from_the_start_and_is_tended(booted):
    booted.chip.clock.advance_us(9_000_000)
    booted.kernel.tend_watchdog()
    booted.chip.clock.advance_us(9_000_000)
    assert not booted.chip.watchdog.poll()


def test_a_silent_kernel_is_reset_by_the_watchdog(booted):
    booted.chip.clock.advance_us(10_000_001)
    with pytest.raises(ChipReset):
        booted.chip.watchdog.poll()


def test_the_kernel_can_reset_the_device(booted):
    with pytest.raises(ChipReset) as reset:
        booted.kernel.reset(7)
    assert reset.value.reason == 7


def test_the_running_monitors_version_is_told(booted):
    assert booted.kernel.get_version() == 1


def test_images_signed_for_another_role_do_not_boot(new_device, maker):
    wrong = [maker.package(one, 1, maker.app if one == image.KERNEL else None) for one in (2, 4, 7, 8, 22)]
    device = new_device().make([maker.keystore()] + wrong)
    with pytest.raises(Failed, match="no usable kernel"):
        device.boot()


def test_swapped_images_do_not_boot(booted):
    """The kernel's entry points at the app runtime: rightly signed, wrong thing."""
    entries = [entry.copy() for entry in booted.monitor.store.entries]
    place = {(entry.image_type, entry.replica): (entry.offset, entry.length) for entry in entries}
    for entry in entries:
        if entry.image_type == image.KERNEL:
            entry.offset, entry.length = place[(image.ROOT_FS, entry.replica)]
    for number in (9, 10):
        offset, _ = booted.facts.FLASH_LAYOUT[number]
        for at in (0, 4096):
            booted.flash.erase(offset + at)
        booted.flash.program(offset, pack_table(99, entries))
    with pytest.raises(Failed, match="no usable kernel: primary: an image of type 8"):
        booted.boot()


def test_a_table_that_points_outside_the_images_partitions_costs_only_that_entry(booted):
    entries = [entry.copy() for entry in booted.monitor.store.entries]
    for entry in entries:
        if entry.image_type == image.APPLICATIONS:
            entry.offset = booted.facts.FLASH_LAYOUT[7][0]
    for number in (9, 10):
        offset, _ = booted.facts.FLASH_LAYOUT[number]
        for at in (0, 4096):
            booted.flash.erase(offset + at)
        booted.flash.program(offset, pack_table(99, entries))
    assert booted.reaches_kernel()
    assert all(listed.image_type != image.APPLICATIONS for listed in booted.kernel.list_images())


def test_flash_is_read_once_for_each_image_that_is_booted(booted):
    """B09: a chip that answers differently the second time must not matter, so there is no second time."""
    reads = []
    plain = booted.flash.read
    entry = booted.entry(booted.maker.component(image.KERNEL))

    def read(offset, length):
        if offset <= entry.offset < offset + length:
            reads.append(offset)
        return plain(offset, length)

    booted.flash.read = read
    booted.boot()
    assert len(reads) == 1


@pytest.mark.parametrize("state", (pluton_abi.BLANK, pluton_abi.MODULE_COMPLETE, pluton_abi.DEVICE_COMPLETE))
def test_every_lawful_lifecycle_state_boots(device, state):
    device.set_lifecycle(state)
    assert device.reaches_kernel()
