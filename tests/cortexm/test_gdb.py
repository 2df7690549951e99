"""A debugger attaches to the machine: gdb-multiarch itself, and every packet that it may send."""

import os
import shutil
import socket
import subprocess
import threading

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from armillary.hal.cortexm import elf
from armillary.hal.cortexm.gdb import Channel, Ended, Server, Session
from armillary.hal.cortexm.machine import Machine
from armillary.hal.cortexm.target import Target

REGION = elf.Region("TCM", 0x100000, 0x30000)
SOURCE = """
volatile int counter, total;
float ratio = 1.5f;
__attribute__((noinline)) int add(int one, int other) { total += one; return one + other; }
__attribute__((noinline)) void work(int round) { counter = add(counter, round); }
void reset(void) {
    *(volatile unsigned *)0xe000ed88 |= 0xf << 20;
    for (int round = 1;; round++) { ratio *= 2.0f; work(round); }
}
"""


class Plain:
    """A device whose word at 4 counts reads."""

    def __init__(self):
        self.reads = 0

    def read(self, offset, size):
        self.reads += 1
        return self.reads if offset == 4 else 0xABCD

    def write(self, offset, size, value):
        pass


def target_of(path):
    data = path.read_bytes()
    machine = Machine()
    machine.map_ram(REGION.address, REGION.size)
    machine.map_device(0x40000000, 0x1000, Plain(), "PLAIN")
    program = elf.parse(data, [REGION])
    elf.load(program, machine)
    machine.reset(program.entry)
    return Target(machine, [REGION], program.entry, 20_000)


@pytest.fixture
def debug(compiled, tmp_path):
    """debug(commands) is what GDB prints when it debugs SOURCE."""
    def run(*commands, source=SOURCE, handlers="0"):
        assert shutil.which("gdb-multiarch"), "gdb-multiarch is missing: apt-get install gdb-multiarch"
        path, server = compiled(source, handlers), Server()
        thread = threading.Thread(target=server.serve, args=(target_of(path),), daemon=True)
        thread.start()
        script = tmp_path / "script"
        lines = ["set pagination off", "set confirm off", "set width 0", "set print entry-values no", f"target remote 127.0.0.1:{server.port}", *commands, "detach", "quit"]
        script.write_text("\n".join(lines) + "\n")
        environment = {**os.environ, "HOME": str(tmp_path), "LC_ALL": "C"}
        done = subprocess.run(["gdb-multiarch", "-nx", "-batch", "-x", script, path], capture_output=True, text=True, timeout=60, env=environment)
        thread.join(20)
        server.close()
        assert not thread.is_alive()
        return done.stdout + done.stderr
    return run


def test_gdb_stops_at_a_breakpoint_and_sees_arguments_and_callers(debug):
    out = debug("break add", "continue", "continue", "info args", "backtrace")
    assert "Breakpoint 1, add (one=1, other=2)" in out
    assert "one = 1" in out and "other = 2" in out
    frames = [line for line in out.split("\n") if line.startswith("#")]
    assert [name for name in ("add", "work", "reset") if any(name + " (" in line for line in frames)] == ["add", "work", "reset"]


def test_gdb_steps_by_instruction_and_by_line(debug):
    out = debug("break work", "continue", "print/x $pc", "stepi", "print/x $pc", "delete", "step", "finish", "info symbol $pc")
    values = [int(line.split("=")[1], 16) for line in out.split("\n") if line.startswith("$")]
    assert 0 < values[1] - values[0] <= 4
    assert "add (one=0, other=1)" in out
    assert "work + " in out.split("Value returned")[1]


def test_gdb_reads_and_changes_registers_and_memory(debug):
    out = debug("break add", "continue", "set $r1 = 100", "set var total = 41", "finish", "print total", "print counter",
                "print $s0", "print $msp == $sp", "print/x $control", "print/x $xpsr >> 24 & 1", "print/x {unsigned}&vectors")  # fmt: skip
    assert "Value returned is $1 = 100" in out
    for line in ("$2 = 41", "$3 = 0", "$5 = 1", "$6 = 0x4", "$7 = 0x1", "$8 = 0x130000"):
        assert line in out.split("\n")


def test_gdb_stops_where_a_variable_changes(debug):
    out = debug("watch total", "continue", "continue")
    assert "Hardware watchpoint 1: total" in out
    assert "New value = 1" in out
    assert "add (" in out


def test_gdb_stops_where_a_variable_is_read(debug):
    out = debug("rwatch counter", "continue")
    assert "Hardware read watchpoint 1: counter" in out and "work (" in out


def test_gdb_reads_registers_of_the_system_and_of_devices(debug):
    out = debug("print/x *(unsigned *)0xe000ed00", "print/x *(unsigned *)0x40000000", "print/x *(unsigned *)0x40000004",
                "print/x *(unsigned *)0x30000000")  # fmt: skip
    assert "$1 = 0x410fc241" in out and "$2 = 0xabcd" in out and "$3 = 0x2" in out  # it counts what is read
    assert "Cannot access memory at address 0x30000000" in out


def test_monitor_tells_the_time_and_resets(debug):
    out = debug("break add", "continue", "monitor time", "monitor reset", "maintenance flush register-cache", "print $pc == (unsigned)&reset", "monitor what")
    assert "ticks" in out and "$1 = 1" in out and "monitor commands: reset" in out


def test_gdb_is_told_of_a_lock_up(debug):
    source = "void reset(void) { __asm__ volatile(\"udf #0\"); }"
    assert "SIGSEGV" in debug("continue", source=source, handlers="0, reset")


@pytest.fixture
def session(compiled):
    """A session whose debugger is the test, and the debugger's end."""
    ours, theirs = socket.socketpair()
    with ours, theirs:
        theirs.settimeout(20)
        yield Session(target_of(compiled(SOURCE)), Channel(ours)), theirs


def packet(text):
    return b"$" + text + b"#%02x" % (sum(text) & 0xFF)


def test_an_interrupt_stops_a_running_program(session):
    serving, debugger = session
    debugger.sendall(packet(b"c") + b"\x03")
    thread = threading.Thread(target=lambda: pytest.raises(Ended, serving.run), daemon=True)
    thread.start()
    heard = b""
    while b"T02" not in heard:
        heard += debugger.recv(100)
    debugger.shutdown(socket.SHUT_RDWR)
    thread.join(20)
    assert not thread.is_alive()


def test_a_packet_with_a_wrong_sum_is_asked_for_again(session):
    serving, debugger = session
    debugger.sendall(b"$m100000,4#00" + packet(b"m100000,4"))
    assert serving.channel.receive() == b"m100000,4"
    assert debugger.recv(10) == b"-+"


def test_what_a_packet_escapes_arrives_as_it_was(session):
    serving, debugger = session
    debugger.sendall(packet(b"X120000,4:}\x03}\x04}]}\n"))
    assert serving.answer(serving.channel.receive()) == "OK"
    assert serving.target.machine.read_memory(0x120000, 4) == b"#$}*"


@pytest.mark.parametrize("request_, answer", [
    ("?", "T05thread:1;"), ("qC", "QC1"), ("qfThreadInfo", "m1"), ("vCont?", "vCont;c;C;s;S"), ("vMustReplyEmpty", ""), ("m100000,4", "00001300"),
    ("m0,4", "E0e"), ("mzz,4", "E01"), ("M120000,2:aabb", "OK"), ("M120000,3:aabb", "E01"), ("M0,1:00", "E0e"), ("p0f", "8e001000"), ("pff", "E01"),
    ("P0=01000000", "OK"), ("P0=0100", "E01"), ("Z9,0,0", "E01"), ("Z2,0,ffffffffff", "E01"), ("Z0,-2,2", "E01"), ("s1ffffffff", "E01"), ("m-4,4", "E0e"), ("Z0,100080,2", "OK"), ("z0,100080,2", "OK"), ("H", "OK"),
    ("qXfer:features:read:target.xml:0,10", "m<?xml version=\"1"), ("qXfer:features:read:other.xml:0,10", ""), ("Qwhat", ""), ("!", ""),
])  # fmt: skip
def test_requests_have_their_answers(session, request_, answer):
    serving, _ = session
    if request_ == "p0f":
        answer = (serving.target.machine.get("pc") & ~1).to_bytes(4, "little").hex()
    assert serving.answer(request_.encode()) == answer


def test_the_33rd_breakpoint_is_refused(session):
    serving, _ = session
    answers = [serving.answer(b"Z0,%x,2" % (0x100100 + 2 * number)) for number in range(33)]
    assert answers == ["OK"] * 32 + ["E01"]


@given(st.lists(st.binary(max_size=40), max_size=4))
@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
def test_no_packet_breaks_the_server(session, packets):
    serving, _ = session
    for each in packets:
        if each[:1] not in (b"c", b"k", b"D", b"v"):
            assert isinstance(serving.answer(each), str | bytes)


def test_a_breakpoint_in_the_program_itself_stops_for_the_debugger_only(debug, compiled):
    source = 'void reset(void) { for (;;) { __asm__ volatile("bkpt #1"); } }'
    assert "SIGTRAP" in debug("continue", "info symbol $pc", source=source)
    machine = target_of(compiled(source)).machine
    assert str(machine.run(1000)) == "lockup"
