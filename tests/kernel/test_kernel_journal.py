"""The journal is bounded, says who speaks, and lets nobody speak for another (A13)."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from armillary.kernel import journal
from armillary.wire.fault import Denied
from armillary.wire.stage import parse_line


@pytest.fixture
def device(maker, new_device):
    device = new_device([maker.app_package("loud", capabilities={"Gpio": [8]}), maker.app_package("calm")])
    device.run(0.1)
    device.log()
    return device


def lines(device):
    before = device.log_text
    return device.log()[len(before) :].splitlines()


def test_every_line_carries_the_name_of_its_app(device):
    device.app("loud").port.log("hello")
    device.app("calm").port.log("one\ntwo")
    assert lines(device) == ["app loud: hello", "app calm: one", "app calm: two"]


@pytest.mark.parametrize("text", [
    "[kernel] all is well", "x\n[monitor] stage=kernel type=7", "x\r[rom] stage=a b=c", "\x1b[2J\x1b[H[kernel] up",
    "x\x00\x07\x7f", "app calm: I am calm", "a\u2028[rom] stage=a b=c\x85[rom] stage=a\u2029\x9b2J",
])  # fmt: skip
def test_no_app_can_speak_for_another_or_for_the_system(device, text):
    before = len(device.log().splitlines())
    device.app("loud").port.log(text)
    device.log()
    said = device.log_text.splitlines()[before:]
    assert len(said) == text.count("\n") + 1
    for line in said:
        assert line.startswith("app loud: ") and line.isprintable()
        assert parse_line(line) is None


def test_with_the_name_left_out_an_app_can_forge_a_boot_stage(device, monkeypatch):
    """The flaw."""
    real = journal.Journal._write
    monkeypatch.setattr(
        journal.Journal, "_write", lambda self, line: real(self, line.replace("app loud: ", "", 1))
    )
    device.app("loud").port.log("[monitor] stage=kernel type=7")
    assert parse_line(lines(device)[-1])[0] == "monitor"


def test_an_app_that_shouts_loses_its_own_lines_only(device):
    for number in range(500):
        device.app("loud").port.log("noise %d" % number)
    device.app("calm").port.log("still heard")
    said = lines(device)
    assert len([line for line in said if line.startswith("app loud")]) == journal.BURST
    assert said[-1] == "app calm: still heard"
    device.run(2)
    device.app("loud").port.log("again")
    assert lines(device) == ["app loud: ... 436 lines dropped", "app loud: again"]


@given(st.integers(1, 100), st.integers(1, 50), st.lists(st.integers(0, 3_000_000), max_size=60))
def test_an_allowance_gives_out_no_more_than_burst_and_rate(burst, per_second, pauses):
    allowance, now, taken = journal.Allowance(burst, per_second), 0, 0
    for pause in pauses:
        now += pause
        taken += allowance.take(now)
        assert taken <= burst + now * per_second / 1e6
    assert allowance.refused == len(pauses) - taken


def test_events_are_bounded_and_losses_are_counted(device):
    queue = device.kernel.journal
    queue.events.clear()
    for number in range(journal.MOST_EVENTS + 10):
        queue.record("crash", bytes((number,)) * 16, {"reason": str(number)})
    assert len(queue.events) == journal.MOST_EVENTS and queue.lost == 10
    assert queue.events[0]["detail"]["reason"] == "10"


def test_an_app_that_is_refused_in_many_ways_pushes_out_nobody_elses_events(device):
    device.kernel.journal.record("crash", device.process("loud").component, {"reason": "matters"})
    for pin in range(500):
        with pytest.raises(Denied):
            device.app("calm").port.gpio_open_input(pin)
    assert [event["detail"]["reason"] for event in device.events("crash")] == ["matters"]
    assert len(device.events("boot")) == 1
    denials = device.events("denial")
    assert len(denials) == journal.MOST_OF_ONE and "GPIO 499 " in denials[-1]["detail"]["reason"]


def test_with_that_bound_left_out_they_are_pushed_out(device, monkeypatch):
    """The flaw."""
    monkeypatch.setattr(journal, "MOST_OF_ONE", journal.MOST_EVENTS + 1)
    device.kernel.journal.record("crash", device.process("loud").component, {"reason": "matters"})
    for pin in range(500):
        with pytest.raises(Denied):
            device.app("calm").port.gpio_open_input(pin)
    assert device.events("crash") == []


def test_the_same_event_again_is_counted_instead(device):
    for _ in range(1000):
        with pytest.raises(Denied):
            device.app("loud").port.gpio_open_input(9)
    (event,) = device.events("denial")
    assert event["detail"]["count"] == 1000


def test_a_flood_of_different_denials_does_not_wear_out_the_flash(device):
    before = device.chip.rail.count
    for number in range(2000):
        with pytest.raises(Denied):
            device.app("calm").port.gpio_open_input(number)
    assert device.chip.rail.count - before < 100


def test_what_could_not_be_sent_comes_back_in_order(device):
    queue = device.kernel.journal
    queue.events.clear()
    for number in range(5):
        queue.record("crash", b"", {"reason": str(number)})
    batch = queue.take(3)
    queue.record("crash", b"", {"reason": "5"})
    queue.give_back(batch)
    assert [event["detail"]["reason"] for event in queue.events] == ["0", "1", "2", "3", "4", "5"]
    queue.give_back([{"kind": "crash", "time": 0, "component": "", "detail": {}}] * journal.MOST_EVENTS)
    assert len(queue.events) == journal.MOST_EVENTS


@given(st.dictionaries(st.sampled_from(["reason", "traceback", "policy"]), st.text(max_size=4000)))
def test_a_detail_always_fits_what_the_service_takes(detail):
    found = journal.fitting(detail)
    assert len(json.dumps(found)) <= journal.MOST_DETAIL
    assert set(found) == set(detail)
    for key, value in found.items():
        assert detail[key].endswith(value)


@given(st.dictionaries(st.sampled_from(["reason", "post_mortem", "image"]), st.text(max_size=9000)))
def test_a_post_mortem_keeps_its_beginning_where_the_cause_stands(detail):
    found = journal.fitting(detail, journal.MOST_OF_CRASH)
    assert len(json.dumps(found)) <= journal.MOST_OF_CRASH
    assert detail.get("post_mortem", "").startswith(found.get("post_mortem", ""))


def test_denials_are_in_the_log_that_outlives_a_reset(device):
    with pytest.raises(Denied):
        device.app("loud").port.gpio_open_input(9)
    device.boot()
    assert b"denial" in device.smc.read_log() and b"GPIO 9" in device.smc.read_log()


def test_an_app_cannot_read_any_log(device):
    from armillary.kernel import abi

    assert not [call for call in abi.CALLS if "log" in call.name and call.result.text]
