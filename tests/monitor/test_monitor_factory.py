"""Provisioning: what the factory leaves in flash."""

import pytest

from armillary.monitor import factory
from armillary.wire import image, partition
from armillary.wire.fault import Full, Invalid

APP = bytes.fromhex("a1") * 16


def table(device):
    return partition.read_tables(device.flash, device.facts.FLASH_LAYOUT)


def test_both_tables_are_whole_and_equal(device):
    (one, two) = table(device)
    assert one[0] == two[0] == 1
    assert [entry.pack() for entry in one[1]] == [entry.pack() for entry in two[1]]


def test_os_images_lie_twice_and_apps_once_each_in_its_partition(device):
    homes = {(True, 0): 1, (True, 1): 2, (False, 0): 4}
    entries = table(device)[0][1]
    assert len(entries) == 2 * 6 + 1
    for entry in entries:
        start, size = device.facts.FLASH_LAYOUT[homes[(entry.image_type != image.APPLICATIONS, entry.replica)]]
        assert start <= entry.offset and entry.offset + entry.length <= start + size
        assert (entry.state, entry.confirmed, entry.trial) == (partition.INSTALLED, 1, 0)


def test_no_two_images_share_a_sector(device):
    spans = sorted([(entry.offset, entry.length) for entry in table(device)[0][1]])
    for (start, length), (following, _) in zip(spans, spans[1:]):
        assert start % 4096 == 0 and start + length <= following


def test_a_device_provisioned_anew_has_nothing_of_its_user(booted):
    booted.kernel.storage_replace(APP, b"SECRET" * 300)
    booted.kernel.write_log(b"SECRET")
    booted.provision()
    for number in (5, 6, 15):
        offset, size = booted.facts.FLASH_LAYOUT[number]
        assert booted.flash.read(offset, size) == b"\xff" * size


def test_a_loader_too_large_is_refused(device):
    with pytest.raises(Invalid, match="first loader"):
        factory.provision(device.flash, device.facts.FLASH_LAYOUT, bytes(0x2001), [])


def test_the_same_component_twice_is_refused(device):
    twice = [device.maker.package(image.KERNEL, 1), device.maker.package(image.KERNEL, 2)]
    with pytest.raises(Invalid, match="comes twice"):
        factory.provision(device.flash, device.facts.FLASH_LAYOUT, b"", twice)


def test_too_many_bytes_are_refused(device):
    with pytest.raises(Full):
        device.provision([device.maker.package(image.KERNEL, 1, size=0x2_1000)])


def test_something_that_is_no_package_is_refused(device):
    with pytest.raises(Invalid):
        device.provision([b"not a package at all" * 20])


def test_a_capability_file_provisioned_with_the_device_is_in_force(new_device, maker):
    device = new_device().make()
    device.provision(maker.images() + [maker.capability_file(device.device_id, (11,))])
    assert device.boot().get_enabled_capabilities() == [11, 12]
