"""Strict JSON, against the standard library where the two must agree."""

import json
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from armillary.wire import jsonstrict
from armillary.wire.fault import Invalid

SCALARS = st.none() | st.booleans() | st.integers(-(10**30), 10**30) | st.floats(allow_nan=False, allow_infinity=False) | st.text()
VALUES = st.recursive(SCALARS, lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner), max_leaves=20)


@given(VALUES, st.sampled_from([None, 2]), st.booleans())
def test_it_reads_what_the_library_writes(value, indent, is_ascii):
    text = json.dumps(value, indent=indent, ensure_ascii=is_ascii)
    assert jsonstrict.loads(text.encode()) == value
    assert jsonstrict.loads(text) == value


def library(text):
    """The library's reading, made as strict as it can be; None where it refuses."""

    def pairs(found):
        if len(dict(found)) != len(found):
            raise ValueError
        return dict(found)

    def refuse(text):
        raise ValueError

    try:
        return (json.loads(text, object_pairs_hook=pairs, parse_constant=refuse),)
    except ValueError:
        return None


@given(st.text("{}[]:,\"\\u0019aeE+-.truefalsn \n", max_size=14))
def test_it_agrees_with_the_library_on_fragments(text):
    expected = library(text)
    try:
        found = jsonstrict.loads(text)
    except Invalid:
        # Beyond the library: half characters and infinity are refused too.
        assert expected is None or "\\u" in text or "e" in text.lower()
    else:
        assert (found,) == expected


@given(VALUES, st.data())
def test_a_changed_byte_is_refused_or_read_as_the_library_reads_it(value, data):
    text = bytearray(json.dumps(value).encode())
    at = data.draw(st.integers(0, len(text) - 1))
    text[at] = data.draw(st.integers(0, 255))
    try:
        found = jsonstrict.loads(bytes(text))
    except Invalid:
        return
    assert (found,) == library(bytes(text).decode())


@pytest.mark.parametrize(("text", "offset"), [
    (b"", 0), (b"{", 1), (b"[", 1), (b"[1,]", 3), (b"[1 2]", 3), (b'{"a" 1}', 5), (b"01", 0), (b"-", 1), (b"1.", 2),
    (b"1e", 2), (b"+1", 0), (b".5", 0), (b"NaN", 0), (b"Infinity", 0), (b"1e999", 0), (b"-1e999", 0), (b'"a\nb"', 2),
    (b'"\\x"', 1), (b'"\\u12"', 1), (b'"\\ud800"', 7), (b'"\\udc00"', 7), (b'"\\ud800\\u0041"', 13), (b"{1:2}", 1),
    (b"{'a':1}", 1), (b'{"a":1,}', 7), (b"1 2", 2), (b"//x\n1", 0), (b"tru", 0), (b"True", 0), (b'{"a":1,"a":1}', 7),
    (b'{"a":1,"\\u0061":1}', 7), (b"\xef\xbb\xbf1", 0), (b'"\xff"', 1), (b'["\xc3\xa9",x]', 6), (b'"abc', 4),
    (b"1" * 41, 0), (b"[" * 33, 32), (b"\x0b1", 0), (b"1\0", 1),
])  # fmt: skip
def test_each_breach_is_refused_at_its_offset(text, offset):
    with pytest.raises(Invalid) as caught:
        jsonstrict.loads(text)
    assert caught.value.offset == offset


def test_deep_nesting_is_read_up_to_the_limit():
    depth = jsonstrict.MOST_DEPTH
    assert jsonstrict.loads(b"[" * depth + b"]" * depth) == json.loads("[" * depth + "]" * depth)


def test_half_a_character_in_text_is_refused():
    with pytest.raises(Invalid):
        jsonstrict.loads('"\ud800"')


def test_whole_numbers_stay_whole():
    assert type(jsonstrict.loads("2")) is int
    assert type(jsonstrict.loads("2.0")) is float
    assert math.copysign(1, jsonstrict.loads("-0.0")) == -1
