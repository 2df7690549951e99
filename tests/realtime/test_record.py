"""Records of runs: readable, done again bit for bit without the world that was there, and compared."""

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from armillary.boards.mt3620 import build
from armillary.hal.sim.realtime import record as record_module
from armillary.hal.sim.realtime.record import Full, Recorder, digests, seconds
from armillary.hal.sim.realtime.replay import TICKS, BadRecord, Diverged, Replayer, parse
from armillary.hal.sim.realtime.time import MILLISECOND, SECOND
from tests.realtime.whole import Display, Sensor, chip_with, chip_with_two, play

HEAD = "armillary record 1\n0.000000000000 . start 0\n"


def recorded(name, end=60):
    """(record, chip) of a run with a world."""
    chip, lines = chip_with(name), []
    recorder = Recorder(chip, lines.append)
    play(chip, 0, end)
    recorder.finish()
    return "".join(lines), chip


def without_parts(name):
    """The chip as it was, and nothing on its buses."""
    chip = chip_with(name)
    for isu in chip.shared.isus:
        for _, part in isu.i2c_bus.parts():
            isu.i2c_bus.detach(part)
        isu.spi_bus._lines.clear()
    return chip


@pytest.mark.parametrize("name", build.names())
def test_a_replay_is_the_run_again_without_its_world(name):
    record, chip = recorded(name)
    other = without_parts(name)
    replayer = Replayer(other, parse(record))
    other.run(60 * MILLISECOND)
    assert replayer.finish() and replayer.is_over
    assert digests(chip) == digests(other)


@given(cuts=st.lists(st.integers(1, 20 * MILLISECOND), max_size=5))
@settings(max_examples=8, deadline=None)
def test_it_does_not_matter_where_a_replay_stops_in_between(cuts):
    record, _ = recorded("adc_pwm", 20)
    chip = without_parts("adc_pwm")
    replayer = Replayer(chip, parse(record))
    for cut in [*sorted(cuts), 20 * MILLISECOND]:
        chip.run(cut)
    assert replayer.finish()


def test_a_record_says_what_a_person_would_want_to_know():
    record, _ = recorded("i2c_sensor", 30)
    assert re.search(r"^0\.\d{12} \? i2c isu2 start 0x6a write = ack$", record, re.MULTILINE)
    assert re.search(r"^0\.\d{12} \? i2c isu2 read = 6c$", record, re.MULTILINE)
    assert "0.002200000000 > uart io0 64656275670a" in record
    assert re.search(r"^0\.0\d{11} < uart io0 [0-9a-f]{2}  # [a-z]$", record, re.MULTILINE)


def test_what_answers_an_output_at_once_does_so_again(rtapp):
    def run(app, is_wired):
        if is_wired:
            app.chip.pins.observe(lambda pin, level, _time: app.drive(20, 1 - level) if pin == 8 else None)
        app.run_for(ms=1200)
        return [app.pin(pin).history for pin in (8, 20)]

    app, other = rtapp("blink"), rtapp("blink")
    recording = app.record()
    before = run(app, True)
    record = recording.end()
    assert re.search(r"< pin 8 1\n\d\.\d+ ! pin 20 0\n", record)
    replayer = other.replay(record)
    assert run(other, False) == before and replayer.finish()


def test_the_main_core_is_part_of_the_world(rtapp):
    app, other = rtapp("intercore_echo"), rtapp("intercore_echo")
    recording = app.record()
    connection = app.connect("01020304-0506-0708-090a-0b0c0d0e0f10")
    app.run_until("connected\n")
    connection.send(b"hello")
    app.run_until("5 bytes\n")
    app.run_for(ms=3)
    assert connection.receive() == b"hello"
    app.run_for(ms=1)
    replayer = other.replay(recording.end())
    other.run_for(ms=(app.chip.scheduler.now - other.chip.scheduler.now) / MILLISECOND)
    assert replayer.finish() and other.uart() == app.uart()


def test_a_record_may_begin_in_the_middle(rtapp):
    app, other = rtapp("uart_echo"), rtapp("uart_echo")
    app.run_for(ms=7)
    state = app.save()
    recording = app.record()
    app.send("one\n", uart="isu0")
    app.run_for(ms=5)
    other.restore(state)
    replayer = other.replay(recording.end())
    other.run_for(ms=5)
    assert replayer.finish() and other.uart("isu0") == "one\n"


def test_the_tape_does_not_change_the_run(rtapp):
    apps = [rtapp("uart_echo") for _ in range(2)]
    apps[0].record()
    for app in apps:
        app.run_for(ms=3)
        app.send("abc\n", uart="isu0")
        app.run_for(ms=9)
    assert apps[0].save() == apps[1].save()


@pytest.mark.parametrize(("old", "new", "told"), [
    ("< uart io0 63  # c", "< uart io0 64  # d", r"recorded was < uart io0 64 at 0\.000178615384 s; now came < uart io0 63"),
    ("> uart isu0 68656c6c6f", "> uart isu0 78656c6c6f", "recorded was < uart isu0 68 .*; now came < uart isu0 78"),
    ("> uart isu0 ", "> pin 3 1\n0.002100000000 > uart isu0 ", r"recorded was > uart isu0 .*; now came < pin 3 1"),
    ("> uart io0 6465", "> uart io0 6565", "at the end IO0 .*is not what was recorded"),
    (". start ", ". start 9", "begins with another program"),
])  # fmt: skip
def test_a_difference_is_told_with_its_time_and_what_differed(old, new, told):
    record, _ = recorded("uart_echo", 30)
    assert old in record
    chip = without_parts("uart_echo")
    with pytest.raises(Diverged, match=told):
        replayer = Replayer(chip, parse(record.replace(old, new, 1)))
        chip.run(30 * MILLISECOND)
        replayer.finish()


def test_another_answer_leads_elsewhere_and_that_is_told():
    record, _ = recorded("i2c_sensor", 30)
    chip = without_parts("i2c_sensor")
    Replayer(chip, parse(record.replace("? i2c isu2 read = 6c", "? i2c isu2 read = 6b", 1)))
    with pytest.raises(Diverged, match=r"recorded was \? i2c isu2 start 0x6a write = ack at .*; now came <|now came"):
        chip.run(30 * MILLISECOND)


def test_what_does_not_come_is_told():
    record, _ = recorded("uart_echo", 30)
    chip = without_parts("uart_echo")
    replayer = Replayer(chip, parse(record))
    chip.run(MILLISECOND)
    chip.cores[0].is_started = False  # it breaks down
    chip.run(2 * MILLISECOND)
    with pytest.raises(Diverged, match=r"recorded was < uart io0 .*; it did not come until 0\.002"):
        replayer.finish()


def test_nobody_else_may_interfere_in_a_replay():
    record, _ = recorded("uart_echo", 30)
    chip = without_parts("uart_echo")
    Replayer(chip, parse(record))
    with pytest.raises(Diverged, match="'pin 3 1' was done to the chip during a replay"):
        chip.pins.drive(3, 1)


def test_a_replay_that_ends_earlier_is_compared_so_far_and_says_so():
    record, _ = recorded("uart_echo", 30)
    chip = without_parts("uart_echo")
    replayer = Replayer(chip, parse(record))
    chip.run(10 * MILLISECOND)
    assert not replayer.finish()


@given(st.integers(0, 100 * SECOND))
def test_a_time_with_twelve_digits_is_one_tick(ticks):
    line = f"{seconds(ticks)} > pin 1 1\n"
    assert parse(HEAD + line)[1].time == ticks
    assert TICKS * 1_000_000 == SECOND


@pytest.mark.parametrize(("text", "line"), [
    ("", 1), ("armillary record 2\n", 1), ("armillary record 1\n", 2), ("armillary record 1\n0.000000000000 > pin 1 1\n", 2),
    (HEAD + "0.1 > pin 1 1\n", 3), (HEAD + "\n# so\n0.000000000001 > pin 1 2\n", 5), (HEAD + "0.000000000001 > uart isu6 00\n", 3),
    (HEAD + "0.000000000001 > uart io0 0\n", 3), (HEAD + "0.000000000001 > memory 0 0x80000000\n", 3),
    (HEAD + "0.000000000001 ! a7 0 pop 0x44 0x0\n", 3), (HEAD + "0.000000000001 ? analog 3\n", 3), (HEAD + "0.000000000001 = x\n", 3),
    (HEAD + "12345678.000000000001 > pin 1 1\n", 3), (HEAD + "0.000000000001 > pin 1 1; rm\n", 3),
])  # fmt: skip
def test_what_is_no_record_is_refused_with_its_line(text, line):
    with pytest.raises(BadRecord) as found:
        parse(text)
    assert found.value.line == line


@given(data=st.data())
@settings(max_examples=100, deadline=None)
def test_a_damaged_record_is_refused_or_told_apart_and_nothing_else(data):
    lines = RECORD[0].split("\n") if RECORD else RECORD.append(recorded("uart_echo", 20)[0]) or RECORD[0].split("\n")
    for _ in range(data.draw(st.integers(1, 3))):
        at = data.draw(st.integers(0, len(lines) - 1))
        line = lines[at]
        place = data.draw(st.integers(0, max(0, len(line) - 1)))
        letter = data.draw(st.sampled_from("0123456789abcdef ><!?.-x#=\n"))
        lines[at] = data.draw(st.sampled_from([line[:place] + letter + line[place + 1 :], "", line + "\n" + line]))
    chip = without_parts("uart_echo")
    try:
        replayer = Replayer(chip, parse("\n".join(lines)))
        chip.run(20 * MILLISECOND)
        replayer.finish()
    except (BadRecord, Diverged):
        pass


RECORD = []


@pytest.mark.parametrize("answer", ["yes", "", "ack ack", "1ff"])
def test_an_answer_that_is_none_is_refused(answer):
    record, _ = recorded("i2c_sensor", 30)
    chip = without_parts("i2c_sensor")
    with pytest.raises(ValueError, match="neither ack nor nack|no line|has no answer"):
        Replayer(chip, parse(record.replace("start 0x6a write = ack", "start 0x6a write = " + answer, 1)))
        chip.run(30 * MILLISECOND)


def test_parts_of_a_test_need_no_state_to_be_recorded():
    chip, lines = chip_with("spi_display"), []
    chip.shared.isus[3].i2c_bus.attach(0x11, type("Odd", (), {"start": print})())
    Recorder(chip, lines.append).finish()
    assert any(". end " in line for line in lines) and Sensor and Display


@given(cuts=st.lists(st.integers(1, 12 * MILLISECOND), max_size=6))
@settings(max_examples=10, deadline=None)
def test_two_cores_do_again_what_they_did_however_the_run_was_cut(cuts):
    chip, other, lines = chip_with_two("cores.c", "cores.c"), chip_with_two("cores.c", "cores.c"), []
    recorder = Recorder(chip, lines.append)
    for cut in [*sorted(cuts), 12 * MILLISECOND]:
        chip.run(cut)
    recorder.finish()
    replayer = Replayer(other, parse("".join(lines)))
    other.run(12 * MILLISECOND)
    assert replayer.finish() and digests(chip) == digests(other)


def test_a_cut_changes_what_two_cores_see_of_each_other():
    whole, cut = chip_with_two("cores.c", "cores.c"), chip_with_two("cores.c", "cores.c")
    whole.run(12 * MILLISECOND)
    for part in range(1, 1201):
        cut.run(part * MILLISECOND // 100)
    assert whole.cores[0].console.text() != cut.cores[0].console.text()


def test_a_record_has_an_end(monkeypatch):
    monkeypatch.setattr(record_module, "MOST_RECORD", 300)
    chip, lines = chip_with("blink"), []
    recorder = Recorder(chip, lines.append)
    with pytest.raises(Full, match="may not have more"):
        chip.run(SECOND)
    assert 200 < len("".join(lines)) <= 300
    recorder.finish()
    assert parse("".join(lines))
