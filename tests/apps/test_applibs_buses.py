"""I2C, SPI, UART and ADC do what Applibs documents, on a real device with parts on its buses."""

from __future__ import annotations

import pytest

from armillary.hal.sim.buses import SpiLoop
from armillary.hal.sim.parts import Accelerometer, Eeprom
from tests.apps.sources import EACCES, EBADF, EBUSY, EINVAL, app

HEAD = "from applibs import adc, i2c, pwm, spi, uart\n"
CAPABILITIES = {"I2cMaster": ["ISU0"], "SpiMaster": ["ISU1"], "Uart": ["ISU3"], "Adc": ["ADC-CONTROLLER-0"], "Pwm": ["PWM-CONTROLLER-1"]}
ENXIO, ENODEV, EMSGSIZE, ETIMEDOUT = 6, 19, 90, 110


@pytest.fixture
def run(run_app):
    """run(body, prepare): the device and what the app logged."""

    def start(body, prepare=lambda wires: None, capabilities=CAPABILITIES, seconds=0.5):
        source = HEAD + app(body + "\nawait eventloop.sleep(1000)")
        return run_app(source, capabilities, seconds, prepare=lambda device: prepare(device.chip.wires))

    return start


# -- i2c ------------------------------------------------------------------------------------------------


def test_a_part_is_written_and_read(run):
    _, lines = run("""
with i2c.open(i2c.ISU0) as bus:
    bus.set_bus_speed(i2c.FAST)
    log.debug("%d", await bus.write(0x50, b"\\x01\\x00hello"))
    log.debug("%s", await bus.write_then_read(0x50, b"\\x01\\x00", 5))
    await bus.write(0x50, b"\\x01\\x02")
    log.debug("%s", await bus.read(0x50, 3))
    bus.set_default_target_address(0x50)
    log.debug("%s", await bus.write_then_read(None, b"\\x01\\x01", 2))
""", lambda wires: wires.i2c[0].attach(0x50, Eeprom()))  # fmt: skip
    assert lines == ["7", "b'hello'", "b'llo'", "b'el'"]


def test_a_transfer_takes_its_time_and_other_apps_run_meanwhile(run_app, maker, new_device, kit, tools):
    body = HEAD + app("""
with i2c.open(i2c.ISU0) as bus:
    begun = eventloop.now()
    await bus.write(0x50, bytes(1000))
    log.debug("%d us", round((eventloop.now() - begun) * 1_000_000))
await eventloop.sleep(1000)
""")
    idler = app("""
while True:
    log.debug("%d", round(eventloop.now() * 1000))
    await eventloop.sleep(0.01)
""")
    packages = [maker.app_package("probe", body, CAPABILITIES), maker.app_package("idler", idler)]
    device = new_device(packages, boot=False)
    device.chip.wires.i2c[0].attach(0x50, Eeprom())
    device.boot(kit.LinkedTasks())
    device.run(0.05)
    assert tools.said(device) == [] and len(tools.said(device, "idler")) == 6
    device.run(0.1)
    assert tools.said(device) == [str(10 * (1 + 9 + 9 * 1000 + 1)) + " us"]


@pytest.mark.parametrize("call, code", [
    ("await bus.write(0x51, b'x')", ENXIO), ("await bus.read(0x51, 1)", ENXIO), ("await bus.write(0x80, b'x')", EINVAL),
    ("await bus.write(-1, b'x')", EINVAL), ("await bus.read(None, 1)", EINVAL), ("await bus.read(0x50, 0)", EINVAL),
    ("await bus.write(0x50, bytes(4001))", EMSGSIZE), ("await bus.read(0x50, 4001)", EMSGSIZE),
    ("bus.set_bus_speed(123)", EINVAL), ("bus.set_bus_speed(0)", EINVAL), ("bus.set_timeout(0)", EINVAL),
    ("bus.set_timeout(60_001)", EINVAL), ("i2c.open(i2c.ISU0)", EBUSY), ("i2c.open(i2c.ISU1)", EACCES),
    ("i2c.open(5)", EINVAL), ("i2c.open(-1)", EINVAL), ("bus.close(); await bus.read(0x50, 1)", EBADF),
    ("bus.set_timeout(5); await bus.write(0x50, bytes(100))", ETIMEDOUT), ("bus.set_default_target_address(128)", EINVAL),
])  # fmt: skip
def test_an_i2c_refusal_has_the_documented_errno(run, call, code):
    _, lines = run("""
bus = i2c.open(i2c.ISU0)
try:
    %s
except OSError as error:
    log.debug("%%d", error.errno)
""" % call.replace("; ", "\n    "), lambda wires: wires.i2c[0].attach(0x50, Eeprom()))  # fmt: skip
    assert lines == [str(code)]


def test_a_part_that_does_not_answer_is_named(run):
    _, lines = run("""
try:
    await i2c.open(i2c.ISU0).read(0x6A, 1)
except OSError as error:
    log.debug("%s", error)
""")
    assert "the part at 0x6a did not acknowledge its address" in lines[0]


def test_without_the_unit_in_the_manifest_the_refusal_says_what_to_add(run):
    _, lines = run("""
try:
    i2c.open(i2c.ISU1)
except OSError as error:
    log.debug("%s", error)
""")
    assert "I2cMaster ISU1 is not in the app's manifest" in lines[0]
    assert "add 'ISU1' to Capabilities.I2cMaster and sign the image again" in lines[0]


# -- spi ------------------------------------------------------------------------------------------------


def test_an_spi_part_is_written_and_read_in_one_selection(run):
    part = Accelerometer()
    _, lines = run("""
with spi.open(spi.ISU1, spi.CHIP_SELECT_B) as bus:
    bus.set_bus_speed(1_000_000)
    bus.set_mode(spi.MODE_3)
    log.debug("%s", (await bus.write_then_read(b"\\x8f", 1)).hex())
    await bus.transfer_sequential([b"\\x10", b"\\x40"])
    log.debug("%s", [data.hex() for data in await bus.transfer_sequential([b"\\x90", 1, 2])])
    bus.set_bit_order(spi.LSB_FIRST)
    log.debug("%s", (await bus.write_then_read(b"\\xf1", 1)).hex())
""", lambda wires: wires.spi[1].attach(1, part))  # fmt: skip
    assert lines == ["69", "['40', '0004']", "96"] and part.registers[0x10] == 0x40


def test_a_long_spi_transfer_is_one_selection(run):
    class Counter(SpiLoop):
        selects, count = 0, 0

        def select(self):
            self.selects += 1

        def exchange(self, byte):
            self.count += 1
            return self.count & 0xFF

    part = Counter()
    _, lines = run("""
with spi.open(spi.ISU1, spi.CHIP_SELECT_A) as bus:
    bus.set_bus_speed(40_000_000)
    data = await bus.write_then_read(bytes(9000), 5000)
    log.debug("%d %d %d", len(data), data[0], data[-1])
""", lambda wires: wires.spi[1].attach(0, part))  # fmt: skip
    assert lines == [f"5000 {9001 & 0xFF} {14000 & 0xFF}"] and (part.selects, part.count) == (1, 14_000)


@pytest.mark.parametrize("call, code", [
    ("bus.set_bus_speed(1)", EINVAL), ("bus.set_bus_speed(0)", EINVAL), ("bus.set_bus_speed(1 << 32)", EINVAL),
    ("bus.set_mode(0)", EINVAL), ("bus.set_mode(5)", EINVAL), ("bus.set_bit_order(0)", EINVAL), ("bus.set_bit_order(3)", EINVAL),
    ("await bus.write_then_read(b'x', -1)", EINVAL), ("await bus.transfer_sequential([])", EINVAL),
    ("await bus.transfer_sequential([1] * 257)", EINVAL), ("spi.open(spi.ISU1, spi.CHIP_SELECT_B)", EBUSY),
    ("spi.open(spi.ISU0, spi.CHIP_SELECT_A)", EACCES), ("spi.open(spi.ISU1, 0)", EINVAL), ("spi.open(5, -1)", EINVAL),
    ("spi.open(spi.ISU1, spi.CHIP_SELECT_A, 0)", EINVAL), ("bus.close(); await bus.write_then_read(b'', 1)", EBADF),
])  # fmt: skip
def test_an_spi_refusal_has_the_documented_errno(run, call, code):
    _, lines = run("""
bus = spi.open(spi.ISU1, spi.CHIP_SELECT_A)
try:
    %s
except OSError as error:
    log.debug("%%d", error.errno)
""" % call.replace("; ", "\n    "))  # fmt: skip
    assert lines == [str(code)]


# -- uart -----------------------------------------------------------------------------------------------


def test_a_part_on_a_serial_line_is_asked_and_answers(run):
    def prepare(wires):
        line = wires.serial[3]
        line.sink = lambda data: line.inject(b"you said " + data)

    device, lines = run("""
with uart.open(uart.ISU3, 9600, parity=uart.PARITY_EVEN) as line:
    log.debug("%d", line.write(b"hello"))
    log.debug("%s %s", await line.read_some(), line.read())
    try:
        await line.read_some(timeout=0.05)
    except OSError as error:
        log.debug("%d", error.errno)
""", prepare)  # fmt: skip
    assert lines == ["5", "b'you said hello' b''", str(ETIMEDOUT)]
    assert device.chip.wires.serial[3].settings == (9600, 8, 1, 1, 0)


@pytest.mark.parametrize("call, code", [
    ("uart.open(uart.ISU3, 1)", EINVAL), ("uart.open(uart.ISU3, data_bits=9)", EINVAL), ("uart.open(uart.ISU3, parity=3)", EINVAL),
    ("uart.open(uart.ISU3, stop_bits=0)", EINVAL), ("uart.open(uart.ISU3, flow_control=uart.FLOW_XON_XOFF)", EINVAL),
    ("uart.open(3)", EINVAL), ("uart.open(uart.ISU0)", EACCES), ("uart.open(uart.ISU3).read(0)", EINVAL),
    ("uart.open(uart.ISU3), uart.open(uart.ISU3)", EBUSY), ("line.read()", EBADF), ("line.write(b'x')", EBADF),
])  # fmt: skip
def test_a_uart_refusal_has_the_documented_errno(run, call, code):
    _, lines = run("""
line = uart.open(uart.ISU3)
line.close()
try:
    %s
except OSError as error:
    log.debug("%%d", error.errno)
""" % call)  # fmt: skip
    assert lines == [str(code)]


# -- adc ------------------------------------------------------------------------------------------------


def test_a_voltage_is_polled_as_it_changes(run):
    device, lines = run("""
with adc.open(adc.CONTROLLER_0) as converter:
    log.debug("%d bits", converter.get_sample_bit_count(2))
    for _ in range(3):
        log.debug("%d", converter.poll(2))
        await eventloop.sleep(0.1)
    converter.set_reference_voltage(2, 1.25)
    log.debug("%d", converter.poll(2))
""", lambda wires: wires.analog.set(2, lambda time_us: 500_000 + time_us))  # fmt: skip
    assert lines == ["12 bits", "819", "982", "1146", "2620"]


@pytest.mark.parametrize("call, code", [
    ("converter.poll(8)", EINVAL), ("converter.poll(-1)", EINVAL), ("converter.set_reference_voltage(0, 2.6)", EINVAL),
    ("converter.set_reference_voltage(0, 0)", EINVAL), ("converter.set_reference_voltage(0, 1e9)", EINVAL),
    ("converter.set_reference_voltage(9, 1.0)", EINVAL), ("converter.get_sample_bit_count(8)", EINVAL),
    ("adc.open()", EBUSY), ("adc.open(1)", EACCES), ("adc.open(256)", EINVAL), ("converter.close(); converter.poll(0)", EBADF),
])  # fmt: skip
def test_an_adc_refusal_has_the_documented_errno(run, call, code):
    _, lines = run("""
converter = adc.open()
try:
    %s
except OSError as error:
    log.debug("%%d", error.errno)
""" % call.replace("; ", "\n    "))  # fmt: skip
    assert lines == [str(code)]


# -- pwm ------------------------------------------------------------------------------------------------


def test_pulses_are_applied_changed_and_ended(run):
    device, _ = run("""
with pwm.open(pwm.CONTROLLER_1) as controller:
    controller.apply(0, 2_000_000, 500_000)
    await eventloop.sleep(0.0035)
    controller.apply(0, 1_000_000, 500_000, pwm.INVERTED)
    await eventloop.sleep(0.001)
    controller.apply(0, 1, 0, enabled=False)
    await eventloop.sleep(0.01)
""")
    begun = device.chip.gpio.history[0][0]
    assert [(time - begun, level) for time, pin, level in device.chip.gpio.history if pin == 4] == [
        (0, 1), (500, 0), (2000, 1), (2500, 0), (3500, 1), (4000, 0),
    ]  # fmt: skip
    assert device.chip.gpio.mode(4) == 0


@pytest.mark.parametrize("call, code", [
    ("controller.apply(4, 1000, 1)", EINVAL), ("controller.apply(-1, 1000, 1)", EINVAL), ("controller.apply(0, 0, 0)", EINVAL),
    ("controller.apply(0, 1 << 32, 1)", EINVAL), ("controller.apply(0, 10, 11)", EINVAL), ("controller.apply(0, 10, -1)", EINVAL),
    ("controller.apply(0, 10, 1, 2)", EINVAL), ("pwm.open(pwm.CONTROLLER_1)", EBUSY), ("pwm.open(pwm.CONTROLLER_0)", EACCES),
    ("pwm.open(-1)", EINVAL), ("controller.close(); controller.apply(0, 10, 1)", EBADF),
])  # fmt: skip
def test_a_pwm_refusal_has_the_documented_errno(run, call, code):
    _, lines = run("""
controller = pwm.open(pwm.CONTROLLER_1)
try:
    %s
except OSError as error:
    log.debug("%%d", error.errno)
""" % call.replace("; ", "\n    "))  # fmt: skip
    assert lines == [str(code)]


def test_a_board_without_the_unit_says_so(run):
    _, lines = run("""
try:
    i2c.open(i2c.ISU2)
except OSError as error:
    log.debug("%d", error.errno)
""", capabilities={"I2cMaster": ["ISU2"]})  # fmt: skip
    assert lines == [str(ENODEV)]
