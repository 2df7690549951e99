"""Parts that live with a client of the control socket: ring 0 asks, waits for nobody, and lets go of who does not answer."""

import os
import select

import pytest
from hypothesis import given
from hypothesis import strategies as st

from armillary.boards.sim import distant, realtime
from armillary.boards.sim.distant import flat
from armillary.boards.sim.visiting import MOST_PARTS, Visitor
from armillary.hal import abi
from armillary.hal.port import BusesPort
from armillary.hal.sim.parts import Accelerometer, Lsm6dso
from armillary.testing.parts import perform
from armillary.wire import blocks
from armillary.wire.fault import Invalid
from tests.box.cores import IO0, RUNNING, Bench
from tests.box.test_box_world import grant
from tests.realtime.packages import Builder

IDENTITY = (1, 1, b"\x69")


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    return Builder(tmp_path_factory.mktemp("programs"))


@pytest.fixture
def bench(tmp_path):
    made = Bench(tmp_path)
    yield made
    made.close()


class Client:
    """A client's connection. With `parts` it answers at once, without it never does."""

    def __init__(self, bench, parts=None):
        self.parts, self.sent, self.is_ended, self.count = parts or {}, [], False, 0
        self.visitor = Visitor(bench.supervisor, self.take, self.end)

    def take(self, message):
        self.sent.append(message)
        if message.get("part") in self.parts:
            answers = []
            perform(self.parts[message["part"]], message["do"], answers)
            if "ask" in message:
                self.visitor.said(message["ask"], answers)

    def end(self):
        self.is_ended = True
        self.visitor.close()

    def attach(self, place, **more):
        self.count += 1
        self.visitor.attach(self.count, place, **more)

    @property
    def asked(self):
        return [message for message in self.sent if "ask" in message]


def masters(bench, *owned):
    """The main core's masters, as a kernel that owns the pins behind these blocks."""
    for block in owned:
        for pin in blocks.pins(block):
            bench.owners.assign(pin, 1)
    return BusesPort(bench._port("kernel"))


def test_the_main_core_reads_a_distant_part(bench):
    Client(bench, {1: Accelerometer()}).attach("isu2:0x6a")
    buses = masters(bench, blocks.I2C + 2)
    assert buses.i2c_transfer(2, 0x6A, 1, b"\x0f") == IDENTITY
    assert buses.i2c_transfer(2, 0x6B, 1, b"\x0f") == (0, 0, b"")
    assert bench.silicon.wires.i2c[2].log == ["0x6a W 0f", "0x6a R 69", "0x6b W NACK"]


def test_the_main_core_reads_a_distant_part_by_spi_beside_a_near_one(bench):
    client = Client(bench, {1: Accelerometer()})
    client.attach("isu2:cs0")
    bench.silicon.wires.spi[2].attach(1, Lsm6dso())
    buses = masters(bench, blocks.SPI + 2)
    buses.spi_select(2, 0, 0)
    assert buses.spi_transfer(2, 0, 1, b"\x8f") == b"\x69"
    buses.spi_select(2, 1, 0)  # both: what one lets go of low, is low
    assert buses.spi_transfer(2, 0, 1, b"\x8f")[0] & ~0x69 == 0
    buses.spi_select(2, 0, 1)
    assert [operation[0] for message in client.sent for operation in message["do"]] == ["select", "exchange", "exchange", "deselect"]


def test_a_part_behind_a_pin_is_selected_by_it(bench):
    client = Client(bench, {1: Accelerometer()})
    client.attach("isu2:gpio5", active=1)
    buses = masters(bench, blocks.SPI + 2)
    assert buses.spi_transfer(2, 0, 1, b"\x8f") == b"\xff"
    bench.silicon.gpio.drive(5, 1)
    assert buses.spi_transfer(2, 0, 1, b"\x8f") == b"\x69"
    bench.silicon.gpio.drive(5, 0)
    assert client.sent[-1]["do"] == [["deselect", 0]]


class Half(Accelerometer):
    """One that acknowledges two bytes of a write."""

    count = 0

    def write(self, byte):
        self.count += 1
        return self.count <= 2


def test_a_byte_that_a_distant_part_refuses_ends_the_transfer_there(bench):
    Client(bench, {1: Half()}).attach("isu2:0x6a")
    assert masters(bench, blocks.I2C + 2).i2c_transfer(2, 0x6A, 4, b"\x10\x20\x30\x40") == (2, 2, b"")


def test_a_part_that_never_answers_is_gone_and_nobody_was_stopped(bench, monkeypatch):
    monkeypatch.setattr(distant, "PATIENCE_S", 0.3)
    client = Client(bench)
    client.attach("isu2:0x6a")
    buses = masters(bench, blocks.I2C + 2)
    bench.longest = 0.0
    assert buses.i2c_transfer(2, 0x6A, 1, b"\x0f") == (0, 0, b"")
    assert client.is_ended and bench.longest < 0.2
    assert b"[BOARD] who brought the part at isu2:0x6a did not answer within 0.3 s: it is gone\n" in bench.said
    asked = len(client.asked)
    assert buses.i2c_transfer(2, 0x6A, 1, b"\x0f") == (0, 0, b"") and len(client.asked) == asked


def test_with_patience_without_end_who_asks_waits_without_end(bench, monkeypatch):
    monkeypatch.setattr(distant, "PATIENCE_S", 1e9)
    client = Client(bench)
    client.attach("isu2:0x6a")
    masters(bench, blocks.I2C + 2)
    end = bench._ends["kernel"]
    os.write(end, bytes((abi.I2C_TRANSFER.op, 0)) + abi.I2C_TRANSFER.arguments.pack((2, 0x6A, 1, b"\x0f")))
    bench.live(0.5)
    assert client.asked and not client.is_ended and not select.select([end], [], [], 0)[0]


def test_power_that_is_cut_while_a_part_thinks_leaves_a_board_that_starts_again(bench):
    client = Client(bench)
    client.attach("isu2:0x6a")
    masters(bench, blocks.I2C + 2)
    os.write(bench._ends["kernel"], bytes((abi.I2C_TRANSFER.op, 0)) + abi.I2C_TRANSFER.arguments.pack((2, 0x6A, 1, b"\x0f")))
    bench.until(lambda: client.asked)
    for channel, gate in list(bench.supervisor._gates.items()):  # as a cut does: other gates from then on
        bench.supervisor._gates[channel] = bench.silicon.gate("kernel")
        assert gate.caller in ("monitor", "kernel")
    bench.silicon.masters.reset()
    client.visitor.said(client.asked[0]["ask"], [1, 1, 1, "69"])
    bench.live(0.05)
    assert not select.select([bench._ends["kernel"]], [], [], 0)[0]
    assert bench.silicon.wires.i2c[2].addressed() is None and not client.is_ended
    assert bench.silicon.wires.i2c[2].log == []  # what was put off is not done for another life's kernel


def test_while_a_part_thinks_ring_0_serves_others(bench, built):
    client = Client(bench)
    client.attach("isu2:0x6a")
    grant(bench, blocks.I2C + 2)
    bench.start(IO0, built("i2c_sensor"))
    bench.until(lambda: client.asked)
    for _ in range(20):
        assert bench.main.read(0, 4) == bytes(4)  # the kernel, while the process waits
    client.visitor.said(client.asked[0]["ask"], [0])
    bench.until(lambda: b"no LSM6DSO on ISU2" in bench.said)


def test_a_process_that_waits_for_a_part_is_not_blamed_for_its_silence(bench, built, monkeypatch):
    monkeypatch.setattr(realtime, "PATIENCE_S", 0.2)
    client = Client(bench)
    client.attach("isu2:0x6a")
    grant(bench, blocks.I2C + 2)
    bench.start(IO0, built("i2c_sensor"))
    bench.until(lambda: client.asked)
    bench.supervisor.state = "on"  # then it looks now and then
    bench.main.mailbox_write(IO0, 0x18, 1)
    bench.live(0.5)
    assert bench.cores.status(IO0)[0] == RUNNING
    client.visitor.said(client.asked[0]["ask"], [0])
    bench.until(lambda: b"no LSM6DSO on ISU2" in bench.said)


def test_a_client_that_goes_away_in_the_middle_of_a_transfer_is_an_empty_bus(bench, built):
    client = Client(bench)
    client.attach("isu2:0x6a")
    grant(bench, blocks.I2C + 2)
    bench.start(IO0, built("i2c_sensor"))
    bench.until(lambda: client.asked)
    client.visitor.said(client.asked[0]["ask"], [1])
    bench.until(lambda: len(client.asked) == 2)
    client.end()
    bench.until(lambda: b"no LSM6DSO on ISU2" in bench.said)
    assert bench.silicon.wires.i2c[2].devices() == [] and bench.supervisor.keepers == []


def test_a_process_that_ends_while_it_waits_leaves_nothing_on_the_bus(bench, built):
    client = Client(bench)
    client.attach("isu2:0x6a")
    grant(bench, blocks.I2C + 2)
    bench.start(IO0, built("i2c_sensor"))
    bench.until(lambda: client.asked)
    bench.cores.stop(IO0)
    client.visitor.said(client.asked[0]["ask"], [1])
    assert bench.silicon.wires.i2c[2].addressed() is None and bench.silicon.wires.i2c[2].log == []


def test_two_clients_cannot_have_one_place(bench):
    first, second = Client(bench), Client(bench)
    first.attach("isu2:0x6a")
    first.attach("isu1:cs0")
    first.attach("isu1:gpio5")
    for place in ("isu2:0x6a", "isu1:cs0", "isu1:gpio5"):
        with pytest.raises(Invalid, match="taken|there already"):
            second.attach(place)
    first.visitor.close()
    for place in ("isu2:0x6a", "isu1:cs0", "isu1:gpio5"):
        second.attach(place)


def test_a_line_is_heard_by_one(bench):
    first, second = Client(bench), Client(bench)
    first.visitor.listen(0)
    with pytest.raises(Invalid, match="listens"):
        second.visitor.listen(0)
    bench.silicon.wires.serial[0].write(b"\x01hi")
    assert first.sent == [{"line": 0, "data": "016869"}]
    first.visitor.close()
    bench.silicon.wires.serial[0].write(b"kept")
    assert bench.silicon.wires.serial[0].take() == b"kept"


@pytest.mark.parametrize("answer", [
    (None, [1]), (7, [1]), (1, None), (1, [2]), (1, [1, 2, "69"]), (1, [1, 1, 1, "69", 1]), (1, [1, 1, 1, 0x69]), (1, [1, 1, 1, "6969"]),
])  # fmt: skip
def test_an_answer_that_is_none_ends_the_client_and_the_part_is_gone(bench, answer):
    client = Client(bench)
    client.attach("isu2:0x6a")
    buses = masters(bench, blocks.I2C + 2)
    client.take = lambda message: client.visitor.said(*answer)
    client.visitor._keeper._send = client.take
    outcome, _, _ = buses.i2c_transfer(2, 0x6A, 1, b"\x0f")
    assert client.is_ended and outcome == 0 and b"it is gone" in bench.said


@pytest.mark.parametrize(("place", "why"), [
    ("isu6:0x6a", "isu0 to isu5"), ("isu2:0x80", "no place"), ("isu2", "no place"), ("isu2:cs2", "no place"), ("isu2:gpio99", "there are gpio"), (5, "no place"),
])  # fmt: skip
def test_what_is_no_place_is_refused(bench, place, why):
    client = Client(bench)
    with pytest.raises(Invalid, match=why):
        client.attach(place)
    for number in ("1", None, [], 1.0):
        with pytest.raises(Invalid, match="no number of another part"):
            client.visitor.attach(number, "isu2:0x6a")
    with pytest.raises(Invalid, match="no part 1"):
        client.visitor.detach(1)
    with pytest.raises(Invalid, match="isu0 to isu5"):
        client.visitor.listen("0")


def test_a_client_has_a_bounded_number_of_parts(bench):
    client = Client(bench)
    for number in range(MOST_PARTS):
        client.attach(f"isu{number // 128}:{number % 128:#04x}")
    with pytest.raises(Invalid, match="the most"):
        client.attach("isu5:0x10")
    client.visitor.close()
    assert not any(bus.devices() for bus in bench.silicon.wires.i2c)


OPERATIONS = st.lists(st.one_of(
    st.tuples(st.just("start"), st.integers(0, 1)), st.tuples(st.sampled_from(["write", "exchange"]), st.binary(max_size=5).map(bytes.hex)),
    st.tuples(st.just("read"), st.integers(0, 5)),
), max_size=5)  # fmt: skip
ANSWERS = st.recursive(st.none() | st.booleans() | st.integers(-1, 6) | st.floats() | st.text("0123456789abcdefg", max_size=12), lambda inner: st.lists(inner, max_size=6))


@given(OPERATIONS, ANSWERS)
def test_any_answer_is_bytes_of_that_many_or_refused(operations, answers):
    try:
        found = flat(operations, answers)
    except Invalid:
        return
    most = sum(1 if name == "start" else argument if name == "read" else len(argument) // 2 for name, argument in operations)
    assert len(found) <= most and all(isinstance(value, int) and 0 <= value <= 255 for value in found)
