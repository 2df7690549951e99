"""A whole device against the real service: what the demo shows, in this process and (slow) in boxes."""

from __future__ import annotations

import json

import pytest
from cryptography import x509

from armillary.wire import image, partition


@pytest.fixture(params=["linked", pytest.param("boxed", marks=pytest.mark.slow)])
def device(request, make_device):
    return make_device(mode=request.param)


def blinks_every(board, milliseconds):
    return abs(board.pin(8).half_period_ms - milliseconds) < 8


def still_blinks(device, board, milliseconds):
    """On a busy machine one pause may be longer: one of the next is not."""
    return device.run_until(lambda: blinks_every(board, milliseconds), 10)


def refused(service, image_id):
    """The device's report that it refused an image, if there is one."""
    details = [report["detail"] for report in service.reports("update")]
    return next((one for one in details if one.get("image") == image_id and one.get("result") == "refused"), None)


def denied(service, rule):
    return next((one["detail"] for one in service.reports("denial") if one["detail"].get("rule") == rule), None)


@pytest.fixture
def blinking(device, board, service):
    """The device, with version 2 of blink deployed, installed and confirmed."""
    device.power_on()
    device.install("blink", version=2, arguments=["60"])
    assert device.run_until(lambda: [1 for one in board.images() if one.confirmed], 10)
    assert device.run_until(lambda: blinks_every(board, 60), 10)
    return device


@pytest.mark.filterwarnings("ignore:Attribute's length")  # a device id is longer than RFC 5280 has it
def test_it_attests_and_gets_a_certificate_for_a_day(device, service):
    device.power_on()
    assert device.run_until(service.certificates, 10)
    certificate = x509.load_pem_x509_certificate(service.certificates()[0]["pem"].encode())
    assert certificate.subject.get_attributes_for_oid(x509.NameOID.COMMON_NAME)[0].value == device.id
    verdict = service.verdict()
    assert verdict["is_accepted"] and verdict["release"] == "1.0"
    assert abs(certificate.not_valid_after_utc.timestamp() - verdict["time"] - 86400) < 600


def test_a_deployed_app_is_fetched_installed_and_runs(blinking, service):
    assert blinking.run_until(lambda: service.reports("update"), 10)
    assert [report["detail"]["result"] for report in service.reports("update")] == ["installed"]


def test_a_tampered_image_is_refused_and_why_is_reported(blinking, board, service, tamper):
    image_id = service.upload("blink", 3, ["30"])
    tamper(image_id)
    service.deploy(image_id)
    assert blinking.run_until(lambda: refused(service, image_id), 20)
    why = refused(service, image_id)
    assert why["fault"] == "Untrusted" and why["rule"] and why["ring"] and why["reason"]
    assert still_blinks(blinking, board, 60) and not blinking.is_installed(image_id)


def test_an_old_version_is_refused_and_why_is_reported(blinking, board, service):
    image_id = service.upload("blink", 1, ["30"])
    service.deploy(image_id)
    assert blinking.run_until(lambda: refused(service, image_id), 20)
    assert refused(service, image_id)["fault"] == "Rollback"
    assert still_blinks(blinking, board, 60) and not blinking.is_installed(image_id)


def test_an_app_that_reaches_beyond_its_manifest_is_refused_and_reported(device, board, service):
    device.power_on()
    device.install("overreach")
    rules = ("manifest.gpio", "manifest.allowed_connections", "package.path")
    assert device.run_until(lambda: all(denied(service, rule) for rule in rules), 20)
    assert device.run_until(lambda: "overreach: every attempt was refused" in device.lines("overreach"), 5)
    assert board.pin(9).toggles == 0


def test_a_crash_is_reported_and_the_pause_doubles(device, service):
    device.power_on()
    device.install("crash", arguments=["200"])
    assert device.run_until(lambda: "crash starts again in 4000 ms" in device.log, 20)
    assert [f"crash starts again in {pause} ms" in device.log for pause in (1000, 2000)] == [True, True]
    assert device.run_until(lambda: service.reports("crash"), 10)
    text = json.dumps(service.reports("crash"))
    assert "KeyError" in text and "/bin/app.py" in text


def test_a_kernel_with_a_flipped_byte_is_refused_and_its_backup_boots(blinking, board, service):
    primary = next(one for one in board.images(image.KERNEL) if one.replica == partition.PRIMARY)
    blinking.power_off()
    board.flip(primary.offset + primary.length // 2, 3)
    before = len(blinking.log)
    blinking.power_on()
    said = blinking.log[before:]
    assert "stage=kernel" in said and "copy=backup" in said and "backup" in said.replace("copy=backup", "")
    assert blinking.run_until(lambda: blinks_every(board, 60), 10)
    assert blinking.run_until(lambda: (service.verdict() or {}).get("is_accepted"), 10)


def test_power_cut_in_an_update_leaves_a_whole_version_and_the_update_is_done_after_all(blinking, board, service):
    service.deploy(service.upload("blink", 4, ["40"]))
    board.cut_power(after=9)
    assert blinking.run_until(lambda: not blinking.is_on, 20)
    blinking.power_on()
    assert blinking.run_until(lambda: blinks_every(board, 60) or blinks_every(board, 40), 5)
    assert blinking.run_until(lambda: blinks_every(board, 40), 20)


def test_a_device_whose_system_is_of_no_release_gets_no_certificate(device, service):
    service.operator.remove_release("1.0")
    device.power_on()
    assert device.run_until(service.verdict, 10)
    assert service.certificates() == [] and service.verdict()["error"] == "measurement-unknown"


def test_a_revoked_device_gets_no_certificate(device, service):
    service.operator.change_device(device.id, state="revoked")
    device.power_on()
    assert device.run_until(service.verdict, 10)
    assert service.certificates() == [] and not service.verdict()["is_accepted"]
