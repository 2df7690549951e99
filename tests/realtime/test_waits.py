"""Two cores that wait for all there is to wait for: with rounds of their loops skipped, and with each of them run, all is the same."""

from __future__ import annotations

import functools

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from armillary.hal.cortexm import elf
from armillary.hal.cortexm.machine import REGISTERS
from armillary.hal.sim.realtime import program
from armillary.hal.sim.realtime.chip import Chip
from armillary.hal.sim.realtime.time import MICROSECOND
from tests.realtime.whole import elf_of

SYSRAM, ORDERS, FROM_OUTSIDE, MOST = 0x2200_0000, 0xF000, 0xF200, 16
(VARIABLE, RING_MEMORY, RING_COUNT, MICROSECONDS, PAIR, SLEEP, IDLE, CYCLES, SYSTICK_FLAG, PUSH, WORK, OUTSIDE) = range(12)
END_US = 30_000

STEPS = st.lists(st.tuples(st.integers(0, 11), st.integers(1, 400)), min_size=1, max_size=5)
CORES = st.tuples(st.sampled_from([0, 0, 3000, 20_000, 0x3FFFF]), st.sampled_from([0, 1, 7, 100]), STEPS)
EVENTS = st.lists(st.tuples(st.integers(1, END_US), st.sampled_from(["byte", "word", "cut"]), st.integers(1, 255)), max_size=25)


def words(*values: int) -> bytes:
    return b"".join(value.to_bytes(4, "little") for value in values)


@functools.cache
def read() -> elf.Elf:
    return elf.parse(elf_of("waits.c"), program.REGIONS)


def begin(chip: Chip, number: int, orders: tuple[int, int, list[tuple[int, int]]]) -> None:
    core = chip.cores[number]
    systick, gpt, steps = orders
    program.load(core, read())
    kinds, amounts = zip(*[steps[at % len(steps)] for at in range(MOST)], strict=True)
    data = words(systick, gpt, int(number == 0), *kinds, *amounts)
    core.sysram[ORDERS : ORDERS + len(data)] = data
    core.start(read().entry)


def happen(chip: Chip, what: str, value: int) -> None:
    if what == "byte":
        chip.shared.isus[0].uart.receive(bytes([value]))
    elif what == "word":
        for core in chip.cores:
            core.sysram[FROM_OUTSIDE : FROM_OUTSIDE + 4] = words(value)
            core.machine.written(SYSRAM + FROM_OUTSIDE, 4)


def lived(cores: list[tuple[int, int, list[tuple[int, int]]]], events: list[tuple[int, str, int]], is_warped: bool) -> list[object]:
    """All that can be seen of a chip, at the end and at each time something came from outside."""
    chip = Chip(cores=2)
    for number, orders in enumerate(cores):
        begin(chip, number, orders)
        chip.cores[number].machine.warp(is_warped)
    seen: list[object] = []
    for at, what, value in [*sorted(events), (END_US, "end", 0)]:
        assert chip.run(at * MICROSECOND) is None
        seen.append([state(core) for core in chip.cores[: len(cores)]])
        happen(chip, what, value)
    return seen


def state(core) -> tuple[object, ...]:
    machine = core.machine
    return (machine.now, machine.cycles, [machine.get(name) for name in REGISTERS], bytes(core.sysram), bytes(core.tcm))


def same(cores, events) -> None:
    assert lived(cores, events, True) == lived(cores, events, False)


BYTES = [(at * 977, "byte", 65 + at) for at in range(1, 20)]


@pytest.mark.parametrize("kind", range(12))
def test_each_wait_alone_and_beside_another_core_ends_the_same_skipped_or_run(kind):
    one, other = (20_000, 7, [(kind, 150)]), (3000, 0, [(PUSH, 9), (MICROSECONDS, 90)])
    for cores in ([one], [one, other]):
        same(cores, [*BYTES, (9999, "word", 3), (20_001, "word", 4)])


@given(st.lists(CORES, min_size=1, max_size=2), EVENTS)
@example([(0, 0, [(RING_MEMORY, 1), (PAIR, 1)]), (0, 1, [(VARIABLE, 1), (PUSH, 3)])], BYTES)
@settings(deadline=None, max_examples=15)
def test_whatever_two_cores_wait_for_ends_the_same_skipped_or_run(cores, events):
    same(cores, events)


@pytest.mark.slow
@given(st.lists(CORES, min_size=1, max_size=2), EVENTS)
@settings(deadline=None, max_examples=50)
def test_whatever_two_cores_wait_for_at_length(cores, events):
    same(cores, events)


@pytest.mark.parametrize("kind", [VARIABLE, RING_COUNT, IDLE, PAIR])
def test_one_of_the_two_is_skipped_and_the_other_run(kind):
    rounds = []
    for is_warped in (True, False):
        chip = Chip()
        begin(chip, 0, (0, 0, [(kind, 1)]))
        machine = chip.cores[0].machine
        machine.warp(is_warped)
        chip.run(END_US * MICROSECOND)  # it is known by then
        counts, _ = machine.cover(0x0010_0000, 0x2000, [])
        chip.run(2 * END_US * MICROSECOND)
        rounds.append(max(counts))
    assert 10 * rounds[0] < rounds[1]
