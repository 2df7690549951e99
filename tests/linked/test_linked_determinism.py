"""Linked devices are deterministic, and do not know of each other."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.armillary(mode="linked")
ROOT = Path(__file__).parent.parent.parent
APPS = ("blink", "crash", "overreach")

# What another process prints of the same device: the hash of its trace and of its pins.
ALONE = """
import hashlib, pathlib
from armillary.testing.device import LinkedDevice
from armillary.testing.makings import Makings, Recipe
makings = Makings()
device = LinkedDevice(makings, makings.make(Recipe.of(5, "complete", {}, None)), pathlib.Path("."), trace=True)
for app in ("blink", "crash", "overreach"):
    device.install(app)
device.power_on()
device.run(6)
print(len(device.trace), hashlib.sha256(repr((device.trace, device.board.pin(8), device.log)).encode()).hexdigest())
device.close()
"""


def lived(make_device, seconds=6, **options):
    """A device that has run with every kind of app, and its whole trace."""
    device = make_device(trace=True, **options)
    for app in APPS:
        device.install(app)
    device.power_on()
    device.run(seconds)
    return device


def test_two_runs_with_one_seed_are_the_same_to_the_last_crossing(make_device):
    first, second = lived(make_device, seed=5), lived(make_device, seed=5)
    assert len(first.trace) > 500 and {ring for _, ring, *_ in first.trace} == {"hal", "pluton", "monitor", "kernel"}
    assert first.trace == second.trace
    assert first.board.pin(8) == second.board.pin(8) and first.log == second.log
    assert first.silicon.snapshot() == second.silicon.snapshot()


def test_two_seeds_are_two_devices(make_device):
    first, second = lived(make_device, seed=5), lived(make_device, seed=6)
    assert first.id != second.id and first.trace != second.trace
    assert first.board.pin(8) == second.board.pin(8)  # what blinks, blinks


def test_a_run_is_the_same_in_one_piece_or_in_many(make_device):
    whole = lived(make_device, seed=5)
    pieces = lived(make_device, seconds=0, seed=5)
    for _ in range(60):
        pieces.run(0.1)
    assert pieces.board.pin(8) == whole.board.pin(8) and pieces.log == whole.log


def test_two_processes_with_other_hash_seeds_give_the_same_trace():
    said = []
    for hash_seed in ("1", "2"):
        environment = {**os.environ, "PYTHONHASHSEED": hash_seed, "PYTHONPATH": str(ROOT)}
        run = subprocess.run([sys.executable, "-c", ALONE], env=environment, capture_output=True, text=True)
        assert run.returncode == 0, run.stderr
        said.append(run.stdout)
    assert said[0] == said[1] and int(said[0].split()[0]) > 500


@pytest.mark.parametrize("count", [10, pytest.param(100, marks=pytest.mark.slow)])
def test_devices_side_by_side_do_not_disturb_each_other(make_device, count):
    alone = make_device(seed=3, trace=True)
    alone.install("blink", arguments=["70"])
    alone.power_on()
    alone.run(1)
    fleet = [make_device(seed=3 if number % 2 else 4, trace=True) for number in range(count)]
    for number, device in enumerate(fleet):
        device.install("blink", arguments=["70" if number % 2 else "90"])
        device.power_on()
    for _ in range(5):
        for device in fleet:
            device.run(0.2)
    odd = fleet[1::2]
    assert all(device.board.pin(8) == alone.board.pin(8) for device in odd)
    assert all(device.log == alone.log for device in odd)
    assert {digest(device) for device in odd} == {digest(odd[0])}
    assert all(abs(device.board.pin(8).half_period_ms - 90) < 1 for device in fleet[0::2])


def digest(device):
    return hashlib.sha256(repr(device.trace).encode()).hexdigest()


def test_a_fleet_of_devices_attests_to_one_service(make_device, device, service):
    fleet = [make_device(seed=seed) for seed in range(1, 6)]
    for each in fleet:
        service.claim(each)
        each.power_on()
    for each in fleet:
        assert each.run_until(lambda: service.certificates(each), 10)  # noqa: B023
    assert len({each.id for each in fleet}) == 5


def test_an_app_that_never_sleeps_does_not_stop_time(make_device, tmp_path, write_app):
    folder = write_app("restless", "from applibs import eventloop\nasync def main():\n    while True:\n        await eventloop.sleep(0)\n")
    device = make_device()
    device.install(folder)
    device.install("blink", arguments=["100"])
    device.power_on()
    device.run(1)
    assert device.board.pin(8).toggles >= 9


LAST_WORDS = (
    "from applibs import eventloop, gpio, log\n"
    "async def main():\n"
    "    pin = gpio.open_as_output(8)\n"
    "    try:\n"
    "        await eventloop.sleep(1)\n"
    "    finally:\n"
    "        log.debug('still here')\n"
)


@pytest.fixture
def clinger(make_device, write_app):
    """A device with an app that has something to say when it is ended, between an answer and its next turn: only
    then would the kernel's gate hear it (while it waits, the call before is not answered yet)."""
    device = make_device()
    device.install(write_app("clinger", LAST_WORDS, {"Gpio": [8]}))
    device.power_on()
    device.run(0.5)
    device.silicon.clock.advance_us(1_000_000)
    device.rings.kernel.step()
    assert device.rings.tasks.all[0].is_ready
    return device


@pytest.mark.parametrize("how", ["ended by the kernel", "the power goes"])
def test_an_app_that_is_ended_has_no_last_words(clinger, how):
    if how == "the power goes":
        clinger.power_off()
    else:
        clinger.rings.tasks.all[0].end()
    assert clinger.lines("clinger") == []


def test_without_the_end_of_its_gate_it_would_have_had_them(clinger, monkeypatch):
    for task in clinger.rings.tasks.all:
        monkeypatch.setattr(task.app, "_link", task._gate)
    clinger.rings.tasks.all[0].end()
    assert clinger.lines("clinger") == ["still here"]


def test_a_reset_in_the_middle_of_a_run_boots_again_and_goes_on(device, board):
    device.install("blink", arguments=["100"])
    device.power_on()
    device.run(1)
    boots = device.log.count("[kernel] up")
    device.rings.kernel.scheduler._daemons[0].is_done = True  # nobody tends the watchdog any more
    device.run(15)
    assert device.log.count("[kernel] up") == boots + 1
    assert board.pin(8).history[-1][0] > 14_000_000


def test_a_device_that_cannot_boot_says_why_and_stays_off(device, board):
    device.power_on()
    device.power_off()
    for offset in (0, 0x08_0000):  # both copies of the first loader
        board.flip(offset + 4096, 0)
    device.power_on()
    assert not device.is_on and "the device stays off" in device.log
