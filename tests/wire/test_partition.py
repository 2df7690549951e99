"""The locator table: one damaged byte, and the other copy is used."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from armillary.wire import partition
from armillary.wire.fault import Invalid
from armillary.wire.partition import Entry, pack_table, read_tables, unpack_table

ID = st.binary(min_size=16, max_size=16)
WORD = st.integers(0, 2**32 - 1)
ENTRIES = st.builds(
    Entry, ID, ID, st.integers(0, 0xFFFF), st.integers(1, 3), st.integers(0, 1), WORD, WORD, WORD, st.integers(0, 255), st.integers(0, 1)
)
TABLE = pack_table(7, [Entry(b"c" * 16, b"i" * 16, 10, partition.INSTALLED, 0, 0x1000, 0x40D4, 3, 1, 1)])


@given(WORD, st.lists(ENTRIES, max_size=5))
def test_what_is_packed_is_read_back(sequence, entries):
    again, found = unpack_table(pack_table(sequence, entries))
    assert again == sequence
    assert [entry.pack() for entry in found] == [entry.pack() for entry in entries]
    assert [vars(entry.copy()) for entry in entries] == [vars(entry) for entry in found]


@pytest.mark.parametrize("change", [1, 0x80])
def test_any_byte_changed_is_refused(change):
    for at in range(len(TABLE)):
        damaged = bytearray(TABLE)
        damaged[at] ^= change
        with pytest.raises(Invalid):
            unpack_table(bytes(damaged))


@given(st.binary(max_size=200))
def test_noise_is_refused(data):
    with pytest.raises(Invalid):
        unpack_table(data)


@pytest.mark.parametrize("size", range(0, len(TABLE), 7))
def test_a_table_cut_short_is_refused(size):
    with pytest.raises(Invalid):
        unpack_table(TABLE[:size])


def test_there_is_a_most():
    entry = Entry(bytes(16), bytes(16), 1, 1, 0, 0, 0)
    assert len(unpack_table(pack_table(1, [entry] * partition.MOST_ENTRIES))[1]) == partition.MOST_ENTRIES
    with pytest.raises(Invalid):
        pack_table(1, [entry] * (partition.MOST_ENTRIES + 1))


@pytest.mark.parametrize("bad", [{"state": 0}, {"state": 4}, {"replica": 2}, {"confirmed": 2}, {"trial": 256}, {"component": bytes(15)}])
def test_an_entry_out_of_bounds_is_not_written(bad):
    values = {"component": bytes(16), "image": bytes(16), "image_type": 1, "state": 1, "replica": 0, "offset": 0, "length": 0}
    with pytest.raises(Invalid):
        pack_table(1, [Entry(**{**values, **bad})])


class Memory:
    """Flash that is only read."""

    def __init__(self, primary, backup):
        self.data = primary.ljust(4096, b"\xff") + backup.ljust(4096, b"\xff")

    def read(self, offset, length):
        return self.data[offset : offset + length]


LAYOUT = {partition.LOCATOR_TABLE: (0, 4096), partition.LOCATOR_TABLE_BACKUP: (4096, 4096)}


def found(primary, backup, layout=LAYOUT):
    return [(sequence, where) for sequence, _, where in read_tables(Memory(primary, backup), layout)]


@pytest.mark.parametrize(("first", "second", "expected"), [
    (1, 2, [(2, 10), (1, 9)]), (2, 1, [(2, 9), (1, 10)]), (5, 5, [(5, 9), (5, 10)]), (None, 3, [(3, 10)]), (3, None, [(3, 9)]), (None, None, []),
])  # fmt: skip
def test_the_highest_sequence_is_first_and_the_primary_wins_a_tie(first, second, expected):
    copies = [b"" if sequence is None else pack_table(sequence, []) for sequence in (first, second)]
    assert found(*copies) == expected


@pytest.mark.parametrize("cut", range(len(TABLE)))
def test_a_copy_half_written_leaves_the_other(cut):
    assert found(TABLE[:cut], pack_table(6, [])) == [(6, 10)]


def test_a_table_longer_than_its_partition_is_not_read():
    small = {partition.LOCATOR_TABLE: (0, len(TABLE) - 1), partition.LOCATOR_TABLE_BACKUP: (4096, 4096)}
    assert found(TABLE, TABLE, small) == [(7, 10)]
