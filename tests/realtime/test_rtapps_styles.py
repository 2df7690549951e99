"""Drivers in the styles of several vendors, whose third-party programs are written so: each must find its chip."""

import pytest


def test_the_plain_style_busy_waits_and_arms_one_shots_while_basepri_is_1(rtapp):
    app = rtapp("styles/polled.c")
    app.run_until("ticks: 9\n")
    assert app.lines() == ["one second, ticks: 9"]
    assert app.now_us == pytest.approx(1_005_000, abs=15_000)


def test_the_queued_style_says_and_hears_by_interrupts(rtapp):
    app = rtapp("styles/queued.c")
    app.run_for(ms=100)
    app.send("hello")
    app.run_until("heard hello\n", timeout_ms=1500)
    assert app.lines() == ["a line that is longer than the FIFO holds"] * 12 + ["heard hello"]
    assert app.now_us == pytest.approx(1_000_000, abs=15_000)


def test_the_layered_style_changes_one_pin_by_reading_the_reset_register(rtapp):
    app = rtapp("styles/layered.c")
    app.run_until("singles 2\n", uart="isu0")
    assert app.uart("isu0") == "repeats 4, singles 2\n"
    assert [app.pin(pin).level for pin in (8, 9, 10)] == [1, 0, 1]
    assert app.now_us == pytest.approx(42_000, abs=10_000)


def test_the_streamed_style_gets_every_result_by_dma(rtapp):
    app = rtapp("styles/streamed.c")
    app.analog(3, 1.25)
    app.run_until("mean ")
    app.run_for(ms=2)
    assert app.lines() == ["copied", "120 results, mean 2047"]
    assert app.now_us == pytest.approx(122_000, abs=15_000)
    assert app.log == []
