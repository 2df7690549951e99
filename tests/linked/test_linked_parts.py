"""A part on the board serves whoever has its bus: a real-time app or an app of the main core, at one time of the board."""

from __future__ import annotations

import json
import shutil

import pytest

from armillary.boards.mt3620 import build
from armillary.hal.sim.parts import Lsm6dso

pytestmark = pytest.mark.armillary(mode="linked", seed=5)
BOTH = pytest.mark.parametrize("app", ["i2c_sensor", "thermometer"])


class Thermometer(Lsm6dso):
    """A sensor that follows a script: `degrees` of the board's time (s)."""

    def __init__(self, clock, degrees):
        super().__init__()
        self._clock, self._degrees = clock, degrees

    def start(self, is_read):
        raw = round((self._degrees(self._clock.uptime_us() / 1_000_000) - 25) * 256) & 0xFFFF
        self.registers[0x20:0x22] = raw.to_bytes(2, "little")
        return super().start(is_read)


def step(seconds):
    return 21.5 if seconds < 0.55 else -3.25


def folder_of(app):
    return build.folder_of(app) if app == "i2c_sensor" else app


def said(device, what):
    return [line.split("] ")[-1].split(": ")[-1] for line in device.board.uart.splitlines() if what in line]


@BOTH
def test_one_script_serves_a_real_time_app_and_an_app_of_the_main_core(device, board, app):
    part = Thermometer(device.silicon.clock, step)
    board.i2c(2).attach(0x6A, part)
    device.install(folder_of(app))
    device.power_on()
    device.run(1.15)
    degrees = said(device, "degrees")
    assert degrees == ["21.50 degrees"] * degrees.count("21.50 degrees") + ["-3.25 degrees"] * degrees.count("-3.25 degrees")
    assert len(degrees) in (10, 11, 12) and 4 <= degrees.count("21.50 degrees") <= 6
    assert part.registers[0x10] == 0x40
    assert [line for line in board.i2c(2).log[:4]] == ["0x6a W 0f", "0x6a R 6c", "0x6a W 10 40", "0x6a W 20"]


@BOTH
def test_a_bus_without_the_part_is_told_by_both(device, board, app):
    device.install(folder_of(app))
    device.power_on()
    device.run(0.5)
    assert said(device, "no LSM6DSO on ISU2")
    assert board.i2c(2).log[0] == "0x6a W NACK"


def test_both_read_their_sensors_at_once_and_see_the_same_time(device, board, tmp_path):
    clock = device.silicon.clock
    for isu in (1, 2):
        board.i2c(isu).attach(0x6A, Thermometer(clock, lambda seconds: seconds // 0.25))
    device.install(build.folder_of("i2c_sensor"))
    device.install(moved(tmp_path, "ISU1"))
    device.power_on()
    device.run(2)
    of_real_time = [line for line in said(device, "[IO0]") if "degrees" in line]
    of_main = [line for line in said(device, "app thermometer") if "degrees" in line]
    assert len(of_real_time) >= 18 and len(of_main) >= 18
    assert set(of_real_time) == set(of_main) == {f"{degrees}.00 degrees" for degrees in range(8)}


def moved(folder, isu):
    """The sample on another unit."""
    from armillary.boards import apps

    target = folder / "thermometer"
    shutil.copytree(apps.SAMPLES / "thermometer", target)
    manifest = json.loads((target / "app_manifest.json").read_text())
    manifest["Capabilities"]["I2cMaster"] = [isu]
    (target / "app_manifest.json").write_text(json.dumps(manifest))
    code = target / "bin" / "app.py"
    code.write_text(code.read_text().replace("i2c.ISU2", "i2c." + isu))
    return target


def test_a_unit_that_a_real_time_app_has_is_not_the_main_cores(device, board):
    board.i2c(2).attach(0x6A, Thermometer(device.silicon.clock, step))
    device.install(build.folder_of("i2c_sensor"))
    device.install("thermometer")
    device.power_on()
    device.run(0.5)
    assert len(said(device, "[IO0] 21.50 degrees")) >= 4
    assert not [line for line in board.uart.splitlines() if "app thermometer" in line and "degrees" in line]
    assert "real-time core 0" in board.uart


def test_a_serial_line_is_that_of_whoever_has_the_unit(device, board):
    device.install(build.folder_of("uart_echo"))
    device.power_on()
    assert device.run_until(lambda: "[IO0] echoing ISU0" in board.uart)
    board.serial(0).inject(b"hello\nworld\n")
    assert device.run_until(lambda: "[IO0] lines: 2" in board.uart)
    device.run(0.01)
    assert board.serial(0).take() == b"hello\nworld\n"
