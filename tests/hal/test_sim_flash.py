"""NOR flash: what it promises, and what power cuts, wear and errors do to it."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from armillary.hal.sim.flash import Flash, torn_erase, torn_program
from armillary.hal.sim.power import PowerLost, PowerRail, Tear
from armillary.wire.fault import Failed, Invalid

SIZE, SECTOR, PAGE = 1024, 256, 64


@pytest.fixture
def flash():
    return Flash(SIZE, SECTOR, PAGE)


def test_new_flash_is_all_ones(flash):
    assert flash.read(0, SIZE) == b"\xff" * SIZE


def test_what_is_programmed_across_sectors_is_read_back(flash):
    data = bytes(range(256)) * 2
    flash.program(100, data)
    assert flash.read(100, 512) == data
    assert flash.read(0, 100) == b"\xff" * 100
    assert flash.read(612, SIZE - 612) == b"\xff" * (SIZE - 612)


def test_bits_can_be_cleared_in_several_steps(flash):
    flash.program(5, b"\xf0")
    flash.program(5, b"\x30")
    flash.program(5, b"\x30")
    assert flash.read(5, 1) == b"\x30"


def test_setting_a_bit_fails_names_the_offset_and_changes_nothing(flash):
    flash.program(300, b"\x00")
    before = flash.read(0, SIZE)
    with pytest.raises(Failed, match=hex(300)):
        flash.program(200, b"\x11" * 150)
    assert flash.read(0, SIZE) == before


def test_erasing_brings_one_sector_back_to_ones(flash):
    flash.program(0, b"\x00" * SIZE)
    flash.erase(SECTOR)
    assert flash.read(0, SIZE) == b"\x00" * SECTOR + b"\xff" * SECTOR + b"\x00" * 2 * SECTOR


def test_a_long_program_is_one_operation_a_page(flash):
    flash.program(PAGE - 1, b"\x00" * (PAGE + 2))
    assert list(flash.rail.log) == [
        ("flash", "program", PAGE - 1, 1),
        ("flash", "program", PAGE, PAGE),
        ("flash", "program", 2 * PAGE, 1),
    ]
    assert flash.rail.count == 3


@pytest.mark.parametrize("offset, length", [(-1, 1), (0, -1), (SIZE, 1), (SIZE - 1, 2), (2**32, 1)])
def test_nothing_outside_is_reached(flash, offset, length):
    with pytest.raises(Invalid):
        flash.read(offset, length)
    if length > 0:
        with pytest.raises(Invalid):
            flash.program(offset, b"\x00" * length)


@pytest.mark.parametrize("offset", [1, SECTOR - 1, PAGE, SIZE, -SECTOR])
def test_only_whole_sectors_are_erased(flash, offset):
    with pytest.raises(Invalid):
        flash.erase(offset)
    assert flash.wear == {}


def test_nothing_at_the_very_end_can_be_read_and_programmed(flash):
    assert flash.read(SIZE, 0) == b""
    flash.program(SIZE, b"")
    assert flash.rail.count == 0


@pytest.mark.parametrize("sizes", [(1000, 256, 64), (1024, 256, 60), (0, 256, 64), (1024, 256, 0)])
def test_geometry_must_divide(sizes):
    with pytest.raises(Invalid):
        Flash(*sizes)


def test_wear_counts_every_erase_of_a_sector(flash):
    for _ in range(3):
        flash.erase(SECTOR)
    flash.erase(0)
    assert flash.wear == {1: 3, 0: 1}


def test_a_flipped_bit_stays_flipped(flash):
    flash.flip_bit(7, 3)
    assert flash.read(7, 1) == b"\xf7"
    flash.flip_bit(7, 3)
    assert flash.read(7, 1) == b"\xff"


def test_a_glitch_is_seen_once_by_the_read_it_was_meant_for(flash):
    flash.glitch_read(100, 0, after=1)
    reads = [flash.read(90, 20)[10] for _ in range(3)]
    assert reads == [0xFF, 0xFE, 0xFF]


def test_a_glitch_waits_for_a_read_that_covers_it(flash):
    flash.glitch_read(100, 7)
    assert flash.read(0, 100) == b"\xff" * 100
    assert flash.read(100, 1) == b"\x7f"


def test_two_glitches_of_one_byte_are_two_reads(flash):
    flash.glitch_read(0, 0)
    flash.glitch_read(0, 1, after=1)
    assert [flash.read(0, 1)[0] for _ in range(3)] == [0xFE, 0xFD, 0xFF]


def test_restore_brings_back_contents_and_wear(flash):
    flash.program(0, b"first")
    saved = flash.snapshot()
    flash.erase(0)
    flash.program(0, b"other")
    flash.restore(saved)
    assert flash.read(0, 5) == b"first"
    assert flash.wear == {}
    flash.erase(0)
    flash.restore(saved)
    assert flash.read(0, 5) == b"first"


def test_without_power_nothing_works(flash):
    flash.rail.power_off()
    for attempt in (lambda: flash.read(0, 1), lambda: flash.program(0, b"\0"), lambda: flash.erase(0)):
        with pytest.raises(PowerLost):
            attempt()
    flash.rail.power_on()
    assert flash.read(0, SIZE) == b"\xff" * SIZE


def test_the_named_operation_is_cut_and_earlier_ones_are_whole(flash):
    flash.fail_after(3)
    with pytest.raises(PowerLost):
        flash.program(0, b"\x00" * 4 * PAGE)
    with pytest.raises(PowerLost):
        flash.read(0, 1)
    flash.rail.power_on()
    assert flash.read(0, 2 * PAGE) == b"\x00" * 2 * PAGE
    assert flash.read(3 * PAGE, PAGE) == b"\xff" * PAGE
    flash.program(0, b"\x00" * SIZE)


def test_the_same_seed_tears_the_same_way():
    def torn(seed):
        flash = Flash(SIZE, SECTOR, PAGE, PowerRail(seed))
        flash.fail_after(1)
        with pytest.raises(PowerLost):
            flash.program(0, b"\x00" * PAGE)
        flash.rail.power_on()
        return flash.read(0, PAGE)

    assert torn(4) == torn(4)
    assert len({torn(seed) for seed in range(20)}) > 10


@pytest.mark.parametrize("kind", ["program", "erase"])
def test_tears_reach_every_part_of_the_range_of_outcomes(kind):
    zeros = []
    for seed in range(200):
        flash = Flash(SIZE, SECTOR, PAGE, PowerRail(seed))
        if kind == "erase":
            flash.program(0, b"\x00" * SECTOR)
        flash.fail_after(1)
        with pytest.raises(PowerLost):
            flash.erase(0) if kind == "erase" else flash.program(0, b"\x00" * PAGE)
        flash.rail.power_on()
        data = flash.read(0, SECTOR if kind == "erase" else PAGE)
        zeros.append(data.count(0) / len(data))
    assert min(zeros) < 0.1 and max(zeros) > 0.9


def test_a_torn_erase_is_a_blank_prefix_a_weak_stretch_and_an_old_rest():
    weak = 0
    for seed in range(100):
        torn = torn_erase(Tear(seed), bytes(SECTOR))
        blank = len(torn) - len(torn.lstrip(b"\xff"))
        rest = len(torn.rstrip(b"\x00"))
        middle = torn[blank:rest]
        assert torn == b"\xff" * blank + middle + bytes(SECTOR - rest)
        weak += any(byte not in (0, 0xFF) for byte in middle)
    assert weak > 50
    assert sum(torn_erase(Tear(seed), bytes(SECTOR))[:1] == b"\xff" for seed in range(100)) > 90


def test_a_torn_program_leaves_one_byte_half_done():
    half = 0
    for seed in range(100):
        torn = torn_program(Tear(seed), b"\xff" * PAGE, bytes(PAGE))
        done = len(torn) - len(torn.lstrip(b"\x00"))
        assert torn[done + 1 :] == b"\xff" * (PAGE - done - 1 if done < PAGE else 0)
        half += done < PAGE and torn[done] != 0xFF
    assert half > 80


# -- against a simple model ------------------------------------------------------------------------

OPERATIONS = st.one_of(
    st.tuples(st.just("program"), st.integers(0, SIZE), st.binary(min_size=1, max_size=200)),
    st.tuples(st.just("clear"), st.integers(0, SIZE), st.integers(1, 200)),
    st.tuples(st.just("erase"), st.integers(0, SIZE // SECTOR - 1), st.none()),
    st.tuples(st.just("cut"), st.integers(1, 6), st.none()),
    st.tuples(st.just("on"), st.none(), st.none()),
)


class Model:
    """Flash as a list of bytes, a byte at a time, with no idea of pages or sectors."""

    def __init__(self):
        self.bytes = [0xFF] * SIZE

    def apply(self, flash, kind, first, second):
        if kind == "program":
            flash.program(first, second)
            self.bytes[first : first + len(second)] = second
        elif kind == "clear":
            flash.program(first, bytes(second))
            self.bytes[first : first + second] = bytes(second)
        elif kind == "erase":
            flash.erase(first * SECTOR)
            self.bytes[first * SECTOR : (first + 1) * SECTOR] = b"\xff" * SECTOR
        elif kind == "cut":
            flash.rail.fail_after(first)

    def expected(self, kind, first, second):
        """The fault an operation must raise by the rules of NOR, or None."""
        if kind in ("program", "clear"):
            data = second if kind == "program" else bytes(second)
            if first + len(data) > SIZE:
                return Invalid
            old = self.bytes[first : first + len(data)]
            return Failed if any(new & ~was & 0xFF for new, was in zip(data, old)) else None
        return None

    def may_have_become(self, found, kind, first, second):
        """Check the state a cut operation left: between before and after, nothing else touched."""
        data = second if kind == "program" else bytes(second) if kind == "clear" else b""
        start, end = (first, first + len(data)) if data else (first * SECTOR, (first + 1) * SECTOR)
        for at, (was, now) in enumerate(zip(self.bytes, found)):
            if not start <= at < end:
                assert now == was
            elif data:
                assert now & ~was == 0 and data[at - start] & ~now & 0xFF == 0
            else:
                assert was & ~now == 0
        self.bytes = list(found)


@settings(max_examples=150, deadline=None)
@given(st.integers(0, 1000), st.lists(OPERATIONS, max_size=25))
def test_flash_does_what_a_list_of_bytes_does_and_cuts_stay_in_between(seed, operations):
    flash = Flash(SIZE, SECTOR, PAGE, PowerRail(seed))
    model = Model()
    for operation in operations:
        if not flash.rail.is_on:
            with pytest.raises(PowerLost):
                flash.read(0, 1)
            flash.rail.power_on()
        expected = model.expected(*operation)
        try:
            model.apply(flash, *operation)
            assert expected is None
        except (Invalid, Failed) as fault:
            assert type(fault) is expected
        except PowerLost:
            flash.rail.power_on()
            model.may_have_become(flash.read(0, SIZE), *operation)
        assert flash.read(0, SIZE) == bytes(model.bytes)


@settings(deadline=None)
@given(st.integers(0, SIZE), st.integers(0, SIZE), st.binary(max_size=300), st.integers(0, SIZE))
def test_any_read_is_a_slice_of_the_whole(offset, length, data, at):
    flash = Flash(SIZE, SECTOR, PAGE)
    flash.program(min(at, SIZE - len(data)), data)
    if offset + length <= SIZE:
        assert flash.read(offset, length) == flash.read(0, SIZE)[offset : offset + length]
    else:
        with pytest.raises(Invalid):
            flash.read(offset, length)
