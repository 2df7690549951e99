"""GUIDs: text and the mixed-endian layout."""

import uuid

import pytest
from hypothesis import given
from hypothesis import strategies as st

from armillary.wire import guid
from armillary.wire.fault import Invalid


def test_the_layout_is_that_of_windows():
    assert guid.to_bytes("2f074b0f-d99d-4692-82d9-ef93a7d6463c").hex() == "0f4b072f9dd9924682d9ef93a7d6463c"


@given(st.uuids())
def test_it_agrees_with_the_uuid_library(value):
    assert guid.to_bytes(str(value)) == value.bytes_le
    assert guid.to_text(value.bytes_le) == str(value)


@given(st.uuids())
def test_capitals_mean_the_same(value):
    assert guid.to_bytes(str(value).upper()) == value.bytes_le


@given(st.text(max_size=40))
def test_other_text_is_refused(text):
    try:
        expected = uuid.UUID(text).bytes_le if len(text) == 36 and text.count("-") == 4 else None
    except ValueError:
        expected = None
    try:
        assert guid.to_bytes(text) == expected
    except Invalid:
        pass


@pytest.mark.parametrize("text", [
    "", "2f074b0f-d99d-4692-82d9-ef93a7d6463", "{f074b0f-d99d-4692-82d9-ef93a7d6463}", "2f074b0fd-99d-4692-82d9-ef93a7d6463c",
    "2f074b0f-d99d-4692-82d9-ef93a7d646 c", "2f074b0f-d99d-4692-82d9-ef93a7d646_c", "２f074b0f-d99d-4692-82d9-ef93a7d6463c",
])  # fmt: skip
def test_what_other_readers_overlook_is_refused(text):
    with pytest.raises(Invalid):
        guid.to_bytes(text)


@pytest.mark.parametrize("size", [0, 15, 17])
def test_another_number_of_bytes_is_refused(size):
    with pytest.raises(Invalid):
        guid.to_text(bytes(size))
