"""The trusted key store: every byte of it is read."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from armillary.wire import keystore
from armillary.wire.fault import Invalid
from armillary.wire.keystore import Key

KEYS = [Key(bytes((number,)) * 64, bytes((number,)) * 20, number % 15 + 1) for number in range(1, 21)]


def test_the_table_follows_the_entries():
    body = keystore.pack(KEYS[:2])
    assert body[:4] == b"\x02\0\0\0"
    assert body[16:20] == b"\x40\0\x14\0"
    assert body[4 + 2 * 100 : 4 + 2 * 100 + 8] == b"UTBL\x02\0\0\0"


@given(st.lists(st.tuples(st.binary(min_size=64, max_size=64), st.binary(min_size=20, max_size=20), st.integers(1, 15)),
                min_size=1, max_size=32, unique_by=(lambda key: key[0], lambda key: key[1])))  # fmt: skip
def test_what_is_packed_is_read_back(keys):
    keys = [Key(*key) for key in keys]
    assert keystore.unpack(keystore.pack(keys)) == keys


@pytest.mark.parametrize("keys", [
    [], KEYS + KEYS, [Key(bytes(63), bytes(20), 1)], [Key(bytes(64), bytes(21), 1)], [Key(bytes(64), bytes(20), 0)],
    [Key(bytes(64), bytes(20), 16)], [Key(bytes(64), bytes(20), -1)], [KEYS[0], Key(bytes(64), KEYS[0].thumbprint, 1)],
    [KEYS[0], Key(KEYS[0].public, bytes(20), 1)],
    [Key(bytes((number,)) * 64, bytes((number,)) * 20, 1) for number in range(33)],
])  # fmt: skip
def test_what_would_not_be_read_is_not_packed(keys):
    with pytest.raises(Invalid):
        keystore.pack(keys)


@pytest.mark.parametrize("change", [1, 0x10, 0x80, 0xFF])
def test_any_byte_changed_is_refused_or_changes_a_key(change):
    body = keystore.pack(KEYS[:3])
    for at in range(len(body)):
        changed = bytearray(body)
        changed[at] ^= change
        try:
            keys = keystore.unpack(bytes(changed))
        except Invalid:
            continue
        assert keys != KEYS[:3]
        assert keystore.pack(keys) == bytes(changed)


@pytest.mark.parametrize("size", [0, 1, 3, 4, 12, 100, 323])
def test_a_store_cut_short_is_refused(size):
    with pytest.raises(Invalid):
        keystore.unpack(keystore.pack(KEYS[:3])[:size])


@given(st.binary(max_size=400))
def test_noise_raises_nothing_but_invalid(data):
    for body in (data, b"\x01\0\0\0" + data, (b"\x01\0\0\0" + data).ljust(116, b"\0")):
        try:
            keystore.unpack(body)
        except Invalid:
            pass


def test_a_breach_is_named_with_its_offset(refused):
    body = bytearray(keystore.pack(KEYS[:3]))
    refused(keystore.unpack, bytes(body[:104]) + b"\1" + bytes(body[105:]), offset=104)
    refused(keystore.unpack, bytes(body[:-4]) + bytes(4), offset=len(body) - 4)
    refused(keystore.unpack, bytes(body[:304]) + b"X" + bytes(body[305:]), offset=304)


# LMS keys beside them.

PAIRED = [Key(key.public, key.thumbprint, key.roles, lms) for key, lms in zip(KEYS, (b"a" * 48, b"", b"b" * 56, b"", b"c" * 48))]


def test_a_store_with_lms_keys_is_the_store_without_and_a_table():
    body = keystore.pack(PAIRED)
    assert body.startswith(keystore.pack(KEYS[:5]))
    table = body[len(keystore.pack(KEYS[:5])) :]
    assert table[:8] == b"LMSK\x03\0\0\0" and table[8:12] == b"\0\0\x30\0" and table[60:64] == b"\x02\0\x38\0"
    assert keystore.unpack(body) == PAIRED and keystore.unpack(body) != KEYS[:5]


@pytest.mark.parametrize("lms", [b"a" * 47, b"a" * 49, b"a" * 60, b"b" * 56])
def test_an_lms_key_of_a_wrong_size_or_there_twice_is_not_packed(lms):
    with pytest.raises(Invalid):
        keystore.pack([Key(KEYS[0].public, KEYS[0].thumbprint, 1, lms), PAIRED[2]])


def test_any_byte_of_the_lms_table_changed_is_refused_or_changes_a_key():
    body = keystore.pack(PAIRED)
    for at in range(len(keystore.pack(KEYS[:5])), len(body)):
        for change in (1, 2, 0x10, 0x80, 0xFF):
            changed = bytearray(body)
            changed[at] ^= change
            try:
                keys = keystore.unpack(bytes(changed))
            except Invalid:
                continue
            assert keys != PAIRED and keystore.pack(keys) == bytes(changed)


def test_a_table_of_lms_keys_cut_anywhere_is_refused():
    body, plain = keystore.pack(PAIRED), len(keystore.pack(KEYS[:5]))
    for length in range(plain + 1, len(body)):
        with pytest.raises(Invalid):
            keystore.unpack(body[:length])
    with pytest.raises(Invalid):
        keystore.unpack(body + b"\0")
    assert keystore.unpack(body[:plain]) == KEYS[:5]
