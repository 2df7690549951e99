"""`armillary rt run`: what a person is told, and where."""

import os
import subprocess
import sys

import pytest

from tests.realtime.packages import pack
from tests.realtime.test_rt_cli import run

HELLO = """
#include "cortex.h"
#include "uart.h"
__attribute__((noinline, noreturn)) static void idle(void) { for (;;) { wait_for_interrupt(); } }
int main(void) { uart_open(DEBUG_UART); uart_print(DEBUG_UART, "hello from IO0\\n"); idle(); }
"""


@pytest.fixture
def hello(built):
    """The ELF file of a program that says one line."""
    return built.path(HELLO)


def test_a_text_that_does_not_come_is_told_with_the_place_of_the_program(hello):
    result = run(hello, "--until", "hallo", "--limit", "20ms")
    assert (result.exit_code, result.stdout) == (4, "hello from IO0\n")
    lines = result.stderr.split("\n")
    assert lines[0] == "armillary: 'hallo' was not said within 0.02 s"
    assert lines[1].startswith("  IO0 is at 0x") and "idle" in lines[1] and lines[1].endswith("it last used UART.DATA")


def test_a_package_is_one_whatever_its_file_is_called(tmp_path, hello):
    (tmp_path / "hello.bin").write_bytes(pack(hello.read_bytes()))
    assert run(tmp_path / "hello.bin", "--until", "hello").exit_code == 0


def test_a_terminal_gets_its_line_ended_and_a_pipe_the_bytes_as_they_are(hello):
    command = [sys.executable, "-m", "armillary.cli.main", "rt", "run", hello, "--until", "from"]
    ours, theirs = os.openpty()
    try:
        assert subprocess.run(command, stdout=theirs, timeout=60).returncode == 0
        assert os.read(ours, 100) == b"hello from\r\n"
    finally:
        os.close(ours)
        os.close(theirs)
    assert subprocess.run(command, capture_output=True, timeout=60).stdout == b"hello from"


@pytest.mark.parametrize("option", ["--save", "--post-mortem", "--trace-file", "--pins", "--coverage", "--record"])
def test_what_cannot_be_written_at_the_end_is_told_before_anything_is_run(hello, tmp_path, option):
    place = tmp_path / "nowhere" / "out"
    result = run(hello, "--until", "10ms", option, place)
    assert (result.exit_code, result.stdout) == (1, "") and f"armillary: {place}: No such file or directory" in result.stderr


def test_what_was_there_stays_if_nothing_comes_of_the_run(hello, tmp_path):
    for name in ("state", "report"):
        (tmp_path / name).write_bytes(b"before")
    result = run(hello, "--until", "1ms", "--save", tmp_path / "state", "--post-mortem", tmp_path / "report", "--restore", tmp_path / "state")
    assert result.exit_code == 1 and "not a state" in result.stderr
    assert (tmp_path / "state").read_bytes() == (tmp_path / "report").read_bytes() == b"before"
    assert not list(tmp_path.glob(".*"))


def test_an_output_does_not_fall_on_the_program_or_on_another_output(hello, tmp_path):
    before = hello.read_bytes()
    for option in ("--pins", "--save", "--coverage", "--post-mortem", "--trace-file", "--record", "--sound"):
        result = run(hello, "--until", "1ms", option, hello)
        assert result.exit_code == 2 and "is read by this run: write to another file" in result.stderr, option
    result = run(hello, "--until", "1ms", "--uart", f"debug={tmp_path / 'out'}", "--pins", tmp_path / "out")
    assert result.exit_code == 2 and "is written by this run already" in result.stderr
    assert hello.read_bytes() == before and not (tmp_path / "out").exists()


def test_outputs_may_all_go_to_devices(hello):
    assert run(hello, "--until", "1ms", "--pins", "/dev/null", "--coverage", "/dev/null").exit_code == 0


@pytest.mark.parametrize("text", ["\\x", "\\u12", "\\N{nothing}", "\\"])
def test_an_escape_that_is_none_is_refused_in_words(hello, text):
    result = run(hello, "--until", "1ms", "--send", "debug=" + text)
    assert result.exit_code == 2 and "an escape that is none" in result.stderr


def test_a_full_disk_is_told_with_the_file(hello, tmp_path):
    (tmp_path / "out.vcd").symlink_to("/dev/full")
    result = run(hello, "--until", "1ms", "--pins", tmp_path / "out.vcd")
    assert result.exit_code == 1 and f"{tmp_path / 'out.vcd'}: No space left on device" in result.stderr
