"""A process of the real-time cores that was taken over asks of the world what it likes: ring 0 goes on, and it is ended."""

import os
import select
import signal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from armillary.boards.sim.boxes import channel_pair, sealed_memory
from armillary.boards.sim.world import MOST_LINE, World
from armillary.hal.sim.box import realtime_calls as calls
from armillary.hal.sim.parts import Accelerometer
from armillary.hal.sim.silicon import Silicon
from armillary.wire import blocks
from armillary.wire.call import LIMIT, Port
from armillary.wire.fault import Fault
from tests.box.cores import DEAD, IO0, IO1, RUNNING, Bench
from tests.box.test_box_world import grant
from tests.realtime.packages import Builder
from tests.realtime.test_subsystem import program

ENDLESS = program("for (;;) { }")


@pytest.fixture
def bench(tmp_path):
    made = Bench(tmp_path)
    yield made
    made.close()


@pytest.fixture
def taken_over(bench, monkeypatch, tmp_path):
    """`bench` whose process is us: start it, and get the ends that it would have."""
    inner = []

    def spawn():
        pairs = [channel_pair() for _ in range(3)]
        inner.extend(pair[1] for pair in pairs)
        for end in inner:
            os.set_blocking(end, False)
        bench.supervisor.watch_realtime(*(pair[0] for pair in pairs))
        return *(pair[0] for pair in pairs), sealed_memory("hostile", calls.SHARED)

    def start(core=IO0):
        monkeypatch.setattr(bench.supervisor, "spawn_realtime", spawn)
        bench.start(core, Builder(tmp_path)(ENDLESS))
        os.write(inner[1], bytes((calls.READY.op, 0)))
        return Hostile(bench, *inner)

    yield start
    for end in inner:
        os.close(end)


def test_bytes_that_come_one_by_one_and_are_not_taken_cost_the_line_and_not_the_process(bench, taken_over):
    grant(bench, blocks.UART + 1)
    hostile, line = taken_over(), bench.silicon.wires.serial[1]
    assert sum(line.inject(b"x") for _ in range(MOST_LINE + 7)) == MOST_LINE and line.overrun == 7
    assert not hostile.is_ended
    hostile.answer_requests()
    assert line.inject(b"x") == 1


class Hostile:
    """The process's side of its channels. It takes note of what it is told like an honest one, unless told otherwise."""

    def __init__(self, bench, requests, events, world):
        self.bench, self.requests, self.events, self.world = bench, requests, events, world
        self.answer_requests()

    def answer_requests(self):
        """Say yes to all that ring 0 has asked."""
        for _ in range(200):
            try:
                request = os.read(self.requests, LIMIT)
            except BlockingIOError:
                if self.bench.silicon.realtime.is_settled():
                    return
            else:
                os.write(self.requests, bytes((0, request[1])))
            self.bench.step()

    def ask(self, call, *arguments):
        """The answer to a question."""

        def link(request):
            os.write(self.world, request)
            return self.answer()

        return Port(link).call(call, *arguments)

    def answer(self):
        found = []

        def look():
            try:
                found.append(os.read(self.world, LIMIT))
            except BlockingIOError:
                return False
            return True

        self.bench.until(look)
        return found[0]

    def write(self, message):
        os.write(self.world, message)
        self.bench.live(0.05)

    @property
    def is_ended(self):
        return self.bench.cores.status(IO0)[0] == DEAD

    @property
    def why(self):
        return self.bench.cores.status(IO0)[1]


def question(call, *arguments):
    return bytes((call.op, 0)) + call.arguments.pack(arguments)


def test_what_was_granted_is_answered(bench, taken_over):
    bench.silicon.wires.i2c[2].attach(0x6A, Accelerometer())
    bench.silicon.wires.analog.set(1, 1_000_000)
    grant(bench, blocks.I2C + 2, blocks.ADC)
    hostile = taken_over()
    assert hostile.ask(calls.I2C_START, 2, 0x6A, 0) == 1 and hostile.ask(calls.I2C_WRITE, 2, 0x0F) == 1
    assert hostile.ask(calls.I2C_START, 2, 0x6A, 1) == 1 and hostile.ask(calls.I2C_READ, 2) == 0x69
    assert hostile.ask(calls.I2C_STOP, 2) is None and hostile.ask(calls.I2C_START, 2, 0x6B, 0) == 0
    assert hostile.ask(calls.ANALOG, 1) == 1_000_000 and not hostile.is_ended


FOREIGN = (
    (calls.I2C_START, 3, 0x6A, 0), (calls.I2C_WRITE, 3, 0x0F), (calls.I2C_READ, 3), (calls.I2C_STOP, 3), (calls.SPI_SELECT, 3, 0, 1),
    (calls.SPI_TRANSFER, 3, b"\x8f\0"), (calls.ANALOG, 0),
)  # fmt: skip


@pytest.mark.parametrize("asked", FOREIGN, ids=lambda asked: asked[0].name)
def test_what_no_core_was_granted_is_a_denial_and_ends_the_process(bench, taken_over, asked):
    part = Accelerometer()
    bench.silicon.wires.i2c[3].attach(0x6A, part)
    bench.silicon.wires.spi[3].attach(0, part)
    grant(bench, blocks.I2C + 2)
    hostile = taken_over()
    hostile.write(question(*asked))
    assert hostile.is_ended and "were not granted" in hostile.why
    assert any(master == "io0" and "were not granted" in why for master, _, why in bench.silicon.denials)
    assert bench.silicon.wires.i2c[3].log == [] and bench.silicon.wires.spi[3].selected() == []
    assert bench.main.mailbox_read(IO0, 0) == 0  # ring 0 goes on


def test_the_denial_is_that_of_the_core_that_runs(bench, taken_over):
    hostile = taken_over(IO1)
    hostile.write(question(calls.I2C_START, 3, 0x6A, 0))
    assert bench.cores.status(IO1)[0] == DEAD and [master for master, _, _ in bench.silicon.denials] == ["io1"]


def test_with_the_check_of_grants_left_out_the_part_is_reached(bench, taken_over, monkeypatch):
    monkeypatch.setattr(World, "_is_granted", lambda world, block: True)
    bench.silicon.wires.i2c[3].attach(0x6A, Accelerometer())
    hostile = taken_over()
    assert hostile.ask(calls.I2C_START, 3, 0x6A, 0) == 1 and bench.silicon.wires.i2c[3].log == ["0x6a W"]


def test_a_unit_whose_pins_are_the_kernels_is_not_answered_whatever_was_granted(bench, taken_over):
    bench.silicon.wires.i2c[2].attach(0x6A, Accelerometer())
    grant(bench, blocks.I2C + 2)
    bench.owners.assign(blocks.pins(blocks.I2C + 2)[0], 1)
    hostile = taken_over()
    hostile.write(question(calls.I2C_START, 2, 0x6A, 0))
    assert hostile.is_ended and bench.silicon.wires.i2c[2].log == []


def test_until_it_has_taken_note_of_a_change_the_bus_is_empty_to_it_and_no_denial(bench, taken_over):
    part = Accelerometer()
    bench.silicon.wires.i2c[2].attach(0x6A, part)
    bench.silicon.wires.spi[2].attach(0, part)
    grant(bench, blocks.I2C + 2, blocks.SPI + 2, blocks.ADC)
    hostile = taken_over()
    bench.cores.grant(IO0, b"")
    assert hostile.ask(calls.I2C_START, 2, 0x6A, 0) == 0 and hostile.ask(calls.I2C_READ, 2) == 0xFF
    assert hostile.ask(calls.SPI_SELECT, 2, 0, 1) is None and hostile.ask(calls.SPI_TRANSFER, 2, b"\x8f\0") == b"\xff\xff"
    assert hostile.ask(calls.ANALOG, 0) == 0 and not hostile.is_ended
    assert bench.silicon.wires.i2c[2].log == [] and bench.silicon.wires.spi[2].selected() == []
    hostile.answer_requests()
    hostile.write(question(calls.I2C_START, 2, 0x6A, 0))
    assert hostile.is_ended


def test_a_transfer_under_way_ends_when_its_unit_changes_hands(bench, taken_over):
    bench.silicon.wires.i2c[2].attach(0x6A, Accelerometer())
    bench.silicon.wires.spi[2].attach(0, Accelerometer())
    grant(bench, blocks.I2C + 2, blocks.SPI + 2)
    hostile = taken_over()
    hostile.ask(calls.I2C_START, 2, 0x6A, 0)
    hostile.ask(calls.SPI_SELECT, 2, 0, 1)
    assert bench.silicon.wires.i2c[2].addressed() is not None and bench.silicon.wires.spi[2].selected()
    bench.cores.grant(IO0, b"")
    assert bench.silicon.wires.i2c[2].addressed() is None and not bench.silicon.wires.spi[2].selected()


@pytest.mark.parametrize("how", ["the process dies", "the core is stopped"])
def test_a_transfer_that_stops_in_the_middle_leaves_the_bus_free(bench, taken_over, how):
    bench.silicon.wires.i2c[2].attach(0x6A, Accelerometer())
    bench.silicon.wires.spi[2].attach(0, Accelerometer())
    grant(bench, blocks.I2C + 2, blocks.SPI + 2)
    hostile = taken_over()
    hostile.ask(calls.I2C_START, 2, 0x6A, 0)
    hostile.ask(calls.SPI_SELECT, 2, 0, 1)
    if how == "the core is stopped":
        bench.cores.stop(IO0)
    else:
        bench.silicon.realtime.lost("ended")
    assert bench.silicon.wires.i2c[2].addressed() is None and not bench.silicon.wires.spi[2].selected()


NONSENSE = [b"\x63\0", b"\x01", b"\x01\0\x06\x6a\0", b"\x01\0\x02\x80\0", b"\x06\0\x02\x41\0" + bytes(65), b"\x07\0\x08", bytes(LIMIT + 1)]


@pytest.mark.parametrize("message", NONSENSE, ids=range(len(NONSENSE)))
def test_nonsense_ends_the_process(bench, taken_over, message):
    grant(bench, blocks.I2C + 2)
    hostile = taken_over()
    hostile.write(message)
    assert hostile.is_ended and "asked for what it may not have" in hostile.why


def test_questions_without_end_are_answered_one_a_turn_until_nobody_takes_the_answers(bench, taken_over):
    grant(bench, blocks.I2C + 2)
    hostile = taken_over()
    asked = 0
    bench.longest = 0.0
    for _ in range(1500):
        try:
            os.write(hostile.world, question(calls.I2C_START, 2, 0x10, 0))
            asked += 1
        except OSError:
            if hostile.is_ended:
                break
        before = len(bench.silicon.wires.i2c[2].log)
        bench.step()
        assert len(bench.silicon.wires.i2c[2].log) <= min(256, before + 1)
        assert bench.main.read(0, 4) == bytes(4)
    assert hostile.is_ended and "does not take the answers" in hostile.why and bench.longest < 0.5 and asked > 10


@pytest.mark.parametrize(("is_greedy", "most"), [(False, 1), (True, 20)])
def test_without_turns_one_step_would_answer_all_that_waits(bench, taken_over, monkeypatch, is_greedy, most):
    grant(bench, blocks.I2C + 2)
    hostile, one = taken_over(), World.asked

    def all_that_waits(world):
        while select.select([world._channel], [], [], 0)[0]:
            one(world)

    if is_greedy:
        monkeypatch.setattr(World, "asked", all_that_waits)
    for _ in range(20):
        os.write(hostile.world, question(calls.I2C_START, 2, 0x10, 0))
    bench.step()
    assert len(bench.silicon.wires.i2c[2].log) == most


def test_what_a_line_says_that_is_no_cores_is_a_denial_and_ends_the_process(bench, taken_over):
    grant(bench, blocks.UART)
    hostile = taken_over()
    os.write(hostile.events, question(calls.SENT, 0, b"mine"))
    bench.until(lambda: bench.silicon.wires.serial[0].take() == b"mine")
    os.write(hostile.events, question(calls.SENT, 1, b"not mine"))
    bench.until(lambda: hostile.is_ended)
    assert bench.silicon.wires.serial[1].take() == b"" and "Uart ISU1" in hostile.why


def test_what_arrives_and_is_not_taken_is_bounded_and_nobody_is_ended_for_it(bench, taken_over):
    grant(bench, blocks.UART)
    taken_over()
    line = bench.silicon.wires.serial[0]
    assert line.inject(bytes(MOST_LINE + 5)) == MOST_LINE and line.inject(b"x") == 0 and line.overrun == 6
    assert bench.cores.status(IO0)[0] == RUNNING


def test_a_stopped_process_stops_nobody(bench, tmp_path):
    bench.silicon.wires.i2c[2].attach(0x6A, Accelerometer())
    grant(bench, blocks.I2C + 2)
    bench.start(IO0, Builder(tmp_path)("i2c_sensor"))
    bench.until(lambda: bench.silicon.wires.i2c[2].log)
    os.kill(bench.pid, signal.SIGSTOP)
    for _ in range(20):
        assert bench.main.read(0, 4) == bytes(4)
    bench.cores.stop(IO0)
    assert bench.silicon.wires.i2c[2].addressed() is None


class Judge:
    """The cores as `World` needs them, which believe that all is settled."""

    def __init__(self):
        self.ended = ""

    def is_settled(self):
        return True

    def hear(self):
        return True

    def failed(self, how):
        self.ended = how


@settings(deadline=None, max_examples=200)
@given(st.lists(st.binary(max_size=80) | st.tuples(st.integers(1, 7), st.binary(max_size=8)).map(lambda pair: bytes((pair[0], 0)) + pair[1]), max_size=6))
def test_whatever_is_asked_is_answered_or_ends_the_process_and_no_other_unit_is_touched(messages):
    from armillary.boards.sim import facts

    silicon, judge = Silicon(facts), Judge()
    for unit in range(6):
        silicon.wires.i2c[unit].attach(0x6A, Accelerometer())
    silicon.firewall.grant(IO0, bytes((blocks.I2C + 2, blocks.SPI + 2)))
    world, (ours, theirs) = World(silicon, judge), channel_pair()
    try:
        os.set_blocking(ours, False)
        os.set_blocking(theirs, False)
        world.open(ours)
        for message in messages:
            if not message:
                continue
            os.write(theirs, message)
            world.asked()
            if judge.ended:
                break
            assert os.read(theirs, LIMIT)[0] == 0
        assert not any(silicon.wires.i2c[unit].log for unit in range(6) if unit != 2)
    finally:
        os.close(ours)
        os.close(theirs)


@given(st.sampled_from(calls.QUESTIONS), st.binary(max_size=80))
def test_a_question_is_its_own_layout_or_refused(call, data):
    try:
        values = call.arguments.unpack(data)
    except Fault:
        return
    assert call.arguments.pack(values) == data
