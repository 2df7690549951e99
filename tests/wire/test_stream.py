"""Framing: whatever came before and however it is split, whole packets come through and no others."""

import binascii

import pytest
from hypothesis import given
from hypothesis import strategies as st

from armillary.wire import stream
from armillary.wire.call import LIMIT, Call, Gate, Port
from armillary.wire.fault import Closed, Internal, Invalid

MESSAGES = st.binary(max_size=600) | st.integers(0, 1100).map(bytes) | st.integers(0, 1100).map(lambda size: b"\xff" * size)


@given(st.lists(MESSAGES, max_size=5))
def test_messages_come_back_in_order(messages):
    decoder = stream.Decoder()
    assert decoder.feed(b"".join(stream.encode(message) for message in messages)) == messages
    assert decoder.refused == 0


@given(st.lists(MESSAGES, max_size=4), st.data())
def test_any_split_gives_the_same(messages, data):
    line = b"".join(stream.encode(message) for message in messages)
    cuts = sorted(data.draw(st.lists(st.integers(0, len(line)), max_size=6)))
    decoder = stream.Decoder()
    found = []
    for start, end in zip([0, *cuts], [*cuts, len(line)]):
        found += decoder.feed(line[start:end])
    assert found == messages


@given(st.binary(max_size=300), st.binary(max_size=300))
def test_byte_by_byte_and_after_noise(noise, message):
    decoder = stream.Decoder()
    found = []
    for byte in noise.replace(b"\0", b"\1") + b"\0" + stream.encode(message):
        found += decoder.feed(bytes((byte,)))
    assert found[-1] == message


@given(st.binary(max_size=500))
def test_a_packet_has_one_zero_at_its_end(message):
    packet = stream.encode(message)
    assert packet.index(0) == len(packet) - 1


@pytest.mark.parametrize("size", [0, 1, 249, 250, 251, 253, 254, 255, 504, 508, 512, LIMIT - 1, LIMIT])
@pytest.mark.parametrize("byte", [0, 1, 255])
def test_sizes_at_which_groups_end(size, byte):
    packet = stream.encode(bytes((byte,)) * size)
    assert stream.Decoder().feed(packet) == [bytes((byte,)) * size]
    assert len(packet) <= stream.LONGEST + 1


@pytest.mark.parametrize(("text", "stuffed"), [
    # Cheshire and Baker's examples, as commonly given.
    (b"\0", b"\1\1"), (b"\0\0", b"\1\1\1"), (b"\x11\x22\0\x33", b"\3\x11\x22\2\x33"), (b"\x11\0\0\0", b"\2\x11\1\1\1"),
    (bytes(range(1, 255)), b"\xff" + bytes(range(1, 255))), (bytes(range(255)), b"\1\xff" + bytes(range(1, 255))),
    (bytes(range(1, 256)), b"\xff" + bytes(range(1, 255)) + b"\2\xff"),
    (bytes(range(2, 256)) + b"\0", b"\xff" + bytes(range(2, 256)) + b"\1\1"),
])  # fmt: skip
def test_stuffing_is_cobs(text, stuffed):
    assert stream._stuff(text) == stuffed
    assert stream._unstuff(stuffed) == text


@given(st.binary(max_size=200), st.data())
def test_a_packet_with_a_bit_flipped_is_never_a_message(message, data):
    packet = bytearray(stream.encode(message))
    at = data.draw(st.integers(0, len(packet) - 2))
    packet[at] ^= 1 << data.draw(st.integers(0, 7))
    decoder = stream.Decoder()
    assert message not in decoder.feed(bytes(packet))
    assert decoder.refused


def test_a_packet_too_long_is_dropped_without_being_kept():
    decoder = stream.Decoder()
    for _ in range(100):
        assert decoder.feed(b"\xff" * 1000) == []
        assert len(decoder._packet) <= stream.LONGEST
    assert decoder.feed(b"\0" + stream.encode(b"next")) == [b"next"]
    assert decoder.refused == 1


def test_a_message_longer_than_the_limit_is_not_sent():
    with pytest.raises(Invalid):
        stream.encode(bytes(LIMIT + 1))


ECHO = Call(5, "echo", "data:bytes<=4000", "data:bytes<=4000")


class Line:
    """A serial line to a gate: what is written is answered, with noise and old replies before the answer."""

    def __init__(self, before=b"", chunk=7):
        self.gate = Gate("test", "host", {ECHO: lambda data: data})
        self.decoder = stream.Decoder()
        self.waiting = bytearray(before)
        self.chunk = chunk

    def write(self, data):
        for message in self.decoder.feed(data):
            self.waiting += b"\0" + stream.encode(self.gate(message))

    def read(self, size):
        size = min(size, self.chunk)
        data = bytes(self.waiting[:size])
        del self.waiting[:size]
        return data


@given(st.binary(max_size=200), st.integers(1, 300), st.lists(st.binary(max_size=4000), min_size=1, max_size=3))
def test_a_port_over_a_noisy_line_gets_its_answers(noise, chunk, messages):
    line = Line(noise, chunk)
    line.write(b"\x05half a packet")
    port = Port(stream.link(line.read, line.write))
    for message in messages:
        assert port.call(ECHO, message) == message


def test_a_reply_to_an_earlier_request_is_passed_over():
    line = Line(stream.encode(b"\0\xee\3\0old"))
    assert Port(stream.link(line.read, line.write)).call(ECHO, b"new") == b"new"


def test_silence_is_a_closed_link():
    with pytest.raises(Closed):
        Port(stream.link(lambda size: b"", lambda data: None)).call(ECHO, b"")


def test_endless_old_replies_end():
    with pytest.raises(Closed):
        Port(stream.link(lambda size: stream.encode(b"\0\xee"), lambda data: None)).call(ECHO, b"")


def test_a_damaged_reply_is_not_an_answer():
    good = stream.encode(b"\0\1\2\0ok")
    replies = [good[:3] + bytes((good[3] ^ 4,)) + good[4:], b""]
    with pytest.raises(Closed):
        Port(stream.link(lambda size: replies.pop(0), lambda data: None)).call(ECHO, b"")


def test_a_well_framed_but_malformed_reply_is_the_other_sides_defect():
    with pytest.raises(Internal):
        Port(stream.link(lambda size: stream.encode(b"\0\1\xff\xff"), lambda data: None)).call(ECHO, b"")


def test_the_check_is_crc32():
    assert stream._unstuff(stream.encode(b"123456789")[:-1])[-4:] == (0xCBF43926).to_bytes(4, "little")
    assert binascii.crc32(b"123456789") == 0xCBF43926
