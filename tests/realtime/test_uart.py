"""UART: rates by every divider, formats, thresholds, time-outs, interrupts in their order, overrun, loop-back."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from armillary.hal.sim.realtime.time import SECOND, XTAL
from tests.realtime.private import PrivateRig

UART, IRQ = 0x2104_0000, 4
DATA, IER, IIR, LCR, MCR, LSR, SCR = UART, UART + 4, UART + 8, UART + 0xC, UART + 0x10, UART + 0x14, UART + 0x1C
HIGHSPEED, COUNT, POINT, GUARD, RTO, ACK, RXTRIG = UART + 0x24, UART + 0x28, UART + 0x2C, UART + 0x3C, UART + 0x48, UART + 0x4C, UART + 0x50
FRAC_L, FRAC_M, RX_LEVEL, TX_LEVEL = UART + 0x54, UART + 0x58, UART + 0x68, UART + 0x6C
NONE, TX, LEVEL, LINE, TIME_OUT = 0x01, 0x02, 0x04, 0x06, 0x0C
# Which of the ten bits of a character take a clock more, for each tenth of a clock a bit: two vendors' tables.
TENTHS = [0x000, 0x001, 0x021, 0x049, 0x0A5, 0x155, 0x1B7, 0x1EF, 0x1FF, 0x3FF]
OTHERS = [(0x00, 0), (0x10, 0), (0x44, 0), (0x92, 0), (0x59, 0), (0xAB, 0), (0xB7, 0), (0xDF, 0), (0xFF, 0), (0xFF, 1), (0xFF, 3)]


@pytest.fixture
def rig():
    return PrivateRig()


def set_rate(rig, divisor, count, fraction=0, lcr=3):
    rig.write(LCR, 0x80)
    rig.write(HIGHSPEED, 3)
    rig.write(IER, divisor >> 8)
    rig.write(DATA, divisor & 0xFF)
    rig.write(COUNT, count)
    rig.write(FRAC_M, fraction >> 8)
    rig.write(FRAC_L, fraction & 0xFF)
    rig.write(LCR, lcr)


def open_uart(rig, fcr=0x97):
    """115200 baud, 8N1; receive trigger 12, transmit trigger 4."""
    set_rate(rig, 1, 224, 0xDF)
    rig.write(IIR, fcr)


def character(rig):
    """Ticks from a byte written to its having been sent."""
    begin = rig.scheduler.now
    rig.write(DATA, 0x55)
    while not rig.read(LSR) & 0x40:
        rig.scheduler.run(rig.scheduler.next())
    return rig.scheduler.now - begin


@pytest.mark.parametrize("baud", [300, 1200, 9600, 19200, 38400, 57600, 115200, 230400, 460800, 921600, 2_000_000, 3_000_000])
def test_by_one_vendors_formula_a_character_is_as_long_as_its_rate_says(rig, baud):
    tenths = (260_000_000 + baud // 2) // baud
    divisor = -(-tenths // 2560)
    per_bit = tenths // divisor
    set_rate(rig, divisor, per_bit // 10 - 1, TENTHS[per_bit % 10])
    took = character(rig)
    assert took == XTAL * (10 * divisor * (per_bit // 10) + TENTHS[per_bit % 10].bit_count())
    assert took == pytest.approx(10 * SECOND / baud, rel=0.012 if baud < 3_000_000 else 0.016)


@pytest.mark.parametrize("baud", [300, 9600, 115200, 921600, 1_000_000, 3_000_000])
def test_by_the_others_formula_too(rig, baud):
    clocks = 26_000_000 / baud
    divisor = int(clocks) // 256 + 1
    count = int(clocks) // divisor - 1
    low, high = OTHERS[round((clocks / divisor - (count + 1)) * 10)]
    set_rate(rig, divisor, count, high << 8 | low)
    assert character(rig) == pytest.approx(10 * SECOND / baud, rel=0.012)


@pytest.mark.parametrize("lcr, bits", [(3, 10), (0, 7), (3 | 4, 11), (3 | 8, 11), (3 | 4 | 8, 12), (2, 9)])
def test_the_format_has_its_bits(rig, lcr, bits):
    set_rate(rig, 1, 99, lcr=lcr)
    assert character(rig) == bits * 100 * XTAL


def test_the_guard_keeps_characters_apart(rig):
    set_rate(rig, 1, 99)
    rig.write(GUARD, 0x10 | 5)
    assert character(rig) == 15 * 100 * XTAL


@pytest.mark.parametrize("mode, clocks", [(0, 16), (1, 8), (2, 4)])
def test_the_fixed_dividers_divide(rig, mode, clocks):
    set_rate(rig, 13, 224)
    rig.write(HIGHSPEED, mode)
    assert character(rig) == 10 * 13 * clocks * XTAL


def test_what_is_written_leaves_in_order_and_the_level_tells_how_much_is_left(rig):
    open_uart(rig)
    for byte in b"sixteen and one!":
        rig.write(DATA, byte)
    assert rig.read(TX_LEVEL) == 15 and not rig.read(LSR) & 0x60
    rig.run(10)
    assert rig.console.text() == "sixteen and one!" and rig.read(LSR) & 0x60 == 0x60 and rig.read(TX_LEVEL) == 0


def test_a_byte_too_many_is_lost_and_told(rig):
    open_uart(rig)
    for byte in bytes(range(65, 65 + 18)):
        rig.write(DATA, byte)
    rig.run(10)
    assert rig.console.text() == bytes(range(65, 65 + 17)).decode() and "full transmit FIFO" in rig.log.lines[0]


@pytest.mark.parametrize("trigger, level", [(0, 1), (1, 4), (2, 8), (3, 14)])
def test_the_transmitter_interrupts_at_its_trigger(rig, trigger, level):
    open_uart(rig, 0x07 | trigger << 4)
    for byte in range(16):
        rig.write(DATA, byte)
    rig.write(IER, 2)
    assert not rig.irqs[IRQ] if level < 14 else True
    rig.until_irq(IRQ)
    assert rig.read(TX_LEVEL) == min(level, 15) and rig.read(IIR) & 0x3F == TX
    assert not rig.irqs[IRQ], "reading the cause takes it back"


def test_a_driver_that_refills_by_interrupts_sends_all_without_a_gap(rig):
    open_uart(rig)
    text, sent, begin = bytes(range(100)), 0, rig.scheduler.now
    rig.write(IER, 2)
    while sent < len(text):
        rig.until_irq(IRQ)
        while rig.read(IIR) & 0x3F == TX:
            room = 16 - rig.read(TX_LEVEL)
            for byte in text[sent : sent + room]:
                rig.write(DATA, byte)
            sent += room
    rig.write(IER, 0)
    while not rig.read(LSR) & 0x40:
        rig.scheduler.run(rig.scheduler.next())
    # Ten bits of 225 clocks, and the seven of 0xDF that take one more.
    assert rig.scheduler.now - begin == 100 * (10 * 225 + 7) * XTAL and rig.console.text().encode("utf-8", "replace")[:64] == text[:64]


@pytest.mark.parametrize("fcr, level", [(0x01, 1), (0x41, 6), (0x81, 12), (0xC1, 9)])
def test_the_receiver_interrupts_at_its_trigger(rig, fcr, level):
    open_uart(rig, fcr)
    rig.write(RXTRIG, 9)
    rig.write(IER, 1)
    rig.uart.receive(bytes(16))
    rig.until_irq(IRQ)
    assert rig.read(RX_LEVEL) == level and rig.read(IIR) & 0x3F == LEVEL
    rig.read(DATA)
    assert not rig.irqs[IRQ]


@pytest.mark.parametrize("limit, characters", [(0, 4), (2 | 10 << 2, 10), (2 | 1 << 2, 1)])
def test_what_is_below_the_trigger_interrupts_when_nothing_more_comes(rig, limit, characters):
    open_uart(rig)
    rig.write(RTO, limit)
    rig.write(IER, 1)
    last = rig.uart.receive(b"abc")
    assert rig.until_irq(IRQ) == last + characters * (10 * 225 + 7) * XTAL
    assert rig.read(IIR) & 0x3F == TIME_OUT
    rig.read(ACK)
    assert not rig.irqs[IRQ] and rig.read(IIR) & 0x3F == NONE
    assert [rig.read(DATA) for _ in range(3)] == list(b"abc")


def test_draining_takes_the_time_out_back_too(rig):
    open_uart(rig)
    rig.write(IER, 1)
    rig.uart.receive(b"a")
    rig.until_irq(IRQ)
    rig.read(DATA)
    assert not rig.irqs[IRQ]


def test_causes_come_in_the_order_of_their_importance(rig):
    open_uart(rig)
    rig.uart.receive(bytes(17))
    rig.run(20)
    rig.write(IER, 7)
    assert rig.read(IIR) & 0x3F == LINE
    assert rig.read(LSR) & 2 and not rig.read(LSR) & 2, "reading forgets the overrun"
    assert rig.read(IIR) & 0x3F == LEVEL
    for _ in range(16):
        rig.read(DATA)
    assert rig.read(IIR) & 0x3F == TX and rig.read(IIR) & 0x3F == NONE and not rig.irqs[IRQ]


def test_the_fifo_control_clears_what_it_names(rig):
    open_uart(rig)
    rig.uart.receive(b"abc")
    rig.run(1)
    for byte in b"xyz":
        rig.write(DATA, byte)
    rig.write(IIR, 0x03)
    assert (rig.read(RX_LEVEL), rig.read(TX_LEVEL)) == (0, 2)
    rig.write(IIR, 0x05)
    assert rig.read(TX_LEVEL) == 0
    rig.run(1)
    assert rig.console.text() == "x", "what is on the line is on the line"


def test_looped_back_it_hears_itself_and_nobody_else_does(rig):
    open_uart(rig)
    rig.write(MCR, 0x10)
    rig.write(DATA, 0xA5)
    rig.run(1)
    assert rig.read(DATA) == 0xA5 and rig.console.text() == ""


def test_the_enhanced_registers_stand_where_others_were_and_hide_nothing(rig):
    open_uart(rig)
    rig.write(MCR, 2)
    rig.write(SCR, 9)
    lcr = rig.read(LCR)
    rig.write(LCR, 0xBF)
    names = [rig.name_of(UART + offset) for offset in (0x08, 0x10, 0x14, 0x18, 0x1C)]
    assert names == ["UART.EFR", "UART.XON1", "UART.XON2", "UART.XOFF1", "UART.XOFF2"]
    for offset in (0x08, 0x10, 0x14, 0x18, 0x1C):
        rig.write(UART + offset, 0xC0 | offset)
    assert [rig.read(UART + offset) for offset in (0x08, 0x10, 0x14, 0x18, 0x1C)] == [0xC8, 0xD0, 0xD4, 0xD8, 0xDC]
    rig.write(LCR, lcr)
    assert (rig.read(MCR), rig.read(LSR), rig.read(UART + 0x18), rig.read(SCR)) == (2, 0x60, 0, 9)
    rig.write(LCR, 0xBF)
    assert rig.read(IIR) == 0xC8


@given(st.lists(st.integers(32, 126), min_size=1, max_size=16), st.binary(max_size=16), st.integers(0, 3 * SECOND // 1000))
@settings(max_examples=60, deadline=None)
def test_saved_between_any_two_bits_it_sends_and_hears_the_same(out, into, when):
    rig = PrivateRig()
    open_uart(rig)
    rig.write(IER, 3)
    for byte in out:
        rig.write(DATA, byte)
    rig.uart.receive(into)
    rig.scheduler.run(when)
    other, heard = PrivateRig.restored(rig.save()), len(rig.console.text())
    for each in (rig, other):
        each.scheduler.run(SECOND)
    assert other.console.text() == rig.console.text()[heard:] and other.uart.save() == rig.uart.save()
    assert [other.read(DATA) for _ in into] == list(into)
