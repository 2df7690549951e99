"""Drivers in the layered style: registers whole or by bits, units reset first, channels of DMA set up by one function."""

from pathlib import Path

import pytest

from armillary.boards.mt3620 import build
from armillary.hal.cortexm import elf
from armillary.hal.sim.parts import Eeprom
from armillary.hal.sim.realtime import program


def test_a_uart_is_polled_and_then_served_by_both_kinds_of_channel(rtapp):
    app = rtapp("styles/layers_uart.c")
    app.run_until("nothing 255\n")
    app.send("echo!", uart="isu0")
    app.run_until("receiving\n")
    assert app.uart("isu0") == "echo!" + "".join(chr(32 + n) for n in range(90))
    begin = app.now_us
    app.send("abcdefghij", uart="isu0")
    app.run_until("done\n", timeout_ms=50)
    assert app.lines() == ["nothing 255", "left 0", "receiving", "received 10", "counting 10", "empty 1", "done"]
    assert app.now_us - begin >= 10 * 10_000_000 / 921_600 + 1000
    assert app.log == []


def test_a_copy_is_paused_resumed_and_reset(rtapp):
    app = rtapp("styles/layers_copy.c")
    app.run_until("done\n", timeout_ms=100)
    assert app.lines() == ["set up 1", "busy 1", "copied 1024", "paused 1", "copied 1024", "reset 1", "done"]
    assert app.log == []


def test_i2c_messages_by_fifo_and_dma_and_a_slave_on_the_same_wires(rtapp):
    app, eeprom = rtapp("styles/layers_i2c.c"), Eeprom(busy=2)
    app.join_i2c(1, 0)
    app.i2c(0).attach(0x50, eeprom)
    app.run_until("done\n", timeout_ms=500)
    assert app.lines() == [
        "write 0", "write read 0", "counting 6", "read 0", "dma write 0", "dma both 0", "at once 0", "counting 12", "nobody 2",
        "to slave 0", "heard 5", "abnormal 0", "from slave 0", "got 6", "abnormal 0", "done",
    ]  # fmt: skip
    assert eeprom.data[0x40:0x60] == bytes(range(64, 96))
    assert app.log == []


class Counter:
    """A part that answers a command with its highest bit set by counting from 100, and keeps what it hears."""

    def __init__(self):
        self.heard = []

    def select(self):
        self.heard.append([])

    def exchange(self, byte):
        self.heard[-1].append(byte)
        return 98 + len(self.heard[-1]) if self.heard[-1][0] & 0x80 else 0xFF

    def deselect(self):
        pass


def test_spi_by_fifo_and_dma_both_ways(rtapp):
    app, part = rtapp("styles/layers_spi.c"), Counter()
    app.spi(3).attach(1, part)
    app.run_until("done\n", timeout_ms=100)
    assert app.lines() == [*["read 32", "both 16", "few 5"] * 2, "done"]
    once = [[0x11, *range(1, 33)], [0x91, *[255] * 32], [0x92, *range(1, 17)], [0x13, 1], [0x93, *[255] * 5]]
    assert part.heard == once * 2
    assert app.log == []


def test_conversions_by_trigger_level_time_out_and_ring(rtapp):
    app = rtapp("styles/layers_adc.c")
    for channel, volts in ((1, 0.5), (4, 1.25), (7, 2.5)):
        app.analog(channel, volts)
    app.run_until("done\n", timeout_ms=500)
    lines = app.lines()
    assert lines[:2] == ["cause 4", "late 12"] and lines[3:] == ["one 819", "four 2047", "seven 4095", "done"]
    assert int(lines[2].split()[1]) >= 50
    assert app.log == []


def test_pwm_that_is_kicked_before_its_clock_and_two_states_that_replay(rtapp):
    app = rtapp("styles/layers_pwm.c")
    app.run_until("running\n")
    app.run_for(ms=150)
    period, on = gaps(app.pin(4).history)
    assert set(period) == {200} and set(on) == {50}
    lengths = [after - before for (before, _), (after, _) in zip(app.pin(11).history, app.pin(11).history[1:], strict=False)]
    clock = 1_000_000 / 32768
    slow = 32700 // 50
    states = [163 * clock, 164 * clock, 163 * clock, 164 * clock, slow * 900 // 1000 * clock, (slow - slow * 900 // 1000) * clock]
    assert lengths[:12] == pytest.approx((states * 2)[: len(lengths[:12])], abs=2)
    app.run_until("stopped\n")
    before = app.pin(4).toggles
    app.run_for(ms=10)
    assert app.pin(4).toggles == before and app.pin(4).level == 0
    assert app.log == []


def gaps(history):
    """Of a waveform: how long its periods are, and how long it is high in each."""
    rises = [at for at, level in history if level]
    falls = [at for at, level in history if not level and at > rises[0]]
    return [b - a for a, b in zip(rises, rises[1:], strict=False)], [b - a for a, b in zip(rises, falls, strict=False)]


def test_timers_by_their_compare_values_and_a_watchdog_that_barks_and_bites(rtapp):
    app = rtapp("styles/layers_timers.c")
    app.run_until("timed\n")
    ones = [at for at, _ in app.pin(4).history]
    threes = [at for at, _ in app.pin(6).history]
    shot = next(at for at, level in app.pin(5).history if level)
    assert [b - a for a, b in zip(ones, ones[1:], strict=False)] == pytest.approx([656 * 1_000_000 / 32768] * 4, abs=2)
    assert [b - a for a, b in zip(threes, threes[1:], strict=False)] == pytest.approx([3010] * (len(threes) - 1), abs=10)
    assert shot - (ones[0] - 656 * 1_000_000 / 32768) == pytest.approx(50 * 33 * 1_000_000 / 32768, abs=100)
    timed = app.now_us
    app.run_until("barks 2\n")
    assert app.now_us - timed == pytest.approx(2 * 4 * 31_250, rel=0.1)
    app.run_until("silent\n")
    silent = app.now_us
    app.run_until("timed out\n")
    assert app.now_us - silent == pytest.approx(2 * 31_250, abs=20_000)
    app.run_until("by software\n")
    assert app.log == []


def test_pins_in_every_block_pulls_and_external_interrupts(rtapp):
    app = rtapp("styles/layers_pins.c")
    app.run_until("waiting\n")
    assert app.lines() == ["outputs 12", "up 1", "down 0", "low already 1", "waiting"]
    for level in (1, 0, 1, 0):
        for pin in (12, 13, 14):
            app.drive(pin, level)
        app.run_for(ms=3)
    for ms, level in ((2, 1), (2, 0), (20, 1), (2, 0), (20, 1), (20, 0), (20, 1)):
        app.drive(15, level)
        app.run_for(ms=ms)
    app.run_until("done\n", timeout_ms=300)
    assert app.lines()[5:] == ["lows 1", "falls 2", "both 4", "bounced 2", "done"]
    assert [app.pin(pin).level for pin in (2, 24, 27, 44, 58, 62)] == [1] * 6
    assert app.log == []


def test_a_counter_with_limits_and_captured_edges(rtapp):
    app = rtapp("styles/layers_counter.c")

    def pulse(pin, times, ms=1):
        for _ in range(times):
            for level in (1, 0):
                app.drive(pin, level)
                app.run_for(ms=ms / 2)

    app.run_until("count\n")
    pulse(12, 4)
    app.run_until("down\n")
    pulse(13, 9)
    app.run_until("capture\n")
    app.drive(13, 1)
    app.run_for(ms=1)
    pulse(12, 2, ms=3)
    app.drive(13, 0)
    app.run_until("done\n", timeout_ms=100)
    lines = app.lines()
    assert [lines[1], *lines[3:5], *lines[6:]] == ["high 104", "low 95", "interrupts 2", "apart 3000", "fell 6000", "done"]
    assert app.log == []


def test_sound_that_loops_back_arrives_frame_for_frame(rtapp):
    app = rtapp("styles/layers_sound.c")
    app.run_until("done\n", timeout_ms=1000)
    assert app.lines() == ["asked before 1", "wrong 0", "some 1", "done"]
    assert app.log == []


def test_a_sleeping_core_wakes_though_interrupts_are_masked_and_handles_them_later(rtapp):
    app = rtapp("styles/layers_sleep.c")
    app.run_until("sleeping\n")
    app.run_for(ms=200)
    before = app.cycles, app.now_us
    app.run_until("done\n")
    assert app.lines() == ["sleeping", "masked 0", "woke 1", "done"]
    assert app.now_us - before[1] < 70_000
    assert app.log == []


@pytest.fixture
def both_cores(rtapp, tmp_path):
    """A program on both cores, compiled once for each (ME is 0 and 1); returns it as it runs on the first."""

    def load(source):
        app = rtapp(source, flags=["-DME=0"])
        target = tmp_path / "second.elf"
        build.build_files([Path(__file__).parent / source], target, ["-DME=1"])
        second = elf.parse(target.read_bytes(), program.REGIONS)
        program.load(app.chip.cores[1], second)
        app.chip.cores[1].start(second.entry)
        return app

    return load


def test_two_cores_exchange_pairs_and_interrupts(both_cores):
    app = both_cores("styles/layers_mailbox.c")
    app.run_until("done\n", timeout_ms=100)
    app.run_for(ms=20)
    data, commands = sum(range(101, 116)), sum(range(1, 16))
    assert app.lines() == ["full 5", "pairs 1", f"answer {(15 << 16) + data}", "taken 1", "mine 1", "done"]
    assert app.chip.cores[1].console.text().split("\r\n")[:-1] == ["asked 1", "waits 1", "got 15", "done"]
    assert data + (commands << 16) == sum(100 + n + (n << 16) for n in range(1, 16))
    assert [line for line in app.log if "full FIFO" not in line] == []
