"""Our own programs of the real-time cores, built from C: what they say, what their pins do, and when."""

import pytest

from armillary.boards.mt3620 import build
from armillary.hal.cortexm import elf
from armillary.hal.sim.realtime.program import REGIONS

MS = 1000  # microseconds


@pytest.mark.parametrize("name", build.names())
def test_every_program_builds_and_is_what_a_loader_takes(tmp_path, name):
    build.build(build.folder_of(name), tmp_path / "app")
    program = elf.parse((tmp_path / "app").read_bytes(), REGIONS)
    assert program.is_hard_float and program.stack == 0x0013_0000
    assert program.entry == (0x1000_0000 if name.endswith("_xip") else 0x0010_0000)


def test_hello_says_hello_and_sleeps(rtapp):
    app = rtapp("hello")
    app.run_until("hello from a real-time core\n")
    before = app.cycles
    app.run_for(ms=100)
    assert app.lines() == ["hello from a real-time core"]
    assert app.log == []
    assert app.cycles - before == pytest.approx(26_000 * 100, rel=0.1)


def test_a_line_takes_as_long_as_115200_baud_take(rtapp):
    app = rtapp("hello")
    app.run_until("\n")
    characters = len("hello from a real-time core\r\n")
    assert app.now_us <= characters * 10 * 1_000_000 / 115_200 + 10 * MS
    app = rtapp("hello")
    app.run_for(ms=(characters - 1.5) * 10_000 / 115_200)
    assert not app.uart().endswith("\n")


def test_code_in_flash_runs_there_and_its_data_in_tcm(rtapp):
    app = rtapp("hello_xip")
    app.run_for(ms=20)
    assert app.lines() == ["code in flash", "constants in flash", "data in TCM", "42"]
    assert 0x1000_0000 <= app.symbol("main") < 0x1010_0000 and app.word("counter") == 42


def test_blink_turns_the_led_over_every_half_second_to_the_microsecond(rtapp):
    app = rtapp("blink")
    app.run_until("blinking")
    app.run_for(ms=5000)
    history = app.pin(8).history[1:]  # the first change is from the floating pin to dark
    assert [level for _, level in history] == [0, 1] * 5
    gaps = [after - before for (before, _), (after, _) in zip(history, history[1:], strict=False)]
    assert all(abs(gap - 500 * MS) <= 1 for gap in gaps)


def test_two_runs_are_the_same_to_the_instruction(rtapp):
    runs = []
    for _ in range(2):
        app = rtapp("switcher")
        app.run_for(ms=250)
        runs.append((app.uart(), app.cycles, app.word("fast_runs"), bytes(app.core.tcm)))
    assert runs[0] == runs[1]


def test_the_watchdog_resets_what_no_longer_kicks_it(rtapp):
    app = rtapp("watchdog")
    app.run_until("kick 3\n")
    kicked = app.now_us
    app.run_until("started again by the watchdog\n")
    assert app.lines() == ["started by power-on", "kick 1", "kick 2", "kick 3", "started again by the watchdog"]
    assert app.now_us - kicked == pytest.approx(500 * MS, abs=20 * MS)


def test_the_mpu_refuses_each_attempt_at_its_address_and_nothing_is_written(rtapp):
    app = rtapp("mpu_fault")
    app.run_until("faults: 3\n")
    assert app.lines() == [
        "MPU regions: 8", f"refused to touch {app.symbol('vault'):#010x}", f"refused to touch {app.symbol('guard') + 63 * 4:#010x}",
        f"refused to execute {app.symbol('code_in_data'):#010x}", "the vault is as it was, faults: 3",
    ]  # fmt: skip
    assert app.word("vault") == 0x600D and app.word("guard") == 0


def test_without_the_mpu_the_same_attempts_succeed(rtapp, tmp_path):
    source = (build.RTAPPS / "mpu_fault/main.c").read_text().replace("MPU_CTRL = 1 | 4;", "MPU_CTRL = 0;")
    (tmp_path / "open.c").write_text(source)
    app = rtapp(tmp_path / "open.c")
    app.run_until("faults: 0\n")
    assert "the vault was opened" in app.uart() and app.word("vault") == 0xBAD


@pytest.mark.slow
def test_three_tasks_share_the_core_and_keep_their_floating_point_registers(rtapp):
    app = rtapp("switcher")
    app.run_for(ms=1050)
    lines = app.lines()
    assert lines[0] == "three tasks" and len(lines) >= 10
    assert all(line.endswith(", slow alive, sum right") for line in lines[1:])
    assert app.word("fast_runs") == 105
    assert app.cycles == pytest.approx(197_600 * 1050, rel=0.01)  # the PLL


HOLDERS = r"""
#include "kernel.h"
#include "uart.h"
static struct task one, other, judge;
static volatile uint32_t lost, laps;
static void hold(uint32_t value, uint32_t pause) {
    for (;;) {
        uint32_t first, last;
        __asm__ volatile("vmov s16, %2\n\tvmov s31, %2\n\tmov r0, #200\n1:\tsubs r0, #1\n\tbne 1b\n\tvmov %0, s16\n\tvmov %1, s31"
                         : "=&r"(first), "=&r"(last) : "r"(value) : "r0", "cc", "s16", "s31");
        lost += first != value || last != value;
        laps++;
        task_sleep(pause);
    }
}
static void hold_one(void) { hold(111, 1); }
static void hold_other(void) { hold(222, 0); }
static void watch(void) {
    task_sleep(300);
    uart_print(DEBUG_UART, lost ? "registers lost\n" : laps > 1000 ? "registers kept\n" : "nothing done\n");
    for (;;) { task_sleep(1000); }
}
int main(void) {
    uart_open(DEBUG_UART);
    task_create(&judge, watch, 2);
    task_create(&one, hold_one, 1);
    task_create(&other, hold_other, 0);
    kernel_start();
}
"""


def holders(folder, old="", new=""):
    """A program of two tasks that hold values in registers of the floating-point unit, on a kernel that may be changed."""
    for name in ("kernel.c", "kernel.h"):
        text = (build.RTAPPS / "switcher" / name).read_text()
        assert old in text or name != "kernel.c"
        (folder / name).write_text(text.replace(old, new) if old else text)
    (folder / "main.c").write_text(HOLDERS)
    return folder


def test_the_switch_keeps_the_floating_point_registers_of_every_task(rtapp, tmp_path):
    rtapp(holders(tmp_path)).run_until("registers kept", timeout_ms=400)


def test_a_switch_that_leaves_them_out_is_found_out(rtapp, tmp_path):
    rtapp(holders(tmp_path, "vldmiaeq r0!, {s16-s31}", "addeq r0, #64")).run_until("registers lost", timeout_ms=400)
