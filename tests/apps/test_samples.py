"""The samples do what their README says."""

from __future__ import annotations

import json

import pytest

from armillary.wire import guid
from armillary.wire.certificate import parse, pem_to_der

TENANT = "6f1a2b3c-4d5e-4f60-8a71-9b82c3d4e5f6"


@pytest.fixture
def start(maker, kit, tools, new_device):
    def run(name, seconds):
        package, _ = tools.sample(maker, name)
        device = new_device([package], tasks=kit.LinkedTasks())
        device.run(seconds)
        return device, tools.said(device, name)

    return run


def test_every_sample_has_a_lawful_manifest_and_a_readme(tools, maker):
    names = sorted(path.name for path in tools.samples.iterdir() if path.is_dir() and path.name != "__pycache__")
    assert names == ["blink", "cloud", "crash", "intercore", "overreach", "thermometer"]
    components = set()
    for name in names:
        _, manifest = tools.sample(maker, name)
        components.add(manifest.component)
        assert manifest.name == name and (tools.samples / name / "README.md").read_text().startswith("# " + name)
    assert len(components) == 6


def test_blink_blinks(start):
    device, lines = start("blink", 3)
    assert lines == ["blink: pin 8 every 500 ms"]
    times = [time for time, pin, _ in device.chip.gpio.history if pin == 8]
    assert times == [number * 500_000 for number in range(len(times))] and len(times) in (6, 7)


def test_overreach_is_refused_everything(start):
    device, lines = start("overreach", 10)
    assert lines[-1] == "overreach: every attempt was refused"
    refused = [line for line in lines if line.startswith("refused to")]
    assert len(refused) == 6
    assert any("Capabilities.Gpio = [8]" in line for line in refused)
    assert any("not a path within the package" in line for line in refused)
    rules = {event["detail"]["rule"] for event in device.events("denial")}
    assert rules == {
        "manifest.gpio", "manifest.allowed_connections", "manifest.mutable_storage", "manifest.device_authentication",
        "package.path",
    }  # fmt: skip


def test_overreach_would_tell_if_it_were_not_refused(start, monkeypatch):
    """The flaw put in: the sample is no use if it cannot fail."""
    from armillary.kernel.capabilities import Capabilities

    monkeypatch.setattr(Capabilities, "require_gpio", lambda self, pin: None)
    device, _ = start("overreach", 1)
    assert "was allowed to drive GPIO 9" in device.events("crash")[0]["detail"]["reason"]


def test_crash_crashes_after_two_seconds_and_starts_again(start):
    device, lines = start("crash", 2.5)
    assert lines[0] == "crash: 2000 ms to go"
    (event,) = device.events("crash")
    assert event["detail"]["reason"] == "KeyError: 'temperature'"
    assert 'File "/bin/app.py", line 8, in fail' in event["detail"]["traceback"]
    assert "/work" not in event["detail"]["traceback"]
    device.run(3)
    assert device.log().count("crash: 2000 ms to go") == 2


def test_cloud_posts_with_the_certificate_of_its_tenant(cloud, kit, maker, tools, new_connected, monkeypatch):
    package, _ = tools.sample(maker, "cloud")
    seen = []

    def answer(received, certificate):
        head, _, body = received.partition(b"\r\n\r\n")
        if not body:
            return None
        seen.append((certificate, json.loads(body)))
        return b"HTTP/1.1 204 No Content\r\n\r\n"

    def stand_up():
        # The app's server trusts the tenant's certificates, and is itself known by a root of the device.
        chain = json.dumps(cloud.ok("GET", "/v1/catalogs/" + cloud.catalog + "/chain"))
        cloud.device.network.name("api.armillary.test", 443, _server(kit, cloud, json.loads(chain), answer))

    device = new_connected([package], tasks=kit.LinkedTasks(), tenants=[TENANT], before=stand_up)
    device.run(130)
    lines = tools.said(device, "cloud")
    assert lines == ["cloud: HTTP/1.1 204 No Content"] * 3
    assert [body["reading"] for _, body in seen] == [1, 2, 3]
    leaf = parse(seen[0][0])
    assert leaf.common_name == device.device_id.hex()
    assert leaf.public == device.smc.get_tenant_public_key(guid.to_bytes(TENANT))


def _server(kit, cloud, chain, answer):
    """An OpenSSL server for api.armillary.test, certified by the service's root."""
    import ssl
    import tempfile
    from pathlib import Path

    from cryptography.hazmat.primitives import serialization
    from cryptography.x509 import load_pem_x509_certificate

    authority = kit.Authority.__new__(kit.Authority)
    folder = cloud.service.keys.folder
    authority.certificate = load_pem_x509_certificate((folder / "root.pem").read_bytes())
    authority.key = serialization.load_pem_private_key((folder / "root.key").read_bytes(), None)
    authority.name = authority.certificate.subject
    certificate, key = authority.issue("api.armillary.test")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    with tempfile.TemporaryDirectory() as temporary:
        path = Path(temporary) / "server.pem"
        path.write_bytes(certificate + key)
        context.load_cert_chain(path)
    context.num_tickets = 0
    context.verify_mode = ssl.CERT_REQUIRED
    context.load_verify_locations(cadata=chain["chain"])
    context.verify_flags |= 0x200000 | ssl.VERIFY_X509_PARTIAL_CHAIN  # the device's clock is not the host's
    assert len(pem_to_der(chain["chain"])) >= 1
    return lambda: kit.TlsServer(context, answer)
