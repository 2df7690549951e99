"""Mutable storage: whole files, replaced in one step, bounded, and gone when deleted."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from armillary.monitor.storage import INDEX_SECTORS, MOST_BYTES, MOST_FILES, Storage
from armillary.wire.fault import Busy, Failed, Full, NotFound

ONE, TWO, THREE = b"\x01" * 16, b"\x02" * 16, b"\x03" * 16


@pytest.fixture
def storage(device):
    opened = Storage(device.flash, device.facts.FLASH_LAYOUT)
    opened.open()
    return opened


def reopened(device):
    again = Storage(device.flash, device.facts.FLASH_LAYOUT)
    again.open()
    return again


def put(storage, component, data, part=4000):
    for at in range(0, max(len(data), 1), part):
        storage.write(component, data[at : at + part], int(at + part >= len(data)))


def get(storage, component):
    size, data = storage.read(component, 0, 1 << 20)
    assert size == len(data)
    return data


def raw(device):
    offset, size = device.facts.FLASH_LAYOUT[6]
    return device.flash.read(offset, size)


def test_a_file_is_what_was_written_last_also_after_a_restart(device, storage):
    put(storage, ONE, b"first")
    put(storage, ONE, b"second" * 2000)
    assert get(storage, ONE) == b"second" * 2000
    assert get(reopened(device), ONE) == b"second" * 2000


def test_a_file_can_be_empty(device, storage):
    put(storage, ONE, b"")
    assert get(reopened(device), ONE) == b""


def test_files_of_components_are_apart(device, storage):
    put(storage, ONE, b"one")
    put(storage, TWO, b"two")
    put(storage, ONE, b"")
    assert (get(storage, ONE), get(storage, TWO)) == (b"", b"two")


def test_an_unknown_file_is_not_found(storage):
    with pytest.raises(NotFound):
        storage.read(ONE, 0, 1)
    with pytest.raises(NotFound):
        storage.delete(ONE)


def test_nothing_is_replaced_before_the_last_part(storage):
    put(storage, ONE, b"old")
    storage.write(ONE, b"new", 0)
    assert get(storage, ONE) == b"old"
    storage.write(ONE, b"er", 1)
    assert get(storage, ONE) == b"newer"


def test_another_file_waits_until_the_one_under_way_is_done(storage):
    storage.write(ONE, b"half", 0)
    with pytest.raises(Busy):
        storage.write(TWO, b"whole", 1)
    storage.write(ONE, b"", 0)
    put(storage, TWO, b"whole")
    put(storage, ONE, b"anew")
    assert (get(storage, ONE), get(storage, TWO)) == (b"anew", b"whole")


def test_deleting_discards_the_content_under_way(storage):
    put(storage, ONE, b"old")
    storage.write(ONE, b"half", 0)
    storage.delete(ONE)
    put(storage, ONE, b"anew")
    assert get(storage, ONE) == b"anew"


def test_a_deleted_file_leaves_no_byte_behind(device, storage):
    put(storage, ONE, b"SECRET" * 500)
    storage.delete(ONE)
    assert b"SECRET" not in raw(device)
    with pytest.raises(NotFound):
        get(reopened(device), ONE)


def test_a_replaced_content_leaves_no_byte_behind(device, storage):
    put(storage, ONE, b"SECRET" * 500)
    put(storage, ONE, b"plain")
    assert b"SECRET" not in raw(device)


def test_a_shorter_content_shows_nothing_of_the_longer_one(storage):
    put(storage, ONE, b"SECRET" * 500)
    put(storage, ONE, b"x")
    assert storage.read(ONE, 0, 4000) == (1, b"x")
    assert storage.read(ONE, 1, 4000) == (1, b"")
    assert storage.read(ONE, 2**32 - 1, 4000) == (1, b"")


def test_a_file_larger_than_the_bound_is_refused_and_the_old_one_kept(new_device, board_facts):
    big = Storage(new_device(board_facts).flash, board_facts.FLASH_LAYOUT)
    big.open()
    put(big, ONE, bytes(MOST_BYTES))
    with pytest.raises(Full):
        put(big, ONE, bytes(MOST_BYTES + 1))
    assert get(big, ONE) == bytes(MOST_BYTES)
    put(big, TWO, b"not busy")


def test_there_are_at_most_32_files(new_device, board_facts):
    many = Storage(new_device(board_facts).flash, board_facts.FLASH_LAYOUT)
    many.open()
    for number in range(MOST_FILES):
        put(many, bytes((number,)) * 16, b"x")
    with pytest.raises(Full, match="too many files"):
        put(many, b"\xff" * 16, b"x")
    put(many, ONE, b"replaced")
    many.delete(TWO)
    put(many, b"\xff" * 16, b"x")


def test_a_full_partition_refuses_and_keeps_what_there_is(storage):
    put(storage, ONE, bytes(20_000))
    with pytest.raises(Full, match="no room"):
        put(storage, TWO, bytes(20_000))
    assert get(storage, ONE) == bytes(20_000)


def test_decay_is_found_and_the_file_can_be_replaced(device, storage):
    put(storage, ONE, b"words")
    offset, _, _ = storage._files[ONE]
    device.flash.flip_bit(offset, 0)
    again = reopened(device)
    with pytest.raises(Failed, match="decayed"):
        again.read(ONE, 0, 10)
    put(again, ONE, b"fresh")
    assert get(again, ONE) == b"fresh"


def test_a_damaged_newest_index_falls_back_to_the_one_before(device, storage):
    put(storage, ONE, b"old")
    put(storage, TWO, b"other")
    slot = device.facts.FLASH_LAYOUT[6][0] + storage._slot * device.flash.sector
    device.flash.flip_bit(slot + 30, 0)
    assert get(reopened(device), ONE) == b"old"


def test_wear_of_the_index_is_spread(device, storage):
    for number in range(4 * INDEX_SECTORS):
        put(storage, ONE, bytes((number,)))
    first = device.facts.FLASH_LAYOUT[6][0] // device.flash.sector
    assert {device.flash.wear[first + slot] for slot in range(INDEX_SECTORS)} == {4}


def test_the_kernel_reaches_its_files_through_the_gate(booted):
    content = bytes(range(256)) * 40
    booted.kernel.storage_replace(ONE, content)
    assert booted.kernel.storage_load(ONE) == content
    booted.boot()
    assert booted.kernel.storage_load(ONE) == content
    booted.kernel.storage_delete(ONE)
    with pytest.raises(NotFound):
        booted.kernel.storage_load(ONE)


STEPS = st.lists(
    st.tuples(st.sampled_from((ONE, TWO, THREE)), st.sampled_from(("put", "delete", "reopen", "half", "cut")), st.integers(0, 9000)),
    max_size=20,
)  # fmt: skip


@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=STEPS)
def test_storage_behaves_as_a_dictionary(new_device, steps):
    """Against a plain model, over restarts and power cuts at any operation."""
    device = new_device()
    storage, model, count = reopened(device), {}, 0
    for component, step, number in steps:
        count += 1
        if step == "put":
            data = bytes((count,)) * (number % 9001)
            put(storage, component, data)
            model[component] = data
        elif step == "delete" and component in model:
            storage.delete(component)
            del model[component]
        elif step == "half":
            storage.write(component, b"half", 0)
            storage = reopened(device)
        elif step == "cut":
            data = bytes((count,)) * 700
            was_cut = device.cut(number % 9 + 1, lambda new=data, one=component, to=storage: put(to, one, new))
            device.rail.power_on()
            storage = reopened(device)
            found = get(storage, component) if component in storage._files else None
            assert found == data or (was_cut and found == model.get(component))
            if found is not None:
                model[component] = found
        elif step == "reopen":
            storage = reopened(device)
        for known, data in model.items():
            assert get(storage, known) == data
        assert set(storage._files) == set(model)
