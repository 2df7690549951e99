"""An SD card on SPI, asked by a host that was written apart from it."""

import binascii

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from armillary.hal.sim.media import File, Memory
from armillary.hal.sim.sdcard import SdCard
from armillary.hal.sim.sdregisters import crc7, crc16
from armillary.hal.sim.state import BadState
from armillary.wire.fault import Invalid
from tests.hal.sdhost import BLOCK, Host, fingerprint

SIZE = 1 << 20
MIB = 1 << 20


def card_of(size=SIZE, is_high_capacity=False, image=b""):
    return SdCard(Memory(size, image), is_high_capacity)


def begun(**words):
    host = Host(card_of(**words))
    host.begin()
    return host


def bits(data, high, low):
    """A field of a register, by the numbers that the specification gives its bits."""
    return int.from_bytes(data, "big") >> low & (1 << high - low + 1) - 1


def test_check_sums_are_those_of_the_specification():
    assert [crc7(bytes.fromhex(text)) for text in ("4000000000", "5100000000", "1100000900")] == [0x4A, 0x2A, 0x33]
    assert crc16(b"\xff" * 512) == 0x7FA1


@given(st.binary(max_size=64))
def test_the_check_sum_of_data_is_that_of_python(data):
    assert crc16(data) == binascii.crc_hqx(data, 0)


def test_a_card_says_nothing_before_it_was_told_to_use_spi():
    host = Host(card_of())
    assert host.command(8, 0x1AA) is None and host.command(58) is None
    host.send(b"\x40\0\0\0\0\x97")  # CMD0 with a bad check sum: no SPI mode yet, so nobody answers
    assert host.wait() is None
    assert host.command(0) == 0x01 and host.command(58, more=4) == b"\x01\x00\xff\x80\x00"


def test_a_card_is_ready_after_it_was_asked_more_than_once():
    host = Host(SdCard(Memory(SIZE), polls=3))
    assert host.command(0) == 1 and host.command(8, 0x1AA, 4)
    assert [host.application(41) for _ in range(4)] == [1, 1, 0, 0]


def test_an_old_host_may_begin_with_cmd1():
    host = Host(SdCard(Memory(SIZE), polls=2))
    assert host.command(0) == 1 and [host.command(1), host.command(1)] == [1, 0]


def test_a_voltage_that_the_card_lacks_is_not_accepted_and_the_pattern_comes_back():
    host = Host(card_of())
    host.command(0)
    assert host.command(8, 0x255, 4) == b"\x01\0\0\0\x55" and host.command(8, 0x1A5, 4) == b"\x01\0\0\x01\xa5"


@pytest.mark.parametrize("does_ask, argument", [(False, 1 << 30), (True, 0)])
def test_a_high_capacity_card_waits_for_a_host_that_knows_such_cards(does_ask, argument):
    host = Host(card_of(is_high_capacity=True))
    host.command(0)
    if does_ask:
        host.command(8, 0x1AA, 4)
    assert {host.application(41, argument) for _ in range(20)} == {1}


@pytest.mark.parametrize("is_high, bit", [(False, 0), (True, 1)])
def test_the_ocr_tells_how_blocks_are_addressed(is_high, bit):
    ocr = Host(card_of(is_high_capacity=is_high)).begin()
    assert ocr >> 31 == 1 and ocr >> 30 & 1 == bit


@pytest.mark.parametrize("size", [MIB // 2, MIB, 3 * MIB // 2, 8 * MIB, 64 * MIB])
@pytest.mark.parametrize("is_high", [False, True])
def test_the_size_is_that_of_the_csd(size, is_high):
    host = begun(size=size, is_high_capacity=is_high)
    assert host.command(9) == 0
    token, csd, check = host.data(16)
    assert token == 0xFE and check == crc16(csd) and csd[15] == crc7(csd[:15]) << 1 | 1
    assert bits(csd, 127, 126) == is_high and bits(csd, 83, 80) == 9 and bits(csd, 103, 96) == 0x32
    if is_high:
        assert (bits(csd, 69, 48) + 1) * 512 * 1024 == size
    else:
        assert (bits(csd, 73, 62) + 1) << bits(csd, 49, 47) + 2 + bits(csd, 83, 80) == size


def test_a_card_of_a_gibibyte_can_tell_its_size_and_a_larger_one_is_of_high_capacity(tmp_path):
    for size, is_high in ((1 << 30, False), ((1 << 30) + MIB // 2, True)):
        path = tmp_path / f"{size}.img"
        with path.open("wb") as file:
            file.truncate(size)
        host = Host(SdCard(File(path)))
        assert host.begin() >> 30 & 1 == is_high
        host.command(9)
        csd = host.data(16)[1]
        told = (bits(csd, 69, 48) + 1) << 19 if is_high else (bits(csd, 73, 62) + 1) << bits(csd, 49, 47) + 11
        assert told == size


def test_it_tells_who_it_is_and_what_it_can():
    host = begun()
    assert host.command(10) == 0
    cid = host.data(16)[1]
    assert cid[3:8] == b"ARMLR" and cid[15] == crc7(cid[:15]) << 1 | 1
    assert host.application(51) == 0 and host.data(8)[1] == b"\x02\x05\0\0\0\0\0\0"
    assert host.application(13, more=1) == b"\0\0" and host.data(64)[1] == bytes(64)


@pytest.mark.parametrize("is_high, scale", [(False, BLOCK), (True, 1)])
def test_what_is_written_is_read(is_high, scale):
    host, data = begun(is_high_capacity=is_high), bytes(range(256)) * 2
    assert host.command(24, 5 * scale) == 0 and host.give(data) == 0x05
    assert host.command(17, 5 * scale) == 0 and host.data() == (0xFE, data, crc16(data))
    assert host.card.medium.data[5 * BLOCK : 6 * BLOCK] == data and host.command(13, more=1) == b"\0\0"


def test_many_blocks_are_written_and_read_until_they_are_stopped():
    host, pieces = begun(), [bytes([number]) * BLOCK for number in range(4)]
    host.application(23, 4)
    assert host.command(25, BLOCK) == 0
    assert [host.give(piece, token=0xFC) for piece in pieces] == [0x05] * 4
    host.send(b"\xff\xfd\xff")
    assert host.wait(while_is=0) == 0xFF
    assert host.application(22) == 0 and host.data(4)[1] == b"\0\0\0\x04"
    assert host.command(18, BLOCK) == 0
    assert [host.data()[1] for _ in range(3)] == pieces[:3]
    assert host.command(12) == 0 and host.wait(while_is=0) == 0xFF and host.clock(600) == b"\xff" * 600


def test_a_standard_card_reads_part_of_a_block():
    host = begun(image=bytes(n & 0xFF for n in range(SIZE)))
    assert host.command(16, 3) == 0 and host.command(17, 0x123) == 0
    assert host.data(3)[1] == b"\x23\x24\x25"
    assert host.command(18, 0x1F8) == 0
    assert [host.data(3)[1] for _ in range(2)] == [b"\xf8\xf9\xfa", b"\xfb\xfc\xfd"]


@pytest.mark.parametrize("index, argument, errors, second", [
    (17, 100, 0x20, 0), (17, SIZE, 0x40, 0x80), (18, SIZE - 1, 0x40, 0x80), (24, 1, 0x20, 0), (25, SIZE, 0x40, 0x80),
    (16, 0, 0x40, 0), (16, 513, 0x40, 0), (6, 0, 0x04, 0), (12, 0, 0x04, 0), (41, 0, 0x04, 0), (38, 0, 0x10, 0), (33, 0, 0x10, 0),
])  # fmt: skip
def test_what_cannot_be_is_refused_with_the_reason(index, argument, errors, second):
    host = begun()
    assert host.command(index, argument) == errors
    assert host.wait() is None and host.command(13, more=1) == bytes([0, second])


@pytest.mark.parametrize("index", [9, 10, 13, 16, 17, 24])
def test_an_idle_card_does_little(index):
    host = Host(card_of())
    host.command(0)
    assert host.command(index) == 0x05


def test_writing_needs_whole_blocks():
    host = begun()
    host.command(16, 64)
    assert host.command(24) == 0x40
    host.command(16, 512)
    assert host.command(24) == 0


def test_reading_ends_where_the_card_does():
    host = begun()
    assert host.command(18, SIZE - BLOCK) == 0
    assert host.data()[0] == 0xFE and host.data()[0] == 0x08 and host.wait() is None
    assert host.command(13, more=1) == b"\0\x80"


def test_writing_ends_where_the_card_does():
    host = begun()
    assert host.command(25, SIZE - BLOCK) == 0
    assert host.give(b"a" * BLOCK, token=0xFC) == 0x05 and host.give(b"b" * BLOCK, token=0xFC) == 0x0D
    assert host.card.medium.data[-BLOCK:] == b"a" * BLOCK


def test_check_sums_count_once_they_are_asked_for():
    host, data = begun(), b"x" * BLOCK
    host.send(b"\x51\0\0\0\0\xff")
    assert host.wait() == 0 and host.data()[0] == 0xFE
    assert host.command(59, 1) == 0
    host.send(b"\x51\0\0\0\0\xff")
    assert host.wait() == 0x08 and host.wait() is None
    assert host.command(24) == 0 and host.give(data, check=1) == 0x0B
    assert host.command(24) == 0 and host.give(data, check=crc16(data)) == 0x05
    assert host.command(59, 0) == 0 and host.command(24) == 0 and host.give(data, check=1) == 0x05


def test_while_it_is_busy_it_hears_only_a_reset():
    host = Host(SdCard(Memory(SIZE), pause=1000))
    host.begin()
    host.command(24)
    host.send(b"\xfe" + bytes(BLOCK + 2))
    assert host.clock(1) == b"\xe5" and host.clock(3) == bytes(3)
    host.send(host.frame(58))
    assert set(host.clock(64)) == {0}
    assert host.command(0) is not None
    assert host.command(0) == 0x01


def test_letting_go_of_the_line_keeps_an_answer_and_forgets_half_a_command():
    host = begun(image=bytes([7]) * SIZE)
    host.send(host.frame(17)[:4])
    host.card.deselect()
    host.card.select()
    host.send(host.frame(17))
    heard = bytearray()
    for _ in range(BLOCK + 6):
        heard += host.clock(1)
        host.card.deselect()
        host.card.select()
    assert heard[1] == 0 and heard[3] == 0xFE and heard[4 : 4 + BLOCK] == bytes([7]) * BLOCK


def test_erased_blocks_are_zero_and_no_others():
    host = begun(image=b"\xff" * SIZE)
    assert host.command(32, 2 * BLOCK) == 0 and host.command(33, 3 * BLOCK) == 0 and host.command(38) == 0
    assert host.wait(while_is=0) == 0xFF
    assert host.card.medium.data == b"\xff" * 2 * BLOCK + bytes(2 * BLOCK) + b"\xff" * (SIZE - 4 * BLOCK)


def test_erasing_a_large_card_takes_its_time_and_not_the_callers(tmp_path):
    path = tmp_path / "card.img"
    with path.open("wb") as file:
        file.truncate(1 << 30)
    host = Host(SdCard(File(path)))
    host.begin()
    host.command(32, 0)
    host.command(33, (1 << 30) - BLOCK)
    assert host.command(38) == 0 and host.clock(3) == bytes(3)
    assert host.command(0) is not None and host.command(0) == 0x01  # it is broken off


def test_another_command_breaks_off_an_erase_and_it_is_said_once():
    host = begun(image=b"\xff" * SIZE)
    host.command(32, 0)
    host.command(33, 0)
    assert host.command(58, more=4)[0] == 0x02 and host.command(38) == 0x10
    assert host.card.medium.data == b"\xff" * SIZE


def test_a_file_keeps_what_is_written(tmp_path):
    path = tmp_path / "card.img"
    path.write_bytes(bytes(SIZE))
    host = Host(SdCard(File(path)))
    host.begin()
    host.command(24, BLOCK)
    assert host.give(b"k" * BLOCK) == 0x05
    assert path.read_bytes() == bytes(BLOCK) + b"k" * BLOCK + bytes(SIZE - 2 * BLOCK)


def test_a_medium_that_fails_is_told_as_an_error(tmp_path):
    path = tmp_path / "card.img"
    path.write_bytes(bytes(SIZE))
    host = Host(SdCard(File(path)))
    host.begin()
    path.unlink()
    assert host.command(17) == 0 and host.data()[0] == 0x01 and host.command(13, more=1) == b"\0\x04"
    assert host.command(24) == 0 and host.give(bytes(BLOCK)) == 0x0D and host.command(13, more=1) == b"\0\x04"
    host.command(32)
    host.command(33)
    assert host.command(38) == 0 and host.wait(while_is=0) == 0xFF and host.command(13, more=1) == b"\0\x04"


@pytest.mark.parametrize("size, why", [(0, "no number of blocks"), (1000, "no number of blocks"), (1 << 18, "truncate -s")])
def test_an_image_of_a_size_that_no_card_has_is_refused(tmp_path, size, why):
    path = tmp_path / "card.img"
    path.write_bytes(bytes(size))
    with pytest.raises(Invalid, match=why):
        SdCard(File(path))


def test_a_file_that_is_not_there_is_refused(tmp_path):
    with pytest.raises(Invalid, match=r"card\.img: No such file"):
        File(tmp_path / "card.img")


# --- states, and anything at all ---

BYTES = st.one_of(
    st.binary(min_size=1, max_size=40), st.just(b"\xff" * 600), st.just(b"\xfe" + bytes(514)), st.just(b"\xfc" + bytes(514)), st.just(b"\xfd"),
    st.builds(lambda index, argument: Host.frame(None, index, argument), st.sampled_from([*SdCard.COMMANDS, *SdCard.OF_APPLICATION]),
              st.sampled_from([0, 512, 1 << 30, 0x1AA, SIZE - 512, SIZE, 3, 0xFFFFFFFF])),
)  # fmt: skip
TALK = st.lists(st.one_of(BYTES, st.none()), max_size=25)


def said(card, talk):
    """What the card answers; None lets go of the line."""
    answers = []
    for piece in talk:
        if piece is None:
            card.deselect()
            card.select()
        else:
            answers.append(bytes(card.exchange(byte) for byte in piece))
    return answers


@settings(max_examples=60, deadline=None)
@given(TALK, TALK, st.booleans(), st.booleans())
def test_a_restored_card_goes_on_as_the_saved_one_whatever_it_hears(before, after, is_high, is_begun):
    card, other = card_of(is_high_capacity=is_high), card_of(is_high_capacity=is_high)
    if is_begun:
        Host(card).begin()
    said(card, before)
    other.restore(other.check(card.save()))
    assert said(other, after) == said(card, after) and fingerprint(other) == fingerprint(card)
    assert len(card.medium.data) == SIZE


@settings(max_examples=30, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 15), st.integers(0, 255)), max_size=8), st.booleans())
def test_a_card_is_its_blocks(writes, is_high):
    host, blocks = begun(is_high_capacity=is_high), {}
    for number, value in writes:
        assert host.command(24, number * (1 if is_high else BLOCK)) == 0 and host.give(bytes([value]) * BLOCK) == 0x05
        blocks[number] = value
    for number in range(16):
        assert host.command(17, number * (1 if is_high else BLOCK)) == 0
        assert host.data()[1] == bytes([blocks.get(number, 0)]) * BLOCK


@pytest.mark.parametrize("change, why", [
    ({"_first": SIZE, "_last": SIZE, "_is_erasing": True}, "beyond"), ({"_is_erasing": True}, "from None"), ({"_frame": [0] * 6}, "_frame"),
    ({"_first": 512, "_last": 0, "_is_erasing": True}, "from 512 to 0"), ({"medium": {"data": bytes(BLOCK)}}, "instead of"), ({"_data": bytes(514)}, "_data"),
])  # fmt: skip
def test_a_state_that_cannot_be_is_refused(change, why):
    card = card_of()
    with pytest.raises(BadState, match=why):
        card.check({**card.save(), **change})


def test_a_state_goes_with_the_file_as_it_was(tmp_path):
    path = tmp_path / "card.img"
    path.write_bytes(bytes(SIZE))
    card = SdCard(File(path))
    state = card.save()
    assert SdCard(File(path)).check(state)
    path.write_bytes(b"\1" + bytes(SIZE - 1))
    with pytest.raises(BadState, match="not what it was"):
        card.check(state)
