"""The update client against the real service: fetch, install, go back; and against one that lies."""

from __future__ import annotations

import dataclasses
import json

import pytest

from armillary.hal.sim.power import PowerLost
from armillary.wire import guid, image

HOUR = 3600
STUBBORN = """
from applibs import eventloop

async def main():
    while True:
        try:
            await eventloop.sleep(3600)
        except eventloop.Stopped:
            pass
"""
WAITING = STUBBORN.replace("        except eventloop.Stopped:\n            pass\n", "        finally:\n            pass\n")


def test_an_update_is_fetched_installed_and_run(cloud, kit, maker, new_connected):
    device = new_connected(config={"update_poll_s": 2 * HOUR})
    package = maker.app_package("probe", files=[("assets/noise.bin", bytes(range(256)) * 300, False)])
    device.run(1)
    cloud.deploy(package)
    device.run(HOUR)
    assert device.kernel.list_apps() == []
    device.run(HOUR + 10)
    assert kit.split(device.app().load)[1] == package
    device.run(60)
    (report,) = cloud.reports("update")
    assert report["detail"]["result"] == "installed"
    assert report["detail"]["image"] == guid.to_text(image.parse(package).image)
    cloud.poll()
    assert cloud.count("GET /v1/device/blob") == 2  # one per range of 64000 bytes: nothing is fetched twice


@pytest.mark.parametrize("source, dies_at", [(WAITING, 0), (STUBBORN, 2)])
def test_the_old_version_is_stopped_before_the_new_one_runs(cloud, kit, maker, new_connected, source, dies_at):
    device = new_connected([maker.app_package("probe", source)], tasks=kit.LinkedTasks())
    device.run(10)
    cloud.deploy(maker.app_package("probe", WAITING, version=2))
    device.kernel.update.now.set()
    before = device.clock.uptime_us()
    while device.tasks.tasks[0].state != 2:
        device.run(0.1)
        assert len([task for task in device.tasks.tasks if task.state == 1]) == 1
    assert dies_at <= (device.clock.uptime_us() - before) / 1e6 <= dies_at + 0.5
    device.run(1)
    assert device.process().program.version == 2 and device.process().state == "running"


def test_an_image_that_the_monitor_refuses_is_reported_and_not_fetched_again(cloud, maker, new_connected):
    stranger = {"public": maker.stranger.public.hex(), "thumbprint": maker.stranger.thumbprint.hex(),
                "catalog": cloud.catalog}  # fmt: skip
    cloud.ok("POST", "/v1/keys", stranger)
    device = new_connected()
    device.run(1)
    cloud.deploy(maker.app_package("probe", key=maker.stranger))
    cloud.poll()
    assert device.kernel.list_apps() == []
    device.run(40)
    (report,) = cloud.reports("update")
    assert report["detail"]["result"] == "refused" and report["detail"]["fault"] == "Untrusted"
    for _ in range(3):
        cloud.poll()
    assert cloud.count("GET /v1/device/blob") == 1
    assert device.smc.open_for_staging(100)  # the slot is free


def test_a_downgrade_is_refused_by_the_counter(cloud, maker, new_connected):
    device = new_connected([maker.app_package("probe", version=5)])
    device.run(10)  # the probation of version 5 is over
    cloud.deploy(maker.app_package("probe", version=4))
    cloud.poll()
    assert device.process().program.version == 5
    assert [event["detail"]["fault"] for event in device.events("update")] == ["Rollback"]


def test_a_blob_other_than_announced_is_dropped_before_it_is_committed(cloud, maker, new_connected):
    device = new_connected()
    device.run(1)
    cloud.deploy(maker.app_package("probe"))

    def flip(target, response):
        if "/blob/" not in target:
            return response
        return dataclasses.replace(response, body=response.body[:-1] + bytes((response.body[-1] ^ 1,)))

    cloud.tamper = flip
    cloud.poll()
    assert device.kernel.list_apps() == []
    assert [event["detail"]["rule"] for event in device.events("update")] == ["update.digest"]
    cloud.tamper = lambda target, response: response
    device.run(70)  # it was the way, not the image: it is asked for again
    assert [app[0] for app in device.kernel.list_apps()] == ["probe"]


def test_an_image_announced_as_another_component_is_not_installed(cloud, maker, new_connected):
    device = new_connected([maker.app_package("other")])
    device.run(5)
    cloud.deploy(maker.app_package("probe"))

    def rename(target, response):
        if target != "/v1/device/update":
            return response
        answer = json.loads(response.body)
        answer["images"][0]["component"] = guid.to_text(bytes(16))
        return dataclasses.replace(response, body=json.dumps(answer).encode())

    cloud.tamper = rename
    cloud.poll()
    assert [app[0] for app in device.kernel.list_apps()] == ["other"]
    assert [event["detail"]["rule"] for event in device.events("update")] == ["update.identity"]
    assert [one.state for one in device.smc.list_images() if one.image_type == image.APPLICATIONS] == [2]


def test_an_update_that_was_staged_before_a_reset_is_installed_after_it(cloud, maker, new_connected):
    device = new_connected([maker.app_package("probe")])
    device.run(10)
    update = maker.app_package("probe", version=2)
    device.stage(update)
    cloud.deploy(update)
    device.boot()
    poll_and_settle(device)
    assert device.process().program.version == 2
    assert cloud.count("GET /v1/device/blob") == 0  # it was there already


@pytest.mark.slow
def test_an_update_that_a_power_cut_stopped_at_any_operation_is_finished_after_it(cloud, maker, new_connected):
    device = new_connected([maker.app_package("probe")])
    device.run(10)
    saved = device.chip.snapshot()
    cloud.deploy(maker.app_package("probe", version=2), maker.app_package("more"))
    cut = 1
    while update_is_cut(device, saved, cut):
        device.boot()
        poll_and_settle(device)
        assert device.process().program.version == 2, cut
        assert sorted(app[0] for app in device.kernel.list_apps()) == ["more", "probe"], cut
        cut += 1
    assert cut > 25


def update_is_cut(device, saved, operation):
    """Update with the power failing in that operation; whether it failed."""
    device.chip.restore(saved)
    device.chip.power_on()
    device.chip.rail.fail_after(operation)
    try:
        device.boot_powered()
        poll_and_settle(device)
    except PowerLost:
        return True
    finally:
        device.chip.rail.fail_after(0)
    return False


def poll_and_settle(device):
    device.kernel.update.now.set()
    for _ in range(4):
        device.run(0.3)
        for task in device.tasks.tasks[:-1]:
            if task.name == "probe" and task is not device.app():
                task.die()
        if device.process().state == "stopping":
            device.app().die()
    device.run(1)


@pytest.mark.parametrize("body", [
    b"", b"[]", b"{}", b'{"images": {}}', b'{"images": [1]}', b'{"images": [{"length": 5}]}', b'{"images": [{}]}' * 2,
    b'{"images": [{"component": "x", "image": "y", "length": 1, "sha256": "00", "name": "", "security_version": 0}]}',
])  # fmt: skip
def test_a_malformed_answer_changes_nothing(cloud, new_connected, body):
    device = new_connected()
    device.run(1)
    cloud.tamper = lambda target, response: (
        dataclasses.replace(response, body=body) if target == "/v1/device/update" else response
    )
    cloud.poll()
    assert "could not ask" in device.kernel.update.last_result
    assert cloud.count("GET /v1/device/blob") == 0
    device.run(70)
    assert cloud.count("GET /v1/device/update") == 3  # at boot, when told to, and a minute later


def test_a_new_version_that_crashes_on_probation_is_reverted_and_not_fetched_again(cloud, maker, new_connected):
    device = new_connected([maker.app_package("probe")])
    device.run(10)
    cloud.deploy(maker.app_package("probe", version=2))
    device.kernel.update.now.set()
    device.run(0.5)
    device.tasks.tasks[0].die()  # the old one ends, as it was asked to
    device.run(0.5)
    assert device.process().program.version == 2
    device.app().port.crashed("Traceback\nValueError: new and broken")
    device.app().die(1)
    device.run(1)
    assert device.process().program.version == 1 and device.process().state == "running"
    device.run(60)
    results = [report["detail"]["result"] for report in cloud.reports("update")]
    assert sorted(results) == ["installed", "reverted"]
    fetched = cloud.count("GET /v1/device/blob")
    cloud.poll()
    assert cloud.count("GET /v1/device/blob") == fetched
    assert device.process().program.version == 1
