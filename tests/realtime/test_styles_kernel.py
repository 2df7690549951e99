"""A pre-emptive kernel built on the mechanisms that ports to this processor use: nothing it relies on may be missing."""

import pytest


@pytest.mark.parametrize("level", ["-O1", "-O3"])
def test_a_kernel_switches_floats_blocks_on_queues_and_dozes(rtapp, level):
    app = rtapp("styles/kernel.c", flags=[level])
    app.run_until("dozed\n", timeout_ms=1100)
    assert app.lines() == [
        "Cortex-M4, 3 bits of priority", "items 160", "from the interrupt 113", "sum right", "lost or late 0", "corruptions 0",
        "both watched", "switched", "urgent came through, the tick did not", "ticks 1000", "dozed",
    ]  # fmt: skip
    assert app.now_us == pytest.approx(1_007_500, abs=6_000)  # ticks were masked for some
