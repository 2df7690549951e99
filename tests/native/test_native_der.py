"""ECDSA signatures in DER: one encoding of a value, and nothing else is read (X.690, RFC 3279 section 2.2.3)."""

import pytest
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature, encode_dss_signature
from hypothesis import example, given, settings
from hypothesis import strategies as st

from armillary.native import BadSignature
from armillary.native.compiled import signature_from_der, signature_to_der

NUMBERS = st.one_of(
    st.integers(1, 2**256 - 1),
    st.integers(1, 2**40),
    st.integers(0, 31).map(lambda n: 1 << 8 * n),
    st.integers(1, 32).map(lambda n: (1 << 8 * n) - 1),
    st.integers(1, 32).map(lambda n: 1 << 8 * n - 1),
)
GOOD = bytes.fromhex("3006020101020101")  # r = s = 1


def raw(r, s):
    return r.to_bytes(32, "big") + s.to_bytes(32, "big")


def integer(contents, *, kind=2):
    return bytes([kind, len(contents)]) + contents


def sequence(contents, *, kind=0x30):
    return bytes([kind, len(contents)]) + contents


@settings(max_examples=500)
@given(r=NUMBERS, s=NUMBERS)
def test_it_is_what_an_independent_library_writes(r, s):
    der = encode_dss_signature(r, s)
    assert signature_to_der(raw(r, s)) == der
    assert signature_from_der(der) == raw(r, s)


def test_the_longest_signature_fits():
    assert len(signature_to_der(b"\xff" * 64)) == 72


def test_zero_is_written_and_not_read():
    """The writer takes any values; a zero is never a part of a signature."""
    assert signature_to_der(bytes(64)) == bytes.fromhex("3006020100020100")
    with pytest.raises(BadSignature):
        signature_from_der(signature_to_der(bytes(64)))


BAD = {
    "nothing": b"",
    "a tag alone": b"\x30",
    "an empty sequence": sequence(b""),
    "one number": sequence(integer(b"\1")),
    "three numbers": sequence(integer(b"\1") * 3),
    "another tag": sequence(GOOD[2:], kind=0x31),
    "a set of tags": sequence(GOOD[2:], kind=0x10),
    "a number of another tag": sequence(integer(b"\1", kind=4) + integer(b"\1")),
    "bytes after the end": GOOD + b"\0",
    "bytes inside after the end": sequence(GOOD[2:] + b"\0"),
    "a sequence too long for its bytes": bytes([0x30, 7]) + GOOD[2:],
    "a sequence too short for its numbers": bytes([0x30, 5]) + GOOD[2:],
    "a number that goes past the end": bytes.fromhex("3006020101020201"),
    "a length in two bytes": bytes.fromhex("308106020101020101"),
    "a length in three bytes": bytes.fromhex("30820006020101020101"),
    "a number's length in two bytes": bytes.fromhex("300702810101020101"),
    "an indefinite length": bytes.fromhex("30800201010201010000"),
    "a number of no bytes": bytes.fromhex("30050200020101"),
    "the second number of no bytes": bytes.fromhex("30050201010200"),
    "a zero": sequence(integer(b"\0") + integer(b"\1")),
    "a zero as the second": sequence(integer(b"\1") + integer(b"\0")),
    "two zeros": sequence(integer(b"\0\0") + integer(b"\1")),
    "a negative number": sequence(integer(b"\x80") + integer(b"\1")),
    "minus one": sequence(integer(b"\xff") + integer(b"\1")),
    "a zero too many": sequence(integer(b"\0\1") + integer(b"\1")),
    "a zero too many before 127": sequence(integer(b"\1") + integer(b"\0\x7f")),
    "33 bytes": sequence(integer(b"\1" + bytes(32)) + integer(b"\1")),
    "33 bytes after a zero": sequence(integer(b"\0\xff" + bytes(32)) + integer(b"\1")),
    "40 bytes": sequence(integer(b"\1") + integer(b"\1" * 40)),
}


@pytest.mark.parametrize("case", BAD)
def test_what_is_not_der_is_refused(case):
    with pytest.raises(BadSignature):
        signature_from_der(BAD[case])


@pytest.mark.parametrize("length", range(len(GOOD)))
def test_a_cut_signature_is_refused(length):
    with pytest.raises(BadSignature):
        signature_from_der(GOOD[:length])


@settings(max_examples=1000)
@given(data=st.one_of(st.binary(max_size=80), st.binary(max_size=74).map(lambda data: b"\x30" + data)))
@example(GOOD)
def test_what_is_read_is_written_again_byte_for_byte(data):
    """Strictly one encoding: whatever is accepted is the encoding of what was read."""
    try:
        found = signature_from_der(data)
    except BadSignature:
        return
    assert signature_to_der(found) == data
    assert raw(*decode_dss_signature(data)) == found


@settings(max_examples=500)
@given(r=NUMBERS, s=NUMBERS, at=st.integers(0, 575), data=st.data())
def test_a_changed_signature_is_another_or_refused(r, s, at, data):
    der = bytearray(encode_dss_signature(r, s))
    der[at % len(der)] ^= 1 << data.draw(st.integers(0, 7))
    try:
        found = signature_from_der(bytes(der))
    except BadSignature:
        return
    assert found != raw(r, s) and signature_to_der(found) == bytes(der)
