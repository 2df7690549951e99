"""A program whose core its own watchdog resets: it begins again, and apps can talk to it once more."""

import pytest

from armillary.kernel.intercore import Intercore
from tests.realtime.pairs import ECHO, Author

# Answers five messages of each run, then hangs with interrupts off: half a second later its watchdog bites.
HANGS = """
#include "wdt.h"
static struct message message;
int main(void) {
    uart_open(DEBUG_UART);
    uart_print(DEBUG_UART, WDT_STATUS & WDT_TIMED_OUT ? "bitten\\n" : "begun\\n");
    rings_open();
    wdt_start(WDT_TICKS_A_SECOND / 2);
    for (unsigned answers = 0; answers < 5; answers++) {
        while (rings_receive(&message) <= 0) { wait_for_interrupt(); }
        (void)rings_send(&message);
        wdt_kick();
    }
    disable_interrupts();
    for (;;) { }
}
"""
FOR_EVER = "int main(void) { REGISTER(0x21020044u) = 0x1209u; for (;;) { } }"  # resets itself at once


@pytest.fixture
def author(tmp_path):
    return Author(tmp_path)


@pytest.fixture
def paired(device, author):
    device.install(author.asker())
    device.install(author.program(HANGS))
    device.power_on()
    return device


def rounds(device):
    """What the app got of each run of the program."""
    found = [[]]
    for line in device.lines("talker"):
        if line.isdigit():
            found[-1].append(line)
        else:
            found.append([])
    return [one for one in found if one]


FIVE = ["1", "2", "3", "4", "5"]


def test_the_app_is_told_and_connects_anew(paired):
    paired.run(10)
    assert rounds(paired)[:4] == [FIVE] * 4
    assert any("Errno 104" in line for line in paired.lines("talker")) and paired.denials == []
    assert "[IO0] bitten" in paired.log and paired.log.count("program starts again") == 0


def test_with_the_reset_not_heard_of_nobody_talks_to_it_again(paired, monkeypatch):
    """The flaw."""
    monkeypatch.setattr(Intercore, "was_reset", lambda self, component, since_us: None)
    paired.run(20)
    assert rounds(paired) == [FIVE] and "[IO0] bitten" in paired.log


def test_it_is_reported_with_how_often(service, paired):
    paired.run(5)
    reports = service.reports("crash")
    assert {row["component"] for row in reports} == {ECHO}
    assert {"has reset the core" in row["detail"]["reason"] for row in reports} == {True}
    assert "program: its core was reset (3 times by now)" in paired.log


def test_one_that_resets_itself_for_ever_keeps_nobody_from_anything(device, author):
    device.install("blink")
    device.install(author.program(FOR_EVER))
    device.power_on()
    device.run(30)
    assert device.board.pin(8).half_period_ms == 500
    assert len([line for line in device.log.splitlines() if "its core was reset" in line]) < 45
    assert "fell over" not in device.log


@pytest.mark.armillary(mode="boxed")
def test_the_app_is_told_and_connects_anew_in_boxes(paired):
    assert paired.run_until(lambda: len(rounds(paired)) > 2, 40), paired.log
    assert rounds(paired)[:2] == [FIVE] * 2
    assert paired.denials == []


@pytest.mark.armillary(mode="boxed")
def test_one_that_resets_itself_for_ever_keeps_nobody_from_anything_in_boxes(device, author):
    device.install("blink")
    device.install(author.program(FOR_EVER))
    device.power_on()
    assert device.run_until(lambda: "its core was reset" in device.log, 20), device.log
    before = device.board.pin(8).toggles
    assert device.run_until(lambda: device.board.pin(8).toggles > before + 3, 20)
    assert "fell over" not in device.log
