"""The network of the host: real sockets, and only to where the board says."""

import errno
import select
import socket

import pytest

from armillary.hal.sim.host_network import HostNetwork
from armillary.hal.sim.network import CLOSED, CONNECTING, FAILED, OPEN, WINDOW, LinkedNetwork
from armillary.wire.fault import Closed, Failed, Full, Invalid, Unreachable


@pytest.fixture
def server():
    with socket.create_server(("127.0.0.1", 0)) as listening:
        listening.settimeout(5)
        yield listening


@pytest.fixture
def network(server):
    network = HostNetwork({("service.test", 443): server.getsockname()})
    yield network
    network.reset()


def settled(network, stream):
    """The state once it is no longer connecting; the operating system is waited for, not time."""
    while network.status(stream)[0] == CONNECTING:
        assert select.select([], network.writers(), [], 5)[1]
    return network.status(stream)[0]


@pytest.fixture
def joined(network, server):
    """A stream that is open, and the server's end of it."""
    stream = network.open("service.test", 443)
    far, _ = server.accept()
    far.settimeout(5)
    assert settled(network, stream) == OPEN
    with far:
        yield stream, far


def wait(network):
    assert select.select(network.readers(), [], [], 5)[0]


def test_bytes_go_both_ways(network, joined):
    stream, far = joined
    assert network.status(stream) == (OPEN, 0)
    assert network.receive(stream, 100) == b""
    assert network.send(stream, b"ping") == 4
    assert far.recv(10) == b"ping"
    far.sendall(b"pong")
    wait(network)
    assert network.status(stream) == (OPEN, 1)
    assert network.receive(stream, 2) + network.receive(stream, 100) == b"pong"


def test_what_arrived_before_the_peer_closed_can_still_be_read(network, joined):
    stream, far = joined
    far.sendall(b"last")
    far.close()
    wait(network)
    assert network.status(stream) == (OPEN, 1)
    assert network.receive(stream, 100) == b"last"
    wait(network)
    assert network.status(stream) == (CLOSED, 0)
    assert network.receive(stream, 100) == b""
    assert network.readers() == []


def test_a_broken_connection_fails(network, joined):
    stream, far = joined
    far.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\x00\x00\x00\x00\x00\x00\x00")
    far.close()
    wait(network)
    assert network.status(stream) == (FAILED, 0)
    assert network.receive(stream, 1) == b""
    with pytest.raises(Closed):
        network.send(stream, b"x")


def test_a_choked_stream_takes_fewer_bytes_and_goes_on_later(network, joined):
    stream, far = joined
    sent = 0
    while taken := network.send(stream, bytes(65536)):
        sent += taken
    received = 0
    while received < sent:
        received += len(far.recv(1 << 20))
    assert select.select([], [network._find(stream).socket], [], 5)[1]
    assert network.send(stream, b"more") == 4


def test_a_port_where_nobody_listens_fails():
    with socket.create_server(("127.0.0.1", 0)) as gone:
        address = gone.getsockname()
    network = HostNetwork({("service.test", 443): address})
    stream = network.open("service.test", 443)
    assert settled(network, stream) == FAILED
    with pytest.raises(Closed):
        network.send(stream, b"x")
    network.close(stream)


@pytest.mark.parametrize("host, port", [("other.test", 443), ("service.test", 444), ("127.0.0.1", 443), ("", 443)])
def test_names_that_are_not_in_the_table_are_unreachable(network, host, port):
    with pytest.raises(Unreachable, match="not known here"):
        network.open(host, port)


def test_names_are_compared_in_lower_case(network, server):
    network.close(network.open("SERVICE.Test", 443))


@pytest.mark.parametrize("ip", ["192.0.2.1", "8.8.8.8", "0.0.0.0", "::", "2001:db8::1", "::ffff:192.0.2.1"])
def test_only_loopback_is_dialled_unless_the_board_says_otherwise(ip):
    with pytest.raises(Invalid, match="not a loopback address"):
        HostNetwork({("service.test", 443): (ip, 443)})
    HostNetwork({("service.test", 443): (ip, 443)}, allow_remote=True)
    network = HostNetwork({})
    with pytest.raises(Invalid):
        network.name("service.test", 443, ip, 443)


@pytest.mark.parametrize("ip", ["localhost", "", "127.0.0.1:80", "127.1", "0177.0.0.1", "service.test"])
def test_an_address_is_never_resolved(ip):
    with pytest.raises(Invalid, match="not an IP address"):
        HostNetwork({("service.test", 443): (ip, 443)}, allow_remote=True)


@pytest.mark.parametrize("port", [0, -1, 65536])
def test_a_port_must_be_one(port):
    with pytest.raises(Invalid, match="not a TCP port"):
        HostNetwork({("service.test", 443): ("127.0.0.1", port)})


def test_a_host_out_of_sockets_is_a_fault_and_takes_no_number(network, monkeypatch):
    def none_left(*_):
        raise OSError(errno.EMFILE, "Too many open files")

    with monkeypatch.context() as patch:
        patch.setattr(socket, "socket", none_left)
        with pytest.raises(Failed, match="Too many open files"):
            network.open("service.test", 443)
    assert network.open("service.test", 443) == 0


def test_there_are_16_streams(network, server):
    streams = [network.open("service.test", 443) for _ in range(16)]
    with pytest.raises(Full):
        network.open("service.test", 443)
    network.close(streams[3])
    assert network.open("service.test", 443) == 3


def test_a_closed_number_is_gone(network, joined):
    stream, far = joined
    network.close(stream)
    assert far.recv(1) == b""
    for attempt in (
        lambda: network.status(stream), lambda: network.send(stream, b"x"),
        lambda: network.receive(stream, 1), lambda: network.close(stream), lambda: network.status(-1),
    ):  # fmt: skip
        with pytest.raises(Closed):
            attempt()


def test_reset_closes_every_socket(network, joined):
    _, far = joined
    network.reset()
    assert far.recv(1) == b""
    assert network.readers() == [] and network.writers() == []


def test_lengths_that_make_no_sense_are_refused(network, joined):
    with pytest.raises(Invalid):
        network.receive(joined[0], -1)
    linked = LinkedNetwork({("peer.test", 1): Peer})
    stream = linked.open("peer.test", 1)
    with pytest.raises(Invalid):
        linked.receive(stream, -1)


class Peer:
    """Remembers what it was fed."""

    def __init__(self):
        self.is_closed = False
        self.fed = []

    def feed(self, data):
        self.fed.append(data)

    def take(self):
        return b""


@pytest.mark.parametrize("how", ["close", "reset"])
def test_a_linked_peer_is_told_that_the_device_is_gone(how):
    peer = Peer()
    network = LinkedNetwork({})
    network.name("Peer.test", 1, lambda: peer)
    stream = network.open("peer.test", 1)
    network.send(stream, b"")
    network.send(stream, b"x")
    network.close(stream) if how == "close" else network.reset()
    assert peer.fed == [b"x", b""]
    assert network.readers() == network.writers() == []
    with pytest.raises(Closed):
        network.status(stream)


def test_a_peer_that_never_stops_is_not_asked_for_more_than_the_window():
    class Flood(Peer):
        def take(self):
            return bytes(10_000)

    network = LinkedNetwork({("flood.test", 1): Flood})
    stream = network.open("flood.test", 1)
    for _ in range(100):
        network.status(stream)
    assert len(network._streams.find(stream).arrived) < WINDOW + 10_000
    assert len(network.receive(stream, 1 << 20)) >= WINDOW
    assert network.status(stream) == (OPEN, 1)
