"""Comparison and clearing, in every engine."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from armillary import native
from armillary.native import compiled, standard
from armillary.native.plain import memory

ENGINES = (native, compiled, standard, memory)


@given(a=st.binary(max_size=80), b=st.binary(max_size=80))
def test_compare_is_equality(a, b):
    for engine in ENGINES:
        assert engine.compare(a, b) is (a == b)
        assert engine.compare(a, bytes(a)) is True


def test_one_wrong_bit_anywhere_is_seen(care):
    right = bytes(range(64))
    for bit in range(8 * len(right)):
        wrong = bytearray(right)
        wrong[bit // 8] ^= 1 << bit % 8
        assert care.compare(right, wrong) is False


def test_every_difference_of_one_byte_is_seen(care):
    for difference in range(1, 256):
        assert care.compare(b"\x00", bytes((difference,))) is False


def test_a_prefix_is_not_equal(care):
    assert care.compare(b"abcd", b"abc") is False
    assert care.compare(b"", b"a") is False
    assert care.compare(b"", b"") is True


def test_compare_takes_every_kind_of_bytes(care):
    assert care.compare(bytearray(b"secret"), memoryview(b"secret")) is True


@pytest.mark.parametrize("length", [0, 1, 31, 32, 4096])
def test_clear_leaves_zeros_in_place(care, length):
    secret = bytearray(b"\xa5" * length)
    view = memoryview(secret)
    care.clear(secret)
    assert view == bytes(length)


def test_clear_of_a_part_leaves_the_rest(care):
    secret = bytearray(b"keepburnkeep")
    care.clear(memoryview(secret)[4:8])
    assert secret == b"keep\0\0\0\0keep"


def test_what_cannot_be_written_is_refused(care):
    fixed = b"constant"
    with pytest.raises((TypeError, BufferError)):
        care.clear(fixed)
    assert fixed == b"constant"
