"""I2C: the drivers' sequences against parts on the bus, in real time."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from armillary.hal.sim.parts import Accelerometer, Eeprom
from armillary.hal.sim.realtime.time import MICROSECOND, XTAL
from tests.realtime.rig import Rig

ISU = 0x3807_0000
I2C, IRQ = ISU + 0x200, 44
DMA, TX, RX = 0x2108_0000, 0, 0x100
INT, PHL, PHH, COUNT, SLAVE, PACKETS, ACK, CON, STATUS, FIFO_CON, FIFO_STATUS, POINTERS, DATA, DMA_CON = (
    0x00, 0x44, 0x48, 0x54, 0x60, 0x68, 0x6C, 0x70, 0x74, 0x78, 0x80, 0x84, 0x90, 0xC0)  # fmt: skip
SENSOR = 0x6A


def open_by_masks(rig, hertz=100_000):
    """Bit fields read, changed and written one by one; four phases that add up to the period."""
    rig.change(I2C + CON, 1 << 15)
    rig.change(I2C + 0x40, 1 << 7)
    period = 26_000_000 // hertz
    rig.write(I2C + PHL, (period + 1) // 4 | (period // 4) << 8)
    rig.write(I2C + PHH, (period + 2) // 4 | ((period + 3) // 4) << 8)
    rig.write(I2C + FIFO_CON, 3)
    rig.write(I2C + DMA_CON, 1 << 4)
    rig.change(I2C + INT, 1)
    rig.change(I2C + INT, 2)


def transfer(rig, address, packets, wait=True):
    """Packets of bytes to write or a number to read, by the FIFO. Returns what was read, and the ticks it took."""
    rig.write(I2C + SLAVE, address)
    flags = 0
    for number, packet in enumerate(packets):
        is_read = isinstance(packet, int)
        flags |= is_read << number
        rig.write(I2C + COUNT + 4 * number, packet if is_read else len(packet))
        for byte in () if is_read else packet:
            rig.write(I2C + DATA, byte)
    rig.write(I2C + PACKETS, flags | len(packets) - 1 << 4)
    assert rig.read(I2C + STATUS) & 4, "the start would be waited for"
    rig.change(I2C + CON, 1 << 14 | 1)
    if not wait:
        return b"", 0
    ticks = rig.until_irq(IRQ)
    rig.change(I2C + INT, 1)
    assert not rig.irqs[IRQ], "writing 1 takes the interrupt back"
    read = bytearray()
    while not rig.read(I2C + FIFO_STATUS) & 1:
        read.append(rig.read(I2C + DATA))
    return bytes(read), ticks


@pytest.fixture
def sensor(rig):
    part = Accelerometer()
    rig.shared.isus[0].i2c_bus.attach(SENSOR, part)
    open_by_masks(rig)
    return part


def test_a_register_is_read_by_two_packets(rig, sensor):
    assert transfer(rig, SENSOR, [b"\x0f", 1])[0] == b"\x69"
    assert rig.shared.isus[0].i2c_bus.log == ["0x6a W 0f", "0x6a R 69"]


def test_a_transfer_takes_the_time_of_its_bits(rig, sensor):
    _, ticks = transfer(rig, SENSOR, [b"\x0f", 1])
    bits = 2 * (1 + 9) + 2 * 9 + 1  # two starts with addresses, two bytes, the stop
    assert ticks == bits * 260 * XTAL


def test_the_speed_is_the_sum_of_the_phases(rig, sensor):
    _, slow = transfer(rig, SENSOR, [b"\x0f"])
    open_by_masks(rig, 400_000)
    assert transfer(rig, SENSOR, [b"\x0f"])[1] == slow // 4


def test_three_packets_in_a_start(rig, sensor):
    assert transfer(rig, SENSOR, [b"\x10\x60", b"\x10", 1])[0] == b"\x60"


def test_an_address_that_nobody_has_is_told_and_ends_the_transfer(rig, sensor):
    read, ticks = transfer(rig, 0x33, [b"\x0f", 1])
    assert read == b"" and rig.read(I2C + ACK) == 0x100
    assert ticks == (1 + 9 + 1) * 260 * XTAL
    rig.write(I2C + FIFO_CON, 3)
    assert transfer(rig, SENSOR, [b"\x0f", 1])[0] == b"\x69" and rig.read(I2C + ACK) == 0


def test_a_byte_that_is_refused_is_told(rig, sensor):
    class Refusing(Accelerometer):
        def write(self, byte):
            return False

    rig.shared.isus[0].i2c_bus.attach(0x11, Refusing())
    transfer(rig, 0x11, [b"\x01\x02"])
    assert rig.read(I2C + ACK) == 1
    assert rig.read(I2C + FIFO_STATUS) & 0x10 == 0, "what was not sent is still there"


def test_it_is_busy_meanwhile_and_ready_after(rig, sensor):
    transfer(rig, SENSOR, [b"\x0f", 1], wait=False)
    assert rig.read(I2C + STATUS) == 1
    rig.until_irq(IRQ)
    assert rig.read(I2C + STATUS) == 4


def test_masked_or_disabled_it_does_not_interrupt(rig, sensor):
    for control in (0, 2 | 4):
        rig.write(I2C + INT, control)
        transfer(rig, SENSOR, [b"\x0f"], wait=False)
        rig.run(2)
        assert not rig.irqs[IRQ] and rig.read(I2C + INT) & 1
        rig.write(I2C + INT, 1)


def test_the_pointers_count_a_full_fifo(rig, sensor):
    transfer(rig, SENSOR, [b"\x28", 6], wait=False)
    rig.until_irq(IRQ)
    pointers = rig.read(I2C + POINTERS)
    assert (pointers >> 4 & 15) - (pointers & 15) == 6
    rig.write(I2C + FIFO_CON, 3)
    rig.write(I2C + INT, 3)
    transfer(rig, SENSOR, [8], wait=False)
    rig.until_irq(IRQ)
    pointers = rig.read(I2C + POINTERS)
    assert (pointers >> 4 & 15) - (pointers & 15) == 8 and rig.read(I2C + FIFO_STATUS) & 3 == 2


def start_dma(rig, channel, address, count, is_receive):
    rig.write(DMA + channel + 0x18, 0)
    rig.write(DMA + channel + 0x14, 1 << 4 | (1 << 18 if is_receive else 0))
    rig.write(DMA + channel + 0x60, I2C + DATA)
    rig.write(DMA + channel + 0x2C, address)
    rig.write(DMA + channel + 0x10, count)
    rig.write(DMA + channel + 0x18, 1 << 15)


def test_dma_carries_more_than_the_fifo_holds(rig, sensor):
    memory = Eeprom()
    memory.data[:64] = bytes(range(64))
    rig.shared.isus[0].i2c_bus.attach(0x50, memory)
    rig.memory[:2] = b"\0\0"
    start_dma(rig, TX, 0x2200_0000, 2, False)
    start_dma(rig, RX, 0x2200_0100, 50, True)
    rig.write(I2C + SLAVE, 0x50)
    rig.write(I2C + COUNT, 2)
    rig.write(I2C + COUNT + 4, 50)
    rig.write(I2C + PACKETS, 2 | 1 << 4)
    rig.change(I2C + CON, 1 << 14 | 1)
    rig.until_irq(IRQ)
    assert rig.memory[0x100:0x132] == bytes(range(50))
    assert rig.read(DMA + RX + 0x24) == 0 and rig.read(I2C + FIFO_STATUS) == 0x11


def test_dma_writes_a_page(rig, sensor):
    memory = Eeprom()
    rig.shared.isus[0].i2c_bus.attach(0x50, memory)
    rig.memory[:34] = b"\x00\x20" + bytes(range(100, 132))
    start_dma(rig, TX, 0x2200_0000, 34, False)
    rig.write(I2C + SLAVE, 0x50)
    rig.write(I2C + COUNT, 34)
    rig.write(I2C + PACKETS, 0)
    rig.change(I2C + CON, 1 << 14 | 1)
    rig.until_irq(IRQ)
    assert memory.data[0x20:0x40] == bytes(range(100, 132))


def test_a_master_with_nothing_to_send_holds_the_clock(rig, sensor):
    rig.write(I2C + SLAVE, SENSOR)
    rig.write(I2C + COUNT, 1)
    rig.write(I2C + PACKETS, 0)
    rig.change(I2C + CON, 1 << 14 | 1)
    rig.run(10)
    assert not rig.irqs[IRQ] and rig.read(I2C + STATUS) == 1
    rig.write(I2C + DATA, 0x0F)
    assert rig.until_irq(IRQ) == 10 * 260 * XTAL


def test_a_receiver_without_room_holds_the_clock(rig, sensor):
    transfer(rig, SENSOR, [12], wait=False)
    rig.run(10)
    assert not rig.irqs[IRQ]
    read = [rig.read(I2C + DATA) for _ in range(8)]
    rig.until_irq(IRQ)
    assert len(read) == 8 and rig.read(I2C + POINTERS) & 0xFF == 8 | 12 << 4


def test_reset_breaks_a_transfer_off(rig, sensor):
    transfer(rig, SENSOR, [b"\x0f", 1], wait=False)
    rig.run(0.1)
    rig.change(ISU, clear=1)
    rig.change(ISU, 1)
    rig.run(10)
    assert not rig.irqs[IRQ] and rig.read(I2C + STATUS) == 4 and rig.read(I2C + CON) == 0


# --- as a slave: another unit on the same wires is the master ---

OTHER = 0x3808_0200


@pytest.fixture
def pair(rig):
    """ISU1 is a slave at 0x20 on the bus of ISU0, opened by whole words."""
    isus = rig.shared.isus
    isus[1].join_i2c(isus[0])
    open_by_masks(rig)
    rig.write(OTHER + 0xD8, 3)
    rig.write(OTHER + INT, 1 << 4)
    rig.write(OTHER + 0xC4, 0)
    rig.write(OTHER + 0xC8, 0x20)
    rig.write(OTHER + 0xC4, 1 << 15)
    rig.write(OTHER + INT, 1 << 5)
    return rig


def test_a_slave_receives_and_is_told_at_the_stop(pair):
    transfer(pair, 0x20, [b"hello"])
    assert pair.irqs[IRQ + 4]
    status = pair.read(OTHER + INT)
    pair.write(OTHER + INT, status)
    assert status & 0x10 and not pair.irqs[IRQ + 4]
    pointers = pair.read(OTHER + 0xE4)
    assert (pointers >> 4 & 15) - (pointers & 15) == 5
    assert bytes(pair.read(OTHER + 0xF0) for _ in range(5)) == b"hello"
    assert pair.read(OTHER + 0xE0) == 0x11 and pair.read(OTHER + 0xCC) == 0x20


def test_a_slave_gives_what_was_put_in(pair):
    for byte in b"world":
        pair.write(OTHER + 0xF0, byte)
    assert transfer(pair, 0x20, [5])[0] == b"world"
    assert pair.read(OTHER + 0xCC) == 0xA0 and pair.read(OTHER + 0xE0) == 0x11


def test_a_slave_asked_for_too_much_underruns(pair):
    assert transfer(pair, 0x20, [1])[0] == b"\0"
    assert pair.read(OTHER + 0xE0) == 0x11 | 0x40


def test_a_slave_that_is_full_refuses(pair):
    pair.write(I2C + DMA_CON, 0)
    for byte in range(8):
        pair.shared.isus[1].i2c.slave_rx.put(byte)
    transfer(pair, 0x20, [b"\x01\x02"])
    assert pair.read(I2C + ACK) & 0xFF and pair.read(OTHER + 0xE0) & 8


# --- saving ---


@given(st.integers(0, 900))
@settings(max_examples=25, deadline=None)
def test_saved_in_the_middle_it_goes_on_the_same(microseconds):
    rig = Rig()
    rig.shared.isus[0].i2c_bus.attach(SENSOR, Accelerometer())
    open_by_masks(rig)
    rig.write(I2C + DATA, 0x0F)
    transfer(rig, SENSOR, [3], wait=False)
    rig.scheduler.run(microseconds * MICROSECOND)
    other = Rig.restored(rig.save())
    other.shared.isus[0].i2c_bus.attach(SENSOR, Accelerometer())
    other.shared.isus[0].i2c_bus._active = rig.shared.isus[0].i2c_bus._active
    for each in (rig, other):
        each.scheduler.run(2000 * MICROSECOND)
    assert rig.save() == other.save()
