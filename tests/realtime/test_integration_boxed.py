"""The same pairs where every ring, every app and the real-time cores are confined processes of the host."""

import pytest

from tests.realtime.pairs import Author
from tests.realtime.test_integration import BLINK, DEAF, LIAR, OUTSIDE, SENDS
from tests.realtime.test_integration_random import ANYTHING
from tests.realtime.test_integration_updates import MORTAL

pytestmark = pytest.mark.armillary(mode="boxed")
RINGS_ALL_THE_TIME = "int main(void) { rings_open(); disable_interrupts(); for (;;) { MBOX_SOFTWARE_SEND = 3u; } }"


@pytest.fixture
def author(tmp_path):
    return Author(tmp_path)


def until(device, words, timeout=30):
    assert device.run_until(lambda: words in device.log, timeout), device.log


def test_an_app_and_a_real_time_app_talk_in_boxes(device):
    device.install("intercore")
    device.install("intercore_echo")
    device.power_on()
    assert device.run_until(lambda: len(device.lines("intercore")) > 5, 30), device.log
    assert all(line.startswith("answer to question ") for line in device.lines("intercore"))
    assert device.denials == []


def test_a_death_in_its_box_is_a_crash_with_the_post_mortem_and_it_starts_again(device, author):
    device.install(author.asker())
    device.install(author.program(OUTSIDE))
    device.power_on()
    until(device, "program starts again in 1000 ms")
    until(device, "program starts again in 2000 ms")
    assert device.crashes[0].app == "program" and "stands still in a fault handler" in device.crashes[0].reason
    assert any("CFSR.PRECISERR" in line for line in device.lines("program"))
    assert any("Errno 104" in line for line in device.lines("talker"))


def test_a_pin_outside_of_the_manifest_is_a_denial_with_the_register(device, author):
    device.install(author.program(BLINK, peers=()))
    device.power_on()
    until(device, "program crashed")
    assert any(denial.rule == "firewall.real_time" and "GPIO2" in denial.reason for denial in device.denials)


def test_a_lie_in_the_rings_ends_the_connection_and_nothing_else(device, author):
    device.install(author.app(SENDS))
    device.install(author.program(LIAR))
    device.install("blink")
    device.power_on()
    assert device.run_until(lambda: device.lines("talker") == ["104"], 30), device.log
    assert "a write position of 4032" in device.log and device.crashes == []
    before = device.board.pin(8).toggles
    assert device.run_until(lambda: device.board.pin(8).toggles > before + 1, 20)


def test_the_way_back_to_another_claim_restarts_the_device_once(service, device, author):
    device.install(author.asker())
    device.install(author.echo())
    device.power_on()
    until(device, "app talker: 40", 60)  # it has lived through its probation
    device.install(author.program(MORTAL, capabilities={"Gpio": [8]}), version=2)
    until(device, "went back to an image with another claim", 60)
    before = len(device.lines("talker"))
    assert device.run_until(lambda: any(line.isdigit() for line in device.lines("talker")[before:]), 30), device.log
    device.run(3)
    assert device.log.count("[kernel] restarting") == 2  # into the update, and back
    assert device.run_until(lambda: service.reports("crash"), 40)  # of before the second restart
    assert [row["detail"]["result"] for row in service.reports("update")] == ["reverted", "installed"]


@pytest.mark.slow
def test_doorbells_without_end_are_ended_and_a_neighbour_goes_on(make_device, author):
    device = make_device(config={"intercore_stall_ms": 5000})
    device.install(author.app(SENDS))
    device.install(author.program(RINGS_ALL_THE_TIME))
    device.install("blink")
    device.power_on()
    assert device.run_until(lambda: device.lines("talker"), 120), device.log
    assert device.lines("talker") == ["104"]  # for its doorbells, or because it reads nothing: whatever is told first
    assert "rings for nothing" in device.log or "has read nothing" in device.log
    before = device.board.pin(8).toggles
    assert device.run_until(lambda: device.board.pin(8).toggles > before + 3, 20)


@pytest.mark.slow
def test_a_program_that_does_anything_in_its_box_hurts_nobody_but_itself(device, author):
    device.install(author.app(SENDS))
    device.install(author.program(ANYTHING.replace("SEED", "77u")))
    device.install("blink")
    device.power_on()
    device.run(6)
    before = device.board.pin(8).toggles
    assert device.run_until(lambda: device.board.pin(8).toggles > before + 3, 20)
    assert "fell over" not in device.log and device.log.count("[kernel] up\n") == 1 and device.lines("talker") in ([], ["104"])


@pytest.mark.slow
def test_a_program_that_never_reads_loses_its_connection(make_device, author):
    device = make_device(config={"intercore_stall_ms": 3000})
    device.install(author.app(SENDS))
    device.install(author.program(DEAF))
    device.power_on()
    assert device.run_until(lambda: device.lines("talker"), 60), device.log
    assert device.lines("talker") == ["104"] and "has read nothing for 3 s" in device.log
