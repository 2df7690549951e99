"""Mailbox: pairs in order, fifteen at most, thresholds, software interrupts, the semaphore, resets of one side."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.realtime.private import PrivateRig

BOX, CORE_BOX = 0x2105_0000, 0x2106_0000
GEN, PORT, SW_EN, SW_STS = 0x04, 0x14, 0x18, 0x1C
NF, NE, EN, STS, CMD_PUSH, DATA_PUSH, PUSH_CNT, CMD_POP, DATA_POP, POP_CNT, SEMAPHORE = 0x30, 0x34, 0x38, 0x3C, 0x40, 0x44, 0x48, 0x50, 0x54, 0x58, 0x60
NOT_EMPTY, WRITTEN, NOT_FULL, READ_OUT = 1, 2, 4, 8
RD_LINE, NF_LINE, WR_LINE, NE_LINE, FIFO_LINE, SW_LINE = range(6, 12)
DEPTH = 15


@pytest.fixture
def rig():
    return PrivateRig()


def push(side, command, data=None):
    """As drivers do: data first."""
    if data is not None:
        side.write(DATA_PUSH, 4, data)
    side.write(CMD_PUSH, 4, command)


def high(rig):
    """Lines of the box to the main core that are high."""
    return {line for line in range(6, 12) if rig.irqs.get(line)}


def test_pairs_are_popped_in_order_data_first_and_the_command_takes_them(rig):
    for number in range(3):
        push(rig.a7, 0xBA5E0001 + number, 100 + number)
    assert rig.read(BOX + POP_CNT) == 3 and rig.a7.read(PUSH_CNT, 4) == 3
    popped = []
    while rig.read(BOX + POP_CNT):
        data = rig.read(BOX + DATA_POP)
        assert rig.read(BOX + DATA_POP) == data
        popped.append((rig.read(BOX + CMD_POP), data))
    assert popped == [(0xBA5E0001, 100), (0xBA5E0002, 101), (0xBA5E0003, 102)]
    assert (rig.read(BOX + CMD_POP), rig.read(BOX + DATA_POP)) == (0, 0)


def test_a_pair_without_data_has_that_of_the_pair_before(rig):
    push(rig.a7, 1, 77)
    push(rig.a7, 2)
    rig.read(BOX + CMD_POP)
    assert rig.read(BOX + DATA_POP) == 77


def test_fifteen_pairs_fit_and_one_more_is_lost_and_told(rig):
    for number in range(DEPTH + 1):
        rig.write(BOX + DATA_PUSH, number)
        rig.write(BOX + CMD_PUSH, number)
    assert rig.read(BOX + PUSH_CNT) == DEPTH
    assert [rig.a7.read(CMD_POP, 4) for _ in range(DEPTH)] == list(range(DEPTH))
    assert rig.log.lines == ["MBOX_A7: a pair was pushed into a full FIFO and is lost"]


@pytest.mark.parametrize("threshold", [0, 1, 7, 14])
def test_not_empty_interrupts_beyond_its_threshold_and_falls_with_the_fifo(rig, threshold):
    rig.write(BOX + NE, threshold)
    rig.write(BOX + EN, NOT_EMPTY)
    seen = []
    for number in range(DEPTH):
        push(rig.a7, number)
        seen.append(NE_LINE in high(rig))
    assert seen == [count > threshold for count in range(1, DEPTH + 1)]
    while rig.read(BOX + POP_CNT) > threshold:
        rig.read(BOX + CMD_POP)
    assert high(rig) == set()


@pytest.mark.parametrize("threshold", [0, 1, 7, 14])
def test_not_full_interrupts_when_more_places_than_its_threshold_are_free(rig, threshold):
    rig.write(BOX + NF, threshold)
    for number in range(DEPTH):
        rig.write(BOX + CMD_PUSH, number)
    rig.write(BOX + EN, NOT_FULL)
    seen = []
    for _ in range(DEPTH - 1):
        rig.a7.read(CMD_POP, 4)
        seen.append(NF_LINE in high(rig))
    assert seen == [free > threshold for free in range(1, DEPTH)]


def test_written_and_read_out_are_events_that_stay_until_cleared(rig):
    rig.write(BOX + EN, WRITTEN | READ_OUT)
    push(rig.a7, 1)
    assert high(rig) == {WR_LINE, FIFO_LINE}
    rig.read(BOX + CMD_POP)
    assert high(rig) == {WR_LINE, FIFO_LINE}
    rig.write(BOX + STS, WRITTEN)
    assert high(rig) == set()
    rig.write(BOX + CMD_PUSH, 5)
    rig.a7.read(CMD_POP, 4)
    assert high(rig) == {RD_LINE, FIFO_LINE}
    rig.write(BOX + STS, READ_OUT)
    assert high(rig) == set() and rig.read(BOX + STS) == 0


def test_a_threshold_that_holds_is_not_cleared_by_writing_its_bit(rig):
    rig.write(BOX + EN, NOT_EMPTY)
    push(rig.a7, 1)
    rig.write(BOX + STS, 15)
    assert NE_LINE in high(rig) and rig.read(BOX + STS) == NOT_EMPTY


@pytest.mark.parametrize("port", range(8))
def test_a_port_rings_at_the_other_side_if_it_is_enabled_there(rig, port):
    rig.write(BOX + SW_EN, 0xFF & ~(1 << port))
    rig.a7.write(PORT, 4, 1 << port)
    assert rig.read(BOX + SW_STS) == 1 << port and high(rig) == set()
    rig.write(BOX + SW_EN, 1 << port)
    assert high(rig) == {SW_LINE}
    rig.write(BOX + SW_STS, 0xFF)
    assert high(rig) == set() and rig.read(BOX + SW_STS) == 0


def test_the_other_way_the_main_core_is_rung(rig):
    rig.a7.write(SW_EN, 4, 3)
    rig.write(BOX + PORT, 2)
    assert rig.a7_irqs[5] and rig.a7.read(SW_STS, 4) == 2


def test_opening_the_channel_by_a_reset_of_this_side_leaves_the_handshake_that_waits(rig):
    push(rig.a7, 0xBA5E0001, 0x8000_0001)
    rig.write(BOX + CMD_PUSH, 9)
    rig.write(BOX + EN, WRITTEN)
    rig.write(BOX + SW_EN, 2)
    rig.write(BOX + NE, 3)
    rig.write(BOX + GEN, 2)
    assert rig.read(BOX + POP_CNT) == 1 and rig.read(BOX + PUSH_CNT) == 0 and rig.read(BOX + NE) == 0
    assert (rig.read(BOX + EN), rig.read(BOX + SW_EN), high(rig)) == (WRITTEN, 2, set()), "what may interrupt may go on"
    rig.write(BOX + GEN, 1)
    assert rig.read(BOX + POP_CNT) == 0


def test_what_a_reset_takes_away_no_longer_interrupts_the_other_side(rig):
    rig.a7.write(EN, 4, NOT_EMPTY)
    rig.write(BOX + CMD_PUSH, 1)
    assert rig.a7_irqs[3]
    rig.write(BOX + GEN, 2)
    assert not rig.a7_irqs[3] and rig.a7.read(POP_CNT, 4) == 0


def test_the_semaphore_has_one_owner_and_only_it_gives_it_back(rig):
    assert rig.read(BOX + SEMAPHORE) == 1 and rig.a7.read(SEMAPHORE, 4) == 0
    rig.a7.write(SEMAPHORE, 4, 0)
    assert rig.a7.read(SEMAPHORE, 4) == 0 and rig.read(BOX + SEMAPHORE) == 1
    rig.write(BOX + SEMAPHORE, 0)
    assert rig.a7.read(SEMAPHORE, 4) == 1 and rig.read(BOX + SEMAPHORE) == 0


def test_a_side_that_is_reset_gives_the_semaphore_back(rig):
    assert rig.read(BOX + SEMAPHORE) == 1
    rig.box.reset()
    assert rig.a7.read(SEMAPHORE, 4) == 1
    rig.box.reset()
    assert rig.a7.read(SEMAPHORE, 4) == 1, "it was the other's"


def test_between_the_cores_there_is_no_semaphore(rig):
    assert rig.read(CORE_BOX + SEMAPHORE) == 0 and rig.other.read(SEMAPHORE, 4) == 0


@given(st.lists(st.one_of(st.tuples(st.just("push"), st.integers(0, 0xFFFFFFFF)), st.just(("pop", 0)), st.just(("clear", 0))), max_size=80),
       st.integers(0, 15), st.integers(0, 15))  # fmt: skip
@settings(max_examples=100, deadline=None)
def test_lines_follow_a_plain_model(acts, not_full, not_empty):
    rig, waiting, written = PrivateRig(), [], False
    rig.write(CORE_BOX + NE, not_empty)
    rig.write(CORE_BOX + EN, 15)
    rig.other.write(NF, 4, not_full)
    for act, value in acts:
        if act == "push":
            rig.other.write(CMD_PUSH, 4, value)
            written |= len(waiting) < DEPTH
            waiting = [*waiting, value][:DEPTH]
        elif act == "pop":
            assert rig.read(CORE_BOX + CMD_POP) == (waiting.pop(0) if waiting else 0)
        else:
            rig.write(CORE_BOX + STS, 15)
            written = False
        assert rig.read(CORE_BOX + POP_CNT) == len(waiting)
        assert rig.irqs.get(15, False) == (len(waiting) > not_empty) and rig.irqs.get(14, False) == written
        assert bool(rig.other.read(STS, 4) & NOT_FULL) == (0 < len(waiting) < DEPTH - not_full)
