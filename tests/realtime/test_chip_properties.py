"""Whatever a program does to the registers of the whole chip, in whatever order, with time running: it holds."""

import re

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from armillary.hal.cortexm.machine import BusError
from armillary.hal.sim.realtime import chip as chips
from armillary.hal.sim.realtime.registers import READ, Log
from armillary.hal.sim.realtime.time import MICROSECOND, MILLISECOND
from tests.realtime.private import PrivateRig
from tests.realtime.rig import SYSRAM

NEW = PrivateRig()
PAGES = [(block.base, chips.BLOCK) for block in NEW.private] + [(chips.DMA, chips.DMA_SIZE)]
PAGES += [(windows.base, windows.size) for windows in NEW.shared.windows]
NAMED = sorted(block.base + register.offset for block in NEW.all_blocks for register in block.REGISTERS)
UARTS = [chips.DEBUG_UART, *(0x3807_0500 + 0x1_0000 * number for number in range(6))]
EVENTS = 20_000  # that a millisecond of the chip may need: twelve PWM pins, edge by edge, and what else counts


@st.composite
def anywhere(draw):
    """(address, size): at a register that has a name, or at any place of a page, aligned as the processor asks it."""
    size = draw(st.sampled_from([1, 2, 4]))
    base, span = draw(st.sampled_from(PAGES))
    address = draw(st.one_of(st.sampled_from(NAMED), st.integers(base, base + span - 4), st.integers(base, base + span - 4)))
    return address - address % size, size


WORDS = st.one_of(st.integers(0, 0xFFFFFFFF), st.sampled_from([0, 1, 2, 3, 0xFF, 0xFFFFFFFF, 1 << 15, 1 << 8, 0x301, 0xC0FF]),
                  st.builds(lambda offset: SYSRAM + offset, st.integers(0, 0xFFFF)), st.builds(lambda bit: 1 << bit, st.integers(0, 31)))  # fmt: skip
ISUS = [0x3807_0000 + 0x1_0000 * number for number in range(6)]
# What begins something that goes on by itself: writes, made of two words that are drawn.
BEGIN = {
    "watchdog": lambda a, b: [(0x2102_0034, (a & 3) << 5 | 8), (0x2102_0030, 0x2201 | b & 8)],
    "down timer": lambda a, b: [(0x2103_0014 + 16 * (b & 1), a & 0xFF), (0x2103_0004, b >> 1 & 3), (0x2103_0010 + 16 * (b & 1), b & 6 | 1)],
    "up timer": lambda a, b: [(0x2103_005C, a & 0x3FFF), (0x2103_0050, (b & 0x3F) << 16), (0x2103_0050, (b & 0x3F) << 16 | 1)],
    "core timers": lambda a, b: [(0x2103_0030, a & 3), (0x2103_0060, b & 3)],
    "text": lambda a, b: [(UARTS[a % 7] + offset, value) for offset, value in (
        (0x0C, 3), (0x24, 3), (0x28, b & 0xFF), (0x04, a >> 8 & 7), (0x10, b >> 4 & 0x10), (0x00, a & 0xFF), (0x00, b & 0xFF))],
    "debounce": lambda a, b: [(0x2100_0000 + 4 * (a % 24), b & 0x38F | 0x200)],
    "scan": lambda a, b: [(0x3800_0104, b & 0xFF), (0x3800_0204, 5), (0x3800_024C, b >> 8 & 1), (0x3800_0100, a & 0x1FF | 1 | (b & 0xFF) << 16)],
    "pattern": lambda a, b: [(0x3801_1000 + 0x1_0000 * (a % 3), a & 6), (0x3801_1104, b & 0x3F00FF), (0x3801_1108, a & 0xF0000F),
                             (0x3801_1100, b & 0x100F0F22 | 0x15)],
    "packet": lambda a, b: [(ISUS[a % 6] + 0x200 + offset, value) for offset, value in (
        (0x00, 2), (0x54, b & 7), (0x60, a >> 4 & 0x7F), (0x68, b >> 4 & 1), (0x90, 1), (0x90, 2), (0x70, 0x8001))],
    "slave": lambda a, b: [(ISUS[a % 6] + 0x2C8, b & 0x7F), (ISUS[a % 6] + 0x2C4, 0x8000)],
    "transfer": lambda a, b: [(ISUS[a % 6] + 0x300 + offset, value) for offset, value in (
        (0x28, (b & 3) << 29 | (a & 0xFF) << 16 | 1 << 9 | 4), (0x2C, 8 << 24 | (b & 0xF8) << 12 | b & 0xF8), (0x00, 1 << 8))],
    "sound": lambda a, b: [(0x380D_0000 + 0x1_0000 * (a & 1) + offset, value) for offset, value in (
        (0x40, 3), (0x04, (b & 15) << 8 | 1), (0x08, (b & 15) << 8 | 1), (0x00, 7 | (a & 2) << 30))],
    "counter": lambda a, b: [(0x3801_0000 + 0x1_0000 * (a % 6) + offset, value) for offset, value in (
        (0x000, 7), (0x10C, b), (0x130, 0xFFFFFFFF), (0x110, a & 3))],
    "message": lambda a, b: [(chips.A7_BOX + 0x38, a & 15), (chips.A7_BOX + 0x44, b), (chips.A7_BOX + 0x40, a), (chips.CORE_BOX + 0x40, b)],
    "outputs": lambda a, b: [(0x3801_0000 + 0x1_0000 * (a % 6) + offset, b >> offset & 15) for offset in (0x20, 0x10)],
}  # fmt: skip
ACTS = st.one_of(
    st.tuples(st.just("begin"), st.sampled_from(sorted(BEGIN)), WORDS, WORDS), st.tuples(st.just("begin"), st.sampled_from(sorted(BEGIN)), WORDS, WORDS),
    st.tuples(st.just("write"), anywhere(), WORDS), st.tuples(st.just("write"), anywhere(), WORDS),
    st.tuples(st.just("read"), anywhere()), st.tuples(st.just("run"), st.integers(0, MILLISECOND // 4)),
    st.tuples(st.just("drive"), st.integers(0, 93), st.sampled_from([0, 1, None])),
    st.tuples(st.just("receive"), st.sampled_from(UARTS), st.binary(max_size=20)),
    st.tuples(st.just("a7"), st.integers(0, 0x60), WORDS),
    st.tuples(st.just("dma"), st.integers(0, 29), WORDS, st.integers(0, 0xFFFF), st.integers(0, 0x7FFFF), st.integers(0, 300)),
)  # fmt: skip


def act(rig, kind, *how):
    """Do one thing. A bus error is the program's own; anything else that is raised is a defect."""
    if kind == "write":
        (address, size), word = how
        rig.write(address, word & ((1 << 8 * size) - 1), size)
    elif kind == "read":
        (address, size) = how[0]
        assert 0 <= rig.read(address, size) < 1 << 8 * size
    elif kind == "begin":
        for address, word in BEGIN[how[0]](how[1], how[2]):
            rig.write(address, word)
    elif kind == "run":
        rig.scheduler.run(rig.scheduler.now + how[0])
    elif kind == "drive":
        rig.bank.drive(*how)
    elif kind == "receive":
        device, offset = rig._find(how[0])
        block = device.find(offset)[0] if hasattr(device, "find") else device
        block.receive(how[1])
    elif kind == "a7":
        rig.a7.write(how[0] & ~3, 4, how[1])
    else:
        set_up_dma(rig, *how)


def set_up_dma(rig, channel, fixed, memory, control, count):
    """A channel, set up as it comes, and started."""
    base = chips.DMA + 0x100 * channel
    for offset, value in ((0x18, 0), (0x60, fixed), (0x2C, SYSRAM + memory), (0x00, SYSRAM + memory), (0x04, SYSRAM + (memory ^ 0x100)),
                          (0x44, count), (0x10, count // 2), (0x5C, count // 3), (0x14, control), (0x18, 1 << 15)):  # fmt: skip
        rig.write(base + offset, value)


def play(rig, acts):
    """Do them all."""
    for each in acts:
        try:
            act(rig, *each)
        except BusError:
            continue


def counted(rig):
    """A list that has an entry for each thing arranged from now on."""
    arranged, at = [], rig.scheduler.at

    def noting(time, call, name):
        arranged.append(name)
        assert len(arranged) < EVENTS, f"too much is arranged: {arranged[-8:]}"
        return at(time, call, name)

    rig.scheduler.at = noting
    return arranged


@given(st.lists(ACTS, max_size=60))
@settings(max_examples=200, deadline=None)
@example([("begin", "pattern", 4, 0x1_0003), ("begin", "pattern", 12, 0x1_0003), ("begin", "pattern", 14, 0x1_0003)])
@example([("write", (0x3807_0500, 4), 65), ("write", (0x3807_0510, 4), 0x10), ("run", MILLISECOND)])
def test_nothing_that_is_done_breaks_a_block_or_costs_without_end(acts):
    rig = PrivateRig()
    play(rig, acts)
    counted(rig)
    rig.scheduler.run(rig.scheduler.now + MILLISECOND)
    assert len(rig.log.lines) <= Log.MOST and len(rig.scheduler.waiting()) < 400
    for block in rig.all_blocks:
        assert len(block.words) <= len(block.REGISTERS) + chips.DMA_SIZE // 4


@given(st.lists(ACTS, max_size=40))
@settings(max_examples=150, deadline=None)
@example([("begin", "message", 1, 0), ("a7", 64, 0)])  # a pair that waits for the core, whose side is restored first
def test_what_is_saved_at_any_time_goes_on_the_same(acts):
    rig = PrivateRig()
    play(rig, acts)
    state = rig.save()
    other = PrivateRig.restored(state)
    for pin, known in rig.bank._pins.items():
        other.bank.drive(pin, None if known.outside < 0 else known.outside)
    assert other.save() == state
    rig.edges.clear(), other.edges.clear(), rig.pulses.clear(), other.pulses.clear()
    for each in (rig, other):
        each.scheduler.run(each.scheduler.now + MILLISECOND)
    assert (other.edges, other.pulses, other.save()) == (rig.edges, rig.pulses, rig.save())
    assert {number for number, level in other.irqs.items() if level} == {number for number, level in rig.irqs.items() if level}


SURVIVE = {"WDT": {"status"}, "IRQCFG": {"levels", "settled"}, "COUNTER": {"levels"}}  # a reset: why, and the pins


@given(st.lists(ACTS, max_size=60))
@settings(max_examples=150, deadline=None)
def test_after_a_reset_a_block_is_as_new(acts):
    rig = PrivateRig()
    play(rig, acts)
    while any("received" in event.name for event in rig.scheduler.waiting()):  # what comes on a line comes all the same
        rig.scheduler.run(rig.scheduler.next())
    for block in [*rig.all_blocks, rig.a7, rig.other]:
        block.reset()
    for block, new in zip(rig.all_blocks, NEW.all_blocks, strict=True):
        left_out = SURVIVE.get(block.NAME, set())
        states = [{name: value for name, value in each.save().items() if name not in left_out} for each in (block, new)]
        assert states[0] == states[1], block.name
    assert not any(rig.irqs.values())
    assert rig.scheduler.waiting() == []
    assert {pin for pin in rig.bank.pins() if rig.bank.mode(pin)} == set()


@given(st.lists(st.tuples(anywhere(), WORDS, st.booleans()), min_size=1, max_size=40))
@settings(max_examples=150, deadline=None)
def test_an_unknown_register_is_told_once_with_its_address_and_its_block(accesses):
    rig, touched = PrivateRig(), set()
    for _ in range(2):
        for (address, size), word, is_write in accesses:
            if address & ~3 not in NAMED:
                touched.add(address & ~3)
                rig.write(address, word & ((1 << 8 * size) - 1), size) if is_write else rig.read(address, size)
    told = [re.fullmatch(r"([\w ]+): unknown register 0x([0-9a-f]{8}) \(\+0x[0-9a-f]+\) (read|written with 0x[0-9a-f]+)", line) for line in rig.log.lines]
    assert all(told) and sorted(int(each[2], 16) for each in told) == sorted(touched)
    assert all(rig.name_of(int(each[2], 16)).startswith(each[1] + ".+0x") for each in told)


@pytest.mark.parametrize("block", [block for block in NEW.all_blocks if block.REGISTERS], ids=lambda block: block.name)
def test_narrow_accesses_read_their_part_of_a_word_and_leave_the_rest(block):
    for register in block.REGISTERS:
        if not register.is_kept or register.access != "rw":
            continue
        rig = PrivateRig()
        address = block.base + register.offset
        rig.write(address, 0x1234_5678)
        assert [rig.read(address + at, 1) for at in range(4)] == [0x78, 0x56, 0x34, 0x12]
        assert [rig.read(address + at, 2) for at in (0, 2)] == [0x5678, 0x1234]
        rig.write(address + 1, 0xAA, 1)
        rig.write(address + 2, 0xBBCC, 2)
        assert rig.read(address) == 0xBBCC_AA78


@given(st.data())
@settings(max_examples=60, deadline=None)
def test_a_read_only_register_is_changed_by_no_write(data):
    rig = PrivateRig()
    block = data.draw(st.sampled_from([block for block in rig.all_blocks if any(register.access == READ for register in block.REGISTERS)]))
    register = data.draw(st.sampled_from([register for register in block.REGISTERS if register.access == READ]))
    before = rig.save()
    rig.write(block.base + register.offset, data.draw(WORDS))
    assert rig.save() == before


# Write 1 to clear: a register of events, how to bring two of them about, and what is then read.
CLEARED = {
    "GPT.ISR": (0x2103_0000, 3, [(0x2103_0014, 1), (0x2103_0024, 1), (0x2103_0010, 5), (0x2103_0020, 5)]),
    "MBOX.INT_STS": (0x2105_003C, 0b1010, [(0x2105_0040, 1)]),
    "MBOX.SW_RX_INT_STS": (0x2105_001C, 0xA5, []),
}


@pytest.mark.parametrize("name", CLEARED)
@pytest.mark.parametrize("size", [1, 4])
def test_a_one_clears_its_event_and_no_other(name, size):
    address, expected, writes = CLEARED[name]
    for bit in (bit for bit in range(8) if expected >> bit & 1):
        rig = PrivateRig()
        for place, value in writes:
            rig.write(place, value)
        rig.a7.write(0x14, 4, 0xA5)
        rig.a7.write(0x40, 4, 7)
        rig.a7.read(0x50, 4)
        rig.scheduler.run(100 * MICROSECOND)
        assert rig.read(address) & expected == expected
        rig.write(address, 0, size)
        assert rig.read(address) & expected == expected
        rig.write(address, 1 << bit, size)
        assert rig.read(address) & expected == expected & ~(1 << bit)
