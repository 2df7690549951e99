"""The secure channel over a network that is slow, stingy, or cut off; and answers that are not what they should be."""

from __future__ import annotations

import dataclasses

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from armillary.wire import asxipfs, image
from armillary.wire.fault import Denied, Failed

FEW = settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


class Slow:
    """A network that passes on at most `most` bytes at once, connects after `delay` looks, and cuts a stream
    after `cut` bytes from the peer (0: never)."""

    def __init__(self, network, most, delay=0, cut=0):
        self._network, self._most, self._delay, self._cut = network, most, delay, cut
        self._looks, self._got = {}, {}

    def open(self, host, port):
        stream = self._network.open(host, port)
        self._looks[stream], self._got[stream] = 0, 0
        return stream

    def status(self, stream):
        self._looks[stream] += 1
        if self._looks[stream] <= self._delay:
            return 0, 0
        return (2, 0) if self._is_cut(stream) else self._network.status(stream)

    def send(self, stream, data):
        # A full buffer now and then takes nothing at all.
        self._looks[stream] += 1
        return 0 if self._looks[stream] % 3 == 0 else self._network.send(stream, data[: self._most])

    def receive(self, stream, length):
        if self._is_cut(stream):
            return b""
        left = self._cut - self._got[stream] if self._cut else length
        data = self._network.receive(stream, min(length, self._most, left))
        self._got[stream] += len(data)
        return data

    def close(self, stream):
        self._network.close(stream)

    def _is_cut(self, stream):
        return bool(self._cut) and self._got[stream] >= self._cut


def slow(device, **how):
    """Put a slow network under the daemons."""
    device.kernel.attestation._service._channel._network = Slow(device.kernel.hardware.network, **how)
    device.kernel.attestation.again.set()


@FEW
@given(most=st.integers(1, 2000), delay=st.integers(0, 5))
def test_an_exchange_survives_any_way_of_cutting_the_bytes_up(device, cloud, most, delay):
    before = cloud.count("POST /v1/device/attest")
    slow(device, most=max(most, 40), delay=delay)
    device.run(20)
    assert cloud.count("POST /v1/device/attest") == before + 1
    assert device.kernel.attestation.is_ready and not device.kernel.attestation.last_error
    assert device.network._streams.all() == []


@pytest.fixture
def device(new_connected):
    device = new_connected(config={"exchange_timeout_ms": 600_000})
    device.run(1)
    return device


@FEW
@given(cut=st.integers(1, 700))
def test_a_connection_cut_after_any_byte_is_a_failure_and_nothing_worse(device, cut):
    before = list(device.kernel.credentials.device_chain)
    slow(device, most=4000, cut=cut)
    device.run(5)
    assert "fell over" not in device.log()
    assert device.kernel.attestation.last_error
    assert device.kernel.credentials.device_chain == before
    assert device.network._streams.all() == []  # nothing is left open


class Endless:
    """A peer that lets nobody wait and never comes to an end: records that are no records, one at a time."""

    def __init__(self, inner, extra):
        self._inner, self._extra = inner, extra
        self.taken = 0

    @property
    def is_closed(self):
        return self._inner.is_closed

    def feed(self, data):
        self._inner.feed(data)

    def take(self):
        self.taken += 1
        return self._inner.take() or self._extra


def test_a_server_that_never_comes_to_an_end_is_given_up_and_stops_nobody(cloud, kit, maker, new_connected):
    change_cipher_spec = bytes((20, 3, 3, 0, 1, 1)) * 200  # what a middlebox may send, as often as it likes
    peers = []
    device = new_connected([maker.app_package("probe")])
    device.run(1)
    device.network.name(kit.SERVICE, 443, lambda: peers.append(Endless(_Mute(), change_cipher_spec)) or peers[-1])
    device.kernel.update.now.set()
    task = device.app()
    task.gate(task.port.wait_request(10, ()))
    device.run(0.05)
    assert len(task.replies) == 1  # the app had its turn meanwhile
    device.run(40)
    assert "could not ask" in device.kernel.update.last_result
    assert device.network._streams.all() == [] or len(peers) > 1


class _Mute:
    is_closed = False

    def feed(self, data):
        pass

    def take(self):
        return b""


def test_with_the_goodbye_left_out_a_cut_could_pass_for_an_end(device):
    """What `tls.end` is for: an answer without a length would end wherever the line was cut."""
    from armillary.wire import http

    response = http.ResponseParser()
    response.feed(b"HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\n12345")
    with pytest.raises(Failed):
        response.end()


@pytest.mark.parametrize("status, body, words", [
    (500, b"", "in trouble"), (502, b"<html>", "in trouble"), (404, b'{"error": "gone", "reason": "not here"}', "not here"),
    (403, b"<html>", "without a reason"), (403, b'{"error": 5, "reason": []}', "without a reason"), (403, b"[]", "without a reason"),
    (302, b"", "without a reason"), (200, b"{", ""), (200, b'{"nonce": 5}', "not a string"), (200, b'{"nonce": "zz"}', "hexadecimal"),
    (200, b'{"nonce": "00"}', "a nonce of 1 bytes"), (200, b'"text"', "not an object"), (200, b"\xff", ""),
])  # fmt: skip
def test_an_answer_that_is_not_what_it_should_be_is_told_in_words(cloud, device, status, body, words):
    cloud.tamper = lambda target, response: dataclasses.replace(response, status=status, body=body)
    device.kernel.attestation.again.set()
    device.run(2)
    assert words in device.kernel.attestation.last_error and device.kernel.attestation.last_error
    assert "fell over" not in device.log()


@pytest.mark.parametrize("body", [
    b"{}", b'{"certificate": "", "tenants": {}, "not_after": 0}', b'{"certificate": "x", "tenants": []}',
    b'{"certificate": "-----BEGIN CERTIFICATE-----\\nAAAA\\n-----END CERTIFICATE-----\\n", "tenants": {}}',
])  # fmt: skip
def test_a_result_without_a_certificate_is_refused(cloud, device, body):
    before = device.kernel.credentials.device_chain
    cloud.tamper = lambda target, response: (
        dataclasses.replace(response, body=body) if target.endswith("/attest") else response
    )
    device.kernel.attestation.again.set()
    device.run(2)
    assert device.kernel.attestation.last_error and device.kernel.credentials.device_chain == before
    assert "fell over" not in device.log()


@given(st.binary(max_size=300))
@FEW
def test_any_body_is_an_answer_or_a_refusal(cloud, device, body):
    cloud.tamper = lambda target, response: dataclasses.replace(response, body=body)
    device.kernel.update.now.set()
    device.kernel.attestation.again.set()
    device.run(1)
    assert "fell over" not in device.log()
    cloud.tamper = lambda target, response: response


def test_a_body_without_end_is_refused(cloud, device):
    cloud.tamper = lambda target, response: dataclasses.replace(response, body=bytes(200_000))
    device.kernel.attestation.again.set()
    device.run(2)
    assert "more than" in device.kernel.attestation.last_error or "Full" in device.kernel.attestation.last_error


def test_a_range_of_another_length_is_refused(cloud, maker, device):
    cloud.deploy(maker.app_package("probe"))
    cloud.tamper = lambda target, response: (
        dataclasses.replace(response, body=response.body[:-1]) if "/blob/" in target else response
    )
    cloud.poll()
    assert device.kernel.list_apps() == [] and device.events("update")[0]["detail"]["result"] == "refused"
    device.smc.open_for_staging(100)  # what was begun has been given up


def test_an_install_that_is_refused_is_reported(cloud, maker, device, monkeypatch):
    def refuse():
        raise Denied("not now", "monitor", "install.rule")

    cloud.deploy(maker.app_package("probe"))
    monkeypatch.setattr(device.smc, "install_staged", refuse)
    cloud.poll()
    assert [event["detail"]["rule"] for event in device.events("update")] == ["install.rule"]
    monkeypatch.undo()
    cloud.poll()
    assert [app[0] for app in device.kernel.list_apps()] == ["probe"]  # it was staged: nothing is fetched twice
    assert cloud.count("GET /v1/device/blob") == 1


def test_a_real_time_app_without_a_program_for_its_core_is_not_run(kit, maker, new_device):
    manifest = kit.manifest_of("rt").replace(b'"Default"', b'"RealTimeCapable"')
    tree = [("app_manifest.json", manifest, False), ("bin/app.py", b"", True)]
    device = new_device([maker.sign(asxipfs.pack(tree), image.APPLICATIONS, kit.component_of("rt"))])
    assert [(app[0], app[3]) for app in device.kernel.list_apps()] == [("rt", "backoff")]
    assert "no program for a real-time core" in device.events("crash")[0]["detail"]["reason"]


def test_a_manifest_that_names_another_component_is_not_run(kit, maker, new_device):
    tree = [("app_manifest.json", kit.manifest_of("one"), False), ("bin/app.py", b"", True)]
    device = new_device([maker.sign(asxipfs.pack(tree), image.APPLICATIONS, kit.component_of("two"))])
    assert device.kernel.list_apps() == []
    assert device.events("denial")[0]["detail"]["rule"] == "manifest.identity"


def test_the_kernel_itself_checks_the_capability_for_development(maker, new_device, monkeypatch):
    """The monitor refuses such an image; should it ever let one through, the kernel does not run it."""
    device = new_device([maker.app_package("probe")])
    real = device.smc.open_image

    def lenient(component):
        held = real(component)
        held.is_development = True
        return held

    monkeypatch.setattr(device.smc, "open_image", lenient)
    device.app().die()
    assert not device.kernel.applications.replace(device.process().component)
    assert device.events("denial")[-1]["detail"]["rule"] == "program.development"
    monkeypatch.setattr(device.smc, "get_enabled_capabilities", lambda: [11])
    assert device.kernel.applications.replace(device.process().component)


def test_an_image_given_out_for_another_component_is_not_run(kit, maker, new_device, monkeypatch):
    device = new_device([maker.app_package("one"), maker.app_package("two")])
    real = device.smc.open_image
    monkeypatch.setattr(device.smc, "open_image", lambda component: real(kit.component_of("two")))
    assert not device.kernel.applications.replace(kit.component_of("one"))
    assert device.events("denial")[-1]["detail"]["rule"] == "program.identity"
