"""The real-time cores in a process of their own: they work as in one process, and whatever runs there harms nobody."""

import os
import re
import select
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from armillary.boards.sim import asking, boxes, realtime
from armillary.hal import abi
from armillary.hal.sim.box import realtime_calls as calls
from armillary.wire.fault import Invalid, OutOfOrder
from tests.box.cores import (
    CMD_PUSH,
    DATA_PUSH,
    DEAD,
    IO0,
    IO1,
    POP_CNT,
    RUNNING,
    STOPPED,
    SW_EN,
    Bench,
)
from tests.realtime.packages import Builder, load_of, pack
from tests.realtime.test_subsystem import program

ENDLESS = program("for (;;) { }")
FLOOD = program("WORD(0x2101000C) = 0x200; for (;;) { WORD(0x21050014) = 1; WORD(0x21050040) = 1; WORD(0x21040000) = 0x55; WORD(0x38030014) = 1; WORD(0x38030018) = 1; }")


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    return Builder(tmp_path_factory.mktemp("programs"))


@pytest.fixture
def bench(tmp_path):
    made = Bench(tmp_path)
    yield made
    made.close()


# --- it works ---


def test_both_cores_run_and_are_heard(bench, built):
    bench.start(IO0, built("hello"))
    bench.start(IO1, built("hello"))
    bench.until(lambda: bench.said.count(b"] hello from a real-time core\n") == 2)
    assert bench.cores.status(IO0) == bench.cores.status(IO1) == (RUNNING, "", 0, 0)


def test_pins_go_out_and_come_in(bench, built):
    for pin in (8, 12):
        bench.owners.assign(pin, 2)
    bench.silicon.gpio.pull(12, 1)
    copy = program("WORD(0x38030024) = 1; for (;;) { WORD(0x38030010) = WORD(0x38040004) & 1; }")
    bench.start(IO0, built(copy))
    gpio = bench.silicon.gpio
    bench.until(lambda: gpio.read(8) == 1)
    for level in (0, 1, 0):
        gpio.drive(12, level)
        bench.until(lambda wanted=level: gpio.read(8) == wanted)
    bench.cores.stop(IO0)
    assert gpio.mode(8) == 0


def test_a_pin_that_the_world_moves_faster_than_the_process_looks_ends_nobody_and_its_last_level_counts(bench, built):
    for pin in (8, 12):
        bench.owners.assign(pin, 2)
    bench.start(IO0, built(program("WORD(0x38030024) = 1; for (;;) { WORD(0x38030010) = WORD(0x38040004) & 1; }")))
    gpio = bench.silicon.gpio
    for level in (1, 0):
        bench.until(lambda: bench.silicon.realtime._is_ready)
        os.kill(bench.pid, signal.SIGSTOP)
        for number in range(asking.MOST_WAITING + 500 + level):
            gpio.drive(12, number & 1)
        gpio.drive(12, level)
        os.kill(bench.pid, signal.SIGCONT)
        bench.until(bench.silicon.realtime.is_settled)
        bench.until(lambda wanted=level: gpio.read(8) == wanted)
        bench.live(0.1)
        assert gpio.read(8) == level and bench.cores.status(IO0)[0] == RUNNING


def test_a_doorbell_interrupts_the_kernel_and_the_mailbox_answers(bench, built):
    bench.start(IO0, built(program(
        "WORD(0x21050044) = 7; WORD(0x21050040) = 9; WORD(0x21050014) = 1;"
        "while (!WORD(0x21050058)) { } if (WORD(0x21050054) == 0xCAFE) { uart_print(DEBUG_UART, \"got it\\n\"); }")))  # fmt: skip
    bench.main.mailbox_write(IO0, SW_EN, 1)
    bench.until(lambda: select.select([bench.supervisor.boxes.interrupt], [], [], 0)[0])
    bench.until(lambda: bench.main.mailbox_read(IO0, POP_CNT) == 1)
    assert (bench.main.mailbox_read(IO0, 0x54), bench.main.mailbox_read(IO0, 0x50)) == (7, 9)
    bench.main.mailbox_write(IO0, DATA_PUSH, 0xCAFE)
    bench.main.mailbox_write(IO0, CMD_PUSH, 1)
    bench.until(lambda: b"got it" in bench.said)


def test_the_rings_memory_is_one_on_both_sides(bench, built):
    bench.main.write(0x1000, b"early")
    bench.cores.share(IO0, 0x8000_1000, 0x1000)
    bench.start(IO0, built(program("while (WORD(0x80001020) != 5) { } WORD(0x80001040) = WORD(0x80001000);")))
    bench.main.write(0x1020, b"\x05\0\0\0")
    bench.until(lambda: bench.main.read(0x1040, 4) == b"earl")
    bench.cores.stop(IO0)
    assert bench.main.read(0x1040, 4) == b"earl"


def test_a_refused_access_is_told_with_the_report_on_the_death(bench, built):
    traced = []
    bench.supervisor.trace_listeners.append(traced.append)
    bench.start(IO0, built(program("WORD(0x38030014) = 1;")))
    bench.until(lambda: bench.cores.status(IO0)[0] == DEAD)
    state, reason, denials, _ = bench.cores.status(IO0)
    assert denials == 1 and "stands still in a fault handler" in reason
    assert bench.cores.denial(IO0, 0)[4] == "GPIO2.DOUT_SET" and "io0" in [master for master, _, _ in bench.silicon.denials]
    assert any("io0" in line and "GPIO2.DOUT_SET" in line for line in traced)
    size, report = bench.cores.report(IO0)
    report += bench.cores.report(IO0, len(report))[1]
    assert size == len(report) and b"BFAR 0x38030014" in report and b"GPIO2.DOUT_SET" in report


def test_what_is_no_program_is_refused_before_there_is_a_process(bench):
    with pytest.raises(Invalid, match="offset"):
        bench.start(IO0, b"\x7fELF" + bytes(100))
    assert "real-time" not in bench.supervisor.boxes.pids and bench.cores.status(IO0)[0] == STOPPED


def test_a_running_core_is_not_loaded_and_a_stopped_one_is(bench, built):
    bench.start(IO0, built("hello"))
    with pytest.raises(OutOfOrder):
        bench.start(IO0, built("hello"))
    bench.cores.stop(IO0)
    bench.start(IO0, built("hello"))
    bench.until(lambda: b"hello" in bench.said)


def test_the_process_ends_with_the_last_core_and_nothing_is_left(bench, built):
    before = len(os.listdir("/proc/self/fd"))
    bench.start(IO0, built("hello"))
    bench.start(IO1, built("hello"))
    pid = bench.pid
    bench.cores.stop(IO0)
    bench.until(lambda: b"hello" in bench.said)
    bench.cores.stop(IO1)
    bench.until(lambda: not Path(f"/proc/{pid}").exists())
    bench.live(0.1)
    assert len(os.listdir("/proc/self/fd")) == before


# --- it is confined ---


# Cores as their process has them, warmed up, then confined (or not): a program runs, and memory for code is asked for.
LATER = """
import mmap, os, sys, re
import armillary.native as native
from armillary.boards.sim import facts
from armillary.hal.sim.box import confine, realtime
from armillary.hal.sim.silicon import Silicon

native.prepare()
silicon = Silicon(facts)
said = bytearray()
silicon.realtime.said = lambda core, byte: said.append(byte)
machinery = silicon.realtime.made()
realtime.warm_up(machinery)
load = open(sys.argv[1], "rb").read()
places = [line.split() for line in open("/proc/self/maps") if "wx" in line.split()[1]]
size = sum(int(end, 16) - int(begin, 16) for begin, end in (place[0].split("-") for place in places))
if sys.argv[2] == "confined":
    confine.confine(128 * 1024, 0, 64)
silicon.realtime.core_load(3, 0, load)
silicon.realtime.core_start(3, len(load))
silicon.realtime.run(100_000)
try:
    mmap.mmap(-1, 4096, prot=mmap.PROT_READ | mmap.PROT_WRITE | mmap.PROT_EXEC)
    more = "got more"
except OSError:
    more = "no more"
os.write(1, b"%s; %d MiB; %s" % (bytes(said).strip(), size >> 20, more.encode()))
os._exit(0)
"""


@pytest.mark.parametrize("how, more", [("confined", b"no more"), ("open", b"got more")])
def test_all_executable_memory_is_there_before_the_process_is_confined(built, tmp_path, how, more):
    (tmp_path / "load").write_bytes(load_of(pack(built("hello"))))
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parent.parent.parent)}
    done = subprocess.run([sys.executable, "-c", LATER, str(tmp_path / "load"), how], env=environment, capture_output=True, timeout=60)
    assert done.stdout.split(b"; ") == [b"hello from a real-time core", b"127 MiB", more], done.stderr


def test_the_process_is_confined(bench, built):
    bench.start(IO0, built("switcher"))
    bench.until(lambda: b"alive" in bench.said)
    status = Path(f"/proc/{bench.pid}/status").read_text()
    assert re.search(r"^Seccomp:\t2$", status, re.M) and re.search(r"^NoNewPrivs:\t1$", status, re.M)
    assert re.search(r"^CapEff:\t0+$", status, re.M)
    limit = re.search(r"^Max address space +(\d+) +(\d+)", Path(f"/proc/{bench.pid}/limits").read_text(), re.M)
    size = int(re.search(r"^VmSize:\s+(\d+) kB", status, re.M)[1])
    assert limit[1] == limit[2] and int(limit[1]) // 1024 - size <= boxes.REAL_TIME_MEMORY_KIB  # no program makes it more


# --- programs that harm ---


@pytest.mark.parametrize("text", [ENDLESS, FLOOD], ids=["loop", "flood"])
def test_a_program_that_does_not_rest_keeps_the_supervisor_from_nothing(bench, built, text):
    bench.owners.assign(8, 2)
    bench.start(IO0, built(text))
    bench.start(IO1, built(text))
    bench.main.mailbox_write(IO0, SW_EN, 1)
    bench.until(lambda: bench.silicon.realtime._is_ready)
    bench.longest = 0.0
    for _ in range(30):
        assert bench.main.mailbox_read(IO0, 0) == 0x3620_0000
        bench.step()
    assert bench.longest < 0.5  # processor time of a step: a bound for what is taken at once, not a speed
    bench.cores.stop(IO0)
    bench.cores.stop(IO1)
    bench.until(lambda: "real-time" not in bench.supervisor.boxes.pids)


def test_a_kernel_that_writes_faster_than_the_cores_read_costs_them_and_not_the_supervisor(bench, built):
    bench.start(IO0, built(ENDLESS))
    bench.until(lambda: bench.silicon.realtime._is_ready)
    os.kill(bench.pid, signal.SIGSTOP)
    for _ in range(asking.MOST_WAITING + 2):
        bench.main.mailbox_write(IO0, DATA_PUSH, 1)
    assert bench.cores.status(IO0)[:2] == (DEAD, "the process of the real-time cores does not keep up with what it is asked")


def test_a_process_that_does_not_answer_is_ended(bench, built, monkeypatch):
    monkeypatch.setattr(realtime, "PATIENCE_S", 0.2)
    bench.start(IO0, built(ENDLESS))
    bench.until(lambda: bench.silicon.realtime._is_ready)
    os.kill(bench.pid, signal.SIGSTOP)
    bench.supervisor.state = "on"  # then it looks now and then
    assert bench.main.mailbox_read(IO0, POP_CNT) == 0
    assert bench.cores.status(IO0)[:2] == (DEAD, "the process of the real-time cores does not answer")


def test_a_process_that_dies_takes_its_programs_with_it_and_the_device_lives_on(bench, built):
    bench.owners.assign(8, 2)
    bench.start(IO0, built(program("WORD(0x38030014) = 1; WORD(0x38030024) = 1;")))
    bench.start(IO1, built("hello"))
    bench.until(lambda: bench.silicon.gpio.read(8) == 1)
    os.kill(bench.pid, signal.SIGKILL)
    bench.until(lambda: bench.cores.status(IO0)[0] == DEAD)
    for core in (IO0, IO1):
        state, reason, _, _ = bench.cores.status(core)
        assert state == DEAD and reason in ("the process of the real-time cores ended" + how for how in ("", " by signal 9"))
        assert b"no post-mortem" in bench.cores.report(core)[1]
    assert bench.silicon.gpio.read(8) == 0 and bench.main.mailbox_read(IO0, POP_CNT) == 0
    assert bench.supervisor._reset_reason is None
    bench.cores.stop(IO0)
    before = bench.said.count(b"hello")
    bench.start(IO0, built("hello"))
    bench.until(lambda: bench.said.count(b"hello") > before)


def deafen(channel):
    """Have nothing go through `channel` any more."""
    with socket.socket(fileno=os.dup(channel)) as end:
        end.shutdown(socket.SHUT_RDWR)


def test_what_is_asked_of_a_process_that_is_gone_is_answered_all_the_same(bench, built):
    bench.start(IO0, built(ENDLESS))
    bench.until(lambda: bench.silicon.realtime._is_ready)
    deafen(bench.supervisor._real_time_ends[0])
    assert bench.main.mailbox_read(IO0, POP_CNT) == 0
    state, reason, _, _ = bench.cores.status(IO0)
    assert state == DEAD and reason in ("the process of the real-time cores " + how for how in ("is gone", "ended"))


def test_a_process_that_cannot_be_started_leaves_the_core_dead(bench, built, monkeypatch):
    spawn = bench.supervisor.spawn_realtime

    def broken():
        ends = spawn()
        deafen(ends[0])
        return ends

    monkeypatch.setattr(bench.supervisor, "spawn_realtime", broken)
    bench.start(IO0, built("hello"))
    assert bench.cores.status(IO0)[0] == DEAD
    bench.cores.stop(IO0)
    assert bench.cores.status(IO0)[0] == STOPPED


# --- a process that was taken over ---


def events(bench, *messages):
    for call, *values in messages:
        bench.silicon.realtime._take(bytes((call.op, 0)) + call.arguments.pack(values))


def test_a_process_that_was_taken_over_moves_no_pin_that_its_cores_do_not_own(bench, built):
    bench.owners.assign(8, 1)
    bench.owners.assign(9, 2)
    bench.start(IO0, built(ENDLESS))
    events(bench, (calls.DRIVE, 8, 1, 1, calls.NONE), (calls.DRIVE, 9, 1, 1, calls.NONE), (calls.DRIVE, 95, 1, 1, calls.NONE))
    assert bench.silicon.gpio.read(8) == 0 and bench.silicon.gpio.read(9) == 1


@pytest.mark.parametrize("message", [b"", b"\x02", b"\x63\0", b"\x02\0\x08", bytes((2, 0, 8, 9, 9, 9)), b"\x05\0\x03\x01\xff\xff", b"\x04\0" + bytes(4096)])
def test_a_message_that_was_not_agreed_ends_the_process(bench, built, message):
    assert not bench.silicon.realtime._take(message)


def test_what_a_process_tells_is_bounded_and_in_order(bench, built):
    bench.start(IO0, built(ENDLESS))
    told = bench.silicon.realtime
    events(bench, (calls.REPORT, IO0, 4, b"hole"), (calls.REPORT, IO0, 0, b"begin"), (calls.REPORT, IO0, 3, b"back"), (calls.REPORT, IO0, 5, b"-end"))
    assert told.core_report(IO0, 0) == (9, b"begin-end")
    events(bench, (calls.DENIED, IO0, 5, 0, 0, 0, 1, "x", "y"), (calls.STATE, IO1, DEAD, "never started"))
    assert told.core_status(IO0)[2] == 0 and told.core_status(IO1) == (STOPPED, "", 0, 0)


def test_the_bus_knows_of_the_cores_only_what_the_gate_says(bench):
    assert {abi.CORE_STOP, abi.MBOX_READ} <= set(abi.CALLS)
    assert bench.main.mailbox_read(IO0, POP_CNT) == 0
    with pytest.raises(Invalid):
        bench.main.mailbox_read(IO0, 3)
