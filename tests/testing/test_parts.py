"""Parts that a test writes hang on the board in either mode: the same test, the same part, the same wires."""

import json
import threading

import pytest

from armillary.boards.sim.client import BoardProblem
from armillary.hal.sim.parts import Lsm6dso
from armillary.wire.fault import Invalid
from tests.linked.test_linked_parts import moved
from tests.realtime.test_rtapps_buses import Display, Sensor

BOTH = pytest.mark.parametrize("mode", ["linked", "boxed"])


def said(device, words, timeout=30):
    assert device.run_until(lambda: words in device.board.uart, timeout), device.board.uart


@BOTH
def test_a_sensor_of_the_tests_own_is_found_set_up_and_read(make_device, mode):
    device, sensor = make_device(mode=mode), Sensor()
    device.board.i2c(2).attach(0x6A, sensor)
    sensor.set_temperature(21.5)
    device.install("i2c_sensor")
    device.power_on()
    said(device, "[IO0] 21.50 degrees")
    sensor.set_temperature(-3.25)
    said(device, "[IO0] -3.25 degrees")
    assert sensor.registers[0x10] == 0x40
    assert device.board.i2c(2).log[:4] == ["0x6a W 0f", "0x6a R 6c", "0x6a W 10 40", "0x6a W 20"]
    assert device.board.i2c(2).is_taken(0x6A) and not device.board.i2c(2).is_taken(0x6B)


@BOTH
def test_a_sensor_that_leaves_is_told_and_one_that_comes_back_is_read(make_device, mode):
    device, sensor = make_device(mode=mode), Sensor()
    device.install("i2c_sensor")
    device.board.i2c(2).attach(0x6A, sensor)
    device.power_on()
    said(device, "25.00 degrees")
    device.board.i2c(2).detach(sensor)
    said(device, "the sensor does not answer")
    before = device.board.uart.count("25.00 degrees")
    device.board.i2c(2).attach(0x6A, sensor)
    assert device.run_until(lambda: device.board.uart.count("25.00 degrees") > before)


@BOTH
def test_what_hangs_there_hangs_there_still_when_the_power_comes_back(make_device, mode):
    device, sensor = make_device(mode=mode), Sensor()
    device.board.i2c(2).attach(0x6A, sensor)
    device.install("i2c_sensor")
    device.power_on()
    said(device, "[IO0] 25.00 degrees")
    device.power_off()
    sensor.set_temperature(30)
    device.power_on()
    said(device, "[IO0] 30.00 degrees")


@BOTH
def test_a_display_that_looks_at_a_pin_gets_the_picture(make_device, mode):
    device = make_device(mode=mode)
    display = Display(lambda: device.board.pin(5).level)
    device.board.spi(1).attach(0, display)
    device.install("spi_display")
    device.power_on()
    said(device, "[IO0] drawn", 60)
    frame = {(x, y) for x in range(128) for y in range(64) if x in (0, 127) or y in (0, 63) or y == x // 2}
    assert {(x, y) for x in range(128) for y in range(64) if display.dot(x, y)} == frame
    assert display.selects == 1 + 1024 // 32


@BOTH
def test_voltages_are_measured(make_device, mode):
    device = make_device(mode=mode)
    device.board.analog(0, 0.625)
    device.install("adc_pwm")
    device.power_on()
    said(device, "[IO0] 625 mV, 25 %")
    device.board.analog(0, 2.5)
    said(device, "[IO0] 2500 mV, 100 %")


@BOTH
def test_a_line_is_spoken_to_and_heard(make_device, mode):
    device = make_device(mode=mode)
    device.install("uart_echo")
    device.power_on()
    said(device, "echoing ISU0")
    line, heard = device.board.serial(0), bytearray()
    assert line.inject(b"hello\nworld\n") == 12
    said(device, "lines: 2")
    assert device.run_until(lambda: heard.extend(line.take()) or bytes(heard) == b"hello\nworld\n", 10), heard
    line.sink = heard.extend
    line.inject(b"again\n")
    assert device.run_until(lambda: heard.endswith(b"again\n"), 10), heard


SPEAKER = """
from applibs import log, uart

async def main():
    with uart.open(uart.ISU0) as line:
        log.debug("listening")
        while True:
            line.write((await line.read_some(60)).upper())
"""
VOLTMETER = """
from applibs import adc, eventloop, log, spi

async def main():
    with spi.open(spi.ISU1, spi.CHIP_SELECT_A) as bus, adc.open() as inputs:
        while True:
            who = await bus.write_then_read(bytes([0x8F]), 1)
            log.debug("spi %02x, %d counts", who[0], inputs.poll(3))
            await eventloop.sleep(0.1)
"""


def written(folder, code, capabilities):
    """An app of the main core in a folder of its own."""
    (folder / "written/bin").mkdir(parents=True)
    (folder / "written/bin/app.py").write_text(code)
    (folder / "written/app_manifest.json").write_text(json.dumps({
        "SchemaVersion": 1, "Name": "written", "ComponentId": "1f0c6a10-7d1e-4d52-9a54-6b1d1c0ea0a0", "EntryPoint": "/bin/app.py",
        "CmdArgs": [], "Capabilities": capabilities, "ApplicationType": "Default",
    }))  # fmt: skip
    return folder / "written"


@BOTH
def test_the_same_sensor_serves_an_app_of_the_main_core(make_device, mode):
    device, sensor = make_device(mode=mode), Sensor()
    device.board.i2c(2).attach(0x6A, sensor)
    sensor.set_temperature(21.5)
    device.install("thermometer")
    device.power_on()
    assert device.run_until(lambda: "21.50 degrees" in device.lines("thermometer")), device.log
    sensor.set_temperature(-3.25)
    assert device.run_until(lambda: "-3.25 degrees" in device.lines("thermometer")), device.log


@BOTH
def test_both_kinds_of_app_read_their_sensors_at_once(make_device, mode, tmp_path):
    device, sensors = make_device(mode=mode), [Sensor(), Sensor()]
    for isu, sensor in zip((1, 2), sensors, strict=True):
        device.board.i2c(isu).attach(0x6A, sensor)
        sensor.set_temperature(isu)
    device.install("i2c_sensor")
    device.install(moved(tmp_path, "ISU1"))
    device.power_on()
    assert device.run_until(lambda: device.lines("thermometer").count("1.00 degrees") > 8 and device.log.count("[IO0] 2.00 degrees") > 8), device.log
    assert not device.crashes and not device.denials


@BOTH
def test_an_app_of_the_main_core_is_told_when_its_line_speaks(make_device, mode, tmp_path):
    device, heard = make_device(mode=mode), bytearray()
    device.install(written(tmp_path, SPEAKER, {"Uart": ["ISU0"]}))
    device.board.serial(0).sink = heard.extend
    device.power_on()
    assert device.run_until(lambda: "listening" in device.lines("written")), device.log
    device.board.serial(0).inject(b"hello")
    assert device.run_until(lambda: bytes(heard) == b"HELLO", 10), heard


@BOTH
def test_spi_and_voltages_serve_an_app_of_the_main_core(make_device, mode, tmp_path):
    device = make_device(mode=mode)
    device.board.spi(1).attach(0, Lsm6dso())
    device.board.analog(3, 1.25)
    device.install(written(tmp_path, VOLTMETER, {"SpiMaster": ["ISU1"], "Adc": ["ADC-CONTROLLER-0"]}))
    device.power_on()
    assert device.run_until(lambda: "spi 6c, 2047 counts" in device.lines("written")), device.log


@BOTH
def test_a_part_behind_a_pin_is_there_while_the_pin_selects_it(make_device, mode, tmp_path):
    device = make_device(mode=mode)
    device.board.spi(1).attach_pin(device.board.bank, 9, Lsm6dso())
    device.install(written(tmp_path, VOLTMETER, {"SpiMaster": ["ISU1"], "Adc": ["ADC-CONTROLLER-0"]}))
    device.power_on()
    assert device.run_until(lambda: "spi 6c, 0 counts" in device.lines("written")), device.log
    device.board.drive(9, 1)
    assert device.run_until(lambda: "spi ff, 0 counts" in device.lines("written")), device.log


class Sleeper(Sensor):
    """One that begins to think and does not end before it is told."""

    def __init__(self):
        super().__init__()
        self.is_awake = threading.Event()

    def start(self, is_read):
        self.is_awake.wait(30)
        return super().start(is_read)


def test_a_part_that_does_not_answer_is_off_the_bus_of_a_boxed_board_and_the_rest_goes_on(make_device):
    device, sleeper = make_device(mode="boxed"), Sleeper()
    device.board.i2c(2).attach(0x6A, sleeper)
    device.install("i2c_sensor")
    device.install("blink")
    device.power_on()
    said(device, "[BOARD] who brought the part at isu2:0x6a did not answer within 2 s: it is gone")
    said(device, "[IO0] no LSM6DSO on ISU2")
    before = device.board.pin(8).toggles
    assert device.run_until(lambda: device.board.pin(8).toggles > before + 1, 20)
    sleeper.is_awake.set()
    with pytest.raises(BoardProblem, match="let go of the parts"):
        device.board.i2c(2).attach(0x6B, Sensor())


@BOTH
def test_one_place_has_one_part(make_device, mode):
    device = make_device(mode=mode)
    device.board.i2c(2).attach(0x6A, Sensor())
    device.board.spi(1).attach(0, Lsm6dso())
    with pytest.raises(Invalid, match="taken"):
        device.board.i2c(2).attach(0x6A, Sensor())
    with pytest.raises(Invalid, match="taken"):
        device.board.spi(1).attach(0, Lsm6dso())
    with pytest.raises(Invalid, match="no 7-bit I2C address 0x80"):
        device.board.i2c(2).attach(0x80, Sensor())
    with pytest.raises(Invalid, match="no SPI select line 2"):
        device.board.spi(1).attach(2, Lsm6dso())


class Broken(Sensor):
    """One that falls over when it is read."""

    def read(self):
        raise ZeroDivisionError("the part fell over")


@BOTH
def test_what_a_part_raises_is_the_tests_failure(make_device, mode):
    device = make_device(mode=mode)
    device.install("i2c_sensor")
    device.board.i2c(2).attach(0x6A, Broken())
    with pytest.raises(ZeroDivisionError, match="fell over"):
        device.power_on()
        device.run_until(lambda: False, 10)


def test_before_a_boxed_device_runs_nothing_can_be_sent_to_it(make_device):
    line = make_device(mode="boxed").board.serial(0)
    assert line.take() == b""
    with pytest.raises(BoardProblem, match="never been powered on"):
        line.inject(b"x")
