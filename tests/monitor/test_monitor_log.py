"""The device log: a ring that survives resets and power cuts."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from armillary.monitor.log import MOST_RECORD, Log
from armillary.wire.fault import Failed, Invalid


def reopened(device):
    log = Log(device.flash, device.facts.FLASH_LAYOUT)
    log.open()
    return log


@pytest.fixture
def log(device):
    return reopened(device)


def text(log):
    return log.read(0, log.size())


def test_a_blank_log_is_empty(log):
    assert (log.size(), log.read(0, 4000)) == (0, b"")


def test_records_are_kept_in_order_over_a_restart(device, log):
    for number in range(20):
        log.append(b"record %d\n" % number)
    assert text(reopened(device)) == b"".join([b"record %d\n" % number for number in range(20)])


def test_reading_goes_on_over_sectors(device, log):
    whole = b"".join([bytes((65 + number,)) * 1000 for number in range(9)])
    for number in range(9):
        log.append(whole[number * 1000 : number * 1000 + 1000])
    for offset in (0, 999, 3999, 4001, 8999):
        assert log.read(offset, 1500) == whole[offset : offset + 1500]
    assert log.read(9000, 10) == log.read(2**32 - 1, 4000) == b""


def test_the_oldest_sector_goes_when_the_ring_is_full(device, log):
    for number in range(60):
        log.append(b"%04d" % number * 250)
    kept = text(log)
    assert kept.endswith(b"0059" * 250)
    assert b"0000" * 250 not in kept
    assert len(kept) > 8000
    assert text(reopened(device)) == kept


@pytest.mark.parametrize("size", (0, MOST_RECORD + 1))
def test_a_record_out_of_bounds_is_refused(log, size):
    with pytest.raises(Invalid):
        log.append(bytes(size))


def test_a_record_of_ones_is_not_taken_for_blank_flash(device, log):
    log.append(b"\xff" * 1024)
    log.append(b"after")
    assert text(reopened(device)) == b"\xff" * 1024 + b"after"


@pytest.mark.parametrize("at", range(16, 16 + 11))
def test_a_damaged_record_costs_itself_only(device, log, at):
    for record in (b"first", b"second", b"third"):
        log.append(record)
    device.flash.flip_bit(device.facts.FLASH_LAYOUT[5][0] + at, 0)
    again = reopened(device)
    assert text(again) == b"secondthird"
    again.append(b"fourth")
    assert text(reopened(device)) == b"secondthirdfourth"


def test_a_hundred_power_cuts_do_not_use_the_ring_up(device, log):
    log.append(b"kept")
    for _ in range(100):
        assert device.cut(1, lambda to=log: to.append(b"torn"))
        device.rail.power_on()
        log = reopened(device)
    assert text(log).startswith(b"kept")


def test_a_record_that_failed_to_program_is_not_in_the_log(device, log):
    log.append(b"first")
    plain = device.flash.program

    def program(offset, data):
        plain(offset, data[:3])
        raise Failed("worn out")

    device.flash.program = program
    with pytest.raises(Failed):
        log.append(b"second")
    device.flash.program = plain
    log.append(b"third")
    assert text(log) == text(reopened(device)) == b"firstthird"


def test_the_kernel_reads_back_what_it_wrote(booted):
    booted.kernel.write_log(b"hello\n")
    assert booted.kernel.read_log() == b"hello\n"
    booted.boot()
    assert booted.kernel.read_log() == b"hello\n"


@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=st.lists(st.tuples(st.integers(1, 1024), st.integers(0, 6)), max_size=30))
def test_what_was_appended_stays_whatever_is_cut(new_device, steps):
    """The log is always a run of the newest records: all before a cut, and the cut one or not."""
    device = new_device()
    log, records = reopened(device), []
    for number, (size, cut) in enumerate(steps):
        record = bytes((number + 1,)) * size
        if not cut:
            log.append(record)
        elif device.cut(cut, lambda new=record, to=log: to.append(new)):
            device.rail.power_on()
            log = reopened(device)
            record = record if text(log).endswith(record) else b""
        records.append((record, size))
        assert b"".join([kept for kept, _ in records]).endswith(text(log))
        # Two sectors are always kept, less what a record leaves free at the end of each.
        recent, room = b"", 2 * (4096 - 16 - 1040)
        for kept, used in reversed(records):
            room -= used + 16
            if room < 0:
                break
            recent = kept + recent
        assert text(log).endswith(recent)
