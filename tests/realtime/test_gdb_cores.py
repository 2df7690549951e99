"""A debugger on both cores at once: threads, whose breakpoints, registers and memory are told apart."""

import os
import re
import shutil
import subprocess
import threading

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from armillary.boards.mt3620 import build
from armillary.hal.cortexm import elf
from armillary.hal.cortexm.gdb import Channel, Server, Session
from armillary.hal.cortexm.symbols import Symbols
from armillary.hal.sim.realtime.chip import Chip
from armillary.hal.sim.realtime.program import REGIONS, ChipGroup, Watched

SOURCE = """
#include "cortex.h"
#include "uart.h"
volatile int me = ME, rounds, shared;
__attribute__((noinline)) int work(int one) { rounds += one; return rounds; }
int main(void) {
    for (;;) {
        work(ME);
        if (rounds == 40) { shared = ME; }
        for (volatile int pause = 0; pause < 20; pause++) { }
    }
}
"""


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    """The ELF files of the first and the second core: the same code, but for a constant."""
    folder = tmp_path_factory.mktemp("cores")
    (folder / "app.c").write_text(SOURCE)
    for me in (10, 20):
        build.build_files([folder / "app.c"], folder / f"{me}.elf", [f"-DME={me}"])
    return folder / "10.elf", folder / "20.elf"


def group_of(built):
    chip, programs = Chip(cores=2), []
    for core, path in zip(chip.cores, built, strict=True):
        data = path.read_bytes()
        programs.append(Watched(chip, core, elf.parse(data, REGIONS), Symbols(data)))
    return ChipGroup(chip, programs, lambda: None), chip


@pytest.fixture
def debug(built, tmp_path):
    """debug(commands) is what GDB prints when it debugs both."""
    def run(*commands):
        assert shutil.which("gdb-multiarch"), "gdb-multiarch is missing: apt-get install gdb-multiarch"
        server = Server()
        thread = threading.Thread(target=server.serve, args=(group_of(built)[0],), daemon=True)
        thread.start()
        script = tmp_path / "script"
        lines = ["set pagination off", "set confirm off", "set width 0", f"target remote 127.0.0.1:{server.port}", *commands, "detach", "quit"]
        script.write_text("\n".join(lines) + "\n")
        environment = {**os.environ, "HOME": str(tmp_path), "LC_ALL": "C"}
        done = subprocess.run(["gdb-multiarch", "-nx", "-batch", "-x", script, built[0]], capture_output=True, text=True, timeout=60, env=environment)
        thread.join(20)
        server.close()
        assert not thread.is_alive(), done.stdout + done.stderr
        return done.stdout + done.stderr
    return run


def test_both_cores_are_threads_with_their_names(debug):
    out = debug("info threads")
    assert re.search(r"\* 1 +Thread 1 \(IO0\)", out) and re.search(r" 2 +Thread 2 \(IO1\)", out)


def test_a_breakpoint_stops_whichever_core_comes_to_it(debug):
    out = debug("break work", *["continue", "print me"] * 4)
    assert "Thread 1 " in out and "Thread 2 " in out
    values = [int(line.split(" = ")[1]) for line in out.split("\n") if line.startswith("$")]
    assert sorted(set(values)) == [10, 20]


def test_each_thread_has_its_own_registers_and_memory(debug):
    out = debug("break work", "continue", "continue", "thread 1", "print $r0", "print me", "thread 2", "print $r0", "print me")
    found = dict(re.findall(r"^\$(\d+) = (\d+)$", out, re.MULTILINE))
    assert [found[str(number)] for number in (2, 4)] == ["10", "20"]


def test_a_breakpoint_may_be_for_one_thread(debug):
    out = debug("break work thread 2", *["continue", "print me"] * 3)
    assert re.findall(r"^\$\d+ = (\d+)$", out, re.MULTILINE) == ["20"] * 3


def test_a_watchpoint_tells_which_core_wrote(debug):
    out = debug("watch shared", "continue", "print me", "continue", "print me")
    assert sorted(re.findall(r"^\$\d+ = (\d+)$", out, re.MULTILINE)) == ["10", "20"]


def test_a_step_is_of_the_thread_that_was_chosen(debug):
    out = debug("break work", "continue", "continue", "delete", "thread 2", "print/x $pc", "stepi", "print/x $pc", "thread 1", "monitor time")
    first, second = (int(value, 16) for value in re.findall(r"^\$\d+ = (0x[0-9a-f]+)$", out, re.MULTILINE))
    assert 0 < second - first <= 4
    assert re.search(r"IO0: 0\.\d+ s, \d+ cycles; IO1: 0\.\d+ s, \d+ cycles", out)


def test_the_cores_stay_together_while_one_is_stepped(built):
    group, chip = group_of(built)
    for _ in range(500):
        assert group.step(2, is_alone=False)[0] == 2
    one, two = (core.machine for core in chip.cores)
    assert two.cycles == 500 and abs(one.now - two.now) < 100 * 152


def test_a_core_that_stood_still_meanwhile_catches_up(built):
    group, chip = group_of(built)
    for _ in range(500):
        assert group.step(2)[0] == 2
    one, two = (core.machine for core in chip.cores)
    assert (one.cycles, two.cycles) == (0, 500)
    group.resume()
    assert abs(one.now - two.now) < 100 * 152


def test_a_core_that_stops_on_the_way_to_where_another_stopped_is_told_of_too(built):
    group, chip = group_of(built)
    session = Session(group, Channel(None))
    work = next(each for each in group.threads[0].watched.symbols.functions if each.name == "work").address
    assert session.answer(b"Z0,%x,2" % work) == "OK"
    stops = [group.resume() for _ in range(6)]
    assert [number for number, _ in stops].count(1) == 3 and [number for number, _ in stops].count(2) == 3


def test_a_debugger_does_not_change_what_the_cores_do(built):
    group, chip = group_of(built)
    plain = group_of(built)[1]
    for number in (1, 2):
        chip.cores[number - 1].machine.watch("x", 0x0010_1000, 2)
    while chip.scheduler.now < 1_000_000:
        group.resume()
    plain.run(chip.scheduler.now)
    assert [core.machine.cycles for core in chip.cores] == [core.machine.cycles for core in plain.cores]


@pytest.mark.parametrize(("request_", "answer"), [
    ("qfThreadInfo", "m1,2"), ("qsThreadInfo", "l"), ("T1", "OK"), ("T2", "OK"), ("T3", "E01"), ("T0", "E01"), ("Hg2", "OK"), ("Hg3", "E01"),
    ("Hc-1", "OK"), ("Hg0", "OK"), ("qThreadExtraInfo,2", b"IO1".hex()), ("qThreadExtraInfo,9", "E01"), ("vCont;s:2;c", "T05thread:2;"),
    ("vCont;s:1", "T05thread:1;"), ("vCont;s:5", "E01"), ("qC", "QC1"), ("?", "T05thread:1;"),
])  # fmt: skip
def test_requests_about_threads_have_their_answers(built, request_, answer):
    session = Session(group_of(built)[0], Channel(None))
    assert session.answer(request_.encode()) == answer


def test_the_chosen_thread_is_whose_registers_are_read(built):
    session = Session(group_of(built)[0], Channel(None))
    session.answer(b"P0=01000000")
    session.answer(b"Hg2")
    assert session.answer(b"p0") == "00000000"
    session.answer(b"Hg1")
    assert session.answer(b"p0") == "01000000"


def test_breakpoints_that_do_not_fit_into_both_stand_in_neither(built):
    group, chip = group_of(built)
    session = Session(group, Channel(None))
    for number in range(32):
        chip.cores[1].machine.watch("x", 0x0010_0000 + 2 * number, 2)
    assert session.answer(b"Z0,101000,2") == "E01"
    for number in range(32):  # the first core has room for as many as before
        chip.cores[0].machine.watch("x", 0x0010_0000 + 2 * number, 2)


@given(st.lists(st.one_of(st.binary(max_size=30), st.tuples(st.sampled_from([b"Hg", b"Hc", b"T", b"qThreadExtraInfo,", b"vCont;s:", b"Z0,", b"z0,", b"g", b"p", b"m"]),
                                                             st.binary(max_size=12)).map(b"".join)), max_size=5))  # fmt: skip
@settings(max_examples=40, deadline=None)
def test_no_packet_breaks_the_server_of_two(built, packets):
    session = Session(group_of(built)[0], Channel(None))
    for each in packets:
        if each[:1] not in (b"c", b"k", b"D") and not each.startswith((b"vKill", b"vCont;c", b"vCont;C")):
            assert isinstance(session.answer(each), str | bytes)
