"""Our own programs that use buses, DMA and analog pins, with the parts of a board that a test plays."""

import pytest


class Sensor:
    """As much of an LSM6DSO as its driver sees: registers behind a pointer that goes on by itself."""

    def __init__(self, who=0x6C):
        self.registers = bytearray(128)
        self.registers[0x0F] = who
        self.at = None

    def start(self, is_read):
        self.is_addressing = not is_read
        return True

    def write(self, byte):
        if self.is_addressing:
            self.at, self.is_addressing = byte, False
        else:
            self.registers[self.at] = byte
            self.at += 1
        return True

    def read(self):
        self.at += 1
        return self.registers[self.at - 1]

    def stop(self):
        pass

    def set_temperature(self, degrees):
        self.registers[0x20:0x22] = round((degrees - 25) * 256).to_bytes(2, "little", signed=True)


class Display:
    """As much of an SSD1306 as is drawn on: memory, and commands with their arguments skipped."""

    ARGUMENTS = {0x20: 1, 0x21: 2, 0x22: 2, 0x8D: 1, 0xA8: 1}

    def __init__(self, is_data):
        self.is_data, self.memory, self.commands, self.left, self.selects = is_data, bytearray(), [], 0, 0

    def select(self):
        self.selects += 1

    def deselect(self):
        pass

    def exchange(self, byte):
        if self.is_data():
            self.memory.append(byte)
        elif self.left:
            self.left -= 1
        else:
            self.commands.append(byte)
            self.left = self.ARGUMENTS.get(byte, 0)
        return 0xFF

    def dot(self, x, y):
        return self.memory[y // 8 * 128 + x] >> y % 8 & 1


def test_what_comes_on_isu0_goes_back_by_dma(rtapp):
    app = rtapp("uart_echo")
    app.run_until("echoing ISU0\n")
    app.send("hello\nworld\n", uart="isu0")
    app.run_until("lines: 2\n")
    app.run_for(ms=5)
    assert app.uart("isu0") == "hello\nworld\n"
    assert app.log == []


def test_an_echo_longer_than_the_ring_loses_nothing_and_the_core_sleeps(rtapp):
    app = rtapp("uart_echo")
    app.run_until("echoing")
    text = "".join(f"line {number}\n" for number in range(60))
    assert len(text) > 256
    app.send(text, uart="isu0")
    app.run_until("lines: 60\n")
    app.run_for(ms=5)
    assert app.uart("isu0") == text


def test_the_voltage_at_the_input_becomes_the_duty_cycle_of_the_output(rtapp):
    app = rtapp("adc_pwm")
    app.analog(0, 0.625)
    app.run_until("625 mV, 25 %\n")
    app.run_for(ms=20)
    (rise, high), (fall, low), (again, _) = app.pin(0).history[-3:] if app.pin(0).history[-3][1] else app.pin(0).history[-4:-1]
    assert (high, low) == (1, 0) and fall - rise == pytest.approx(125, abs=1) and again - rise == 500
    app.analog(0, 2.5)
    app.run_until("2500 mV, 100 %\n")
    app.run_for(ms=5)
    before = app.pin(0).toggles
    app.run_for(ms=20)
    assert app.pin(0).level == 1 and app.pin(0).toggles == before


def test_the_sensor_is_found_set_up_and_read_ten_times_a_second(rtapp):
    app, sensor = rtapp("i2c_sensor"), Sensor()
    app.i2c(2).attach(0x6A, sensor)
    sensor.set_temperature(21.5)
    app.run_until("21.50 degrees\n")
    assert sensor.registers[0x10] == 0x40
    sensor.set_temperature(-3.25)
    app.run_until("-3.25 degrees\n")
    before = len(app.lines())
    app.run_for(ms=1000)
    assert len(app.lines()) - before == 10
    assert app.i2c(2).log[:4] == ["0x6a W 0f", "0x6a R 6c", "0x6a W 10 40", "0x6a W 20"]


def test_another_part_at_the_sensors_address_is_not_taken_for_it(rtapp):
    app = rtapp("i2c_sensor")
    app.i2c(2).attach(0x6A, Sensor(who=0x69))
    app.run_until("no LSM6DSO on ISU2\n")


def test_an_empty_bus_is_told(rtapp):
    app = rtapp("i2c_sensor")
    app.run_until("no LSM6DSO on ISU2\n")
    assert app.i2c(2).log == ["0x6a W NACK"]


def test_a_sensor_that_leaves_is_told_and_one_that_comes_back_is_read(rtapp):
    app, sensor = rtapp("i2c_sensor"), Sensor()
    app.i2c(2).attach(0x6A, sensor)
    app.run_until("25.00 degrees\n")
    app.i2c(2).detach(sensor)
    app.run_until("the sensor does not answer\n")
    app.i2c(2).attach(0x6A, sensor)
    app.run_until("25.00 degrees\n")


def test_the_picture_arrives_at_the_display_dot_by_dot(rtapp):
    app = rtapp("spi_display")
    display = Display(lambda: app.pin(5).level)
    app.spi(1).attach(0, display)
    app.run_until("drawn\n")
    frame = {(x, y) for x in range(128) for y in range(64) if x in (0, 127) or y in (0, 63) or y == x // 2}
    assert len(display.memory) == 1024 and display.commands[0] == 0xAE and display.commands[-1] == 0xAF
    assert {(x, y) for x in range(128) for y in range(64) if display.dot(x, y)} == frame
    assert display.selects == 1 + 1024 // 32
