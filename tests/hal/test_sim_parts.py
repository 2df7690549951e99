"""Parts and buses as whoever drives them sees them."""

import pytest

from armillary.hal.sim.buses import AnalogInputs, I2cBus, SpiBus, SpiLoop
from armillary.hal.sim.clock import VirtualClock
from armillary.hal.sim.displays import Ssd1306
from armillary.hal.sim.gpio import GpioBank
from armillary.hal.sim.parts import Accelerometer, Eeprom, Registers
from armillary.wire.fault import Invalid


def talk(bus, address, data=b"", count=0):
    """Write, then read after a repeated start. Returns what was read, or None without an acknowledgement."""
    if data and not (bus.start(address, False) and all(bus.write(byte) for byte in data)):
        bus.stop()
        return None
    read = bytes(bus.read() for _ in range(count)) if count and bus.start(address, True) else b""
    bus.stop()
    return read


@pytest.fixture
def bus():
    return I2cBus()


def test_an_address_has_one_part(bus):
    bus.attach(0x50, Eeprom())
    with pytest.raises(Invalid, match="0x50 is taken"):
        bus.attach(0x50, Eeprom())
    with pytest.raises(Invalid, match="no 7-bit"):
        bus.attach(0x80, Eeprom())
    assert talk(bus, 0x51, b"\0") is None and bus.log[-1] == "0x51 W NACK"


def test_a_part_can_be_taken_off(bus):
    part = Eeprom()
    bus.attach(0x50, part)
    bus.start(0x50, False)
    bus.detach(part)
    assert not bus.write(0) and bus.read() == 0xFF and not bus.start(0x50, False)


def test_the_log_of_a_bus_does_not_grow_without_end(bus):
    for _ in range(10_000):
        bus.start(1, True)
    for _ in range(10_000):
        bus.read()
    assert len(bus.log) == bus.MOST and len(bus.log[-1]) < 4 * bus.MOST


def test_a_software_reset_forgets_settings_and_is_over_at_once(bus):
    bus.attach(0x6A, Accelerometer())
    talk(bus, 0x6A, b"\x10\x58")
    talk(bus, 0x6A, b"\x12\x01")
    assert talk(bus, 0x6A, b"\x0f", 4) == b"\x69\x00\x00\x04"


def test_an_accelerometer_is_read_alike_over_both_buses(bus):
    part = Accelerometer()
    part.acceleration = (500, -250, 1000)
    bus.attach(0x6A, part)
    raw = talk(bus, 0x6A, b"\x28", 6)
    assert [int.from_bytes(raw[at : at + 2], "little", signed=True) for at in (0, 2, 4)] == [8196, -4099, 16393]
    wires = SpiBus()
    wires.attach(0, part)
    wires.select(0, True)
    assert bytes(wires.exchange(byte) for byte in b"\xa8" + bytes(6))[1:] == raw


@pytest.mark.parametrize(("setting", "counts"), [(0x00, 16393), (0x08, 8196), (0x0C, 4098), (0x04, 2049)], ids=["2g", "4g", "8g", "16g"])
def test_an_accelerometer_counts_in_the_range_that_is_set(bus, setting, counts):
    bus.attach(0x6A, Accelerometer())
    talk(bus, 0x6A, bytes([0x10, 0x60 | setting]))
    assert int.from_bytes(talk(bus, 0x6A, b"\x2c", 2), "little") == counts


def test_registers_keep_what_is_written_and_count_on(bus):
    bus.attach(0x10, Registers({0xFF: 0x43}))
    talk(bus, 0x10, b"\x10\x01\x02")
    assert talk(bus, 0x10, b"\x10", 3) == b"\x01\x02\x00"
    assert talk(bus, 0x10, b"\xff", 2) == b"\x43\x00" and talk(bus, 0x10, count=1) == b"\x00"


def test_saved_registers_go_on_where_they_were(bus):
    part, other = Registers({}), Registers({5: 1})
    bus.attach(0x10, part)
    talk(bus, 0x10, b"\x07\x2a")
    talk(bus, 0x10, b"\x07")
    other.restore(other.check(part.save()))
    assert other.read() == 0x2A and other.registers == part.registers


def test_an_identity_cannot_be_written(bus):
    bus.attach(0x6A, Accelerometer())
    talk(bus, 0x6A, b"\x0f\x00")
    talk(bus, 0x6A, b"\x10\x60")
    assert talk(bus, 0x6A, b"\x0f", 1) == b"\x69" and talk(bus, 0x6A, b"\x10", 1) == b"\x60"


def test_a_page_wraps_and_reading_does_not(bus):
    part = Eeprom(size=256, page=16)
    bus.attach(0x50, part)
    talk(bus, 0x50, b"\x00\x0e" + b"ABCD")
    assert part.data[:16] == b"CD" + b"\xff" * 12 + b"AB"
    assert talk(bus, 0x50, b"\x00\x0e", 4) == b"AB\xff\xff"
    assert talk(bus, 0x50, b"\x00\xff", 2) == b"\xffC"


def test_while_it_writes_it_does_not_answer(bus):
    bus.attach(0x50, Eeprom(busy=2))
    talk(bus, 0x50, b"\0\0x")
    assert [bus.start(0x50, False) for _ in range(3)] == [False, False, True]


@pytest.mark.parametrize("commands, places", [
    (b"\x20\x00\x21\x05\x06\x22\x02\x03", [2 * 128 + 5, 2 * 128 + 6, 3 * 128 + 5, 3 * 128 + 6]),
    (b"\x20\x01\x21\x05\x06\x22\x02\x03", [2 * 128 + 5, 3 * 128 + 5, 2 * 128 + 6, 3 * 128 + 6]),
    (b"\x20\x02\xb4\x0f\x17", [4 * 128 + 0x7F, 4 * 128, 4 * 128 + 1, 4 * 128 + 2]),
])  # fmt: skip
def test_a_display_is_addressed_in_three_ways(bus, commands, places):
    part = Ssd1306()
    bus.attach(0x3C, part)
    talk(bus, 0x3C, b"\x00\xaf" + commands)
    talk(bus, 0x3C, b"\x40\x11\x22\x33\x44")
    assert [part.memory[place] for place in places] == [0x11, 0x22, 0x33, 0x44]


def test_a_display_shows_what_it_keeps(bus):
    part = Ssd1306()
    bus.attach(0x3C, part)
    talk(bus, 0x3C, b"\x80\x20\x80\x00\x80\xaf\x40\x02")
    picture = part.ppm()
    assert picture.startswith(b"P6 128 64 255\n") and len(picture) == 14 + 3 * 128 * 64
    assert part.lit(0, 1) and not part.lit(0, 0) and picture[14 + 3 * 128 : 17 + 3 * 128] == b"\xff\xff\xff"
    talk(bus, 0x3C, b"\x00\xa7")
    assert part.lit(0, 0) and not part.lit(0, 1)
    talk(bus, 0x3C, b"\x00\xae")
    assert not part.lit(0, 0) and talk(bus, 0x3C, b"", 1) == b"\x40"


def test_two_selected_at_once_pull_against_each_other():
    bank, wires = GpioBank((1,), VirtualClock()), SpiBus()
    wires.attach(0, SpiLoop())
    wires.attach_pin(bank, 1, Accelerometer(), active=1)
    wires.select(0, True)
    bank.drive(1, 1)
    assert wires.exchange(0x8F) == 0 and wires.exchange(0xF0) == 0x60
    bank.drive(1, 0)
    assert wires.exchange(0x5A) == 0x5A
    with pytest.raises(Invalid, match="an engine has 0 and 1"):
        wires.attach(2, SpiLoop())


def test_analog_inputs_are_constants_or_functions():
    inputs = AnalogInputs(2)
    inputs.set(1, lambda time_us: time_us + 1)
    assert [inputs.microvolts(channel, 41) for channel in (0, 1, 9)] == [0, 42, 0]
    with pytest.raises(Invalid, match="no analog input 2"):
        inputs.set(2, 0)


def test_what_is_no_part_of_a_bus_is_not_put_on_it():
    with pytest.raises(Invalid, match="SpiLoop is no part of this bus: it has no start"):
        I2cBus().attach(0x10, SpiLoop())
    with pytest.raises(Invalid, match="Eeprom is no part of this bus: it has no exchange"):
        SpiBus().attach(0, Eeprom())
    with pytest.raises(Invalid, match="it has no exchange"):
        SpiBus().attach_pin(GpioBank([1], VirtualClock()), 1, Eeprom())
