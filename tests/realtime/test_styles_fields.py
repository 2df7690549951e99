"""Drivers in the style of bit fields: every field read, changed and written, results by interrupts, buffers in SYSRAM."""

import pytest

from armillary.hal.sim.parts import Eeprom


def test_a_uart_is_fed_and_emptied_by_rings(rtapp):
    app = rtapp("styles/fields_uart.c")
    app.run_until("written\n")
    app.run_for(ms=30)
    assert app.uart("isu0") == "".join(chr(ord("a") + n % 26) for n in range(700))
    app.send("ping", uart="isu0")
    app.run_until("ping| late  0\n")
    app.send("x" * 40, uart="isu0")
    app.run_for(ms=30)
    said = app.uart().split("late  0\n", 1)[1]
    assert said.count("x") == 40 and said.endswith("1\n")
    assert app.log == []


def test_timers_expire_when_they_should_and_tell_that_they_run(rtapp):
    app = rtapp("styles/fields_timers.c")
    app.run_until("threes")
    app.run_until("\n")
    second = 1_000_000
    ones = [at for at, _ in app.pin(9).history]
    threes = [at for at, _ in app.pin(10).history]
    shots = [at for at, level in app.pin(8).history if level]
    assert shots[0] - app_start(ones, 327 * second / 32768) == pytest.approx(99 * 33 * second / 32768, abs=40)
    assert [b - a for a, b in zip(ones, ones[1:], strict=False)] == pytest.approx([327 * second / 32768] * (len(ones) - 1), abs=2)
    assert [b - a for a, b in zip(threes, threes[1:], strict=False)] == pytest.approx([1999] * (len(threes) - 1), abs=8)
    app.run_until("done\n")
    lines = app.lines()
    assert lines[:2] == ["again 0", "enabled 0"]
    assert lines[2:4] == [f"ones {len(ones)}", f"threes {len(threes)}"]
    assert lines[4:] == ["half 98", "whole 197", "paused 1", "left 13", "done"]
    assert app.log == []


def app_start(expiries, period):
    """When the timer of these expiries began."""
    return expiries[0] - period


def test_i2c_transfers_by_fifo_and_dma_and_a_silent_address_is_told(rtapp):
    app, eeprom = rtapp("styles/fields_i2c.c"), Eeprom(busy=3)
    app.i2c(2).attach(0x50, eeprom)
    app.run_until("done\n", timeout_ms=500)
    assert app.lines() == [
        "written 0", "page 0", "read 0", "counting 6", "two reads 0", "counting 20", "counting 12", "missing 0",
        "nobody 1", "idle 17", "slowly 0", "done",
    ]  # fmt: skip
    assert eeprom.data[0x20:0x40] == bytes(range(12, 44))
    assert app.log == []


class Register:
    """A part that answers a command with its highest bit set by counting from 100, and keeps what else it hears."""

    def __init__(self):
        self.heard, self.answer = [], None

    def select(self):
        self.heard.append([])
        self.answer = None

    def exchange(self, byte):
        self.heard[-1].append(byte)
        if len(self.heard[-1]) == 1 and byte & 0x80:
            self.answer = 100
            return 0xFF
        if self.answer is None:
            return 0xFF
        self.answer += 1
        return self.answer - 1

    def deselect(self):
        pass


def test_spi_exchanges_through_its_port_by_hand_and_behind_any_line(rtapp):
    app = rtapp("styles/fields_spi.c")
    parts = [Register(), Register(), Register()]
    app.spi(1).attach(0, parts[0])
    app.spi(1).attach(1, parts[1])
    app.chip.pins.pull(17, 1)
    app.spi(1).attach_pin(app.chip.pins, 17, parts[2])
    app.run_until("done\n", timeout_ms=200)
    assert app.lines() == ["read 32", "both 16", "by hand 5", "by pin 0", "failed 0", "done"]
    assert parts[0].heard == [
        [10, 11, 12, 13, *range(1, 33)], [0x80, *[255] * 32], [0x81, *range(1, 17)], [0x55],
    ]  # fmt: skip
    assert parts[1].heard == [[0x82, *[255] * 5]]
    assert parts[2].heard == [[0x12, 0x34, 1, 2, 3, 0x83, *[255] * 4]]
    assert app.log == []


def test_sound_goes_out_and_comes_in_without_a_gap(rtapp):
    app = rtapp("styles/fields_i2s.c")
    numbers = iter(range(100_000))
    app.chip.shared.sounds[0].source = lambda: next(numbers)
    app.run_until("done\n", timeout_ms=1000)
    asked, wrong, _ = app.lines()
    heard = [frame for frame in app.chip.shared.sounds[0].heard if frame]
    assert wrong == "wrong 0" and int(asked.split()[1]) > 5
    assert len(heard) > 2900 and heard == list(range(1, len(heard) + 1))
    assert app.now_us == pytest.approx(3072 * 1_000_000 / 16_000, rel=0.05)
    assert app.log == []


def test_single_and_periodic_conversions_arrive_in_rings(rtapp):
    app = rtapp("styles/fields_adc.c")
    app.analog(2, 1.0)
    app.analog(5, 0.45)
    app.run_until("done\n", timeout_ms=500)
    assert app.lines() == [*["one 1638"] * 3, "two 1638", "five 737", "same 1", "done"]
    assert app.log == []


def test_pins_external_interrupts_pwm_and_a_mailbox_that_is_reset_on_opening(rtapp):
    app = rtapp("styles/fields_pins.c")
    for pin in (12, 13):
        app.drive(pin, 1)
    app.core.start(app.core.entry)  # the buttons were up before
    app.run_until("open\n")
    other = app.chip.cores[1].core_box
    for command, data in ((3, 30), (4, 40)):
        other.write(0x44, 4, data)
        other.write(0x40, 4, command)
    other.write(0x14, 4, 1 << 3)
    app.run_until("press\n")
    assert app.lines() == ["isu 1", "isu 0", "open", "data 70", "commands 7", "rang 8", "pending 2", "press"]
    assert [(other.read(0x54, 4), other.read(0x50, 4)) for _ in range(2)] == [(11, 12), (11, 13)] and other.read(0x1C, 4) == 1 << 6
    assert app.pin(21).level == 1
    for _ in range(2):
        for level, ms in ((0, 1), (1, 1), (0, 30), (1, 30)):
            for pin in (12, 13):
                app.drive(pin, level)
            app.run_for(ms=ms)
    app.run_until("done\n", timeout_ms=50)
    rises = [at for at, level in app.pin(2).history if level]
    falls = [at for at, level in app.pin(2).history if not level]
    assert {b - a for a, b in zip(rises, rises[1:], strict=False)} == {1000} and falls[0] - rises[0] == 250
    assert app.log == []
