"""Streams go to the hosts of the manifest, stay with them, and are shared fairly (A15, K06)."""

from __future__ import annotations

import pytest

from armillary.kernel import abi, streams
from armillary.wire.fault import Again, Closed, Denied, Full, Unreachable


class Peer:
    """The other end: what it was fed, and what it will give."""

    def __init__(self):
        self.fed, self.give, self.is_closed = [], bytearray(), False

    def feed(self, data):
        self.fed.append(data)

    def take(self):
        data, self.give = bytes(self.give), bytearray()
        return data


HOST = "api.example"


@pytest.fixture
def peers():
    return []


@pytest.fixture
def device(maker, new_device, peers):
    apps = [maker.app_package(name, capabilities={"AllowedConnections": [HOST]}) for name in "ab"]
    device = new_device([*apps, maker.app_package("c")])
    device.network.name(HOST, 443, lambda: peers.append(Peer()) or peers[-1])
    device.network.name("silent.example", 443, lambda: None)
    return device


@pytest.fixture
def app(device):
    return device.app("a").port


@pytest.mark.parametrize("host", [
    "API.EXAMPLE", "api.example.", " api.example", "api.example ", "api.example:443", "api.example\0.evil.example",
    "evil.example", "sub.api.example", "api.example.evil.example", "*.example", "*", "", "user@api.example",
    "xn--pi-7ka.example", "аpi.example", "api。example", "127.0.0.1", "2130706433", "0x7f.1", "::1", "localhost",
    "https://api.example", "api.example/", "api.example#", "api.example%00", "a" * 253,
])  # fmt: skip
def test_another_way_of_writing_a_host_is_another_host(device, app, host, peers):
    opened = []
    device.network.open = lambda name, port: opened.append(name)
    with pytest.raises(Denied) as refused:
        app.net_connect(host, 443)
    assert refused.value.policy == 'Capabilities.AllowedConnections = ["api.example"]'
    assert opened == [] and peers == []


def test_with_a_lenient_comparison_the_confusions_get_through(device, app, monkeypatch):
    """The flaw: a check that folds and strips."""
    from armillary.kernel.capabilities import Capabilities

    real = Capabilities.require_host
    monkeypatch.setattr(Capabilities, "require_host", lambda self, host: real(self, host.lower().rstrip(".")))
    with pytest.raises(Unreachable):
        app.net_connect("api.example.", 443)


def test_a_name_that_means_another_host_later_does_not_move_a_stream(device, app, peers):
    handle = app.net_connect(HOST, 443)
    device.network.name(HOST, 443, lambda: None)
    assert app.net_send(handle, b"same") == 4
    assert peers[0].fed == [b"same"]


def test_bytes_go_both_ways(app, peers):
    handle = app.net_connect(HOST, 443)
    assert app.net_send(handle, b"question") == 8
    peers[0].give += b"answer"
    assert app.net_receive(handle, 3) == (True, b"ans")
    assert app.net_receive(handle, 100) == (True, b"wer")
    assert app.net_receive(handle, 100) == (True, b"")


def test_what_came_before_the_end_can_still_be_read(app, peers):
    handle = app.net_connect(HOST, 443)
    peers[0].give += b"bye"
    peers[0].is_closed = True
    assert app.net_receive(handle, 100) == (True, b"bye")
    assert app.net_receive(handle, 100) == (False, b"")
    with pytest.raises(Closed):
        app.net_send(handle, b"too late")


def test_a_connection_in_the_making_takes_no_bytes_yet(device, app):
    handle = app.net_connect(HOST, 443)
    device.kernel.hardware.network.status = lambda stream: (0, 0)
    with pytest.raises(Again):
        app.net_send(handle, b"early")
    assert app.net_receive(handle, 10) == (True, b"")


def test_closing_tells_the_peer(app, peers):
    app.close(app.net_connect(HOST, 443))
    assert peers[0].fed == [b""]


def test_an_app_that_dies_lets_go_of_its_streams(device, app, peers):
    app.net_connect(HOST, 443)
    device.app("a").die(1)
    device.run(0.5)
    assert peers[0].fed == [b""]


def test_one_app_cannot_take_the_streams_of_another_or_of_the_daemons(device, app):
    greedy = []
    with pytest.raises(Full) as refused:
        while True:
            greedy.append(app.net_connect(HOST, 443))
    assert refused.value.rule == "stream.share"
    share = (16 - streams.KEPT) // 2
    assert len(greedy) == share
    other = [device.app("b").port.net_connect(HOST, 443) for _ in range(share)]
    assert len(other) == share
    daemons = [device.kernel.hardware.network.open(HOST, 443) for _ in range(streams.KEPT)]
    assert len(daemons) == streams.KEPT


def test_with_the_share_left_out_one_app_starves_the_rest(device, app, monkeypatch):
    """The flaw."""
    monkeypatch.setattr(streams, "MOST", 1000)
    monkeypatch.setattr(device.kernel.applications, "sharers", lambda: 1)
    monkeypatch.setattr(streams, "KEPT", 0)
    for _ in range(16):
        app.net_connect(HOST, 443)
    with pytest.raises(Full):
        device.app("b").port.net_connect(HOST, 443)
    with pytest.raises(Full):
        device.kernel.hardware.network.open(HOST, 443)


def test_a_closed_stream_gives_its_share_back(app):
    for _ in range(50):
        app.close(app.net_connect(HOST, 443))


def test_a_host_that_cannot_be_opened_costs_no_share(device, maker, new_device):
    lonely = new_device([maker.app_package("a", capabilities={"AllowedConnections": ["nowhere.example"]})])
    port = lonely.app("a").port
    for _ in range(50):
        with pytest.raises(Unreachable):
            port.net_connect("nowhere.example", 443)
    assert lonely.process("a").handles.numbers() == []


def test_the_events_of_a_stream_come_in_order(device, peers):
    process = device.process("a")
    handle = device.app("a").port.net_connect(HOST, 443)
    stream = process.handles.find(handle)
    assert [stream.event(), stream.event()] == [abi.CONNECTED, 0]
    peers[0].give += b"x"
    assert [stream.event(), stream.event()] == [abi.READABLE, abi.READABLE]
    stream.receive(10)
    assert stream.event() == 0
    peers[0].is_closed = True
    assert stream.event() == abi.CLOSED


def test_bytes_that_come_at_once_are_readable_before_connected_is_told(device, peers):
    handle = device.app("a").port.net_connect(HOST, 443)
    peers[0].give += b"x"
    stream = device.process("a").handles.find(handle)
    assert stream.event() == abi.READABLE
    stream.receive(10)
    assert stream.event() == 0
