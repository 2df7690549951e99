"""Applibs: streams and TLS, as an app meets them."""

from __future__ import annotations

import pytest

from tests.apps.sources import EACCES, app


class Echo:
    def __init__(self):
        self.out, self.is_closed = bytearray(), False

    def feed(self, data):
        self.out += data
        self.is_closed = not data

    def take(self):
        data, self.out = bytes(self.out), bytearray()
        return data


ALLOWED = {"AllowedConnections": ["echo.example", "silent.example", "nowhere.example"]}


def hosts(device):
    device.network.name("echo.example", 7, Echo)
    device.network.name("silent.example", 7, lambda: None)


def test_bytes_go_to_a_host_and_back(run_app):
    _, lines = run_app(app("""
stream = await networking.connect("echo.example", 7)
await stream.send_all(bytes(10_000))
got = 0
while got < 10_000:
    got += len(await stream.receive_some())
log.debug("%d %s", got, stream.receive())
try:
    await stream.receive_some(0.5)
except OSError as error:
    log.debug("%d at %.1f", error.errno, eventloop.now())
stream.close()
stream.close()
"""), ALLOWED, prepare=hosts)  # fmt: skip
    assert lines == ["10000 b''", "110 at 0.5"]


@pytest.mark.parametrize("host, code", [("silent.example", 113), ("nowhere.example", 113), ("evil.example", EACCES)])
def test_a_host_that_is_not_there_or_not_allowed_is_an_error(run_app, host, code):
    device, lines = run_app(app("""
for _ in range(20):
    try:
        await networking.connect("%s", 7)
    except OSError as error:
        log.debug("%%d", error.errno)
await eventloop.sleep(100)
""" % host), ALLOWED, prepare=hosts)  # fmt: skip
    assert lines == [str(code)] * 20
    assert device.process().handles.numbers() == []


def tls_host(kit, authority, name, answer, seen=None, client_roots=None):
    """A peer factory: an OpenSSL server certified for `name`."""
    import ssl
    import tempfile
    from pathlib import Path

    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    certificate, key = authority.issue(name)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "server.pem"
        path.write_bytes(certificate + key)
        context.load_cert_chain(path)
    context.num_tickets = 0
    if client_roots:
        context.verify_mode = ssl.CERT_REQUIRED
        context.load_verify_locations(cadata=client_roots)
        context.verify_flags |= 0x200000 | ssl.VERIFY_X509_PARTIAL_CHAIN  # the device's clock is not the host's
    return lambda: kit.TlsServer(context, answer)


TLS_APP = app("""
try:
    stream = await networking.connect_tls("secure.example", 443)
    await stream.send_all(b"ping")
    log.debug("%s", await stream.receive_some())
    log.debug("%s", await stream.receive_some())
    stream.close()
except OSError as error:
    log.debug("%d %s", error.errno, error)
await eventloop.sleep(100)
""")
SECURE = {"AllowedConnections": ["secure.example"]}


def answer_ping(received, certificate):
    return b"pong" if received == b"ping" else None


def test_a_tls_server_is_spoken_to_once_it_proved_who_it_is(run_app, kit, maker):
    factory = tls_host(kit, maker.authority, "secure.example", answer_ping)
    device, lines = run_app(TLS_APP, SECURE, prepare=lambda device: device.network.name("secure.example", 443, factory))
    assert lines == ["b'pong'", "b''"]
    assert device.process().handles.numbers() == []


@pytest.mark.parametrize("flaw", ["name", "root"])
def test_a_tls_server_that_is_another_gets_no_byte_of_the_app(run_app, kit, maker, flaw):
    received = []
    authority = kit.Authority() if flaw == "root" else maker.authority
    name = "other.example" if flaw == "name" else "secure.example"
    factory = tls_host(kit, authority, name, lambda data, certificate: received.append(data))
    device, lines = run_app(TLS_APP, SECURE, prepare=lambda device: device.network.name("secure.example", 443, factory))
    assert "Untrusted: " in lines[0] and received == []
    assert device.process().handles.numbers() == []


def test_a_stingy_network_changes_nothing_but_the_time_it_takes(run_app, kit, maker):
    factory = tls_host(kit, maker.authority, "secure.example", answer_ping)

    def stingy(device):
        network, looks = device.network, []
        send, receive = network.send, network.receive
        network.name("secure.example", 443, factory)
        network.send = lambda stream, data: looks.append(1) or (send(stream, data[:50]) if len(looks) % 3 else 0)
        network.receive = lambda stream, length: receive(stream, min(length, 50))

    _, lines = run_app(TLS_APP, SECURE, seconds=5, prepare=stingy)
    assert lines == ["b'pong'", "b''"]


def test_a_peer_that_takes_nothing_is_given_up(run_app):
    _, lines = run_app(app("""
stream = await networking.connect("echo.example", 7)
try:
    await stream.send_all(b"x", 0.5)
except OSError as error:
    log.debug("%d", error.errno)
await eventloop.sleep(100)
"""), ALLOWED, seconds=2, prepare=lambda device: (hosts(device), setattr(device.network, "send", lambda stream, data: 0)))  # fmt: skip
    assert lines == ["110"]


def test_a_tls_connection_that_is_cut_is_an_error_and_not_an_end(run_app, kit, maker):
    class Cut(kit.TlsServer):
        def feed(self, data):
            super().feed(data)
            if self._is_open:
                self.is_closed = True  # no goodbye

    make = tls_host(kit, maker.authority, "secure.example", lambda data, certificate: None)
    context = make()._tls.context
    _, lines = run_app(TLS_APP, SECURE, prepare=lambda device: device.network.name(
        "secure.example", 443, lambda: Cut(context, lambda data, certificate: None)))  # fmt: skip
    assert len(lines) == 1 and "b''" not in lines[0]
