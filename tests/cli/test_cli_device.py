"""Devices: made, up, looked at from outside, cut off, down, removed. Every board here is boxed and real."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import sys
import time

import pytest

from armillary.boards.apps import SAMPLES, pack_app
from armillary.boards.keys import Vendor
from armillary.boards.sim import client
from armillary.cli import board as bench
from armillary.cli import device
from armillary.wire import image

# A board outlives the command that starts it; here that command is this very process.
pytestmark = pytest.mark.filterwarnings("ignore:subprocess [0-9]+ is still running:ResourceWarning")


@pytest.fixture
def blinker(workshop, tmp_path_factory):
    """A device of its own with the blink app, up; removed afterwards."""
    name = "b" + tmp_path_factory.mktemp("x").name.replace("_", "-")
    workshop.good("device", "create", name, "--app", SAMPLES / "blink")
    workshop.good("device", "up", name)
    yield workshop, name
    if client.is_up(workshop.places.devices / name):
        workshop.good("device", "down", name)
    workshop.good("device", "delete", name, "--yes")


def test_without_devices_the_list_says_how_to_make_one(armillary):
    result = armillary("device", "list")
    assert result.exit_code == 0 and result.stdout == "" and "device create" in result.stderr
    assert armillary.json("device", "list") == []


@pytest.mark.parametrize("words", [("up",), ("down",), ("show",), ("log",), ("pins",), ("timeline",), ("power", "on"), ("delete", "lamp", "--yes")])
def test_a_missing_device_is_refused_with_the_way_to_one(armillary, words):
    assert "armillary device create" in armillary.refused("device", *words)


def test_create_without_a_service_warns_that_it_will_not_be_attested(armillary):
    result = armillary("device", "create", "lamp")
    assert result.exit_code == 0 and "never be attested" in result.stderr
    assert armillary.json("device", "list")[0]["state"] == "down"


def test_a_name_that_is_taken_is_refused_and_the_device_stays(workshop):
    before = workshop.json("device", "show", "lamp")
    assert "there is a device lamp already" in workshop.refused("device", "create", "lamp")
    assert workshop.json("device", "show", "lamp") == before


def test_a_service_that_is_no_folder_and_no_address_is_refused(armillary, tmp_path):
    assert "is not a service's folder" in armillary.refused("device", "create", "x", "--service", tmp_path)
    assert "https://HOST:PORT" in armillary.refused("device", "create", "x", "--service", "http://a:1")
    assert "no root certificate" in armillary.refused("device", "create", "x", "--service", "https://a:1")


def test_an_app_that_is_no_package_is_refused_and_no_device_is_left(workshop, tmp_path):
    (tmp_path / "bad.imagepackage").write_bytes(bytes(200))
    workshop.refused("device", "create", "broken", "--app", tmp_path / "bad.imagepackage")
    assert not (workshop.places.devices / "broken").exists()


def test_two_apps_of_one_component_are_refused_by_both_names(workshop, tmp_path):
    one, two = shutil.copytree(SAMPLES / "blink", tmp_path / "one"), shutil.copytree(SAMPLES / "blink", tmp_path / "two")
    result = workshop("device", "create", "twice", "--app", one, "--app", two)
    assert result.exit_code == 1 and f"{one} and {two} have the same ComponentId" in result.stderr and "Traceback" not in result.stderr


def test_an_elf_file_is_no_package_and_the_words_say_what_to_give(workshop, tmp_path):
    (tmp_path / "app.elf").write_bytes(b"\x7fELF" + bytes(100))
    result = workshop("device", "create", "elf", "--app", tmp_path / "app.elf")
    assert result.exit_code == 1 and "app.elf is an ELF file, which has no manifest" in result.stderr
    assert "to go on: give a folder with its app_manifest.json and the ELF as bin/app" in result.stderr
    result = workshop("image", "show", tmp_path / "app.elf")
    assert result.exit_code == 1 and "armillary rt run" in result.stderr


def test_a_strangers_package_is_told_to_be_none_that_this_device_would_run(armillary, tmp_path):
    path = tmp_path / "blink.imagepackage"
    path.write_bytes(pack_app(SAMPLES / "blink", Vendor.generate().app))
    result = armillary("device", "create", "strange", "--app", path)
    assert result.exit_code == 0 and f"armillary image sign {path} --key app" in result.stderr
    armillary.good("image", "sign", path, "--key", "app")
    assert "WARNING: " + str(path) not in armillary("device", "create", "known", "--app", path).stderr


def test_show_lists_what_the_locator_table_names(workshop):
    found = workshop.json("device", "show", "lamp")
    assert found["state"] == "down" and len(found["device"]) == 128
    kernels = [row for row in found["images"] if row["type"] == image.KERNEL]
    assert {row["copy"] for row in kernels} == {"primary", "backup"}
    said = workshop.good("device", "show", "lamp")
    assert found["device"] in said and "NormalWorldKernel" in said


def test_only_the_owner_reaches_a_device(workshop):
    assert (workshop.places.devices / "lamp").stat().st_mode & 0o077 == 0


@pytest.mark.parametrize("words", [("log",), ("pins",), ("timeline",), ("power", "on"), ("down",)])
def test_a_device_that_is_down_is_told_apart(workshop, words):
    assert "is not up" in workshop.refused("device", words[0], *([] if words[0] == "power" else ["lamp"]), *words[1:])


def test_up_waits_for_the_kernel_and_down_ends_every_process(workshop):
    up = workshop.json("device", "up", "lamp")
    assert up["state"] == "on" and 0 < up["booted_s"] < device.BOOT_S
    processes = workshop.json("device", "show", "lamp")["boxes"]
    assert set(processes) >= {"pluton", "monitor", "kernel"}
    assert workshop.json("device", "down", "lamp") == {"name": "lamp", "state": "down"}
    for pid in processes.values():
        assert_ended(pid)


def assert_ended(pid):
    end = time.monotonic() + 5
    while time.monotonic() < end:
        try:
            with open(f"/proc/{pid}/stat") as file:
                if file.read().rpartition(")")[2].split()[0] == "Z":
                    return
        except OSError:
            return
    raise AssertionError(f"process {pid} is there still")


def test_a_device_that_is_up_is_not_started_twice(lamp):
    assert "lamp is up already" in lamp.refused("device", "up", "lamp")


def test_up_says_loudly_what_the_host_cannot_confine(workshop, monkeypatch):
    monkeypatch.setattr("armillary.hal.sim.box.confine.weaknesses", lambda: ["a box can make any system call"])
    result = workshop("device", "up", "lamp", "--no-power")
    workshop.good("device", "down", "lamp")
    assert "WARNING: a box can make any system call" in result.stderr and "WARNING" not in result.stdout


def test_up_warns_of_a_service_that_does_not_run(empty_service):
    empty_service.good("device", "create", "lamp")
    result = empty_service("device", "up", "--no-power")
    empty_service.good("device", "down")
    assert result.exit_code == 0 and "the service is not running" in result.stderr


def test_without_power_nothing_runs_until_power_is_applied(workshop):
    workshop.good("device", "up", "lamp", "--no-power")
    assert workshop.json("device", "show", "lamp")["boxes"] == {}
    assert "has not booted" in workshop.refused("device", "timeline", "lamp")
    assert workshop.json("device", "power", "lamp", "on")["state"] == "on"
    assert workshop.json("device", "power", "lamp", "off")["state"] == "off"
    workshop.good("device", "down", "lamp")


def test_a_device_that_does_not_boot_is_told_with_what_it_said_last(workshop, monkeypatch):
    monkeypatch.setattr(device, "BOOTED", "words that no kernel says")
    monkeypatch.setattr(device, "BOOT_S", 0.5)
    said = workshop.refused("device", "up", "lamp")
    workshop.good("device", "down", "lamp")
    assert "did not boot" in said and "[kernel] up" in said and "device log lamp" in said


def test_the_timeline_is_what_was_verified_and_measured(lamp):
    from armillary.boards.keys import SigningKey

    rows = lamp.json("device", "timeline", "lamp")
    made = json.loads((lamp.places.devices / "lamp" / device.MADE).read_text())
    assert {(row["type"], row["sha256"]) for row in rows} == {(part["type"], part["sha256"]) for part in made["components"]}
    os_key = hashlib.sha256(SigningKey.load(lamp.places.keys, "os").public).hexdigest()
    assert {row["key"] for row in rows if row["key_name"] == "os"} == {os_key}
    assert rows[0]["key_name"] == "root" and all(row["started_us"] < row["ended_us"] for row in rows)
    assert "certificate-store" in lamp.good("device", "timeline", "lamp")


def test_a_second_boot_begins_the_timeline_anew(lamp):
    first = lamp.json("device", "timeline", "lamp")
    lamp.good("device", "power", "lamp", "off")
    lamp.good("device", "power", "lamp", "on")
    with client.Board(lamp.places.devices / "lamp") as board:
        board._wait(board.uart, lambda said: said.count(device.BOOTED) == 2, "second boot", 10)
    assert len(lamp.json("device", "timeline", "lamp")) == len(first)


@pytest.mark.parametrize("fields", [{"stage": "x"}, {"stage": "x", "type": "a", "version": "1", "copy": "p", "sha256": "0", "key": "0", "from": "1", "to": "2"}, {}])
def test_a_stage_that_is_not_whole_is_passed_over(fields):
    assert bench.stages([("1BL", fields)], {}) == []


def test_the_timeline_comes_from_who_may_tell_it_and_not_from_text_on_the_uart(lamp, monkeypatch):
    forged = "[1BL] stage=forged type=1 version=9 copy=primary sha256=00 key=00 from=1 to=2\n"
    monkeypatch.setattr(client.Board, "uart", lambda self: forged)
    shown = [row["stage"] for row in lamp.json("device", "timeline", "lamp")]
    assert "forged" not in shown and "certificate-store" in shown


def test_the_log_is_what_the_uart_said(lamp):
    said = lamp.good("device", "log", "lamp")
    assert "[1BL] stage=1bl" in said and "[kernel] up" in said
    assert lamp.json("device", "log", "lamp")["lines"][: len(said.split("\n")) - 1] == said.strip("\n").split("\n")


def test_the_log_is_followed_until_the_device_is_down(lamp):
    words = [sys.executable, "-m", "armillary.cli.main", "device", "log", "lamp", "--follow"]
    environment = {**os.environ, "ARMILLARY_HOME": str(lamp.places.home)}
    with subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment) as follower:
        first = list(iter(follower.stdout.readline, "[kernel] up\n"))
        lamp.good("device", "down", "lamp")
        rest, said = follower.communicate(timeout=20)
    assert first[0].startswith("[1BL] stage=1bl") and "[kernel] up" not in rest
    assert follower.returncode == 0 and said == ""


def test_the_log_of_a_hostile_device_cannot_steer_the_terminal(capsys):
    import click

    class Hostile:
        said = [{"text": "\x1b[2J evil\r\npart", "next": 9}, {"text": "ly\n", "next": 12}]

        def do(self, command, offset):
            if not self.said:
                raise client.BoardProblem("down")
            return self.said.pop(0)

    with click.Context(click.Command("x")):
        bench._follow(Hostile())
    assert capsys.readouterr().out == "\\x1b[2J evil\\r\npartly\n"


@pytest.mark.parametrize("words", [(), ("lamp",), ("lamp", "sideways"), ("on", "3"), ("cut-after",), ("cut-after", "0"), ("cut-after", "x"),
                                   ("cut-after", "1", "2"), ("cut-after", "²")])  # fmt: skip
def test_power_wants_one_of_its_words(workshop, words):
    assert workshop("device", "power", *words).exit_code == 2


def test_a_cut_is_planned_only_while_the_power_is_on(lamp):
    assert lamp.json("device", "power", "lamp", "cut-after", "100000")["state"] == "on"
    lamp.good("device", "power", "lamp", "off")
    assert "forgets a planned cut" in lamp.refused("device", "power", "lamp", "cut-after", "1")


def test_a_device_that_went_down_can_be_started_at_once(workshop):
    for _ in range(5):
        workshop.good("device", "up", "lamp", "--no-power")
        workshop.good("device", "down", "lamp")


def test_blink_shows_at_the_pin(blinker):
    armillary, name = blinker
    with client.Board(armillary.places.devices / name) as board:
        board.wait_pin(8, 2)
    row = next(row for row in armillary.json("device", "pins", name) if row["pin"] == 8)
    assert row["mode"] == 1 and row["changes"] >= 2 and 400_000 < row["half_period_us"] < 800_000
    assert "push-pull" in armillary.good("device", "pins", name)
    apps = [row for row in armillary.json("device", "show", name)["images"] if row["type"] == image.APPLICATIONS]
    assert len(apps) == 1 and apps[0]["state"] == "installed"


def test_pins_are_driven_from_outside_and_let_go(lamp):
    rows = lamp.json("device", "pins", "lamp", "--drive", "12=1", "--drive", "13=0")
    assert [(row["pin"], row["level"]) for row in rows if row["pin"] in (12, 13)] == [(12, 1)]
    assert all(not row["level"] for row in lamp.json("device", "pins", "lamp", "--drive", "12=z", "--all") if row["pin"] == 12)


def test_every_pin_is_shown_when_asked(lamp):
    from armillary.boards.sim import facts

    assert [row["pin"] for row in lamp.json("device", "pins", "lamp", "--all")] == sorted(facts.PINS)


def test_a_pin_that_is_not_there_is_refused(lamp):
    assert "no pin 99" in lamp.refused("device", "pins", "lamp", "--drive", "99=1")


@pytest.mark.parametrize("drive", ["12", "12=2", "x=1", "=1", "-1=0", "²=1"])
def test_a_pin_and_level_that_cannot_be_read_are_a_usage_error(workshop, drive):
    assert workshop("device", "pins", "lamp", "--drive", drive).exit_code == 2


def test_live_pins_are_a_line_for_each_change_until_the_device_is_down(capsys, monkeypatch):
    import click

    from armillary.cli import pins

    histories = [[[5, 8, 1]], [[5, 8, 1], [7, 8, 0]], [[5, 8, 1], [7, 8, 0]], [[2, 9, 1]]]

    class Board:
        def do(self, command):
            if not histories:
                raise client.BoardProblem("down")
            return {"changes": histories.pop(0)}

    monkeypatch.setattr(pins, "REFRESH_S", 0)
    with click.Context(click.Command("x")):
        pins._stream(Board())
    assert capsys.readouterr().out == "0.000007 pin 8 low\n0.000002 pin 9 high\n"


def test_live_pins_on_a_terminal_are_lamps():
    from armillary.cli import pins

    row = {"pin": 8, "mode": 1, "owner": 1, "level": 1, "changes": 3, "half_period_us": 500_000}
    table = pins._lamps([row, {**row, "level": 0}])
    assert [cell.plain for cell in table.columns[3]._cells] == ["● high", "○ low"]


def test_delete_asks_and_without_an_answer_removes_nothing(armillary):
    armillary.good("device", "create", "lamp")
    result = armillary("device", "delete", "lamp")
    assert result.exit_code == 1 and (armillary.places.devices / "lamp").exists()
    armillary.good("device", "delete", "lamp", "--yes")
    assert not (armillary.places.devices / "lamp").exists()


def test_delete_refuses_a_device_that_is_up(lamp):
    assert "in use" in lamp.refused("device", "delete", "lamp", "--yes")
    assert (lamp.places.devices / "lamp" / "flash.bin").exists()


def test_a_damaged_device_can_be_deleted(armillary):
    armillary.good("device", "create", "lamp")
    (armillary.places.devices / "lamp" / "flash.bin").write_bytes(b"short")
    assert "flash.bin" in armillary.refused("device", "up")
    armillary.good("device", "delete", "lamp", "--yes")
    assert armillary.json("device", "list") == []


def test_crossings_are_traced_as_they_happen(blinker):
    armillary, name = blinker
    lines = [json.loads(line) for line in armillary.good("trace", name, "--count", "20", "--output", "json").strip().split("\n")]
    assert len(lines) == 20 and {"time_us", "ring", "caller", "call", "arguments", "ok", "verdict"} == set(lines[0])
    kernel = armillary.good("trace", name, "--ring", "kernel", "--count", "4").strip().split("\n")
    assert len(kernel) == 4 and all("→ kernel" in line for line in kernel)
