"""The rings between cores: what goes in comes out, and nothing that cannot be is believed."""

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from armillary.wire import intercore
from armillary.wire.fault import Invalid

APP = bytes(range(16))
SIZE = 1 << 12
CAPACITY = SIZE - 64


class Memory:
    """Bytes; a read or write outside of them is a mistake of ours."""

    def __init__(self, size):
        self.data = bytearray(size)
        self.reads = []

    def read(self, offset, length):
        assert 0 <= offset <= offset + length <= len(self.data)
        self.reads.append((offset, length))
        return bytes(self.data[offset : offset + length])

    def write(self, offset, data):
        assert 0 <= offset <= offset + len(data) <= len(self.data)
        self.data[offset : offset + len(data)] = data

    def word(self, offset, value):
        self.write(offset, struct.pack("<I", value))


@pytest.fixture
def pair():
    """(memory, the main core's view, the real-time core's view): its ring comes first."""
    return make_pair(12)


def make_pair(bits):
    memory = Memory(2 << bits)
    main = intercore.Rings(memory, 1 << bits, 0, bits)
    main.clear()
    return memory, main, intercore.Rings(memory, 0, 1 << bits, bits)


# -- descriptors -------------------------------------------------------------------------------------


@given(st.integers(0, (1 << 27) - 1), st.integers(7, 16))
def test_a_descriptor_says_where_a_ring_lies_and_how_large_it_is(line, bits):
    assert intercore.parse_descriptor(intercore.descriptor(line * 32, bits)) == (line * 32, 1 << bits)


@pytest.mark.parametrize("address, bits", [(16, 12), (-32, 12), (1 << 32, 12), (0, 6), (0, 17), (0, 31), (0, 32)])
def test_a_ring_that_cannot_be_has_no_descriptor(address, bits):
    with pytest.raises(Invalid, match="ring") as refused:
        intercore.descriptor(address, bits)
    assert refused.value.rule == "intercore.descriptor"


@given(st.integers(0, 0xFFFF_FFFF))
def test_any_word_is_a_descriptor_or_is_refused(word):
    try:
        address, size = intercore.parse_descriptor(word)
    except Invalid:
        assert not 7 <= word & 31 <= 16
    else:
        assert intercore.descriptor(address, size.bit_length() - 1) == word


def test_the_handshake_names_the_ring_that_the_real_time_core_writes_first():
    assert intercore.handshake(0x8000_000C, 0x8000_100C) == [
        (0xBA5E_0001, 0x8000_000C), (0xBA5E_0002, 0x8000_100C), (0xBA5E_0003, 0),
    ]  # fmt: skip


# -- blocks ------------------------------------------------------------------------------------------


def test_a_short_message_lies_in_memory_as_the_layout_says(pair):
    memory, main, _ = pair
    assert main.send(APP, b"Hi")
    assert memory.data[SIZE : SIZE + 8] == struct.pack("<II", 32, 0)
    assert memory.data[SIZE + 64 : SIZE + 90] == struct.pack("<I", 22) + APP + bytes(4) + b"Hi"
    assert not any(memory.data[:SIZE])


@pytest.mark.parametrize("payload", [b"", b"x", bytes(11), bytes(12), bytes(13), bytes(1024)])
def test_a_message_of_any_length_arrives(pair, payload):
    _, main, core = pair
    assert main.send(APP, payload)
    assert core.receive() == (APP, payload) and core.receive() is None


def test_what_is_longer_than_a_message_may_be_is_refused_with_a_remedy(pair):
    memory, main, _ = pair
    with pytest.raises(Invalid, match="1025 bytes is longer than 1024") as refused:
        main.send(APP, bytes(1025))
    assert refused.value.remedy and not any(memory.data)
    with pytest.raises(Invalid, match="16 bytes, not 15"):
        main.send(APP[:15], b"x")


def test_a_full_ring_keeps_sixteen_bytes_free_and_has_room_again_once_read(pair):
    _, main, core = pair
    for number in range(3):
        assert main.send(APP, bytes([number]) * 1024)
    assert main.room() == CAPACITY - 3 * 1056 - 16
    assert main.send(APP, bytes(main.room() - 24)) and main.room() == 0 and not main.send(APP, b"")
    assert core.receive()[1] == bytes(1024)
    assert main.room() == 1056 and main.send(APP, bytes(1024)) and main.room() == 0


def test_a_block_wraps_around_the_end_but_its_size_never_does(pair):
    memory, main, core = pair
    core.written = core.read = main.written = main.read = CAPACITY - 16
    for ring in (0, SIZE):
        memory.word(ring, CAPACITY - 16)
        memory.word(ring + 4, CAPACITY - 16)
    payload = bytes(range(1, 101))
    assert main.send(APP, payload)
    assert memory.data[SIZE + 64 + CAPACITY - 16 : SIZE + 64 + CAPACITY] == struct.pack("<I", 120) + APP[:12]
    assert memory.data[SIZE + 64 : SIZE + 72] == APP[12:] + bytes(4)
    assert core.receive() == (APP, payload)


def test_clearing_leaves_nothing_of_what_was_said_before(pair):
    memory, main, core = pair
    main.send(APP, b"secret")
    core.send(APP, b"answer")
    main.clear()
    assert not any(memory.data) and main.written == main.read == 0


class Conversation(RuleBasedStateMachine):
    """Two sides that speak in turns, against two queues."""

    @initialize(bits=st.integers(7, 12))
    def begin(self, bits):
        _, main, core = make_pair(bits)
        self.sides = {"main": (main, core), "core": (core, main)}
        self.queues = {"main": [], "core": []}

    @rule(who=st.sampled_from(["main", "core"]), component=st.binary(min_size=16, max_size=16), payload=st.binary(max_size=1024))
    def send(self, who, component, payload):
        side, _ = self.sides[who]
        used = sum(intercore.padded(24 + len(message)) for _, message in self.queues[who])
        has_room = used + intercore.padded(24 + len(payload)) + 16 <= side.capacity
        assert side.send(component, payload) == has_room
        if has_room:
            self.queues[who].append((component, payload))

    @rule(who=st.sampled_from(["main", "core"]))
    def receive(self, who):
        _, other = self.sides[who]
        assert other.receive() == (self.queues[who].pop(0) if self.queues[who] else None)

    @invariant()
    def what_waits_is_what_was_sent(self):
        for who, (_, other) in self.sides.items():
            assert other.waiting() == sum(intercore.padded(24 + len(message)) for _, message in self.queues[who])


TestConversation = Conversation.TestCase


# -- what cannot be ----------------------------------------------------------------------------------


@given(st.integers(0, 0xFFFF_FFFF).filter(lambda value: value >= CAPACITY or value % 16))
def test_a_position_that_cannot_be_is_refused_with_its_place(value):
    memory, main, _ = make_pair(12)
    memory.word(0, value)
    with pytest.raises(Invalid, match="write position of {}: .* at offset 0x0".format(value)) as refused:
        main.receive()
    assert refused.value.rule == "intercore.position" and main.read == 0
    memory.word(0, 0)
    memory.word(4, value)
    with pytest.raises(Invalid, match="read position of {}: .* at offset 0x4".format(value)):
        main.send(APP, b"x")
    assert not any(memory.data[SIZE:]) and main.written == 0


@given(st.integers(0, 0xFFFF_FFFF), st.integers(1, CAPACITY // 16 - 1))
def test_a_size_that_cannot_be_is_refused_and_nothing_of_it_is_taken(size, grains):
    memory, main, _ = make_pair(12)
    memory.word(0, grains * 16)
    memory.word(64, size)
    fits = 20 <= size <= 1044 and intercore.padded(4 + size) <= grains * 16
    if fits:
        assert len(main.receive()[1]) == size - 20
    else:
        with pytest.raises(Invalid, match="a block of {} bytes: .* at offset 0x40".format(size)) as refused:
            main.receive()
        assert refused.value.rule == "intercore.block" and main.read == 0 and not any(memory.data[SIZE:])


@given(st.binary(min_size=256, max_size=256), st.lists(st.booleans(), max_size=40))
def test_whatever_the_other_side_wrote_only_its_ring_is_read_and_only_ours_is_written(junk, turns):
    memory, main, _ = make_pair(7)
    memory.data[:128] = junk[:128]
    for is_sending in turns:
        try:
            if is_sending:
                main.send(APP, b"x")
            else:
                main.receive()
        except Invalid:
            pass
    assert memory.data[:128] == junk[:128]
    assert all(offset + length <= 128 for offset, length in memory.reads)


def test_our_own_positions_are_not_read_back_from_where_the_other_side_could_change_them(pair):
    memory, main, core = pair
    main.send(APP, b"one")
    core.send(APP, b"first")
    memory.word(SIZE, 16)
    memory.word(SIZE + 4, 16)
    assert main.receive() == (APP, b"first")
    assert main.send(APP, b"two")
    assert core.receive() == (APP, b"one") and core.receive() == (APP, b"two")


def test_a_size_that_is_read_twice_would_be_checked_and_then_be_another(pair):
    """The flaw put in: checked as 520, used as what it has become."""
    memory, main, core = pair
    core.send(APP, bytes(500))

    def careless(rings):
        (size,) = struct.unpack("<I", rings._read(0, 4))
        assert size <= 1044
        memory.word(64, 3000)
        (size,) = struct.unpack("<I", rings._read(0, 4))
        return rings._read(4, size)

    assert len(careless(main)) == 3000


def test_the_size_is_read_once_so_that_it_cannot_change_after_it_was_checked(pair):
    memory, main, core = pair
    core.send(APP, bytes(500))

    class Changing(Memory):
        def read(self, offset, length):
            found = memory.read(offset, length)
            memory.word(64, 0xFFFF)
            return found

        write = memory.write

    changing = intercore.Rings(Changing(0), SIZE, 0)
    with pytest.raises(Invalid):
        changing.receive()  # the first read, of the position, changed the size before it was read
    memory.word(64, 520)
    changing._memory.read = lambda offset, length: (memory.read(offset, length), memory.word(64, 0xFFFF) if offset == 64 else None)[0]
    assert changing.receive() == (APP, bytes(500))
