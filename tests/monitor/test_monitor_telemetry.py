"""Telemetry: events that survive resets and power cuts, whole or not at all, until they are done with."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from armillary.hal.sim.power import PowerLost
from armillary.monitor.telemetry import MOST_EVENT, Telemetry
from armillary.wire.fault import Failed, Full, Invalid
from armillary.wire.partition import TELEMETRY_STORAGE

ROOM = 6144  # bytes of the largest event in the test's four sectors


def reopened(device):
    return Telemetry(device.flash, device.facts.FLASH_LAYOUT)


@pytest.fixture
def telemetry(device):
    return reopened(device)


def keep(telemetry, data):
    return telemetry.record(data, 1)


def events(telemetry):
    """{number: bytes} of all that is kept."""
    found, number = {}, 0
    while True:
        number, size, data = telemetry.get(number, 0, ROOM)
        if not number:
            return found
        assert size == len(data)
        found[number] = data


def test_a_blank_store_has_no_event(telemetry):
    assert telemetry.get(0, 0) == (0, 0, b"")


def test_events_are_kept_in_order_over_a_restart(device, telemetry):
    kept = {keep(telemetry, b"event %d" % n * 20): b"event %d" % n * 20 for n in range(8)}
    assert list(kept) == [1, 2, 3, 4, 5, 6, 7, 8]
    assert events(telemetry) == events(reopened(device)) == kept


@pytest.mark.parametrize("size", (0, 1, 999, 1000, 1001, 3900, 4000, 4001, ROOM))
def test_an_event_of_any_size_is_whole(device, telemetry, size):
    data = bytes(n % 251 for n in range(size))
    keep(telemetry, b"before")
    number = keep(telemetry, data)
    assert events(reopened(device)) == {1: b"before", number: data}


def test_an_event_is_handed_over_and_read_in_parts(telemetry):
    assert telemetry.record(b"a" * 4000, 0) == 0 and telemetry.record(b"b" * 100, 1) == 1
    assert telemetry.get(0, 0) == (1, 4100, b"a" * 3900)
    assert telemetry.get(0, 3900) == (1, 4100, b"a" * 100 + b"b" * 100)
    assert telemetry.get(0, 9999) == (1, 4100, b"")


def test_what_was_begun_can_be_discarded(telemetry):
    telemetry.record(b"half", 0)
    telemetry.record(b"", 0)
    keep(telemetry, b"whole")
    assert events(telemetry) == {1: b"whole"}


def test_one_that_is_too_long_is_refused_whole(telemetry):
    telemetry.record(bytes(4000), 0)
    with pytest.raises(Full):
        telemetry.record(bytes(4000), 1)
    assert ROOM < MOST_EVENT and keep(telemetry, b"next") == 1 and events(telemetry) == {1: b"next"}


def test_what_is_done_with_is_forgotten_over_a_restart_too_and_numbers_go_on(device, telemetry):
    for n in range(5):
        keep(telemetry, b"%d" % n)
    telemetry.forget(3)
    assert list(events(telemetry)) == list(events(reopened(device))) == [4, 5]
    telemetry.forget(5)
    again = reopened(device)
    assert events(again) == {} and keep(again, b"next") == 6


def test_forgetting_again_writes_nothing(device, telemetry):
    keep(telemetry, b"one")
    telemetry.forget(1)
    before = device.rail.count
    telemetry.forget(1)
    telemetry.forget(0)
    assert device.rail.count == before


def test_nobody_forgets_what_was_never_given(telemetry):
    keep(telemetry, b"one")
    with pytest.raises(Invalid):
        telemetry.forget(2)


def test_the_oldest_go_when_the_ring_is_full_and_the_newest_are_whole(device, telemetry):
    for n in range(1, 101):
        assert keep(telemetry, b"%04d" % n * 200) == n
    kept = events(telemetry)
    assert kept == events(reopened(device)) and max(kept) == 100 and len(kept) >= 9
    assert list(kept) == list(range(min(kept), 101))
    assert all(data == b"%04d" % n * 200 for n, data in kept.items())


def test_a_damaged_event_costs_itself_only(device, telemetry):
    for n in range(3):
        keep(telemetry, b"event %d" % n)
    start = device.facts.FLASH_LAYOUT[TELEMETRY_STORAGE][0]
    for at in range(16, 16 + 19):
        device.flash.flip_bit(start + at, 3)
        assert list(events(reopened(device))) == [2, 3], at
        device.flash.flip_bit(start + at, 3)
    assert list(events(reopened(device))) == [1, 2, 3]


def test_an_event_of_which_a_part_is_missing_is_none(device, telemetry):
    keep(telemetry, b"x" * 3000)
    keep(telemetry, b"after")
    start = device.facts.FLASH_LAYOUT[TELEMETRY_STORAGE][0]
    device.flash.flip_bit(start + 16 + 1100, 0)
    assert events(reopened(device)) == {2: b"after"}


def test_a_flash_that_does_not_program_keeps_what_was_there(device, telemetry):
    keep(telemetry, b"first")
    plain = device.flash.program

    def program(offset, data):
        plain(offset, data[:3])
        raise Failed("worn out")

    device.flash.program = program
    with pytest.raises(Failed):
        keep(telemetry, b"second")
    device.flash.program = plain
    keep(telemetry, b"third")
    assert sorted(events(telemetry).values()) == sorted(events(reopened(device)).values()) == [b"first", b"third"]


def test_the_log_and_telemetry_do_not_take_each_others_sectors(device, telemetry):
    from armillary.monitor.log import Log

    keep(telemetry, b"event")
    start, size = device.facts.FLASH_LAYOUT[TELEMETRY_STORAGE]
    log = Log(device.flash, {5: (start, size)})
    log.open()
    assert log.size() == 0


def test_a_boot_reads_none_of_it(device, monkeypatch):
    reads = []
    plain = device.flash.read
    start, size = device.facts.FLASH_LAYOUT[TELEMETRY_STORAGE]
    monkeypatch.setattr(device.flash, "read", lambda offset, length: (reads.append(offset), plain(offset, length))[1])
    device.boot()
    assert [offset for offset in reads if start <= offset < start + size] == []


def test_the_kernel_keeps_reads_and_forgets_through_the_gate(booted):
    data = bytes(n % 251 for n in range(6000))
    assert booted.kernel.record_telemetry(data) == 1 and booted.kernel.record_telemetry(b"") == 2
    booted.boot()
    assert booted.kernel.get_telemetry(0) == (1, data) and booted.kernel.get_telemetry(1) == (2, b"")
    booted.kernel.reset_telemetry(1)
    booted.boot()
    assert booted.kernel.get_telemetry(0) == (2, b"") and booted.kernel.get_telemetry(2) == (0, b"")


def test_exact_multiples_of_a_message_are_whole(booted):
    for size in (3999, 4000, 4001):
        number = booted.kernel.record_telemetry(bytes(size))
        assert booted.kernel.get_telemetry(number - 1) == (number, bytes(size))


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=st.lists(st.tuples(st.sampled_from(("keep", "forget")), st.integers(0, 2500), st.integers(0, 8)), max_size=30))
def test_what_was_kept_stays_and_what_was_forgotten_is_gone_whatever_is_cut(new_device, steps):
    """A model beside it: numbers and bytes of all that was kept; a step that was cut was done or was not."""
    device = new_device()
    telemetry, model = reopened(device), {}
    for what, size, cut in steps:
        number = max(model, default=0) + 1 if what == "keep" else size % (max(model, default=0) + 1)
        data = bytes((size % 251,)) * size
        device.rail.fail_after(cut)
        try:
            if what == "keep":
                number = keep(telemetry, data)
                model[number] = data
            elif number in model:
                telemetry.forget(number)
                model.update({one: None for one in model if one <= number})
        except PowerLost:
            device.rail.fail_after(0)
            device.rail.power_on()
            telemetry = reopened(device)
            found = events(telemetry)
            if what == "forget" and number in model and not [one for one in found if one <= number]:
                model.update({one: None for one in model if one <= number})
            for one in found:
                model.setdefault(one, data)
        finally:
            device.rail.fail_after(0)
        found, wanted = events(telemetry), {one: value for one, value in model.items() if value is not None}
        assert found == {one: wanted[one] for one in found}, "something that was never kept, or was forgotten"
        assert list(found) == sorted(found)
        assert events(reopened(device)) == found
        # Two sectors' worth of the newest is always there.
        room = 2 * (4096 - 16 - 1020)
        for one in sorted(wanted, reverse=True):
            room -= len(wanted[one]) + (len(wanted[one]) // 1000 + 2) * 24
            if room < 0:
                break
            assert one in found
        model = {one: value if one in found or value is None else None for one, value in model.items()}
