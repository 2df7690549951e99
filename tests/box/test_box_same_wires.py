"""A part answers the same whoever asks it from wherever: near or distant, an engine here or in its process, the main core."""

import os

import pytest
from hypothesis import given
from hypothesis import strategies as st

from armillary.boards.sim.boxes import channel_pair
from armillary.boards.sim.distant import PatientMasters
from armillary.boards.sim.visiting import Visitor
from armillary.boards.sim.world import World
from armillary.hal.sim.box import realtime_calls as calls
from armillary.hal.sim.box import world as far
from armillary.hal.sim.buses import I2cBus
from armillary.hal.sim.clock import VirtualClock
from armillary.hal.sim.gpio import GpioBank
from armillary.hal.sim.masters import Masters
from armillary.hal.sim.parts import Accelerometer, Eeprom
from armillary.hal.sim.places import Bench
from armillary.hal.sim.realtime.chip import Chip
from armillary.hal.sim.silicon import Silicon
from armillary.hal.sim.wires import Wires
from armillary.testing.parts import perform
from armillary.wire import blocks

PLACES = (0x50, 0x6A, 0x33)  # nobody is at the last


def parts():
    return {0x50: Eeprom(busy=1), 0x6A: Accelerometer()}


class Board:
    """As much of a supervisor as a visitor sees."""

    def __init__(self, wires):
        self.keepers = []
        self.bench = Bench(wires.i2c, wires.spi, wires.analog, GpioBank(range(8), VirtualClock()))
        self.silicon = self
        self.gpio, self.wires = self.bench.pins, wires


def visit(wires, hung):
    """Have a client hang `hung` (place: part) on `wires`, which answers at once."""
    board, brought = Board(wires), {}

    def take(message):
        answers = []
        perform(brought[message["part"]], message["do"], answers)
        if "ask" in message:
            visitor.said(message["ask"], answers)

    visitor = Visitor(board, take, lambda: None)
    for number, (place, part) in enumerate(hung.items()):
        brought[number] = part
        visitor.attach(number, place)
    return visitor


def never():
    """No reply was put off that came at once."""
    return lambda value, fault: pytest.fail("it was late")


TRANSFERS = st.lists(st.tuples(st.sampled_from(PLACES), st.integers(0, 6), st.binary(max_size=6)), max_size=8)


@given(TRANSFERS)
def test_the_main_core_gets_the_same_of_a_near_and_a_distant_part(transfers):
    near, distant = Wires(), Wires()
    for address, part in parts().items():
        near.i2c[0].attach(address, part)
    visit(distant, {f"isu0:{address:#04x}": part for address, part in parts().items()})
    masters = Masters(near, VirtualClock()), PatientMasters(distant, VirtualClock(), never)
    for address, count, data in transfers:
        one, other = (each.i2c_transfer(0, address, count, data) for each in masters)
        assert one == other
    assert near.i2c[0].log == distant.i2c[0].log


@given(st.lists(st.one_of(st.tuples(st.just("select"), st.integers(0, 1), st.integers(0, 1)), st.tuples(st.just("transfer"), st.integers(0, 1), st.binary(max_size=6))), max_size=10))
def test_the_main_core_gets_the_same_by_spi(steps):
    near, distant = Wires(), Wires()
    for line in (0, 1):
        near.spi[0].attach(line, Accelerometer())
    visit(distant, {"isu0:cs0": Accelerometer(), "isu0:cs1": Accelerometer()})
    masters = Masters(near, VirtualClock()), PatientMasters(distant, VirtualClock(), never)
    for name, first, second in steps:
        if name == "select":
            [each.spi_select(0, first, second) for each in masters]
        else:
            one, other = (each.spi_transfer(0, first, len(second), second) for each in masters)
            assert one == other


class Honest:
    """The cores as `World` needs them, of a process that never goes wrong."""

    def is_settled(self):
        return True

    def hear(self):
        return True

    def failed(self, how):
        pytest.fail(how)


class Process:
    """The engines' side of a channel to a `World` of `silicon`, in this very process."""

    def __init__(self, silicon):
        self.world, (self.ours, self.theirs) = World(silicon, Honest()), channel_pair()
        os.set_blocking(self.ours, False)
        self.world.open(self.ours)
        self.chip = Chip(cores=2)
        self.before = 0
        far.World(self._link, self._told, self.chip).join()

    def _link(self, request):
        os.write(self.theirs, request)
        self.world.asked()
        return os.read(self.theirs, 4096)

    def _told(self):
        self.before += 1

    def close(self):
        os.close(self.ours)
        os.close(self.theirs)


@pytest.fixture(scope="module")
def facts():
    from armillary.boards.sim import facts

    return facts


@pytest.fixture(params=["near", "distant"])
def process(request, facts):
    silicon = Silicon(facts)
    silicon.firewall.grant(3, bytes((blocks.ADC, blocks.I2C, blocks.SPI + 1)))
    if request.param == "near":
        silicon.wires.i2c[0].attach(0x6A, Accelerometer())
        silicon.wires.spi[1].attach(0, Accelerometer())
    else:
        visit(silicon.wires, {"isu0:0x6a": Accelerometer(), "isu1:cs0": Accelerometer()})
    silicon.wires.analog.set(2, 1_500_000)
    made = Process(silicon)
    yield made
    made.close()


def test_an_engine_in_its_process_gets_what_is_on_the_boards_wires(process):
    isus = process.chip.shared.isus
    bus = isus[0].i2c.bus
    assert bus.start(0x6A, False) and bus.write(0x0F) and bus.start(0x6A, True) and bus.read() == 0x69
    bus.stop()
    assert not bus.start(0x33, False) and bus.read() == 0xFF
    bus.stop()
    spi = isus[1].spi.bus
    spi.select(0, True)
    assert spi.transfer(b"\x8f\0") == b"\0\x69"
    spi.select(0, False)
    assert spi.exchange(0x8F) == 0xFF
    assert process.chip.shared.adc.inputs.microvolts(2, 0) == 1_500_000
    assert process.before == 13


def test_of_what_changes_nothing_nobody_is_asked(process):
    isus = process.chip.shared.isus
    isus[0].i2c.bus.stop()
    isus[1].spi.bus.select(0, False)
    for isu in isus:
        isu.i2c.reset()
        isu.spi.reset()
    assert process.before == 0


class Slave(Accelerometer):
    """An engine of the same process, as a slave."""


def test_a_slave_of_the_process_answers_there_and_is_not_seen_on_the_boards_wires(process):
    bus = process.chip.shared.isus[0].i2c.bus
    slave = Slave()
    bus.attach(0x20, slave)
    assert bus.is_taken(0x20) and not bus.is_taken(0x6A)
    assert bus.start(0x20, False) and bus.write(0x0F) and bus.start(0x20, True) and bus.read() == 0x69
    bus.stop()
    assert process.before == 0
    assert bus.start(0x6A, False)  # the next is the board's again
    bus.stop()
    bus.detach(slave)
    assert not bus.start(0x20, False)


def test_more_than_fits_into_a_question_is_asked_in_parts(process):
    spi = process.chip.shared.isus[1].spi.bus
    assert spi.transfer(bytes(2 * calls.MOST_SPI + 1)) == b"\xff" * (2 * calls.MOST_SPI + 1)
    assert process.before == 3


def test_without_telling_first_a_part_sees_a_pin_as_it_was(process):
    """Why pins come before questions: what is told after the question is heard too late."""
    seen, told = [], []

    class Looks:
        def start(self, is_read):
            seen.append(bool(told))
            return True

    bus = I2cBus()
    bus.attach(1, Looks())

    def link(request):
        bus.start(1, False)
        return bytes((0, request[1], 1))

    far.World(link, lambda: told.append(1), process.chip).ask(calls.I2C_START, 0, 1, 0)
    told.clear()
    far.World(link, lambda: None, process.chip).ask(calls.I2C_START, 0, 1, 0)
    assert seen == [True, False]
