"""DER: strict reading, and signatures in both of their forms."""

import pytest
from cryptography.hazmat.primitives.asymmetric import utils
from hypothesis import given
from hypothesis import strategies as st

from armillary.wire import der
from armillary.wire.fault import Invalid

scalars = st.integers(0, 2**256 - 1)


@given(scalars, scalars)
def test_a_signature_goes_both_ways_as_another_library_has_it(r: int, s: int) -> None:
    raw = r.to_bytes(32, "big") + s.to_bytes(32, "big")
    assert der.raw_to_der(raw) == utils.encode_dss_signature(r, s)
    assert der.der_signature_to_raw(utils.encode_dss_signature(r, s)) == raw


@given(scalars, scalars, st.data())
def test_a_signature_has_one_encoding(r: int, s: int, data: st.DataObject) -> None:
    changed = bytearray(utils.encode_dss_signature(r, s))
    at = data.draw(st.integers(0, len(changed) - 1))
    changed[at : at + data.draw(st.integers(0, 2))] = data.draw(st.binary(max_size=2))
    try:
        raw = der.der_signature_to_raw(changed)
    except Invalid:
        return
    assert der.raw_to_der(raw) == changed


@pytest.mark.parametrize(
    "data",
    [
        "", "30", "3000", "3003020101", "300602010102010100", "30060201010201", "3007020101020101", "30060201ff020101",
        "300702020001020101", "308106020101020101", "3080020101020101 0000", "30050200020101", "300602810101020101",
        "3026 0221 01" + "00" * 32 + "020101", "3026 0221 00" + "7f" * 32 + "020101", "310602010102 0101", "30060301010201 01",
    ],
)  # fmt: skip
def test_a_signature_of_another_form_is_refused(data: str) -> None:
    with pytest.raises(Invalid):
        der.der_signature_to_raw(bytes.fromhex(data))


@pytest.mark.parametrize("size", [0, 63, 65])
def test_a_raw_signature_is_64_bytes(size: int) -> None:
    with pytest.raises(Invalid):
        der.raw_to_der(bytes(size))


@given(st.integers(0, 0xFF), st.sampled_from([0, 1, 127, 128, 255, 256, 65535]))
def test_what_was_encoded_is_read_back(tag: int, length: int) -> None:
    data = der.encode(tag, b"x" * length)
    reader = der.Reader(data)
    if tag & 0x1F == 0x1F:
        with pytest.raises(Invalid):
            reader.content(tag)
        return
    assert reader.next_tag == tag
    assert reader.content(tag) == b"x" * length
    reader.finish()
    assert reader.next_tag == -1


def test_a_value_beyond_the_bounds_is_not_written() -> None:
    with pytest.raises(Invalid):
        der.encode(der.SEQUENCE, bytes(65536))


@pytest.mark.parametrize("data", ["04", "0480", "048100", "04817f", "0482", "048200ff", "0483010000", "0484ffffffff", "048110", "0401"])
def test_a_length_of_another_form_or_beyond_the_data_is_refused(data: str) -> None:
    with pytest.raises(Invalid):
        der.Reader(bytes.fromhex(data)).content(der.OCTET_STRING)


@pytest.mark.parametrize("data", ["0600", "060180", "06028001", "060181", "0603550480"])
def test_an_object_identifier_has_one_form(data: str) -> None:
    with pytest.raises(Invalid):
        der.Reader(bytes.fromhex(data)).oid()


@pytest.mark.parametrize("data", ["0300", "030100", "03020800", "0302077f", "03020700", "0304000101 01", "03030700 00"])
def test_a_bit_list_has_one_form(data: str) -> None:
    with pytest.raises(Invalid):
        der.Reader(bytes.fromhex(data)).flags()


def test_a_bit_list_has_its_first_bit_on_top() -> None:
    assert der.Reader(bytes.fromhex("03020780")).flags() == 0x8000
    assert der.Reader(bytes.fromhex("030307 0080".replace(" ", ""))).flags() == 0x0080


def test_a_reader_stays_within_its_value() -> None:
    reader = der.Reader(bytes.fromhex("30030401ff0401ee"))
    inner = reader.inside(der.SEQUENCE)
    assert inner.content(der.OCTET_STRING) == b"\xff"
    with pytest.raises(Invalid):
        inner.content(der.OCTET_STRING)
    with pytest.raises(Invalid):
        reader.finish()
