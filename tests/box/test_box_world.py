"""What hangs on the board's wires serves the real-time cores in their process: ring 0 answers what their engines ask."""

import os
import select
import signal

import pytest

from armillary.boards.sim import asking
from armillary.hal.sim.parts import Accelerometer, Eeprom, Lsm6dso
from armillary.wire import blocks
from tests.box.cores import DEAD, IO0, RUNNING, Bench
from tests.realtime.packages import Builder
from tests.realtime.test_rtapps_buses import Display
from tests.realtime.test_subsystem import program


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    return Builder(tmp_path_factory.mktemp("programs"))


@pytest.fixture
def bench(tmp_path):
    made = Bench(tmp_path)
    yield made
    made.close()


def thermometer(degrees):
    part = Lsm6dso()
    part.registers[0x20:0x22] = (round((degrees - 25) * 256) & 0xFFFF).to_bytes(2, "little")
    return part


def grant(bench, *granted):
    """Give blocks to the first core, with their pins, as the monitor does of a manifest."""
    for block in granted:
        for pin in blocks.pins(block):
            bench.owners.assign(pin, 2)
    bench.cores.grant(IO0, bytes(granted))


def test_a_sensor_on_the_boards_wires_serves_a_program_in_its_process(bench, built):
    bench.silicon.wires.i2c[2].attach(0x6A, thermometer(21.5))
    grant(bench, blocks.I2C + 2)
    bench.start(IO0, built("i2c_sensor"))
    bench.until(lambda: b"21.50 degrees" in bench.said)
    assert bench.silicon.wires.i2c[2].log[:4] == ["0x6a W 0f", "0x6a R 6c", "0x6a W 10 40", "0x6a W 20"]


def test_an_empty_bus_is_told(bench, built):
    grant(bench, blocks.I2C + 2)
    bench.start(IO0, built("i2c_sensor"))
    bench.until(lambda: b"no LSM6DSO on ISU2" in bench.said)


def test_a_picture_arrives_at_a_display_whose_data_line_is_a_pin(bench, built):
    gpio = bench.silicon.gpio
    display = Display(lambda: gpio.read(5))
    bench.silicon.wires.spi[1].attach(0, display)
    bench.owners.assign(5, 2)
    grant(bench, blocks.SPI + 1)
    bench.start(IO0, built("spi_display"))
    bench.until(lambda: b"drawn" in bench.said)
    frame = {(x, y) for x in range(128) for y in range(64) if x in (0, 127) or y in (0, 63) or y == x // 2}
    assert {(x, y) for x in range(128) for y in range(64) if display.dot(x, y)} == frame
    assert display.selects == 1 + 1024 // 32


def test_a_voltage_on_the_board_is_measured(bench, built):
    bench.silicon.wires.analog.set(0, 625_000)
    grant(bench, blocks.PWM, blocks.ADC)
    bench.start(IO0, built("adc_pwm"))
    bench.until(lambda: b"625 mV, 25 %" in bench.said)
    bench.silicon.wires.analog.set(0, 2_500_000)
    bench.until(lambda: b"2500 mV, 100 %" in bench.said)


def test_a_line_leads_to_the_uart_of_a_program_and_back(bench, built):
    line = bench.silicon.wires.serial[0]
    grant(bench, blocks.UART)
    bench.start(IO0, built("uart_echo"))
    bench.until(lambda: b"echoing ISU0" in bench.said)
    assert line.inject(b"hello\nworld\n") == 12
    bench.until(lambda: b"lines: 2" in bench.said)
    heard = bytearray()
    bench.until(lambda: heard.extend(line.take()) or bytes(heard) == b"hello\nworld\n")


# Eight bytes are read again and again at 1 MHz: a question for each.
HAMMER = program("""
    WORD(0x38090000) = 3; WORD(0x2101000C) = 0x200;
    WORD(0x38090244) = 0x0606; WORD(0x38090248) = 0x0606;
    for (;;) {
        WORD(0x38090260) = 0x50; WORD(0x38090254) = 8; WORD(0x38090268) = 1;
        WORD(0x38090278) = 3; WORD(0x38090270) = 0x8001;
        while (!(WORD(0x38090200) & 1)) { }
        WORD(0x38090200) = 1;
    }""")


def test_a_program_that_asks_without_end_keeps_the_rings_from_nothing(bench, built):
    bench.silicon.wires.i2c[2].attach(0x50, Eeprom())
    grant(bench, blocks.I2C + 2)
    bench.start(IO0, built(HAMMER))
    bus = bench.silicon.wires.i2c[2]
    bench.until(lambda: len(bus.log) > 50)
    bench.longest = 0.0
    for _ in range(100):
        assert bench.main.mailbox_read(IO0, 0) == 0x3620_0000
    assert bench.longest < 0.5
    bench.until(lambda: len(bus.log) == bus.MOST)
    assert all(line.startswith("0x50 R ff ff ff ff ff ff ff ff") for line in bus.log[:-1])


def test_what_arrives_byte_by_byte_faster_than_it_is_taken_is_not_lost_and_ends_nobody(bench, built):
    line, text = bench.silicon.wires.serial[0], b"".join(b"%099d\n" % number for number in range(26))
    grant(bench, blocks.UART)
    bench.start(IO0, built("uart_echo"))
    bench.until(lambda: b"echoing ISU0" in bench.said)
    os.kill(bench.pid, signal.SIGSTOP)
    for byte in text:
        assert line.inject(bytes((byte,))) == 1
    os.kill(bench.pid, signal.SIGCONT)
    heard = bytearray()
    bench.until(lambda: heard.extend(line.take()) or len(heard) == len(text))
    assert len(text) > asking.MOST_WAITING and bytes(heard) == text and bench.cores.status(IO0)[0] == RUNNING


def test_what_arrives_on_a_line_of_the_kernels_interrupts_it(bench):
    line, interrupt = bench.silicon.wires.serial[1], bench.supervisor.boxes.interrupt
    line.inject(b"")
    assert not select.select([interrupt], [], [], 0)[0]
    line.inject(b"x")
    assert select.select([interrupt], [], [], 0)[0] and line.read(2) == b"x"


def test_without_the_grant_the_program_faults_before_anything_is_asked(bench, built):
    bench.silicon.wires.i2c[2].attach(0x6A, Accelerometer())
    bench.start(IO0, built("i2c_sensor"))
    bench.until(lambda: bench.cores.status(IO0)[0] == DEAD)
    assert bench.silicon.wires.i2c[2].log == []
