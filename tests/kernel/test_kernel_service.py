"""The daemons against the real service: attest, update, report; and against one that lies."""

from __future__ import annotations

import dataclasses
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from armillary.hal.sim.power import PowerLost
from armillary.kernel import service as service_api
from armillary.kernel.attestation import renew_ms, retry_ms
from armillary.kernel.hardware import CONFIG
from armillary.wire import guid, image
from armillary.wire.certificate import parse
from armillary.wire.fault import Invalid

TENANT = "6f1a2b3c-4d5e-4f60-8a71-9b82c3d4e5f6"
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


def test_the_device_attests_and_gets_a_certificate_for_its_key(cloud, new_connected):
    device = new_connected()
    device.run(1)
    assert device.kernel.attestation.is_ready, device.log()
    leaf = parse(device.kernel.credentials.device_chain[0])
    assert leaf.common_name == device.device_id.hex()
    assert [verdict["is_accepted"] for verdict in cloud.verdicts()] == [True]


def test_certificates_are_renewed_after_two_thirds_of_their_life(cloud, new_connected):
    device = new_connected()
    device.run(15 * HOUR)
    assert cloud.count("POST /v1/device/attest") == 1
    device.run(2 * HOUR)
    assert cloud.count("POST /v1/device/attest") == 2
    assert device.kernel.credentials.not_after_ms - device.clock.unix_ms() > 22 * HOUR * 1000


def test_a_refused_device_says_why_and_comes_back_later_and_later(cloud, new_connected):
    device = new_connected(before=lambda: cloud.ok("DELETE", "/v1/devices/" + cloud.device.device_id.hex()))
    device.run(100)
    assert "no claimed device signed this" in device.log()
    assert device.log().count("not attested") == 1  # the same trouble again is no news
    assert cloud.count("POST /v1/device/attest") == 4  # at 0, 10, 30 and 70 s
    assert not device.kernel.attestation.is_ready
    cloud.claim()
    device.run(100)
    assert device.kernel.attestation.is_ready


def test_a_server_under_another_root_gets_nothing_and_proves_nothing(cloud, maker, new_device):
    device = new_device(boot=False)  # trusts the test's root, not the service's
    cloud.connect(device)
    device.boot()
    device.run(20)
    assert cloud.requests == []
    assert "no trusted root signed" in device.log()


def test_a_service_that_cannot_be_reached_is_asked_again(cloud, new_connected):
    device = new_connected(config={"service_host": "other.example"})
    device.run(75)
    assert cloud.requests == []
    device.network.name("other.example", 443, lambda: None)
    device.run(100)
    assert "does not answer" in device.log()


def test_a_server_that_never_answers_is_given_up(new_device, kit):
    class Silent:
        is_closed = False
        fed = 0

        def feed(self, data):
            self.fed += 1

        def take(self):
            return b""

    peers = []
    device = new_device(boot=False)
    device.network.name(kit.SERVICE, 443, lambda: peers.append(Silent()) or peers[-1])
    device.boot()
    device.run(29)
    assert len(peers) == 1
    device.run(20)
    assert "the server took too long" in device.log()
    assert len(peers) == 2 and peers[0].fed == 2  # the first connection was closed


def test_a_certificate_for_another_key_is_not_used(cloud, new_connected):
    device = new_connected()
    device.run(1)
    stale = device.kernel.credentials.device_chain
    pem = json.dumps("".join(to_pem(der) for der in stale)).encode()

    def swap(target, response):
        if target != "/v1/device/attest":
            return response
        answer = json.loads(response.body)
        body = json.dumps({**answer, "certificate": json.loads(pem)}).encode()
        return dataclasses.replace(response, body=body)

    cloud.tamper = swap
    device.kernel.attestation.again.set()
    device.run(1)
    assert "the certificate is for another key" in device.log()
    assert device.kernel.credentials.device_chain == stale


def to_pem(der):
    import base64

    lines = base64.b64encode(der).decode()
    body = "\n".join(lines[at : at + 64] for at in range(0, len(lines), 64))
    return f"-----BEGIN CERTIFICATE-----\n{body}\n-----END CERTIFICATE-----\n"


def test_a_retry_after_is_heeded_but_capped(cloud, new_connected):
    def refuse(target, response):
        if target == "/v1/device/attest":
            return dataclasses.replace(
                response, status=429, body=b'{"error": "busy", "reason": "later"}',
                headers=(*response.headers, ("retry-after", "86400")),
            )  # fmt: skip
        return response

    cloud.tamper = refuse
    device = new_connected(config={"attest_retry_most_s": 600})
    device.run(599)
    assert cloud.count("POST /v1/device/attest") == 1
    device.run(10)
    assert cloud.count("POST /v1/device/attest") == 2


def test_the_back_off_doubles_up_to_its_bound():
    pauses = [retry_ms(failures, None, CONFIG) // 1000 for failures in range(1, 12)]
    assert pauses == [10, 20, 40, 80, 160, 320, 640, 1280, 2560, 3600, 3600]
    assert retry_ms(1, 100, CONFIG) == 100_000
    assert retry_ms(1000, None, CONFIG) == 3_600_000


@given(st.integers(-(10**9), 10**9))
def test_a_renewal_is_never_at_once(life_ms):
    assert renew_ms(life_ms) >= 60_000


# -- apps' certificates -----------------------------------------------------------------------------


def test_an_app_gets_the_certificate_of_its_tenant_and_no_other(cloud, maker, new_connected):
    package = maker.app_package("probe", capabilities={"DeviceAuthentication": TENANT})
    device = new_connected([package, maker.app_package("other")], tenants=[TENANT])
    device.run(1)
    app = device.app().port
    assert app.is_device_auth_ready()
    chain = app.device_auth_certificate()
    leaf = parse(service_api.pem_to_der(chain)[0])
    assert leaf.public == device.smc.get_tenant_public_key(guid.to_bytes(TENANT))
    digest = bytes(range(32))
    device_native().p256_verify(leaf.public, digest, app.device_auth_sign(digest))


def device_native():
    from armillary import native

    return native


def test_an_app_of_a_foreign_tenant_is_told_to_wait(cloud, maker, new_connected):
    device = new_connected([maker.app_package("probe", capabilities={"DeviceAuthentication": TENANT})])
    device.run(1)
    assert device.kernel.attestation.is_ready
    assert not device.app().port.is_device_auth_ready()
    from armillary.wire.fault import Again

    with pytest.raises(Again):
        device.app().port.device_auth_certificate()


def test_an_installed_app_of_a_new_tenant_makes_the_device_attest_again(cloud, maker, new_connected):
    device = new_connected(tenants=[TENANT])
    device.run(1)
    cloud.deploy(maker.app_package("probe", capabilities={"DeviceAuthentication": TENANT}))
    cloud.poll()
    assert cloud.count("POST /v1/device/attest") == 2
    assert device.app().port.is_device_auth_ready()


# -- updates --------------------------------------------------------------------------------------------


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


# -- reports ----------------------------------------------------------------------------------------------


def test_crashes_and_denials_reach_the_service(cloud, maker, new_connected):
    device = new_connected([maker.app_package("probe", capabilities={"Gpio": [8]})])
    device.run(5)
    for _ in range(3):
        with pytest.raises(Exception, match="GPIO 9"):
            device.app().port.gpio_open_input(9)
    device.app().port.crashed("Traceback\n  File \"/bin/app.py\", line 3, in main\nKeyError: 'x'")
    device.app().die(1)
    device.run(40)
    (crash,) = cloud.reports("crash")
    assert crash["detail"]["reason"] == "KeyError: 'x'" and "line 3" in crash["detail"]["traceback"]
    (denial,) = cloud.reports("denial")
    assert denial["detail"]["policy"] == "Capabilities.Gpio = [8]"
    assert denial["detail"]["count"] == 3
    assert device.kernel.journal.events == []


def test_reports_wait_for_as_long_as_the_service_cannot_be_reached(cloud, kit, maker, new_connected):
    device = new_connected([maker.app_package("probe")])
    device.run(40)
    device.network.name(kit.SERVICE, 443, lambda: None)
    with pytest.raises(Exception, match="GPIO 9"):
        device.app().port.gpio_open_input(9)
    device.run(100)
    assert len(device.events("denial")) == 1
    device.network.name(kit.SERVICE, 443, cloud.peer)
    device.run(40)
    assert device.events("denial") == [] and len(cloud.reports("denial")) == 1


def test_reports_that_the_service_will_never_take_are_dropped(cloud, maker, new_connected):
    device = new_connected([maker.app_package("probe")])
    device.run(40)
    cloud.tamper = lambda target, response: dataclasses.replace(
        response, status=422, body=b'{"error": "odd", "reason": "not like this"}'
    )
    with pytest.raises(Exception, match="GPIO 9"):
        device.app().port.gpio_open_input(9)
    device.run(40)
    assert device.kernel.journal.events == []
    assert "1 reports were refused" in device.log()


def test_a_revoked_device_is_told_so(cloud, new_connected):
    device = new_connected()
    device.run(1)
    cloud.ok("PATCH", "/v1/devices/" + device.device_id.hex(), {"state": "revoked"})
    cloud.poll()
    assert "could not ask" in device.kernel.update.last_result
    assert "revoked" in device.kernel.update.last_result


# -- the parts that read what comes from outside -------------------------------------------------------------


@given(st.recursive(st.none() | st.booleans() | st.integers() | st.text(max_size=8),
                    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(
                        st.sampled_from(["component", "image", "length", "sha256", "name", "security_version"]),
                        inner, max_size=6), max_leaves=12))  # fmt: skip
def test_any_row_is_read_or_refused(row):
    try:
        wanted = service_api.read_wanted(row)
    except Invalid:
        return
    assert len(wanted.component) == len(wanted.image) == 16 and 0 < wanted.length <= 1 << 20


@given(st.none() | st.text(max_size=12))
def test_a_retry_after_is_a_number_of_seconds_or_nothing(value):
    found = service_api.seconds(value)
    assert found is None or 0 <= found < 10**9
