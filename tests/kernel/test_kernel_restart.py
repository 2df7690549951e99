"""When the kernel restarts the device by itself, and that it never does so for one image again and again."""

from __future__ import annotations

import pytest

from armillary.kernel import failures
from armillary.kernel.failures import FailedImages
from armillary.monitor.storage import Storage
from armillary.wire.fault import Failed

RESET_DIVIDE = 2
COUNTS = """
from applibs import eventloop, storage

async def main():
    with storage.open_mutable_file() as file:
        number = 0
        while True:
            number += 1
            file.seek(0)
            file.write(b"%06d" % number)
            await eventloop.sleep(0.1)
"""


class Reverting:
    """The monitor's answer that the way back needs a restart, whatever the app."""

    def __init__(self, device):
        real = device.smc.revert_application
        device.smc.revert_application = lambda component: real(component) or True


@pytest.fixture
def device(maker, new_device):
    """One whose app has proved itself."""
    device = new_device([maker.app_package("probe")])
    device.run(4)
    return device


def fail(device, maker, version=2):
    """Install another image of the app, which crashes."""
    Reverting(device)
    device.install(maker.app_package("probe", version=version))
    device.app().die()
    device.run(0.2)
    assert device.process().program.version == version
    device.app().die(1)


def test_the_way_back_that_needs_it_restarts_the_device_and_the_image_is_remembered(device, kit, maker):
    fail(device, maker)
    failed = device.process().program.image
    with pytest.raises(kit.ChipReset) as reset:
        device.run(1)
    assert reset.value.reason == RESET_DIVIDE
    assert "[kernel] restarting: probe went back to an image with another claim" in device.log()
    assert device.process().state == "stopped" and device.process().program.version == 1
    device.boot()
    assert device.kernel.applications.failed.images() == [failed]
    device.run(5)
    assert device.process().state == "running" and device.process().program.version == 1


def test_it_waits_until_this_set_of_os_images_is_confirmed(maker, new_device, kit):
    device = new_device([maker.app_package("probe")], config={"confirm_ms": 20_000})
    device.run(4)
    confirmed = []
    real = device.smc.confirm_boot
    device.smc.confirm_boot = lambda: (confirmed.append(device.clock.uptime_us()), real())
    fail(device, maker)
    device.run(14)
    assert confirmed == [] and device.process().state == "stopped"
    with pytest.raises(kit.ChipReset):
        device.run(10)
    assert len(confirmed) == 1


def test_a_set_that_is_not_confirmed_is_not_restarted_for_it(maker, new_device):
    device = new_device([maker.app_package("probe")], config={"confirm_ms": 5_000})
    device.run(4)

    def refuse():
        raise Failed("worn out")

    device.smc.confirm_boot = refuse
    fail(device, maker)
    device.run(100)
    assert "boot was not confirmed" in device.log() and "restarting" not in device.log_text
    assert device.process().state == "stopped"


def test_what_an_app_wrote_is_on_flash_before(maker, new_device, kit):
    keeper = maker.app_package("keeper", source=COUNTS, capabilities={"MutableStorage": {"SizeKB": 8}})
    device = new_device([keeper, maker.app_package("probe")], tasks=kit.LinkedTasks())
    device.run(4)
    device.kernel.restart.want("a test wants it")
    written = device.kernel.applications._means.storage._open[kit.component_of("keeper")].data
    with pytest.raises(kit.ChipReset):
        device.run(1)
    before = device.tasks.tasks
    device.boot(kit.HeldTasks())
    handle, _ = device.app("keeper").port.storage_open()
    assert device.app("keeper").port.file_read(handle, 0, 10) == bytes(written)
    for task in before:
        task.end()


def test_without_room_to_remember_the_image_nothing_restarts_and_it_is_said(device, maker, monkeypatch):
    def replace(self, component, data):
        raise Failed("worn out")

    monkeypatch.setattr(Storage, "_replace", replace)
    fail(device, maker)
    device.run(100)
    assert "the list of failed images could not be kept" in device.log()
    assert "probe waits for the next restart" in device.log_text and "restarting" not in device.log_text
    assert device.process().state == "stopped" and len(device.events("crash")) == 1
    device.boot()
    assert device.process().state == "running"


@pytest.fixture
def offered(cloud, maker, new_connected):
    """A device whose app has proved itself, and to which its service offers another version of it."""
    device = new_connected([maker.app_package("probe")], config={"attest_after_ms": 10})
    device.run(4)
    cloud.deploy(maker.app_package("probe", version=2))
    return device


def fetch_and_fail(device, kit):
    """The new version is fetched and crashes; the device restarts for the way back."""
    Reverting(device)
    device.kernel.update.now.set()
    device.run(3)
    assert device.process().program.version == 2
    device.app().die(1)
    with pytest.raises(kit.ChipReset):
        device.run(2)
    device.boot()


def test_an_image_that_failed_is_not_fetched_again_after_a_reset(cloud, offered, kit):
    fetch_and_fail(offered, kit)
    before = cloud.count("GET /v1/device/blob/")
    offered.run(10)
    offered.kernel.update.now.set()
    offered.run(10)
    assert cloud.count("GET /v1/device/blob/") == before
    assert offered.process().program.version == 1


def test_with_the_memory_of_it_left_out_the_device_restarts_for_it_again_and_again(offered, kit, monkeypatch):
    """The flaw."""
    monkeypatch.setattr(FailedImages, "_read", lambda self: [])
    for _ in range(3):
        fetch_and_fail(offered, kit)


def test_an_image_that_works_after_all_is_forgotten(device, maker):
    device.kernel.applications.failed.add(maker_image(device, maker))
    device.install(maker.app_package("probe", version=2))
    device.run(5)
    assert device.kernel.applications.failed.images() == []


def maker_image(device, maker):
    """The id of version 2 of the app."""
    from armillary.wire import image

    return image.parse(maker.app_package("probe", version=2)).image


def test_the_list_is_bounded_and_the_oldest_gives_way(device):
    failed = device.kernel.applications.failed
    images = [bytes((number,)) * 16 for number in range(failures.MOST + 3)]
    for one in images:
        assert failed.add(one)
    device.boot()
    assert device.kernel.applications.failed.images() == images[3:]


def test_one_that_is_known_is_not_written_again(device):
    failed = device.kernel.applications.failed
    failed.add(b"i" * 16)
    before = device.chip.rail.count
    assert failed.add(b"i" * 16) and device.chip.rail.count == before


def test_a_list_that_was_changed_begins_anew_and_is_said(device):
    failed = device.kernel.applications.failed
    failed.add(b"i" * 16)
    device.smc.storage_replace(bytes((7,)) * 16, b"forged" * 20)
    device.boot()
    assert device.kernel.applications.failed.images() == []
    assert "the list of failed images begins anew" in device.log()
    assert device.kernel.applications.failed.add(b"j" * 16)


def test_a_power_cut_leaves_the_old_list_or_the_new(device, kit):
    from armillary.hal.sim.power import PowerLost

    device.kernel.applications.failed.add(b"a" * 16)
    saved, cut = device.chip.snapshot(), 0
    while True:
        cut += 1
        device.chip.restore(saved)
        device.boot()
        device.chip.rail.fail_after(cut)
        try:
            device.kernel.applications.failed.add(b"b" * 16)
        except PowerLost:
            device.chip.rail.fail_after(0)
            device.boot()
            assert device.kernel.applications.failed.images() in ([b"a" * 16], [b"a" * 16, b"b" * 16])
            continue
        break
    device.chip.rail.fail_after(0)
    assert cut > 3
