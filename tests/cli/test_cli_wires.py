"""`armillary device wire` and `serial`: what hangs on a device that is up or down, and its serial lines."""

import json
import os
import subprocess
import sys

import click
import pytest

from armillary.boards.mt3620 import build
from armillary.boards.sim import client
from armillary.cli import wires as wires_of

# A board outlives the command that starts it; here that command is this very process.
pytestmark = pytest.mark.filterwarnings("ignore:subprocess [0-9]+ is still running:ResourceWarning")


@pytest.fixture
def made(workshop, tmp_path_factory):
    """(command, make): `make(*apps)` makes a device, down; its name."""
    names = []

    def make(*apps):
        names.append("w" + tmp_path_factory.mktemp("x").name.replace("_", "-"))
        workshop.good("device", "create", names[-1], *[word for app in apps for word in ("--app", app)])
        return names[-1]

    yield workshop, make
    for name in names:
        if client.is_up(workshop.places.devices / name):
            workshop.good("device", "down", name)
        workshop.good("device", "delete", name, "--yes")


def wires(command, name, *words):
    return [row["wire"] for row in command.json("device", "wire", name, *words)]


def log_has(command, name, words):
    with client.Board(command.places.devices / name) as board:
        return board.wait_uart(words, 30)


def test_a_sensor_that_is_wired_serves_the_device_stays_and_is_taken_off(made):
    command, make = made
    name = make(build.folder_of("i2c_sensor"))
    assert wires(command, name) == []
    assert wires(command, name, "isu2:0x6a=lsm6dso", "adc0=1.25", "gpio12=up") == ["adc0=1.25", "gpio12=up", "isu2:0x6a=lsm6dso"]
    command.good("device", "up", name)
    log_has(command, name, "[IO0] 25.00 degrees")
    pins = command.json("device", "pins", name, "--all")
    assert next(pin["level"] for pin in pins if pin["pin"] == 12) == 1
    assert wires(command, name, "--remove", "isu2:0x6a", "--remove", "gpio12") == ["adc0=1.25"]
    log_has(command, name, "the sensor does not answer")
    command.good("device", "down", name)
    assert wires(command, name, "--remove", "adc0") == []


def test_an_echo_is_spoken_to_and_heard(made):
    command, make = made
    name = make(build.folder_of("uart_echo"))
    command.good("device", "up", name)
    log_has(command, name, "echoing ISU0")
    heard = command.good("device", "serial", name, "isu0", "--send", r"hello\n", "--wait", "0.3")
    log_has(command, name, "lines: 1")
    heard += command.good("device", "serial", name, "isu0", "--wait", "0.3")
    assert "".join(heard.split()) == "hello"
    said = command.json("device", "serial", name, "isu0", "--send", "0a 41 e9 0a", "--hex", "--wait", "0.3")["said"]
    log_has(command, name, "lines: 3")
    said += command.json("device", "serial", name, "isu0", "--wait", "0.3")["said"]
    said += command.json("device", "serial", name, "isu0", "--send", r"\xe9\n", "--wait", "0.3")["said"]
    log_has(command, name, "lines: 4")
    said += command.json("device", "serial", name, "isu0", "--wait", "0.3")["said"]
    assert said == "0a41e90ae90a"


def test_a_line_is_followed_until_the_device_is_down(made):
    command, make = made
    name = make(build.folder_of("uart_echo"))
    command.good("device", "up", name)
    log_has(command, name, "echoing ISU0")
    words = [sys.executable, "-m", "armillary.cli.main", "device", "serial", name, "isu0", "--send", r"first\n", "--follow"]
    environment = {**os.environ, "ARMILLARY_HOME": str(command.places.home)}
    with subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment) as follower:
        assert follower.stdout.readline() == "first\n"
        with client.Board(command.places.devices / name) as board:
            board.do("serial", unit=0, data=b"second\n".hex())
        assert follower.stdout.readline() == "second\n"
        command.good("device", "down", name)
        rest, said = follower.communicate(timeout=20)
    assert follower.returncode == 0 and rest == said == ""


class Said:
    """A board whose line says these things, one a question, and then goes down."""

    def __init__(self, *parts):
        self.parts = list(parts)

    def do(self, command, unit, is_taken):
        if not self.parts:
            raise client.BoardProblem("down")
        return {"said": self.parts.pop(0).hex()}


@pytest.mark.parametrize(("parts", "is_hex", "out"), [
    ((b"\x1b[2Jevil\r\npart", b"ly\n"), False, "\\x1b[2Jevil\npartly\n"), ((b"\xe2\x82", b"\xac\n"), False, "€\n"), ((b"\xff\x00", b"\x01"), True, "ff 00 01 "),
])  # fmt: skip
def test_what_a_line_says_cannot_steer_the_terminal_and_its_characters_stay_whole(capsys, parts, is_hex, out):
    with click.Context(click.Command("x")):
        wires_of._hear(Said(*parts), 0, None, is_hex)
    assert capsys.readouterr().out == out


def test_a_line_led_back_hears_itself(made):
    command, make = made
    name = make(build.folder_of("uart_echo"))
    wires(command, name, "isu0=loop")
    command.good("device", "up", name)
    log_has(command, name, "echoing ISU0")
    command.good("device", "serial", name, "isu0", "--send", r"x\n")
    log_has(command, name, "lines: 20")  # round and round


@pytest.mark.parametrize("is_up", [False, True], ids=["down", "up"])
def test_what_makes_no_sense_is_refused_and_nothing_is_changed(made, is_up):
    command, make = made
    name = make()
    if is_up:
        command.good("device", "up", name)
    wires(command, name, "isu2:0x6a=lsm6dso")
    for words, why in (
        (["isu2:0x6a=eeprom"], "taken"), (["isu9=loop"], "isu0 to isu5"), (["gpio12@1s=0"], "leave out @1s"), (["vref=1.8"], "rt run"),
        (["isu1:i2c=isu2"], "rt run"), (["isu1:cs0=sdcard,missing.img"], "No such file"), (["--remove", "isu2:0x6b"], "there is: isu2:0x6a"),
    ):  # fmt: skip
        assert why in command.refused("device", "wire", name, *words)
    assert wires(command, name) == ["isu2:0x6a=lsm6dso"]


def test_a_card_whose_file_is_gone_keeps_nobody_from_starting(made, tmp_path):
    command, make = made
    name, card = make(), tmp_path / "card.img"
    card.write_bytes(bytes(1 << 20))
    assert wires(command, name, f"isu1:cs0=sdcard,{card}") == [f"isu1:cs0=sdcard,{card}"]
    card.unlink()
    command.good("device", "up", name)
    assert "is not wired" in "".join(row["line"] if isinstance(row, dict) else row for row in command.json("device", "log", name)["lines"])
    command.good("device", "down", name)
    assert wires(command, name) == [f"isu1:cs0=sdcard,{card}"] and wires(command, name, "--remove", "isu1:cs0") == []


def test_wires_are_in_the_folder_and_a_damaged_list_is_refused(made):
    command, make = made
    name = make()
    wires(command, name, "adc1=0.5")
    path = command.places.devices / name / "board.json"
    fields = json.loads(path.read_text())
    assert fields["wires"] == ["adc1=0.5"]
    for damaged in ("adc1=0.5", [1], ["x"] * 257, ["x" * 5000]):
        path.write_text(json.dumps({**fields, "wires": damaged}))
        assert "damaged" in command.refused("device", "wire", name)
    path.write_text(json.dumps(fields))


@pytest.mark.parametrize("words", [["isu6"], ["isu"], ["lamp", "isu0", "x"], ["uart0"]])
def test_what_is_no_line_is_a_word_of_usage(workshop, words):
    result = workshop("device", "serial", *words)
    assert result.exit_code == 2 and "isu0 to isu5" in result.output
