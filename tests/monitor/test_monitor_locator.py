"""The locator table and the room in flash: two copies, one truth, nothing overlapping."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from armillary.monitor import space
from armillary.monitor.locator import Locator
from armillary.wire import partition
from armillary.wire.fault import Failed, Fault, Full


@pytest.fixture
def table(device):
    opened = Locator(device.flash, device.facts.FLASH_LAYOUT)
    opened.open()
    return opened


def reread(device):
    again = Locator(device.flash, device.facts.FLASH_LAYOUT)
    again.open()
    return [entry.pack() for entry in again.entries]


def fails_in(device, number):
    """Let every write of partition `number` fail; returns what undoes it."""
    start, size = device.facts.FLASH_LAYOUT[number]
    plain = device.flash.program

    def program(offset, data):
        if start <= offset < start + size:
            raise Failed("worn out")
        plain(offset, data)

    device.flash.program = program

    def undo():
        device.flash.program = plain

    return undo


def test_a_second_copy_that_fails_leaves_the_new_table_in_force(device, table):
    undo = fails_in(device, partition.LOCATOR_TABLE)
    table.replace(table.entries[:3])
    assert len(reread_with(undo, device)) == 3


def reread_with(undo, device):
    undo()
    return reread(device)


def test_a_first_copy_that_fails_leaves_the_old_table_in_force(device, table):
    before = reread(device)
    undo = fails_in(device, partition.LOCATOR_TABLE_BACKUP)
    with pytest.raises(Failed):
        table.replace(table.entries[:3])
    assert len(table.entries) == len(before)
    assert reread_with(undo, device) == before


def stale_then_cut(device, operation, is_hasty=False):
    """One copy was left stale by a failed write; then the power fails in the next replacement."""
    table = Locator(device.flash, device.facts.FLASH_LAYOUT)
    table.open()
    undo = fails_in(device, partition.LOCATOR_TABLE)
    table.replace(table.entries[:3])
    undo()
    if is_hasty:
        table._best = partition.LOCATOR_TABLE
    was_cut = device.cut(operation, lambda: table.replace(table.entries[:2]))
    device.rail.power_on()
    return was_cut


def test_the_stale_copy_is_written_first(device):
    saved, operation = device.snapshot(), 1
    while stale_then_cut(device, operation):
        assert len(reread(device)) in (2, 3)
        device.restore(saved)
        operation += 1
    assert operation > 4


def test_with_the_good_copy_written_first_a_cut_loses_both(device):
    """The flaw put in, for the test above."""
    saved, operation, lost = device.snapshot(), 1, 0
    while stale_then_cut(device, operation, is_hasty=True):
        try:
            reread(device)
        except Failed:
            lost += 1
        device.restore(saved)
        operation += 1
    assert lost


def test_too_many_images_are_refused_before_anything_is_written(device, table):
    many = table.entries * 10
    assert device.operations(lambda: pytest.raises(Full, table.replace, many)) == 0


def test_a_table_larger_than_its_partition_is_refused(device, table):
    table._layout = dict(device.facts.FLASH_LAYOUT)
    table._layout[partition.LOCATOR_TABLE_BACKUP] = (0x6000, 100)
    with pytest.raises(Full):
        table.replace(list(table.entries))


def test_what_the_flash_did_not_keep_is_noticed(device):
    device.flash.glitch_read(0x4_0010, 2)
    with pytest.raises(Failed, match="did not keep"):
        space.write(device.flash, 0x4_0000, bytes(100))


def test_an_older_image_put_back_by_hand_is_not_opened(booted):
    """B18: the attacker writes flash and table; the counter is in Pluton."""
    maker, app = booted.maker, bytes.fromhex("a1") * 16
    booted.install(maker.package(10, 5))
    booted.run()
    booted.kernel.confirm_application(app)
    old, entry = maker.package(10, 1), booted.entry(app)
    booted.flash.erase(entry.offset)
    booted.flash.program(entry.offset, old)
    entry.length, entry.image = len(old), maker_image(old)
    with pytest.raises(Fault, match="security version 1 is below 5"):
        booted.run()


def maker_image(package):
    from armillary.wire import image

    return image.parse(package).image


EXTENTS = st.lists(st.tuples(st.integers(0, 30), st.integers(1, 3 * 4096)), max_size=12)


@given(extents=EXTENTS, length=st.integers(0, 20 * 4096))
def test_room_that_is_found_is_free_and_inside_and_the_first(extents, length):
    region = (0x10000, 32 * 4096)
    taken = [(0x10000 + sector * 4096, size) for sector, size in extents]
    busy = set()
    for offset, size in taken:
        busy.update(range((offset - 0x10000) // 4096, (offset - 0x10000 + size - 1) // 4096 + 1))
    need = -(-length // 4096)
    free = [at for at in range(33 - need) if not busy & set(range(at, at + need))] if need else [0]
    try:
        found = (space.first_fit(region, taken, length, 4096) - 0x10000) // 4096
    except Full:
        assert need and not free
        return
    assert not need or found == free[0]


@given(offset=st.integers(0, 2**32 - 1), length=st.integers(0, 2**32 - 1))
def test_inside_is_inside_whatever_the_numbers(offset, length):
    assert space.is_inside((1000, 5000), offset, length) == (offset >= 1000 and offset + length <= 6000)
