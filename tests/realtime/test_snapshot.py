"""The whole chip saved and restored: it goes on the same to the tick, and nothing broken is taken."""

import hashlib
from types import SimpleNamespace

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from armillary.boards.mt3620 import build
from armillary.hal.sim.parts import Eeprom
from armillary.hal.sim.realtime import savefile, snapshot
from armillary.hal.sim.realtime.chip import Chip
from armillary.hal.sim.realtime.pwm import Pwm
from armillary.hal.sim.realtime.time import MILLISECOND
from armillary.hal.sim.state import BadState
from armillary.wire import cbor
from armillary.wire.fault import Invalid
from tests.realtime.whole import Watch, chip_with, chip_with_two, play

STYLES = [f"styles/{name}.c" for name in ("layered", "polled", "queued", "streamed")]
# Attributes of blocks that are wiring or tables: they do not change after the block is made.
WIRING = {"scheduler", "log", "base", "name", "pins", "mask", "resets", "bank", "bus", "inputs", "sound", "sent", "peer", "slave", "output", "received", "asked"}


def goes_on(name, saved_at, ends_at):
    chip, other = chip_with(name), chip_with(name, starts=False)
    play(chip, 0, saved_at)
    saved = chip.save()
    other.restore(saved)
    assert other.save() == saved
    one, two = Watch(chip), Watch(other)
    play(chip, saved_at, ends_at)
    play(other, saved_at, ends_at)
    assert one.all() == two.all()
    assert chip.save() == other.save()


@pytest.mark.parametrize("name", [*build.names(), *STYLES])
def test_a_restored_chip_goes_on_bit_for_bit(name):
    for saved_at, ends_at in ((0.0, 3.0), (2.4, 9.0), (7.7, 60.1), (101.3, 130.0)):
        goes_on(name, saved_at, ends_at)


@pytest.mark.slow
@pytest.mark.parametrize("name", [*build.names(), *STYLES])
@settings(max_examples=25, deadline=None)
@given(saved_at=st.floats(0, 120, allow_nan=False), length=st.floats(0.01, 40, allow_nan=False))
def test_at_whatever_time_it_was_saved(name, saved_at, length):
    goes_on(name, saved_at, saved_at + length)


@pytest.mark.parametrize("name", build.names())
@settings(max_examples=4, deadline=None)
@given(cut=st.floats(0.1, 39, allow_nan=False))
def test_where_a_run_is_cut_does_not_matter_to_what_it_does(name, cut):
    whole, cut_up = chip_with(name), chip_with(name)
    one, two = Watch(whole), Watch(cut_up)
    play(whole, 0, 40)
    play(cut_up, 0, cut)
    play(cut_up, cut, 40)
    assert one.all()[1:] == two.all()[1:]
    assert [bytes(place) for _, place in whole.cores[0].machine.memories] == [bytes(place) for _, place in cut_up.cores[0].machine.memories]


def test_a_chip_that_did_something_else_before_may_be_restored_too():
    chip, other = chip_with("adc_pwm"), chip_with("switcher")
    play(chip, 0, 20)
    play(other, 0, 37)
    saved = chip.save()
    other.restore(saved)
    play(chip, 20, 30)
    play(other, 20, 30)
    assert chip.save() == other.save()


def test_code_in_flash_is_restored_into_a_chip_without_flash():
    chip, other = chip_with("hello_xip"), chip_with("hello_xip", starts=False)
    play(chip, 0, 1)
    other.restore(chip.save())
    play(other, 1, 20)
    assert "code in flash" in other.cores[0].console.text()


def test_what_comes_in_on_a_line_is_part_of_the_state():
    chip, other = chip_with("uart_echo"), chip_with("uart_echo", starts=False)
    play(chip, 0, 2.5)
    saved = chip.save()
    assert savefile.unpack(saved)["ISU0 UART"].value["coming"]
    other.restore(saved)
    play(other, 2.5, 30)
    assert "longer than a FIFO" in other.shared.isus[0].console.text()


def test_every_attribute_of_a_block_is_saved_or_is_wiring():
    chip = chip_with("adc_pwm")
    play(chip, 0, 4)
    for name, block in snapshot.blocks_of(chip).items():
        saved = {*block.save(), *block.STATE, *block.EVENTS, "words", *WIRING}
        for attribute, value in vars(block).items():
            if isinstance(value, (int, str, list, tuple, dict, set, bytes, type(None))) and attribute.lstrip("_") not in saved:
                assert attribute in saved or attribute in KEPT_ELSEWHERE, f"{name}.{attribute} = {value!r}"


# Saved under another name, or callables and tables that never change.
KEPT_ELSEWHERE = {
    "_table", "_at_reset", "_readers", "_writers", "_events", "timers", "channels", "_driven", "_semaphore", "_publish", "_withdraw", "_on_room",
    "_on_data", "_irq", "_lines", "fifos", "tx", "rx", "slave_tx", "slave_rx",
}  # fmt: skip


def test_a_chip_cannot_be_saved_while_it_runs():
    chip = chip_with("hello")
    refused = []

    def save(_byte):
        with pytest.raises(ValueError, match="while it runs") as found:
            chip.cores[0].scheduler.lend(lambda: 0, lambda time: None)
            chip.save()
        refused.append(found)
        chip.cores[0].scheduler.take_back()

    chip.cores[0].uart.sent = save
    chip.run(MILLISECOND)
    assert refused


def test_what_others_arranged_keeps_it_from_being_saved_unless_they_said_so():
    chip = chip_with("hello")
    chip.scheduler.at(MILLISECOND, lambda: None, "somebody comes", is_outside=True)
    chip.save()
    chip.scheduler.at(MILLISECOND, lambda: None, "somebody else comes")
    with pytest.raises(ValueError, match="'somebody else comes' is arranged"):
        chip.save()


def test_a_part_without_a_state_keeps_the_chip_from_being_saved():
    chip = chip_with("hello")
    part = SimpleNamespace(start=print, write=print, read=print, stop=print)
    chip.shared.isus[3].i2c_bus.attach(0x11, part)
    with pytest.raises(ValueError, match=r"part ISU3 I2C 0x11 \(SimpleNamespace\) keeps no state"):
        chip.save()


def test_a_state_of_a_chip_with_other_parts_is_refused():
    chip, other = chip_with("hello"), chip_with("hello")
    chip.shared.isus[3].i2c_bus.attach(0x50, Eeprom())
    with pytest.raises(BadState, match="part ISU3 I2C 0x50"):
        other.restore(chip.save())
    other.shared.isus[3].i2c_bus.attach(0x50, Eeprom(size=512))
    with pytest.raises(BadState, match=r"\.data: 4096 instead of 512, at offset 0x"):
        other.restore(chip.save())


def test_a_state_of_a_chip_with_one_core_is_refused():
    with pytest.raises(BadState, match="no record 'IO1'"):
        Chip(cores=2).restore(Chip().save())


def test_the_note_comes_back():
    saved = Chip().save(b"who I am")
    assert snapshot.note_of(saved) == b"who I am"
    with pytest.raises(BadState, match="more than|not at most 64 bytes"):
        Chip().save(bytes(65))


SAVED = []


def saved_state():
    if not SAVED:
        chip = chip_with("adc_pwm")
        play(chip, 0, 4)
        SAVED.append(chip.save())
    return SAVED[0]


def digested(body):
    return body + hashlib.sha256(body).digest()


@pytest.mark.parametrize(("change", "reason", "offset"), [
    (lambda data: b"", "no saved state", 0),
    (lambda data: data[:20], "cut off", 20),
    (lambda data: data[:-1], "the digest", None),
    (lambda data: b"\x7fELF" + data[4:], "no saved state", 0),
    (lambda data: data[:8] + b"\0\1" + data[10:], "version 1, not 2", 8),
    (lambda data: data[:500] + bytes([data[500] ^ 1]) + data[501:], "the digest", None),
    (lambda data: digested(data[:10]), "no record 'chip'", 10),
    (lambda data: digested(data[:-32] + b"\5extra\0\0\0\1\0"), "'extra': this chip has no such thing", None),
    (lambda data: digested(data[:-32] + b"\5extra\0\0\0\1"), "longer than the file", None),
    (lambda data: digested(data[:-32] + b"\5extra\0\0\0\2\x18\x01"), "not the shortest", None),
    (lambda data: digested(data[:-32] + b"\1\xff\0\0\0\1\0"), "not ASCII", None),
])  # fmt: skip
def test_a_damaged_file_is_refused_with_its_offset(change, reason, offset):
    with pytest.raises(BadState, match=reason) as found:
        chip_with("adc_pwm").restore(change(saved_state()))
    assert f"at offset {found.value.offset:#x}" in str(found.value)
    assert offset is None or found.value.offset == offset


@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_bytes_that_were_changed_are_refused(data):
    saved = bytearray(saved_state())
    saved[data.draw(st.integers(0, len(saved) - 1))] ^= data.draw(st.integers(1, 255))
    with pytest.raises(BadState):
        chip_with("adc_pwm", starts=False).restore(bytes(saved))


VALUES = st.one_of(
    st.none(), st.booleans(), st.sampled_from([0, 1, 2, 3, 255, 256, 4095, 65535, 65536, 1 << 31, (1 << 32) - 1, 1 << 32, (1 << 63) - 1, -1]),
    st.integers(-5, 1 << 40), st.binary(max_size=5), st.text(max_size=5), st.lists(st.integers(0, 300), max_size=4),
)  # fmt: skip


def changed(value, data):
    """`value` with one place inside it changed."""
    if isinstance(value, dict) and value and data.draw(st.integers(0, 9)):
        key = data.draw(st.sampled_from(sorted(value, key=str)))
        return {**value, key: changed(value[key], data)}
    if isinstance(value, list) and value and data.draw(st.integers(0, 9)):
        at = data.draw(st.integers(0, len(value) - 1))
        return [*value[:at], changed(value[at], data), *value[at + 1 :]]
    return data.draw(VALUES)


@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_a_forged_state_is_refused_with_its_place_or_runs(data):
    found = {name: entry.value for name, entry in savefile.unpack(saved_state()).items()}
    name = data.draw(st.sampled_from(sorted(found)))
    found[name] = changed(found[name], data)
    try:
        forged = savefile.pack(found)
    except Invalid:  # nothing that CBOR has
        return
    chip = chip_with("adc_pwm", starts=False)
    try:
        chip.restore(forged)
    except BadState as bad:
        assert bad.offset is not None and "at offset 0x" in str(bad)
        return
    chip.run(chip.scheduler.now + 2 * MILLISECOND)
    chip.save()


def test_with_the_check_left_out_a_forged_state_is_taken_and_breaks_the_run(monkeypatch):
    found = {name: entry.value for name, entry in savefile.unpack(saved_state()).items()}
    channels = found["PWM0"]["channels"]
    found["PWM0"]["channels"] = [{**channels[0], "states": [[0, 0, 1]], "exact": 0, "is_on": False, "event": 20_000_000}, *channels[1:]]
    found["chip"]["waiting"] = sorted([*(each for each in found["chip"]["waiting"] if each[1] != "PWM0 channel 0"), [20_000_000, "PWM0 channel 0"]])
    forged = savefile.pack(found)
    with pytest.raises(BadState, match="a state without a length"):
        chip_with("adc_pwm", starts=False).restore(forged)
    monkeypatch.setattr(Pwm, "check", lambda self, state: state)
    chip = chip_with("adc_pwm", starts=False)
    chip.restore(forged)
    with pytest.raises(ZeroDivisionError):
        chip.run(chip.scheduler.now + 10 * MILLISECOND)


@settings(max_examples=30, deadline=None)
@given(st.binary(max_size=300))
@example(savefile.MAGIC)
def test_arbitrary_bytes_are_refused(data):
    for file in (data, savefile.MAGIC + data, digested(savefile.MAGIC + b"\0\1" + data)):
        with pytest.raises(BadState):
            Chip().restore(file)


def test_records_are_plain_cbor_that_others_can_read():
    for entry in savefile.unpack(saved_state()).values():
        assert cbor.loads(cbor.dumps(entry.value)) == entry.value


@settings(max_examples=8, deadline=None)
@given(saved_at=st.floats(0, 12, allow_nan=False), length=st.floats(0.01, 6, allow_nan=False))
def test_two_cores_that_talk_to_each_other_go_on_bit_for_bit(saved_at, length):
    chip, other = chip_with_two("cores.c", "cores.c"), chip_with_two("cores.c", "cores.c", starts=False)
    play(chip, 0, saved_at)
    other.restore(chip.save())
    one, two = Watch(chip), Watch(other)
    play(chip, saved_at, saved_at + length)
    play(other, saved_at, saved_at + length)
    assert one.all() == two.all() and chip.save() == other.save()


@settings(max_examples=5, deadline=None)
@given(letters=st.integers(1, 25))
def test_a_chip_that_was_stopped_in_the_middle_of_a_turn_goes_on_bit_for_bit(letters):
    chip, other = chip_with_two("cores.c", "uart_echo"), chip_with_two("cores.c", "uart_echo", starts=False)
    heard = chip.cores[0].console

    def stop(byte):
        heard(byte)
        if heard.total == letters:
            chip.cores[0].machine.stop()

    chip.cores[0].uart.sent = stop
    while heard.total < letters and chip.scheduler.now < 20 * MILLISECOND:
        chip.run(chip.scheduler.now + MILLISECOND)
    other.restore(chip.save())
    one, two = Watch(chip), Watch(other)
    end = chip.scheduler.now + 3 * MILLISECOND
    chip.run(end)
    other.run(end)
    assert one.all() == two.all() and chip.save() == other.save()
