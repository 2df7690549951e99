"""WDT: keys, thirty-seconds of a second, interrupt or reset, what caused it."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from armillary.hal.sim.realtime.chip import Chip
from armillary.hal.sim.realtime.time import SECOND
from tests.realtime.private import PrivateRig

WDT, IRQ = 0x2102_0000, 3
MODE, LENGTH, RESTART, STA, INTERVAL, SWRST, SWINT = (WDT + offset for offset in (0x30, 0x34, 0x38, 0x3C, 0x40, 0x44, 0x80))
KEY, ENABLE, INTERRUPT = 0x2200, 1, 8


@pytest.fixture
def rig():
    return PrivateRig()


def begin(rig, length, mode=ENABLE):
    """As the vendor's driver: length, restart, mode."""
    rig.write(LENGTH, (length & 0x7FF) << 5 | 0x08)
    rig.write(RESTART, 0x1971)
    rig.write(MODE, KEY | mode)


@pytest.mark.parametrize("seconds", [1, 2, 63, 64])
def test_seconds_are_thirty_two_counts_less_one(rig, seconds):
    begin(rig, 32 * seconds - 1)
    rig.scheduler.run(100 * SECOND)
    assert rig.resets == [seconds * SECOND]


@pytest.mark.parametrize("length", [0, 1, 31, 2047])
def test_a_count_is_a_thirty_second_of_a_second(rig, length):
    begin(rig, length)
    rig.scheduler.run(100 * SECOND)
    assert rig.resets == [(length + 1) * SECOND // 32] and rig.read(STA) == 1 << 15


def test_a_kick_in_time_puts_it_off_and_a_wrong_one_does_not(rig):
    begin(rig, 31)
    for kick in range(1, 6):
        rig.scheduler.run(kick * SECOND * 9 // 10)
        rig.write(RESTART, 0x1971 if kick < 4 else 0x1972)
    rig.scheduler.run(10 * SECOND)
    assert rig.resets == [3 * SECOND * 9 // 10 + SECOND]


def test_it_interrupts_instead_until_it_is_kicked(rig):
    begin(rig, 31, ENABLE | INTERRUPT)
    assert rig.until_irq(IRQ, 2000) == SECOND and rig.resets == []
    rig.write(RESTART, 0x1971)
    assert not rig.irqs[IRQ]
    assert rig.until_irq(IRQ, 2000) == SECOND


def test_without_its_keys_nothing_changes_and_that_is_told(rig):
    rig.write(LENGTH, 31 << 5)
    rig.write(MODE, ENABLE)
    rig.write(MODE, 0x2300 | ENABLE)
    rig.run(70_000)
    assert rig.read(MODE) == 0 and rig.read(LENGTH) == 0xFFE0 and rig.resets == []
    assert rig.log.lines == ["WDT: LENGTH written without its key: 0x3e0", "WDT: MODE written without its key: 0x1", "WDT: MODE written without its key: 0x2301"]


def test_disabled_with_its_key_it_rests(rig):
    begin(rig, 0)
    rig.write(MODE, KEY)
    rig.run(1000)
    assert rig.resets == []


def test_software_resets_by_a_key_and_the_status_says_so(rig):
    rig.write(SWRST, 0x1208)
    assert rig.resets == []
    rig.write(SWRST, 0x1209)
    assert len(rig.resets) == 1 and rig.read(STA) == 1 << 14


def test_the_cause_of_a_reset_is_still_read_after_it(rig):
    begin(rig, 0)
    rig.run(100)
    rig.wdt.reset()
    assert rig.read(STA) == 1 << 15 and rig.read(MODE) == 0


def test_software_interrupts_and_takes_it_back(rig):
    rig.write(SWINT, 1 << 31)
    assert rig.irqs[IRQ]
    rig.write(SWINT, 1 << 30)
    assert not rig.irqs[IRQ]


@given(st.integers(0, 200), st.lists(st.integers(1, 9), max_size=6), st.booleans())
@settings(max_examples=60, deadline=None)
def test_saved_between_kicks_it_bites_at_the_same_tick(length, kicks, interrupts):
    rig = PrivateRig()
    begin(rig, length, ENABLE | INTERRUPT * interrupts)
    for kick in kicks:
        rig.scheduler.run(rig.scheduler.now + kick * SECOND // 64)
        rig.write(RESTART, 0x1971)
    other = PrivateRig.restored(rig.save())
    rig.resets.clear()
    for each in (rig, other):
        each.scheduler.run(20 * SECOND)
    assert other.resets == rig.resets and other.irqs.get(IRQ) == rig.irqs.get(IRQ)


def test_a_core_that_bites_is_reset_with_its_peripherals_and_keeps_its_memory_and_the_other_core_runs_on():
    chip = Chip(cores=2)
    # Both: wait for an interrupt for ever, beginning at a vector table in TCM.
    for core in chip.cores:
        core.tcm[:12] = b"".join(word.to_bytes(4, "little") for word in (0x0013_0000, 0x0010_0009, 0xE7FD_BF30))
        core.start(0x0010_0000)
    first, second = chip.cores
    first.sysram[:4] = second.sysram[:4] = b"keep"
    for core, word in ((first, 31), (second, 63)):
        core.wdt.write(0x34, 4, word << 5 | 8)
        core.gpt.write(0x14, 4, 1000)
    first.wdt.write(0x30, 4, KEY | ENABLE)
    chip.run(SECOND * 3 // 2)
    assert first.wdt.read(0x3C, 4) == 1 << 15 and second.wdt.read(0x3C, 4) == 0
    assert first.wdt.read(0x30, 4) == 0 and first.gpt.read(0x14, 4) == 0 and second.gpt.read(0x14, 4) == 1000
    assert bytes(first.sysram[:4]) == bytes(second.sysram[:4]) == b"keep"
    assert first.machine.get("pc") in (0x0010_0008, 0x0010_000A) and second.machine.cycles > first.machine.cycles // 2
