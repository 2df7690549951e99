"""Capability files: their byte map and what is refused."""

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from armillary.wire import capability
from armillary.wire.fault import Invalid

DEVICE = bytes(range(64))


def test_the_byte_map_is_that_of_a_real_file():
    body = capability.pack(DEVICE, [11, 13])
    assert len(body) == 0xCC
    assert struct.unpack("<III", body[:12]) == (0x5CFD5CFD, 1, 0xCC)
    assert body[0x0C:0x4C] == DEVICE
    assert body[0x4C:] == struct.pack("<HH", 11, 13) + bytes(124)


@given(st.binary(min_size=64, max_size=64), st.lists(st.integers(1, 0xFFFF), unique=True, max_size=64))
def test_what_is_packed_is_read_back(device, granted):
    assert capability.unpack(capability.pack(device, granted)) == (device, granted)


def test_order_is_free_and_unused_slots_may_lie_between():
    body = bytearray(capability.pack(DEVICE, []))
    body[0x4C + 6 : 0x4C + 8] = b"\x0d\0"
    body[0xCC - 2 :] = b"\x0b\0"
    assert capability.unpack(bytes(body)) == (DEVICE, [13, 11])


@pytest.mark.parametrize("granted", [[0], [-1], [0x10000], [11, 11], list(range(1, 66))])
def test_what_no_slot_holds_is_not_packed(granted):
    with pytest.raises(Invalid):
        capability.pack(DEVICE, granted)


@pytest.mark.parametrize("size", [0, 63, 65])
def test_another_device_id_is_not_packed(size):
    with pytest.raises(Invalid):
        capability.pack(bytes(size), [11])


def test_a_capability_given_twice_is_refused(refused):
    body = bytearray(capability.pack(DEVICE, [11]))
    body[0x50:0x52] = b"\x0b\0"
    refused(capability.unpack, bytes(body), offset=0x50)


@pytest.mark.parametrize("size", [0, 12, 203, 205, 392])
def test_another_length_is_refused(size):
    with pytest.raises(Invalid):
        capability.unpack(capability.pack(DEVICE, [11]).ljust(392, b"\0")[:size])


@pytest.mark.parametrize("change", [1, 0x80, 0xFF])
def test_any_byte_changed_is_refused_or_says_something_else(change):
    body = capability.pack(DEVICE, [11, 13])
    for at in range(len(body)):
        changed = bytearray(body)
        changed[at] ^= change
        try:
            device, granted = capability.unpack(bytes(changed))
        except Invalid as fault:
            assert at < 12 or "twice" in fault.reason
            continue
        assert at >= 12
        assert (device, granted) != (DEVICE, [11, 13])


def test_every_known_capability_has_words():
    assert [capability.name(number) for number in (11, 13, 99)] == ["application development", "field servicing", "unknown capability 99"]
    assert set(capability.NAMES) == set(range(1, 14))
