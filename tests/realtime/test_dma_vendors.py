"""DMA as several vendors' drivers use it: thresholds, time-outs, pauses, reloads, resets, and who serves a channel."""

import pytest

from armillary.hal.sim.realtime.time import MICROSECOND, XTAL
from tests.realtime.rig import SYSRAM, Rig

DMA, GLOBAL = 0x2108_0000, 0x2108_4000
UART = 0x3807_0500  # of ISU0
SRC, DST, WPPT, WPTO, COUNT, CON, START, INTSTA, ACK, RLCT = 0x00, 0x04, 0x08, 0x0C, 0x10, 0x14, 0x18, 0x1C, 0x20, 0x24
MEMORY, FILLED, STATE, SIZE, TO, HARDWARE, SOFTWARE, FIXED = 0x2C, 0x38, 0x3C, 0x44, 0x50, 0x58, 0x5C, 0x60
DONE, HALF, TIME_OUT, TO_MEMORY, RUN = 1 << 15, 1 << 13, 1 << 14, 1 << 18, 1 << 15
STA_TIME_OUT = 1 << 16
COPY, TX_RING, RX_RING, TX_HALF, RX_HALF = 12, 13, 14, 0, 1


def at(channel, offset):
    return DMA + 0x100 * channel + offset


def set_up(rig, channel, **registers):
    rig.write(at(channel, START), 0)
    for name, value in registers.items():
        rig.write(at(channel, globals()[name]), value)


def open_uart(rig, handshake):
    rig.write(UART + 0x24, 3)
    rig.write(UART + 0x28, 224)
    rig.write(UART + 0x0C, 3)
    rig.write(UART + 0x08, 0x97)
    rig.write(UART + 0x4C, 1)
    rig.write(UART + 0x64, handshake)


def receive_ring(rig, **more):
    open_uart(rig, 1)
    registers = {"FIXED": UART, "MEMORY": SYSRAM, "SIZE": 32, "COUNT": 32, "CON": 1 << 4 | DONE | TO_MEMORY, "SOFTWARE": 0, **more}
    set_up(rig, RX_RING, **registers)
    rig.write(at(RX_RING, START), RUN)


def test_a_sending_ring_asks_for_its_first_items_at_once(rig):
    set_up(rig, TX_RING, FIXED=UART, MEMORY=SYSRAM, SIZE=64, COUNT=16, CON=1 << 4 | DONE)
    assert not rig.irqs.get(77)
    rig.write(at(TX_RING, START), RUN)
    assert rig.irqs[77] and rig.read(at(TX_RING, INTSTA)) == DONE


def test_one_that_does_not_interrupt_starts_silently(rig):
    set_up(rig, TX_RING, FIXED=UART, MEMORY=SYSRAM, SIZE=64, COUNT=0, CON=1 << 4)
    rig.write(at(TX_RING, START), RUN)
    assert not rig.irqs.get(77)


def test_a_receiving_ring_that_is_started_again_begins_empty(rig):
    receive_ring(rig)
    rig.shared.isus[0].uart.receive(b"first")
    rig.run(2)
    assert rig.read(at(RX_RING, FILLED)) == 5
    rig.write(at(RX_RING, START), 0)
    rig.write(at(RX_RING, SOFTWARE), rig.read(at(RX_RING, HARDWARE)))
    rig.write(at(RX_RING, START), RUN)
    assert rig.read(at(RX_RING, FILLED)) == 0 and rig.read(at(RX_RING, SOFTWARE)) == 0


@pytest.mark.parametrize("count", [1, 1000, 60_000])
def test_a_ring_that_nothing_comes_to_times_out_after_its_clocks(rig, count):
    receive_ring(rig, CON=1 << 4 | DONE | TIME_OUT | TO_MEMORY, TO=count)
    end = rig.shared.isus[0].uart.receive(b"ab")
    rig.scheduler.run(end)
    rig.write(at(RX_RING, ACK), STA_TIME_OUT)
    begin = rig.scheduler.now
    assert begin + rig.until_irq(77) == end + count * XTAL
    assert rig.read(at(RX_RING, INTSTA)) == STA_TIME_OUT
    rig.write(at(RX_RING, ACK), STA_TIME_OUT)
    rig.run(10)
    assert not rig.irqs[77]


def test_a_ring_that_was_emptied_does_not_time_out(rig):
    receive_ring(rig, CON=1 << 4 | TIME_OUT | TO_MEMORY, TO=26_000)
    rig.scheduler.run(rig.shared.isus[0].uart.receive(b"ab"))
    rig.write(at(RX_RING, SOFTWARE), 2)
    rig.run(10)
    assert rig.read(at(RX_RING, INTSTA)) == 0


def test_a_uart_is_served_by_a_half_size_channel_too(rig):
    open_uart(rig, 3)
    rig.memory[:5] = b"hello"
    heard = []
    rig.shared.isus[0].uart.sent = heard.append
    set_up(rig, TX_HALF, FIXED=UART, MEMORY=SYSRAM, COUNT=5, CON=1 << 4 | 1 << 2 | DONE)
    rig.write(at(TX_HALF, START), RUN)
    set_up(rig, RX_HALF, FIXED=UART, MEMORY=SYSRAM + 0x100, COUNT=3, CON=1 << 4 | 1 << 3 | DONE | TO_MEMORY)
    rig.write(at(RX_HALF, START), RUN)
    rig.shared.isus[0].uart.receive(b"abc")
    rig.run(2)
    assert bytes(heard) == b"hello" and bytes(rig.memory[0x100:0x103]) == b"abc"
    assert [rig.read(at(channel, INTSTA)) for channel in (TX_HALF, RX_HALF)] == [DONE, DONE]
    assert rig.read(GLOBAL) & 0xF == 0b1010


def test_a_paused_channel_waits_and_then_goes_on(rig):
    receive_ring(rig)
    rig.write(GLOBAL + 0x30, 1 << RX_RING)
    rig.shared.isus[0].uart.receive(b"abc")
    rig.run(2)
    assert rig.read(at(RX_RING, FILLED)) == 0 and rig.read(GLOBAL + 0x34) == 1 << RX_RING
    rig.change(GLOBAL + 0x30, clear=1 << RX_RING)
    assert rig.read(at(RX_RING, FILLED)) == 3 and bytes(rig.memory[:3]) == b"abc"


def copy(rig, **more):
    registers = {"CON": DONE | 1 << 2 | 1 << 3, "SRC": SYSRAM, "DST": SYSRAM + 0x100, "COUNT": 16, **more}
    set_up(rig, COPY, **registers)
    rig.memory[:16] = bytes(range(1, 17))
    rig.write(at(COPY, START), RUN)


def test_a_paused_copy_is_done_later(rig):
    copy(rig)
    rig.write(GLOBAL + 0x30, 1 << COPY)
    rig.run(1)
    assert not rig.irqs.get(77) and rig.read(GLOBAL) >> 2 * COPY & 1
    rig.write(GLOBAL + 0x30, 0)
    assert rig.until_irq(77) == 32 * XTAL
    assert rig.memory[0x100:0x110] == rig.memory[:16]


def test_a_copy_that_is_stopped_does_not_happen(rig):
    copy(rig)
    rig.write(at(COPY, START), 0)
    rig.run(1)
    assert not rig.irqs.get(77) and not any(rig.memory[0x100:0x110])


@pytest.mark.parametrize("side, source, target", [(0, [*range(1, 5), *range(1, 13)], None), (1 << 16, None, [13, 14, 15, 16])])
def test_a_copy_wraps_on_the_side_that_it_is_told(rig, side, source, target):
    base = SYSRAM if not side else SYSRAM + 0x100
    copy(rig, CON=DONE | 1 << 2 | 1 << 3 | 1 << 17 | side, WPPT=4 if not side else 12, WPTO=base)
    rig.run(1)
    if source:
        assert list(rig.memory[0x100:0x110]) == source
    else:
        assert list(rig.memory[0x100:0x10C]) == [*target, *range(5, 13)]


def test_a_channel_that_reloads_begins_again_and_interrupts_each_time(rig):
    open_uart(rig, 1)
    set_up(rig, RX_HALF, FIXED=UART, MEMORY=SYSRAM, COUNT=4 | 1 << 16, CON=1 << 4 | HALF | DONE | TO_MEMORY)
    rig.write(at(RX_HALF, START), RUN)
    uart = rig.shared.isus[0].uart
    rig.scheduler.run(uart.receive(b"abcd"))
    assert rig.read(at(RX_HALF, INTSTA)) == DONE | HALF and rig.read(at(RX_HALF, RLCT)) == 4
    rig.write(at(RX_HALF, ACK), DONE | HALF)
    rig.scheduler.run(uart.receive(b"ef"))
    assert bytes(rig.memory[:4]) == b"efcd" and rig.read(at(RX_HALF, INTSTA)) == HALF


@pytest.mark.parametrize("pulse", [(0, 1), (1, 0)])
def test_a_pulse_of_either_sign_resets_a_channel(rig, pulse):
    receive_ring(rig)
    rig.scheduler.run(rig.shared.isus[0].uart.receive(bytes(32)))
    assert rig.irqs[77]
    for level in pulse:
        rig.write(GLOBAL + 0x08, level << RX_RING)
    assert not rig.irqs[77] and rig.read(at(RX_RING, START)) == 0 and rig.read(at(RX_RING, SOFTWARE)) == 0


def test_the_global_bit_resets_all_channels(rig):
    receive_ring(rig)
    copy(rig)
    rig.change(GLOBAL + 0x0C, 1)
    rig.run(1)
    assert rig.read(GLOBAL) == rig.read(GLOBAL + 4) == 0 and not rig.irqs.get(77)


def test_what_is_acknowledged_may_be_read_from_the_register_that_acknowledges(rig):
    copy(rig)
    rig.run(1)
    rig.change(at(COPY, ACK))
    assert not rig.irqs[77] and rig.read(at(COPY, INTSTA)) == 0


def test_saved_before_its_time_out_a_ring_times_out_at_the_same_tick(rig):
    receive_ring(rig, CON=1 << 4 | TIME_OUT | TO_MEMORY, TO=5000)
    rig.scheduler.run(rig.shared.isus[0].uart.receive(b"x") + MICROSECOND)
    other = Rig.restored(rig.save())
    assert rig.until_irq(77) == other.until_irq(77)
