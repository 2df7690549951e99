"""The control socket: a connection that was closed does nothing more, whatever it had sent before."""

import json
import socket

import pytest

from armillary.boards.sim.control import Control
from armillary.wire import blocks
from tests.box.cores import Bench
from tests.box.test_box_distant import masters

PART, OTHER_PART = {"do": "attach", "part": 1, "at": "isu2:0x6a"}, {"do": "attach", "part": 2, "at": "isu2:0x6b"}
NONSENSE = {"do": "said", "ask": 99, "answers": []}  # ends the connection
EVERYTHING = [OTHER_PART, {"do": "listen", "unit": 0}, {"do": "trace"}]


@pytest.fixture
def bench(tmp_path):
    made = Bench(tmp_path)
    yield made
    made.close()


@pytest.fixture
def connect(bench, tmp_path):
    """A function that connects a client."""
    server = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    server.bind(str(tmp_path / "c"))
    server.listen()
    server.setblocking(False)
    control = Control(bench.supervisor, server)
    clients = []

    def connected():
        clients.append(socket.socket(socket.AF_UNIX, socket.SOCK_STREAM))
        clients[-1].connect(str(tmp_path / "c"))
        return clients[-1]

    yield connected
    control.close()
    bench.supervisor.forget(server.fileno())
    for one in (server, *clients):
        one.close()


def lines(*requests):
    return b"".join(json.dumps(request).encode() + b"\n" for request in requests)


def nothing_is_left(bench):
    supervisor, wires = bench.supervisor, bench.silicon.wires
    return not (supervisor.keepers or supervisor.trace_listeners or wires.i2c[2].devices() or wires.serial[0].sink)


def test_what_it_brought_is_there_while_it_is_open(bench, connect):
    connect().sendall(lines(PART, *EVERYTHING))
    bench.until(lambda: bench.supervisor.trace_listeners)
    assert [address for address, _ in bench.silicon.wires.i2c[2].devices()] == [0x6A, 0x6B]


def test_one_that_was_closed_for_nonsense_brings_nothing_by_what_it_sent_with_it(bench, connect):
    connect().sendall(lines(PART, NONSENSE, *EVERYTHING))
    bench.until(lambda: b"it is gone" in bench.said)
    assert nothing_is_left(bench)
    assert masters(bench, blocks.I2C + 2).i2c_transfer(2, 0x6B, 1, b"\x0f") == (0, 0, b"")


def test_one_that_went_away_at_once_brings_nothing(bench, connect):
    client = connect()
    client.sendall(lines({"do": "status"}, PART, *EVERYTHING))
    client.close()
    bench.live(0.2)
    assert nothing_is_left(bench)
