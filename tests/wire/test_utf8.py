"""Strict UTF-8, against the host's own strict decoder."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from armillary.wire import utf8
from armillary.wire.fault import Invalid


@given(st.one_of(st.binary(max_size=12), st.text(max_size=6).map(lambda text: text.encode() + b"\xc0")))
@example(b"\xc0\x80")
@example(b"\xc1\x81")
@example(b"\xe0\x9f\xbf")
@example(b"\xed\xa0\x80")
@example(b"\xf0\x8f\xbf\xbf")
@example(b"\xf4\x90\x80\x80")
@example(b"\xf8\x88\x80\x80\x80")
@example(b"\xe2\x82")
def test_it_accepts_exactly_what_the_host_does(data):
    try:
        expected = data.decode()
    except UnicodeDecodeError:
        with pytest.raises(Invalid):
            utf8._check(data, "text", 0)
    else:
        utf8._check(data, "text", 0)
        assert utf8.decode(data) == expected


@given(st.text())
def test_all_text_passes(text):
    assert utf8.decode(text.encode()) == text


def test_the_offset_of_the_bad_byte_is_named():
    with pytest.raises(Invalid) as caught:
        utf8.decode(b"ab\xff", "a name", 0x1000)
    assert caught.value.offset == 0x1002


@pytest.mark.parametrize("text", ["\n", "\x1b[2J", "\x7f", "\x9b", "a\0"])
def test_control_characters_are_not_plain(text):
    assert not utf8.is_plain(text)


def test_letters_of_any_script_are_plain():
    assert utf8.is_plain("Grün 器 \u00a0~")
