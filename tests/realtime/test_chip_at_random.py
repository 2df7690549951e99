"""The chip with its processors asleep, while registers are read and written at random: it runs on, and nothing grows."""

from hypothesis import given, settings
from hypothesis import strategies as st

from armillary.hal.cortexm.machine import BusError
from armillary.hal.sim.realtime.chip import Chip
from armillary.hal.sim.realtime.registers import Log
from armillary.hal.sim.realtime.time import MICROSECOND, MILLISECOND
from tests.realtime.test_chip_properties import BEGIN, WORDS, anywhere

# A vector table whose handlers return at once, and a program that waits for interrupts for ever, in TCM.
TABLE, STACK, RESET, HANDLER = 0x0010_0000, 0x0013_0000, 0x0010_0200, 0x0010_0204
PROGRAM = b"".join(word.to_bytes(4, "little") for word in [STACK, RESET | 1, *[HANDLER | 1] * 114]).ljust(0x200, b"\0")
PROGRAM += bytes.fromhex("30bf fde7 7047 00bf")  # wfi; b back to it; bx lr
ACTS = st.one_of(
    st.tuples(st.just("access"), st.integers(0, 1), anywhere(), WORDS, st.booleans()),
    st.tuples(st.just("begin"), st.integers(0, 1), st.sampled_from(sorted(BEGIN)), WORDS, WORDS),
    st.tuples(st.just("interrupts"), st.integers(0, 1), WORDS), st.tuples(st.just("run"), st.integers(1, 400)),
)  # fmt: skip


def started():
    chip = Chip(cores=2)
    for core in chip.cores:
        core.tcm[: len(PROGRAM)] = PROGRAM
        core.start(TABLE)
    return chip


def access(core, address, size, word=None):
    """What the program of `core` would do; a bus error is its own."""
    _, device, offset = core.machine.device_at(address)
    try:
        return device.read(offset, size) if word is None else device.write(offset, size, word & ((1 << 8 * size) - 1))
    except BusError:
        return None


def play(chip, acts):
    for kind, *how in acts:
        if kind == "run":
            assert chip.run(chip.scheduler.now + how[0] * MICROSECOND) is None
            continue
        core = chip.cores[how[0]]
        if kind == "interrupts":
            core.machine.write_system(0xE000_E100, how[1])  # enables them: what comes is taken
        elif kind == "begin":
            for address, word in BEGIN[how[1]](how[2], how[3]):
                access(core, address, 4, word)
        else:
            (address, size), word, is_write = how[1:]
            access(core, address, size, word if is_write else None)


@given(st.lists(ACTS, max_size=25))
@settings(max_examples=60, deadline=None)
def test_both_processors_run_on_whatever_their_peripherals_do(acts):
    chip = started()
    play(chip, acts)
    before = [core.machine.cycles for core in chip.cores]
    until = chip.scheduler.now + MILLISECOND
    assert chip.run(until) is None and chip.scheduler.now == until
    assert all(core.machine.cycles >= cycles for core, cycles in zip(chip.cores, before, strict=True))
    assert len(chip.log.lines) <= Log.MOST and len(chip.scheduler.waiting()) < 400


@given(st.lists(ACTS, max_size=15))
@settings(max_examples=30, deadline=None)
def test_the_same_accesses_at_the_same_times_give_the_same_chip(acts):
    states = []
    for _ in range(2):
        chip = started()
        play(chip, acts)
        chip.run(chip.scheduler.now + MILLISECOND // 4)
        states.append(chip.save())
    assert states[0] == states[1]
