"""Events that the service has not taken survive a reset, and none is counted twice."""

from __future__ import annotations

import contextlib

import pytest

from armillary.hal.sim.power import PowerLost
from armillary.kernel import kept, reports
from armillary.kernel.journal import MOST_EVENTS, Allowance
from armillary.kernel.kept import KeptEvents
from armillary.monitor.telemetry import Telemetry
from armillary.wire.fault import Denied, Failed


@pytest.fixture
def offline(cloud, maker, new_connected, kit):
    """A device with an app, known to the service, that cannot reach it."""
    device = new_connected([maker.app_package("probe")])
    device.run(40)
    device.network.name(kit.SERVICE, 443, lambda: None)
    return device


def online(device, kit, cloud):
    device.network.name(kit.SERVICE, 443, cloud.peer)


def deny(device, pin=9):
    with pytest.raises(Denied):
        device.app().port.gpio_open_input(pin)


def told(cloud, kind="denial"):
    return [report["detail"]["reason"] for report in cloud.reports(kind)]


def test_what_was_not_sent_before_a_reset_is_sent_after_it(offline, cloud, kit):
    deny(offline)
    offline.app().port.crashed("Traceback\nKeyError: 'x'")
    offline.app().die(1)
    offline.run(1)
    happened = {event["kind"]: event["time"] for event in offline.kernel.journal.events}
    offline.boot()
    online(offline, kit, cloud)
    offline.run(40)
    (denial,), (crash,) = cloud.reports("denial"), cloud.reports("crash")
    assert "GPIO 9" in denial["detail"]["reason"] and "KeyError" in crash["detail"]["traceback"]
    assert (denial["time"], crash["time"]) == (happened["denial"], happened["crash"])
    assert offline.smc.get_telemetry(0) == (0, b"")


def test_what_was_sent_is_not_sent_again_after_a_reset(cloud, maker, new_connected):
    device = new_connected([maker.app_package("probe")])
    device.run(5)
    deny(device)
    device.run(40)
    assert len(cloud.reports("denial")) == 1 and device.smc.get_telemetry(0) == (0, b"")
    device.boot()
    device.run(40)
    assert len(cloud.reports("denial")) == 1


def test_one_that_was_taken_while_the_answer_was_lost_is_not_counted_twice(offline, cloud, kit, monkeypatch):
    deny(offline)
    offline.run(1)
    monkeypatch.setattr(KeptEvents, "sent", lambda self: None)  # the reset comes before the device hears of it
    online(offline, kit, cloud)
    offline.kernel._reports_due.set()
    offline.run(40)
    assert len(told(cloud)) == 1
    monkeypatch.undo()
    offline.boot()
    offline.run(40)
    assert len(told(cloud)) == 1 and offline.smc.get_telemetry(0) == (0, b"")


def test_without_its_id_it_would_be(offline, cloud, kit, monkeypatch):
    """The flaw."""
    monkeypatch.setattr(KeptEvents, "sent", lambda self: None)
    real = reports.Reports._send

    def send(self):
        for number, event in enumerate(self._journal.events):
            event["id"] = kept.name(self._clock.uptime_us() & 0xFFFF_FFFF, "%024x" % number)
        yield from real(self)

    monkeypatch.setattr(reports.Reports, "_send", send)
    deny(offline)
    offline.run(1)
    online(offline, kit, cloud)
    offline.run(40)
    offline.boot()
    offline.run(45)
    assert len(told(cloud)) == 2


def test_events_of_before_go_first_and_in_order(offline, cloud, kit):
    for pin in (9, 10, 11):
        deny(offline, pin)
    offline.run(1)
    offline.boot()
    deny(offline, 12)
    offline.run(1)
    offline.boot()
    offline.run(0.1)
    reasons = [event["detail"]["reason"] for event in offline.events("denial")]
    assert [[str(pin) in reason for pin in (9, 10, 11, 12)].index(True) for reason in reasons] == [0, 1, 2, 3]
    online(offline, kit, cloud)
    offline.run(100)
    assert sorted(told(cloud)) == sorted(reasons)


def test_a_boot_is_not_made_to_wait_for_it(offline, kit, maker):
    before = offline.chip.rail.count
    offline.boot()
    wrote = offline.chip.rail.count
    offline.run(0.02)
    assert offline.chip.rail.count == wrote
    offline.run(0.1)
    assert offline.chip.rail.count > wrote > before  # the log's record of the boot is written at once


def test_nobody_reads_them_in_flash(offline):
    deny(offline)
    offline.run(1)
    _, stored = offline.smc.get_telemetry(0)
    assert b"reason" not in stored and b"denial" not in stored
    layout = offline.chip.flash.read(0x1_4000, 0x4000)
    assert b"GPIO 9" not in layout


def test_what_somebody_forged_is_dropped_and_said(offline, cloud, kit):
    deny(offline)
    offline.run(1)
    offline.smc.record_telemetry(b"forged" * 20)
    own = offline.kernel._kept._own
    offline.smc.record_telemetry(own.seal(b'{"kind":"crash"}', kept.PURPOSE))
    offline.smc.record_telemetry(own.seal(b'{"kind":"crash"}', b"another purpose"))
    offline.boot()
    offline.run(1)
    assert "3 kept events are not what this device wrote" in offline.log()
    assert len(offline.events("denial")) == 1


def test_a_flood_of_denials_leaves_room_for_crashes_and_wears_nothing_out(offline):
    before = offline.chip.rail.count
    for number in range(3000):
        deny(offline, number)
        offline.run(0.01)
    writes = offline.chip.rail.count - before
    allowance = offline.kernel._kept._allowance
    assert allowance._left_us >= (kept.FLOOR - 1000) * 1_000_000
    assert writes < 500
    offline.app().port.crashed("Traceback\nKeyError: 'x'")
    offline.app().die(1)
    offline.run(1)
    offline.boot()
    offline.run(1)
    assert len(offline.events("crash")) == 1


def test_a_worn_out_flash_is_said_once_and_events_are_sent_all_the_same(offline, cloud, kit, monkeypatch):
    def fail(self, data):
        raise Failed("worn out")

    monkeypatch.setattr(Telemetry, "_keep", fail)
    for pin in (9, 10):
        deny(offline, pin)
        offline.run(1)
    assert offline.log().count("an event could not be kept") == 1
    online(offline, kit, cloud)
    offline.run(100)
    assert len(told(cloud)) == 2


def test_what_is_kept_is_bounded_and_the_oldest_go(offline, monkeypatch):
    monkeypatch.setattr(kept, "FLOOR", 0)
    for number in range(400):
        offline.kernel.journal.record("denial", bytes((number % 7 + 1,)) * 16, {"reason": "number %d" % number + "x" * 300})
        offline.kernel._kept.keep()
    offline.boot()
    offline.run(0.1)
    restored = [event["detail"]["reason"].split("x")[0] for event in offline.events("denial")]
    numbers = [int(reason.split()[1]) for reason in restored]
    assert numbers == sorted(numbers) and 5 <= len(numbers) <= 64 and numbers[0] > 50


def test_what_is_known_of_events_is_bounded_while_the_service_is_never_reached(offline):
    kernel = offline.kernel
    kernel._kept._allowance = Allowance(10**9, 1)
    for number in range(3 * MOST_EVENTS):  # of one app, which pushes out its own, but for the first
        kernel.journal.record("crash", bytes([number > 0] * 16), {"reason": str(number)})
        kernel._kept.keep()
    waiting = [event["id"] for event in kernel.journal.events]
    assert len(waiting) > 1 and set(waiting) <= set(kernel._kept._numbers) and len(kernel._kept._numbers) <= 2 * MOST_EVENTS


def test_whatever_operation_the_power_fails_in_each_event_is_told_once(offline, cloud, kit):
    """At keeping, at sending, at forgetting: at most the event whose keeping was cut is lost."""
    saved, cut = offline.chip.snapshot(), 0
    has_failed = True
    while has_failed:
        cut += 1
        offline.chip.restore(saved)
        offline.network.name(kit.SERVICE, 443, lambda: None)
        offline.boot()
        offline.run(0.2)
        offline.chip.rail.fail_after(cut)
        marker, are_kept = [200 + 2 * cut, 201 + 2 * cut], []
        with contextlib.suppress(PowerLost):
            has_failed = True
            for pin in marker:
                deny(offline, pin)
                offline.run(0.1)
                are_kept.append(pin)
            online(offline, kit, cloud)
            offline.run(80)
            has_failed = False
        offline.chip.rail.fail_after(0)
        online(offline, kit, cloud)
        offline.boot()
        offline.run(80)
        for pin in marker:
            found = [one for one in told(cloud) if "GPIO {} ".format(pin) in one]
            assert len(found) in ((1,) if pin in are_kept else (0, 1)), (cut, pin)
    assert cut > 6
