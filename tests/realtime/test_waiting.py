"""Blocking waits at the core's full speed, which vendors' programs spend seconds in: they are counted, not run."""

import pytest

from armillary.hal.sim.realtime.time import MILLISECOND

WAIT = """#include "cortex.h"
#include "uart.h"
int main(void) {
    volatile uint32_t *word = (volatile uint32_t *)0x2200FF00u;
    uart_open(DEBUG_UART);
    uart_print(DEBUG_UART, "ready\\n");
    while (!*word) { }
    uart_print(DEBUG_UART, "seen\\n");
    for (;;) { }
}
"""
WORD = 0xFF00  # of SYSRAM, from 0x22000000 on
COUNTS = 993  # of GPT1, which the program waits for: a second


def reads_while_waiting(app):
    """How often the register of the count was really read until the wait was over."""
    gpt, reads = app.block("GPT"), []
    reader = gpt._readers[0x44]
    gpt._readers[0x44] = lambda: reads.append(1) or reader()
    app.run_until("waited\n", timeout_ms=1100)
    assert app.now_us == pytest.approx(1_000_000, abs=15_000)
    return len(reads)


def test_a_core_that_runs_alone_reads_a_slow_counter_a_few_times_for_each_count(rtapp):
    assert COUNTS <= reads_while_waiting(rtapp("styles/waiting.c")) < 50 * COUNTS


def test_cores_that_both_run_keep_to_their_turns_and_read_it_more_often(rtapp):
    app = rtapp("styles/waiting.c")
    other = app.chip.cores[1]
    other.tcm[:] = app.core.tcm
    other.start(app.core.entry)
    assert reads_while_waiting(app) > 50 * COUNTS
    assert other.machine.cycles == pytest.approx(app.cycles, rel=0.01)


@pytest.fixture
def both(rtapp, tmp_path):
    """A program that waits in memory, on both cores, for some time already."""
    (tmp_path / "wait.c").write_text(WAIT)
    app = rtapp(tmp_path / "wait.c")
    other = app.chip.cores[1]
    other.tcm[:] = app.core.tcm
    other.start(app.core.entry)
    app.run_until("ready\n")
    app.run_for(ms=30)
    return app


def test_cores_that_both_wait_in_memory_cost_nothing(both):
    counts = [core.machine.cover(0x100000, 0x8000, [])[0] for core in both.chip.cores]
    both.run_for(ms=100)
    assert max(max(count) for count in counts) < 50_000  # of 866 667 rounds


@pytest.mark.parametrize("number", [0, 1])
def test_what_the_main_core_writes_ends_a_wait_in_memory_at_once(both, number):
    core, scheduler = both.chip.cores[number], both.chip.scheduler

    def write():
        core.sysram[WORD : WORD + 4] = b"\1\0\0\0"
        core.tell_written(0x2200FF00, b"\1\0\0\0")

    scheduler.at(scheduler.now + 7 * MILLISECOND, write, "main core writes")
    both.run_for(ms=20)
    assert [core.console.text().count("seen") for core in both.chip.cores] == [1 - number, number]


def test_what_somebody_changes_between_two_runs_ends_it_too(both):
    both.chip.cores[1].sysram[WORD] = 1
    both.run_for(ms=20)
    assert [core.console.text().count("seen") for core in both.chip.cores] == [0, 1]
