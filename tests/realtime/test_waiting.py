"""Blocking waits at the core's full speed, which vendors' programs spend seconds in: they are counted, not run."""

import pytest

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
