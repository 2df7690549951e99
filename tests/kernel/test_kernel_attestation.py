"""The attestation daemon against the real service: certificates of the device and of apps; and against one that lies."""

from __future__ import annotations

import dataclasses
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from armillary.kernel import service as service_api
from armillary.kernel.attestation import renew_ms, retry_ms
from armillary.kernel.hardware import CONFIG
from armillary.wire import guid
from armillary.wire.certificate import parse

TENANT = "6f1a2b3c-4d5e-4f60-8a71-9b82c3d4e5f6"
HOUR = 3600


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
