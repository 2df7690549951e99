"""SPI: a register start, words through the port by DMA, half and full duplex, select lines, real time."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from armillary.hal.sim.buses import SpiLoop
from armillary.hal.sim.displays import Ssd1331
from armillary.hal.sim.parts import Accelerometer
from armillary.hal.sim.realtime.time import SPI_CLOCK
from tests.realtime.rig import SYSRAM, Rig

ISU = 0x3807_0000
SPI, IRQ = ISU + 0x300, 45
DMA = 0x2108_0000
STCSR, SOAR, SDOR, SMMR, SMBCR, SCSR, CSPOL, PORT, SDIR = 0x00, 0x04, 0x08, 0x28, 0x2C, 0x34, 0x38, 0x40, 0x48
MODE = 1 << 2 | 1 << 9  # buffered, with interrupt
DIVIDER = 38  # 79.04 MHz / 40: 1.976 MHz


def mode(line=0, full=False, lsb=False):
    return MODE | line << 29 | DIVIDER << 16 | full << 10 | lsb << 3


def start(rig, command, out=b"", into=0, **how):
    """Registers one by one; the last starts. Returns the ticks to the interrupt."""
    rig.write(SPI + SOAR, int.from_bytes(command, "big"))
    for at in range(0, len(out), 4):
        rig.write(SPI + SDOR + at, int.from_bytes(out[at : at + 4].ljust(4, b"\0"), "little"))
    rig.write(SPI + SMMR, mode(**how))
    rig.write(SPI + SMBCR, 8 * len(command) << 24 | 8 * into << 12 | 8 * len(out))
    rig.write(SPI + STCSR, 2 << 19 | 1 << 8)
    assert rig.read(SPI + STCSR) >> 16 & 1, "busy"
    return rig.until_irq(IRQ)


def read_back(rig, count, at=0):
    return b"".join(rig.read(SPI + SDIR + at + 4 * n).to_bytes(4, "little") for n in range((count + 3) // 4))[:count]


class Recorder:
    """A part that keeps what it hears and answers counting on."""

    def __init__(self):
        self.heard, self.answers = [], 0

    def select(self):
        self.heard.append("select")

    def exchange(self, byte):
        self.heard.append(byte)
        self.answers += 1
        return self.answers

    def deselect(self):
        self.heard.append("deselect")


@pytest.fixture
def part(rig):
    recorder = Recorder()
    rig.shared.isus[0].spi_bus.attach(0, recorder)
    return recorder


def test_a_write_sends_the_command_first_and_its_first_byte_first(rig, part):
    start(rig, b"\x12\x34", b"\x56\x78\x9a\xbc\xde")
    assert part.heard == ["select", 0x12, 0x34, 0x56, 0x78, 0x9A, 0xBC, 0xDE, "deselect"]


def test_a_read_follows_its_command(rig, part):
    start(rig, b"\x9f", into=5)
    assert part.heard[1] == 0x9F and read_back(rig, 5) == bytes([2, 3, 4, 5, 6])


def test_full_duplex_data_stands_where_either_driver_looks(rig, part):
    start(rig, b"\x80", b"abcdef", 6, full=True)
    assert part.heard[2:8] == list(b"abcdef")
    assert read_back(rig, 6) == read_back(rig, 6, 16) == bytes([2, 3, 4, 5, 6, 7])


def test_it_takes_the_time_of_its_bits(rig, part):
    assert start(rig, b"\x01", b"\0" * 31) == 32 * 8 * (DIVIDER + 2) * SPI_CLOCK
    rig.read(SPI + SCSR)
    assert start(rig, b"\x01", b"\0" * 15, 15, full=True) == 16 * 8 * (DIVIDER + 2) * SPI_CLOCK


def test_reading_the_status_clears_it_and_the_interrupt(rig, part):
    start(rig, b"\x01", b"\x02")
    assert rig.read(SPI + SCSR) == 0b011 and not rig.irqs[IRQ] and rig.read(SPI + SCSR) == 0
    start(rig, b"\x01", into=1)
    assert rig.read(SPI + SCSR) == 0b101


def test_without_its_enable_there_is_no_interrupt(rig, part):
    rig.write(SPI + SMMR, mode() & ~(1 << 9))
    rig.write(SPI + SMBCR, 8 << 24)
    rig.write(SPI + STCSR, 1 << 8)
    rig.run(1)
    assert not rig.irqs.get(IRQ) and rig.read(SPI + SCSR) & 1


def test_the_other_line_selects_the_other_part(rig, part):
    rig.shared.isus[0].spi_bus.attach(1, SpiLoop())
    start(rig, b"\x01", b"xyz", 3, line=1, full=True)
    assert part.heard == [] and read_back(rig, 3) == b"xyz"


def test_no_line_selects_nobody_and_reads_ones(rig, part):
    start(rig, b"\x01", into=2, line=7)
    assert part.heard == [] and read_back(rig, 2) == b"\xff\xff"


def test_a_pin_selects_where_the_program_does_it_itself(rig):
    sensor = Accelerometer()
    rig.bank.pull(12, 1)
    rig.shared.isus[0].spi_bus.attach_pin(rig.bank, 12, sensor)
    rig.write(0x3804_0014, 1)
    rig.write(0x3804_0024, 1)
    rig.write(0x3804_0018, 1)
    start(rig, b"\x8f", into=1, line=7)
    assert read_back(rig, 1) == b"\x69"
    rig.write(0x3804_0014, 1)
    rig.read(SPI + SCSR)
    start(rig, b"\x8f", into=1, line=7)
    assert read_back(rig, 1) == b"\xff"


def test_a_polarity_that_does_not_suit_the_part_reaches_it_never(rig, part):
    rig.write(SPI + CSPOL, 1)
    start(rig, b"\x01", b"\x02")
    assert 0x01 not in part.heard


def test_least_significant_bits_first(rig, part):
    start(rig, b"\x01", b"\x03", lsb=True)
    assert part.heard[1:3] == [0x80, 0xC0]


# --- through the port ---


def words(command, out=b"", into=0, full=False):
    """The words of a transfer in the port's order."""
    data = out.ljust(32, b"\xff")
    sizes = 8 * len(command) << 24 | 8 * into << 12 | 8 * len(out)
    payload = [int.from_bytes(data[at : at + 4], "little") for at in range(0, 32, 4)]
    return [int.from_bytes(command, "big"), *payload, mode(full=full), sizes, 1 << 8]


def put(rig, at, values):
    for number, value in enumerate(values):
        rig.memory[at + 4 * number : at + 4 * number + 4] = value.to_bytes(4, "little")


def start_dma(rig, channel, address, count, control):
    base = DMA + 0x100 * channel
    rig.write(base + 0x18, 0)
    rig.write(base + 0x14, 2 | control)
    rig.write(base + 0x60, SPI + PORT)
    rig.write(base + 0x2C, SYSRAM + address)
    rig.write(base + 0x10, count)
    rig.write(base + 0x18, 1 << 15)


@pytest.mark.parametrize("extra", [[0], []])
def test_dma_fills_the_registers_and_starts(rig, part, extra):
    """With the word that makes thirteen, and without; twice, as the second shows where the order began anew."""
    rig.write(SPI + CSPOL, 1 << 8)
    for text in (b"first", b"again"):
        values = [*words(b"\x02", text), *extra]
        put(rig, 0, values)
        start_dma(rig, 0, 0, len(values), 1 << 2)
        rig.until_irq(IRQ)
        rig.read(SPI + SCSR)
        assert part.heard == ["select", 2, *text, "deselect"]
        part.heard.clear()


def test_dma_reads_the_answers(rig, part):
    rig.write(SPI + CSPOL, 1 << 8)
    put(rig, 0, [*words(b"\x03", into=8), 0])
    start_dma(rig, 1, 0x100, 2, 1 << 18 | 1 << 4 | 1 << 15)
    start_dma(rig, 0, 0, 13, 1 << 4)
    rig.until_irq(77)
    assert rig.memory[0x100:0x108] == bytes(range(2, 10)) and rig.read(DMA + 0x11C) == 1 << 15


def test_a_second_start_meanwhile_is_refused_and_told(rig, part):
    rig.write(SPI + SMMR, mode())
    rig.write(SPI + SMBCR, 8 << 24)
    rig.write(SPI + STCSR, 1 << 8)
    rig.write(SPI + STCSR, 1 << 8)
    rig.until_irq(IRQ)
    assert part.heard.count("select") == 1 and "a start was ignored" in rig.log.lines[-1]


def test_a_display_keeps_its_picture(rig):
    display = Ssd1331(lambda: bool(rig.bank.read(14)))
    rig.shared.isus[0].spi_bus.attach(0, display)
    rig.write(0x3804_0024, 4)
    for command in (b"\xaf", b"\x15\x0a\x0b", b"\x75\x14\x3f"):
        start(rig, command)
        rig.read(SPI + SCSR)
    rig.write(0x3804_0014, 4)
    start(rig, b"\xf8\x00", b"\x07\xe0\x00\x1f")
    points = display.ppm()[len(b"P6 96 64 255\n") :]
    place = 3 * (0x14 * 96 + 0x0A)
    assert points[place : place + 6] == b"\xff\0\0\0\xff\0" and points[place + 3 * 96 : place + 3 * 97] == b"\0\0\xff"


@given(st.integers(0, 13000))
@settings(max_examples=25, deadline=None)
def test_saved_in_the_middle_it_goes_on_the_same(ticks):
    rig = Rig()
    rig.shared.isus[0].spi_bus.attach(0, SpiLoop())
    rig.write(SPI + SMMR, mode(full=True))
    rig.write(SPI + SMBCR, 8 << 24 | 32 << 12 | 32)
    rig.write(SPI + SDOR, 0x12345678)
    rig.write(SPI + STCSR, 1 << 8)
    rig.scheduler.run(10 * ticks)
    other = Rig.restored(rig.save())
    other.shared.isus[0].spi_bus.attach(0, SpiLoop())
    if rig.read(SPI + STCSR) >> 16 & 1:
        other.shared.isus[0].spi_bus.select(0, True)
    for each in (rig, other):
        each.scheduler.run(1_000_000)
    assert rig.save() == other.save() and rig.read(SPI + SDIR) == 0x12345678
