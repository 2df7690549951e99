"""A device with all that has a time of its own on its wires: real-time cores, a sensor, pulses, a line. Twice the same is the same."""

from __future__ import annotations

import pytest

from armillary.boards.mt3620 import build
from armillary.hal.sim.parts import Lsm6dso

pytestmark = pytest.mark.armillary(mode="linked")
TALKER = """
from applibs import adc, eventloop, pwm, uart

async def main():
    with uart.open(uart.ISU3, baud_rate=9600) as line, pwm.open(pwm.CONTROLLER_0) as pulses, adc.open(0) as inputs:
        number = 0
        while True:
            number += 1
            pulses.apply(number % 4, period_ns=(700_000, 400_000, 300_000)[number % 3] * number, duty_ns=100_000 * number)
            line.write(b"%d of %d\\n" % (number, inputs.poll(number % 8)))
            try:
                line.write(await line.read_some(timeout=0.037))
            except OSError:
                pass
"""
NEEDS = {"Uart": ["ISU3"], "Pwm": ["PWM-CONTROLLER-0"], "Adc": ["ADC-CONTROLLER-0"]}


class Device:
    """A device that lives with a world which does the same to each."""

    def __init__(self, device, talker):
        self.device, self.said = device, []
        board = device.board
        board.i2c(2).attach(0x6A, Lsm6dso())
        for app in (talker, "thermometer", build.folder_of("uart_echo"), build.folder_of("watchdog")):
            device.install(app)
        device.silicon.wires.analog.set(3, lambda time_us: time_us % 2_500_000)
        device.power_on()

    def live(self, turns, pieces):
        """Go on for so many turns of 50 ms, each run in so many pieces, and each with bytes on both lines."""
        for turn in range(turns):
            for isu in (0, 3):
                self.device.board.serial(isu).inject(b"line %d\n" % turn)
            for _ in range(pieces):
                self.device.run(0.05 / pieces)
            self.said.append([self.device.board.serial(isu).take() for isu in (0, 3)])

    def seen(self):
        """All that somebody outside could see."""
        history = list(self.device.silicon.gpio.history)
        return self.device.log, history, self.said, self.device.board.i2c(2).log


@pytest.fixture
def lived(make_device, write_app):
    talker = write_app("talker", TALKER, NEEDS)

    def live(seed=5, pieces=1):
        made = Device(make_device(trace=True, seed=seed), talker)
        made.live(12, pieces)
        return made

    return live


def test_two_runs_are_the_same_to_the_last_crossing(lived):
    first, second = lived(), lived()
    assert "degrees" in first.device.log and "lines:" in first.device.log and b"".join(line for _, line in first.said)
    assert len({pin for _, pin, _ in first.device.silicon.gpio.history}) >= 4
    assert first.device.trace == second.device.trace and len(first.device.trace) > 500
    assert first.seen() == second.seen()
    assert first.device.silicon.snapshot() == second.device.silicon.snapshot()


def test_a_run_is_the_same_in_one_piece_or_in_many(lived):
    assert lived().seen() == lived(pieces=5).seen()
