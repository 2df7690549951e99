"""`armillary rt run`: programs as they are built, run alone; what they say, and how they end."""

import io
import json
import os
import re
import shutil
import signal
import subprocess
import sys

import pytest
from click.testing import CliRunner
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from vcd.reader import TokenKind, tokenize

from armillary.cli.main import cli
from armillary.cli.rt_run import parse_sent, parse_time
from armillary.hal.sim.realtime.time import SECOND
from armillary.wire import asxipfs, guid, image

LINKER = """ENTRY(vectors)
SECTIONS { .text 0x00100000 : { KEEP(*(.vectors)) *(.text*) *(.rodata*) } .data : { *(.data*) *(.bss*) } }"""
COMMON = """
#define R(a) (*(volatile unsigned *)(a))
void hang(void);
static void put(const char *s) { while (*s) { while (!(R(0x21040014) & 0x20)) { } R(0x21040000) = *s++; } }
static void open_uart(void) { R(0x2104000c) = 3; R(0x21040024) = 3; R(0x21040028) = 224; R(0x21040008) = 1; }
void hang(void) { for (;;) { } }
void reset(void);
__attribute__((section(".vectors"), used, aligned(512))) void (*const vectors[32])(void) = {(void (*)(void))0x00130000, reset, hang, hang};
"""
HELLO = COMMON + """
__attribute__((noinline)) void idle(void) { for (;;) __asm__("wfi"); }
void reset(void) { open_uart(); put("hello from IO0\\n"); idle(); }
"""
FAULT = COMMON + """
__attribute__((noinline)) int touch(volatile int *at) { int value = *at; return value + 1; }
void reset(void) { open_uart(); put("now\\n"); touch((volatile int *)0x50000000); for (;;) { } }
"""
ECHO = COMMON + """
void reset(void) { open_uart(); for (;;) { if (R(0x21040014) & 1) { char c[2] = {R(0x21040000) & 0xff, 0}; put(c); } } }
"""


@pytest.fixture
def built(tmp_path):
    """built(source) is the path of its ELF."""
    def build(source, linker=LINKER):
        assert shutil.which("arm-none-eabi-gcc"), "arm-none-eabi-gcc is missing: apt-get install gcc-arm-none-eabi"
        (tmp_path / "app.c").write_text(source)
        (tmp_path / "app.ld").write_text(linker)
        command = ["arm-none-eabi-gcc", "-mcpu=cortex-m4", "-mthumb", "-O1", "-g", "-ffreestanding", "-nostdlib", "-Wl,-n",
                   "-Wl,--build-id=none", "-T", "app.ld", "-o", "app.elf", "app.c"]  # fmt: skip
        done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=60)
        assert done.returncode == 0, done.stderr
        return tmp_path / "app.elf"
    return build


def run(*words):
    """click's result of `armillary rt run`."""
    result = CliRunner().invoke(cli, ["rt", "run", *[str(word) for word in words]])
    assert "Traceback" not in result.output and "defect" not in result.output, result.output
    return result


def test_what_a_program_says_is_printed_and_the_text_ends_it(built):
    result = run(built(HELLO), "--until", "from IO0")
    assert (result.exit_code, result.stdout) == (0, "hello from IO0")


def test_a_time_ends_it_as_well(built):
    result = run(built(HELLO), "--until", "5ms", "--output", "json")
    shown = json.loads(result.stdout)
    assert (result.exit_code, shown["ended"], shown["time_s"], shown["cycles"]) == (0, "time", 0.005, 130_000)
    assert shown["uart"] == {"debug": "hello from IO0\n"}


def test_a_text_that_is_not_said_by_the_limit_has_its_own_status(built):
    assert run(built(HELLO), "--until", "good bye", "--limit", "20ms").exit_code == 4


def test_either_core_runs_it(built):
    assert run(built(HELLO), "--core", 1, "--until", "from IO0").exit_code == 0


def test_a_run_is_the_same_each_time(built):
    path = built(HELLO)
    assert len({run(path, "--until", "from", "--trace", "all", "--output", "json").output for _ in range(3)}) == 1


def test_a_program_that_dies_is_reported(built, tmp_path):
    result = run(built(FAULT), "--post-mortem", tmp_path / "report.txt")
    assert (result.exit_code, result.stdout) == (3, "now\n")
    report = (tmp_path / "report.txt").read_text()
    assert report and report in result.stderr
    for words in ("stands still in a fault handler", "CFSR.BFARVALID: the address is in BFAR: 0x50000000", "touch", "(app.c:", "UART.DATA"):
        assert words in result.stderr


def test_a_program_that_lives_has_no_report(built, tmp_path):
    assert run(built(HELLO), "--until", "2ms", "--post-mortem", tmp_path / "report.txt").exit_code == 0
    assert not (tmp_path / "report.txt").exists()


def test_where_nothing_can_be_written_nothing_is_run(built, tmp_path):
    result = run(built(HELLO), "--until", "2ms", "--pins", tmp_path / "nowhere" / "out.vcd")
    assert result.exit_code == 1 and "nowhere" in result.stderr and result.stdout == ""


def test_a_handler_that_does_things_for_ever_is_a_death_too(built):
    busy = FAULT.replace("void hang(void) { for (;;) { } }", "void hang(void) { for (;;) put(\"!\"); }")
    result = run(built(busy), "--limit", "5ms")
    assert result.exit_code == 3 and "was in a fault handler when its time was over" in result.stderr


def test_a_watchdog_may_end_a_standstill(built):
    source = FAULT.replace('put("now\\n");', 'put("now\\n"); R(0x21020034) = 1 << 5 | 8; R(0x21020038) = 0x1971; R(0x21020030) = 0x2201;')
    result = run(built(source), "--until", "now\nnow", "--limit", "1s")
    assert (result.exit_code, result.stdout) == (0, "now\nnow")


def test_a_program_may_run_from_flash(built):
    source = HELLO.replace("hello from IO0", "hello from flash")
    path = built(source, LINKER.replace("0x00100000", "0x10000000").replace(".data :", ".data 0x00100000 :"))
    assert run(path, "--until", "from flash").exit_code == 0


@pytest.mark.parametrize("number, status", [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_an_interrupted_run_writes_what_it_has(built, tmp_path, number, status):
    command = [sys.executable, "-m", "armillary.cli.main", "rt", "run", built(HELLO.replace('"wfi"', '"nop"')), "--limit", "1000000s",
               "--coverage", tmp_path / "out.info"]  # fmt: skip
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout.readline() == "hello from IO0\n"
            process.send_signal(number)
            assert process.wait(60) == status
        finally:
            if process.poll() is None:
                process.send_signal(signal.SIGKILL)
    assert "FNDA:1,reset" in (tmp_path / "out.info").read_text()


def test_a_uart_may_be_written_to_a_file(built, tmp_path):
    result = run(built(HELLO), "--uart", f"debug={tmp_path / 'uart.log'}", "--until", "2ms")
    assert result.stdout == "" and (tmp_path / "uart.log").read_bytes() == b"hello from IO0\n"


def test_what_is_sent_arrives(built):
    result = run(built(ECHO), "--send", "debug@1ms=ab\\n", "--until", "b\n", "--limit", "1s")
    assert (result.exit_code, result.stdout) == (0, "ab\n")


def test_a_trace_names_functions_and_registers(built, tmp_path):
    run(built(HELLO), "--until", "from", "--trace", "all", "--trace-file", tmp_path / "trace")
    lines = (tmp_path / "trace").read_text().split("\n")
    assert lines[0].endswith(" reset") and any(re.search(r"UART\.DATA <- 0x00000068  \((put|reset)\)", line) for line in lines)


def test_coverage_is_written_for_lcov(built, tmp_path):
    path = built(HELLO)
    run(path, "--until", "3ms", "--coverage", tmp_path / "out.info")
    text = (tmp_path / "out.info").read_text()
    assert f"SF:{path.with_name('app.c')}" in text and "FNDA:1,idle" in text and "FNDA:0,hang" in text


def test_pins_are_written_as_a_waveform(built, tmp_path):
    source = COMMON + """
    void reset(void) {
        R(0x38010024) = 1;
        for (int round = 0; round < 3; round++) { R(0x38010014) = 1; for (volatile int n = 0; n < 1000; n++) { } R(0x38010018) = 1; for (volatile int n = 0; n < 1000; n++) { } }
        for (;;) __asm__("wfi");
    }"""
    run(built(source), "--until", "3ms", "--pins", tmp_path / "out.vcd")
    names, changes, now, unit = {}, {}, 0, None
    for token in tokenize(io.BytesIO((tmp_path / "out.vcd").read_bytes())):
        if token.kind is TokenKind.TIMESCALE:
            unit = (int(token.data.magnitude), token.data.unit.value)
        elif token.kind is TokenKind.VAR:
            names[token.data.id_code] = token.data.reference
        elif token.kind is TokenKind.CHANGE_TIME:
            now = token.data
        elif token.kind is TokenKind.CHANGE_SCALAR:
            changes.setdefault(names[token.data.id_code], []).append((now, token.data.value))
    assert unit == (1, "ns") and set(names.values()) == {f"GPIO{pin}" for pin in range(94)} == set(changes)
    edges = changes.pop("GPIO0")[1:]
    assert [level for _, level in edges] == list("101010") and now == 3_000_000
    widths = [later - earlier for (earlier, _), (later, _) in zip(edges, edges[1:], strict=False)]
    assert max(widths) - min(widths) < 1000 < min(widths), "all alike, and of more than a thousand rounds"
    assert {name: each for name, each in changes.items() if each != [(0, "0")]} == {"GPIO12": [(0, "1")], "GPIO13": [(0, "1")]}, "the buttons"


def test_an_unknown_register_is_told_of_once(built):
    result = run(built(COMMON + "void reset(void) { for (int n = 0; n < 5; n++) R(0x21040ff0) = n; for (;;) __asm__(\"wfi\"); }"), "--until", "1ms")
    assert result.stderr.count("unknown register 0x21040ff0") == 1


def package(elf, kind="RealTimeCapable"):
    """An image package with an app of `kind`."""
    component = "6ae2bdc1-4d37-4bd8-a0b1-52a45b3a2fd6"
    text = {"SchemaVersion": 1, "Name": "hello", "ComponentId": component, "EntryPoint": "/bin/app", "CmdArgs": [],
            "Capabilities": {}, "ApplicationType": kind}  # fmt: skip
    body = asxipfs.pack([("app_manifest.json", json.dumps(text).encode(), False), ("bin/app", elf.read_bytes(), True)])
    return image.build(body, image.APPLICATIONS, guid.to_bytes(component), bytes(16), "hello", 0, bytes(20), lambda signed: bytes(64))


def test_an_image_package_runs_as_its_program_does(built, tmp_path):
    path = tmp_path / "hello.imagepackage"
    path.write_bytes(package(built(HELLO)))
    assert run(path, "--until", "IO0").stdout == "hello from IO0"


def test_an_app_of_the_main_core_is_refused(built, tmp_path):
    path = tmp_path / "hello.imagepackage"
    path.write_bytes(package(built(HELLO), "Default"))
    result = run(path)
    assert result.exit_code == 1 and "an app of the main core" in result.stderr


def test_a_broken_package_is_refused_with_its_offset(built, tmp_path):
    path = tmp_path / "hello.imagepackage"
    whole = package(built(HELLO))
    path.write_bytes(whole[:100] + b"\xff" + whole[101:])
    result = run(path)
    assert result.exit_code == 1 and "offset 0x" in result.stderr and result.stdout == ""


def test_what_is_no_program_is_refused_with_its_offset(tmp_path):
    path = tmp_path / "broken.elf"
    path.write_bytes(b"\x7fELF" + bytes(60))
    result = run(path)
    assert result.exit_code == 1 and result.stdout == ""
    assert result.stderr.startswith(f"armillary: {path} is not a program for a real-time core: not a 32-bit ELF file, at offset 0x4\n  to go on: give")


@given(data=st.data())
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_damaged_program_runs_or_is_refused_and_nothing_else(built, tmp_path, data):
    whole = bytearray(built(HELLO).read_bytes() if not (tmp_path / "app.elf").exists() else (tmp_path / "app.elf").read_bytes())
    for _ in range(data.draw(st.integers(1, 8))):
        whole[data.draw(st.integers(0, len(whole) - 1))] = data.draw(st.integers(0, 255))
    path = tmp_path / "damaged.elf"
    path.write_bytes(whole)
    assert run(path, "--limit", "2ms", "--until", "hello").exit_code in (0, 1, 3, 4)


@pytest.mark.parametrize("words", [["--uart", "isu9"], ["--limit", "soon"], ["--send", "debug"], ["--until", ""], ["--core", "2"]])
def test_wrong_usage_is_refused(built, words):
    assert run(built(HELLO), *words).exit_code == 2


@pytest.mark.parametrize("text, ticks", [("1s", SECOND), ("1.5ms", SECOND * 3 // 2000), ("7us", 7 * SECOND // 1_000_000), ("1", None), ("s", None), ("-1s", None)])
def test_times_have_units(text, ticks):
    assert parse_time(text) == ticks


def test_what_is_sent_may_have_escapes():
    assert parse_sent("isu0@2s=a\\x00\\n=b") == ("isu0", 2 * SECOND, b"a\x00\n=b")


def test_gdb_debugs_it(built, tmp_path):
    path = built(HELLO)
    command = [sys.executable, "-m", "armillary.cli.main", "rt", "run", str(path), "--gdb", "0", "--until", "IO0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        try:
            port = re.search(r"127\.0\.0\.1:(\d+)", process.stderr.readline())[1]
            script = tmp_path / "script"
            script.write_text(f"set confirm off\ntarget remote 127.0.0.1:{port}\nbreak idle\ncontinue\nbacktrace\nprint/x *(unsigned *)0x2104000c\n"
                              "monitor time\nmonitor reset\nmaintenance flush register-cache\ninfo symbol $pc\ndelete\ndetach\n")  # fmt: skip
            environment = {**os.environ, "HOME": str(tmp_path), "LC_ALL": "C"}
            done = subprocess.run(["gdb-multiarch", "-nx", "-batch", "-x", script, path], capture_output=True, text=True, timeout=60, env=environment)
            out, _ = process.communicate(timeout=60)
        finally:
            if process.poll() is None:
                process.send_signal(signal.SIGKILL)
    assert "Breakpoint 1, idle" in done.stdout and "in reset ()" in done.stdout and "$1 = 0x3" in done.stdout
    assert re.search(r"0\.00\d+ s, \d+ cycles", done.stdout + done.stderr) and "reset in section" in done.stdout
    # At the reset some of the first line is still in the transmitter.
    assert process.returncode == 0 and re.fullmatch(r"hello from IO?0?\n?hello from IO0", out)


def test_a_program_is_built_and_runs(tmp_path):
    built = CliRunner().invoke(cli, ["rt", "build", "hello", "-o", str(tmp_path / "hello.elf")])
    assert (built.exit_code, built.stdout) == (0, f"wrote {tmp_path / 'hello.elf'}: {(tmp_path / 'hello.elf').stat().st_size} bytes\n"), built.output
    assert run(tmp_path / "hello.elf", "--until", "hello", "--limit", "1s").exit_code == 0


def test_a_program_that_is_not_there_is_refused():
    result = CliRunner().invoke(cli, ["rt", "build", "no_such_program"])
    assert result.exit_code == 1 and "no folder no_such_program" in result.stderr


def test_the_uart_of_an_isu_is_shown(built):
    source = COMMON + """
    void reset(void) {
        R(0x3807050c) = 3; R(0x38070524) = 3; R(0x38070528) = 224; R(0x38070508) = 1;
        for (const char *s = "isu0 here"; *s; s++) { while (!(R(0x38070514) & 0x20)) { } R(0x38070500) = *s; }
        for (;;) __asm__("wfi");
    }"""
    assert run(built(source), "--uart", "isu0", "--until", "here", "--limit", "50ms").stdout == "isu0 here"


TWO_UARTS = COMMON + """
static void at(unsigned base, const char *s) { while (*s) { while (!(R(base + 0x14) & 0x20)) { } R(base) = *s++; } }
static void open_at(unsigned base) { R(base + 0xc) = 3; R(base + 0x24) = 3; R(base + 0x28) = 24; R(base + 8) = 1; }
void reset(void) { open_at(0x38070500); open_at(0x38080500); open_uart(); %s for (;;) __asm__("wfi"); }
"""
ISU0_SPEAKS, ISU1_SPEAKS = 'at(0x38070500, "isu0\\n");', 'at(0x38080500, "from isu1\\n");'


def test_the_uart_that_speaks_first_is_shown_unasked(built):
    result = run(built(TWO_UARTS % (ISU0_SPEAKS + ISU1_SPEAKS + 'put("debug\\n");')), "--until", "20ms")
    assert sorted(result.stdout.split()) == ["debug", "isu0"]
    assert "WARNING: the UART isu1 said 10 bytes that were not shown: --uart isu1" in result.stderr


def test_its_text_ends_the_run_and_programs_read_it(built):
    result = run(built(TWO_UARTS % (ISU1_SPEAKS + ISU1_SPEAKS)), "--until", "isu1", "--output", "json")
    assert result.exit_code == 0 and json.loads(result.stdout)["uart"] == {"debug": "", "isu1": "from isu1"}


def test_beside_a_debug_uart_that_spoke_first_no_other_is_shown_unasked(built):
    result = run(built(TWO_UARTS % ('put("debug\\n");' + ISU0_SPEAKS)), "--until", "20ms")
    assert result.stdout == "debug\n" and "isu0 said 5 bytes" in result.stderr


def test_what_was_asked_for_is_all_that_is_shown(built):
    result = run(built(TWO_UARTS % (ISU0_SPEAKS + ISU1_SPEAKS)), "--uart", "isu1", "--until", "20ms")
    assert result.stdout == "from isu1\n" and "not shown" not in result.stderr


def test_registers_of_an_isu_have_names_in_a_trace(built):
    source = COMMON + "void reset(void) { R(0x38070528) = 224; for (;;) __asm__(\"wfi\"); }"
    assert "ISU0 UART.SAMPLE_COUNT <- 0x000000e0" in run(built(source), "--until", "1ms", "--trace", "peripherals").stderr


NULL = COMMON + """
struct part { unsigned kind, *base; };
static struct part *volatile none;
void reset(void) { open_uart(); *none->base = none->kind + 1; put("still here\\n"); for (;;) __asm__("wfi"); }
"""


def test_a_null_pointer_reads_zero_and_is_told_of(built):
    lived = run(str(built(NULL)), "--until", "here", "--limit", "10ms")
    assert lived.exit_code == 0 and "still here" in lived.stdout
    assert "IO0 low memory: 0x004 is read: a null pointer?" in lived.stderr and "IO0 low memory: 0x000 is written" in lived.stderr


def test_a_null_pointer_is_a_death_where_that_is_asked_for(built):
    died = run(str(built(NULL)), "--until", "here", "--limit", "10ms", "--null-faults")
    assert died.exit_code == 3 and "the address is in BFAR: 0x00000004" in died.stderr and "low memory" not in died.stderr


def test_no_program_runs_in_low_memory(built):
    jumps = COMMON + 'void reset(void) { open_uart(); ((void (*)(void))1)(); put("back\\n"); hang(); }'
    assert run(str(built(jumps)), "--until", "back", "--limit", "10ms").exit_code == 3


EARLY = COMMON + """
struct list { unsigned length; };
static struct list *volatile tasks;
static unsigned volatile ticks;
static void tick(void) { if (tasks->length == 0) ticks++; }
static void fault(void) { put("fault\\n"); for (;;) { } }
__attribute__((aligned(512))) static void (*volatile table[16])(void);
void reset(void)
{
    open_uart();
    for (int number = 0; number < 16; number++)
        table[number] = fault;
    table[15] = tick;
    R(0xe000ed08) = (unsigned)table;
    R(0xe000e014) = 25999;
    R(0xe000e010) = 7;
    while (ticks < 3) { }
    put("before the lists were made\\n");
    for (;;) __asm__("wfi");
}
"""


def test_a_tick_may_come_before_the_kernel_has_made_its_lists(built):
    """MediaTek's start-up arms SysTick before FreeRTOS has begun, and its handler reads through the kernel's null pointers."""
    assert run(str(built(EARLY)), "--until", "before the lists were made", "--limit", "10ms").exit_code == 0
