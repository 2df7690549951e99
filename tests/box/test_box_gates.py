"""What a hostile ring or app gets through its gates: refusals, each reported, and a device that goes on."""

import re
import runpy
from pathlib import Path

import pytest

GATES = (Path(__file__).parent / "gates.py").read_text()
LOADED = runpy.run_path(str(Path(__file__).parent / "gates.py"))
ATTEMPTS = [(ring, row[0]) for ring, rows in LOADED["DENIED"].items() for row in rows] + [
    (ring, f"start_core_{core}") for ring, cores in LOADED["CORES"].items() for core in cores
]

# An app, taken over: descriptor 3 is its system-call channel, and it needs no library to write to it.
FUZZING_APP = """
import hashlib, os

ENDS = (1, 3, 6)  # exit, wait, crashed: lawful ways to stop

def run(ring):
    answered = 0
    for number in range(20_000):
        block = hashlib.sha256(b"app %d" % number).digest()
        frame = block[2:] * (block[0] % 3) + block[: block[1] % 33]
        if frame and frame[0] % 64 not in ENDS:
            frame = bytes((frame[0] % 64,)) + frame[1:]
            os.write(3, frame)
            answered += bool(os.read(3, 8192))
    os.write(2, b"APP FUZZED %d\\n" % answered)
"""
DEAF_APP = """
import os

def run(ring):
    sent = 0
    try:
        while sent < 100_000:
            os.write(3, bytes((4, sent & 255)))
            sent += 1
    except OSError as problem:
        os.write(2, b"APP DEAF %d\\n" % (problem.errno or 0))
"""
GREEDY_APP = """
def run(ring):
    while True:
        pass
"""


@pytest.fixture(scope="module")
def taken(bench, look_at):
    """A device whose rings are all hostile: (its board while the kernel's program waits, console text)."""
    console, until = look_at
    system = bench.system
    for ring in ("pluton", "monitor", "kernel"):
        system = bench.hostile(system, ring, GATES)
    board = bench.start(bench.provision(system, [bench.blink()]), power=False)
    board.do("drive", pin=20, level=0)
    watching = type(board)(board.folder)
    watching.do("trace")
    board.do("power_on")
    until(lambda: "GATED kernel" in console(board), "end of the hostile kernel's attempts")
    board.do("drive", pin=20, level=1)  # raises an interrupt that the kernel made impossible
    seen = {
        "status": board.do("status"), "denials": board.do("denials")["denials"], "stages": board.do("stages"),
        "uart": board.uart(), "text": console(board),
    }  # fmt: skip
    watching._stream.settimeout(0.2)
    lines = []
    try:
        lines.extend(watching._lines)
    except OSError:
        pass
    seen["trace"] = b"".join(lines)
    watching.close()
    bench.stop(board)
    return seen


@pytest.mark.parametrize("ring, attempt", ATTEMPTS)
def test_a_hostile_ring_is_denied(taken, ring, attempt):
    verdicts = dict(re.findall(rf"GATE {ring} (\w+) (\w+)", taken["text"]))
    assert verdicts[attempt] == "Denied"


@pytest.mark.parametrize("ring", ["monitor", "kernel"])
def test_every_denial_is_reported_with_its_master(taken, ring):
    reported = {call for master, call, _ in taken["denials"] if master == ring}
    if ring == "kernel":  # it came last: the others' denials may have been pushed out by its noise
        assert {"fuse_read", "fuse_blow", "flash_read", "flash_program", "flash_erase", "core_load", "reset"} <= reported
    assert all(why for master, _, why in taken["denials"])


def test_noise_at_every_gate_is_answered_and_ends_nothing(taken):
    answers = dict(re.findall(r"FUZZED (\w+) (\d+)", taken["text"]))
    assert int(answers["bus"]) > 2500 and int(answers["smc"]) > 2500
    assert taken["status"]["state"] == "on" and taken["status"]["resets"] == []
    assert {"pluton", "monitor", "kernel"} <= set(taken["status"]["boxes"])
    assert not [line for line in taken["text"].splitlines() if "Traceback" in line and not line.startswith("task")]


def test_a_kernel_that_takes_no_channels_is_refused_before_it_stops_the_board(taken):
    assert re.search(r"FLOODED Full after \d+", taken["text"])


def test_a_ring_cannot_tell_another_rings_boot_stage(taken):
    assert taken["uart"].count("stage=forged") == 4  # it did come over the wire
    stages = taken["stages"]["stages"]
    assert {(ring, fields["stage"]) for ring, fields in stages} >= {("1BL", "1bl"), ("PLUTON", "monitor"), ("monitor", "kernel")}
    assert "forged" not in {fields["stage"] for _, fields in stages}
    assert [master for master, line in taken["stages"]["forged"]] == ["kernel"] * 4


def test_a_ring_speaks_for_itself_only_on_the_trace(taken):
    assert b"1 kernel forger forged() ok" in taken["trace"]
    for ring in (b"pluton", b"monitor", b"hal"):
        assert b"1 " + ring + b" forger" not in taken["trace"]


@pytest.mark.parametrize("program, sign", [(FUZZING_APP, "APP FUZZED"), (DEAF_APP, "APP DEAF")])
def test_an_apps_noise_stops_neither_the_kernel_nor_another_app(bench, look_at, hostile_app, program, sign):
    console, until = look_at
    apps = [bench.blink(), bench.app("hostile", hostile_app(program))]
    board = bench.start(bench.provision(packages=apps))
    board.wait_uart("[kernel] up")
    before = board.wait_pin(8, 2)
    until(lambda: sign in console(board), sign, 30)
    changes = board.wait_pin(8, len(before) + 6)
    assert max(later[0] - earlier[0] for earlier, later in zip(changes, changes[1:], strict=False)) < 1_000_000
    assert "FUZZED" not in sign or int(re.search(r"APP FUZZED (\d+)", console(board))[1]) > 15_000
    status = board.do("status")
    assert status["state"] == "on" and status["resets"] == []
    assert "Traceback" not in "".join(line for line in console(board).splitlines(True) if line.startswith("kernel"))
    bench.stop(board)


@pytest.mark.slow  # the watchdog takes its ten seconds
def test_with_channels_that_wait_a_deaf_app_would_stop_the_kernel(bench, look_at, hostile_app):
    _, until = look_at
    board = bench.start(bench.provision(packages=[bench.app("hostile", hostile_app(DEAF_APP))]), "waiting")
    until(lambda: board.do("status")["resets"] == ["the watchdog expired"], "reset by the watchdog", 20)
    bench.stop(board)


def test_an_app_that_uses_up_its_time_is_ended_and_another_goes_on(bench, look_at, hostile_app):
    _, until = look_at
    system = bench.with_ring(bench.system, "kernel", {}, {"app_cpu_ms": 1000, "backoff_least_ms": 60_000})
    apps = [bench.blink(), bench.app("hostile", hostile_app(GREEDY_APP))]
    board = bench.start(bench.provision(system, apps))
    board.wait_uart("hostile starts again in 60000 ms")
    before = board.wait_pin(8, 2)
    board.wait_pin(8, len(before) + 4)
    assert board.do("status")["resets"] == []
    bench.stop(board)
