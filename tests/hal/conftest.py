"""What the tests of ring 0 share: a chip, and ways to reach it."""

import socket

import pytest

from armillary.boards.sim import facts
from armillary.hal.sim.silicon import Silicon
from armillary.wire import stream
from armillary.wire.call import LIMIT, Port


@pytest.fixture
def chip():
    """A whole chip with the simulated board's numbers."""
    return Silicon(facts, seed=1)


class PacketLink:
    """A link over a socket pair that keeps packets apart, as between two processes."""

    def __init__(self, gate):
        self.gate = gate
        self.near, self.far = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)

    def __call__(self, request):
        self.near.send(request)
        self.far.send(self.gate(self.far.recv(LIMIT + 1)))
        return self.near.recv(LIMIT + 1)

    def close(self):
        self.near.close()
        self.far.close()


class SerialLine:
    """A line with the framing of `wire.stream`, noise before every packet, and a gate at its end."""

    def __init__(self, gate):
        self.gate = gate
        self.decoder = stream.Decoder()
        self.waiting = b""

    def write(self, data):
        for request in self.decoder.feed(b"\x17noise" + data):
            self.waiting += stream.encode(self.gate(request))

    def read(self, length):
        data, self.waiting = self.waiting[:length], self.waiting[length:]
        return data


@pytest.fixture(params=["gate", "packets", "serial"])
def port(request, chip):
    """A function from a bus master to a port of the chip, over each kind of link."""
    links = []

    def make(master):
        if request.param == "gate":
            return chip.port(master)
        if request.param == "serial":
            line = SerialLine(chip.gate(master))
            return Port(stream.link(line.read, line.write))
        links.append(PacketLink(chip.gate(master)))
        return Port(links[-1])

    yield make
    for link in links:
        link.close()
