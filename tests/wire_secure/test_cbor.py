"""CBOR: one value, one encoding."""

import cbor2
import pytest
from hypothesis import given
from hypothesis import strategies as st

from armillary.wire import cbor
from armillary.wire.fault import Invalid

# RFC 8949, appendix A: the examples within what is known here.
EXAMPLES = [
    (0, "00"), (1, "01"), (10, "0a"), (23, "17"), (24, "1818"), (25, "1819"), (100, "1864"),
    (1000, "1903e8"), (1000000, "1a000f4240"), (1000000000000, "1b000000e8d4a51000"),
    (18446744073709551615, "1bffffffffffffffff"), (-18446744073709551616, "3bffffffffffffffff"),
    (-1, "20"), (-10, "29"), (-100, "3863"), (-1000, "3903e7"), (False, "f4"), (True, "f5"),
    (None, "f6"), (b"", "40"), (bytes((1, 2, 3, 4)), "4401020304"), ("", "60"), ("a", "6161"),
    ("IETF", "6449455446"), ('"\\', "62225c"), ("\u00fc", "62c3bc"), ("\u6c34", "63e6b0b4"),
    ("\U00010151", "64f0908591"), ([], "80"), ([1, 2, 3], "83010203"),
    ([1, [2, 3], [4, 5]], "8301820203820405"), (list(range(1, 26)),
     "98190102030405060708090a0b0c0d0e0f101112131415161718181819"), ({}, "a0"),
    ({1: 2, 3: 4}, "a201020304"), ({"a": 1, "b": [2, 3]}, "a26161016162820203"),
    (["a", {"b": "c"}], "826161a161626163"),
]  # fmt: skip

# What another reader may take, and this one must not.
REFUSED = {
    "empty": "", "long 0": "1800", "long 23": "1817", "long 255": "1900ff", "long 65535": "1a0000ffff",
    "long 2**32-1": "1b00000000ffffffff", "long -1": "3800", "long length": "580161", "long text length": "780161",
    "long count": "980100", "long map count": "b8010000", "long tag": "d80100", "indefinite bytes": "5f4101ff",
    "indefinite text": "7f6161ff", "indefinite array": "9f01ff", "indefinite map": "bf0101ff", "break": "ff",
    "reserved 28": "1c", "reserved 29": "1d", "reserved 30": "1e", "half float": "f93c00", "float": "fa47c35000",
    "double": "fb3ff199999999999a", "undefined": "f7", "simple 16": "f0", "simple 32": "f820", "long false": "f814",
    "trailing": "0000", "short bytes": "4401", "short text": "6461", "lying array": "9bffffffffffffffff",
    "lying map": "bbffffffffffffffff", "lying bytes": "5bffffffffffffffff", "odd map": "a1", "half map": "a101",
    "unsorted": "a203010102", "length-first order": "a2200018180000", "twice": "a201010102", "not UTF-8": "62c328",
    "overlong UTF-8": "62c080", "surrogate": "63eda080", "array key": "a18001", "map key": "a1a001",
    "boolean key": "a1f501", "null key": "a1f601", "tag key": "a1c10001", "nine deep": "81" * 9 + "00",
    "nine tags": "c1" * 9 + "00", "nine maps": "a100" * 9 + "00", "deep": "81" * 5000 + "00",
}  # fmt: skip

keys = st.one_of(st.integers(-(2**64), 2**64 - 1), st.binary(max_size=40), st.text(max_size=40))
values = st.recursive(
    st.one_of(keys, st.booleans(), st.none()),
    lambda inner: st.one_of(st.lists(inner, max_size=30), st.dictionaries(keys, inner, max_size=30)),
    max_leaves=40,
)


def _depth(value: object) -> int:
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else None
    return 0 if inner is None else 1 + max([_depth(item) for item in inner], default=0)


@pytest.mark.parametrize(("value", "encoding"), EXAMPLES)
def test_the_examples_of_the_standard_go_both_ways(value: object, encoding: str) -> None:
    assert cbor.dumps(value).hex() == encoding
    assert cbor.loads(bytes.fromhex(encoding)) == value


@pytest.mark.parametrize("name", REFUSED)
def test_an_encoding_with_another_reading_is_refused(name: str) -> None:
    with pytest.raises(Invalid):
        cbor.loads(bytes.fromhex(REFUSED[name]))


@given(values)
def test_a_value_has_the_encoding_that_another_library_gives_it(value: object) -> None:
    if _depth(value) > cbor.MOST_DEPTH:
        with pytest.raises(Invalid):
            cbor.dumps(value)
        return
    encoding = cbor.dumps(value)
    assert cbor.loads(encoding) == value
    assert cbor2.loads(encoding) == value


@given(st.one_of(st.binary(max_size=60), values.filter(lambda v: _depth(v) <= 8).map(cbor.dumps)), st.data())
def test_whatever_is_accepted_is_the_one_encoding_of_its_value(data: bytes, draw: st.DataObject) -> None:
    if data:
        at = draw.draw(st.integers(0, len(data) - 1))
        data = data[:at] + bytes((draw.draw(st.integers(0, 255)),)) + data[at + 1 :]
    try:
        value = cbor.loads(data)
    except Invalid:
        return
    assert cbor.dumps(value) == data


@given(st.lists(st.tuples(keys, st.integers(0, 9)), max_size=8, unique_by=lambda pair: pair[0]))
def test_pairs_in_any_order_give_one_map(pairs: list[tuple[object, object]]) -> None:
    assert cbor.dumps(cbor.Pairs(pairs)) == cbor.dumps(cbor.Pairs(pairs[::-1])) == cbor.dumps(dict(pairs))


@given(st.lists(keys, min_size=2, max_size=24, unique=True))
def test_map_keys_are_in_the_order_of_their_encodings(names: list[object]) -> None:
    encoding = cbor.dumps(dict.fromkeys(names))
    ordered = b"".join(sorted(cbor.dumps(name) + b"\xf6" for name in names))
    assert encoding[1 if len(names) < 24 else 2 :] == ordered


@pytest.mark.parametrize(
    "value",
    [1.5, object(), 1 << 64, -(1 << 64) - 1, {True: 1}, {None: 1}, {(1,): 1}, cbor.Pairs([(1, 1), (1, 2)]), cbor.Tag(-1, 0)],
)
def test_what_has_no_encoding_is_refused(value: object) -> None:
    with pytest.raises(Invalid):
        cbor.dumps(value)


def test_a_tag_goes_both_ways() -> None:
    tag = cbor.loads(cbor.dumps(cbor.Tag(18, [1])))
    assert isinstance(tag, cbor.Tag)
    assert (tag.number, tag.value) == (18, [1])
