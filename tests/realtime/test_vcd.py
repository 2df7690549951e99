"""Waveforms are read back as they were written, by a reader that is not ours too."""

import io

import pytest
from hypothesis import given
from hypothesis import strategies as st
from vcd.reader import TokenKind, tokenize

from armillary.hal.sim.realtime.time import MICROSECOND, SECOND
from armillary.hal.sim.realtime.vcd import Vcd, identifier


def read(text):
    """{signal: [(ns, level)]} of a dump."""
    names, changes, now = {}, {}, 0
    for token in tokenize(io.BytesIO(text.encode())):
        if token.kind is TokenKind.VAR:
            names[token.data.id_code] = token.data.reference
            changes[token.data.reference] = []
        elif token.kind is TokenKind.CHANGE_TIME:
            now = token.data
        elif token.kind is TokenKind.CHANGE_SCALAR:
            changes[names[token.data.id_code]].append((now, token.data.value))
    return changes


def test_changes_are_read_back_with_their_times():
    stream = io.StringIO()
    vcd = Vcd(stream, ["GPIO0", "led"], [0, None])
    vcd.change(0, "led", 1)
    vcd.change(5 * MICROSECOND, "GPIO0", 1)
    vcd.change(7 * MICROSECOND, "GPIO0", 1)
    vcd.change(SECOND, "GPIO0", 0)
    vcd.finish(2 * SECOND)
    assert read(stream.getvalue()) == {"GPIO0": [(0, "0"), (5000, "1"), (1_000_000_000, "0")], "led": [(0, "x"), (0, "1")]}
    assert stream.getvalue().endswith("#2000000000\n")


def test_a_signal_that_was_not_declared_is_refused():
    with pytest.raises(KeyError):
        Vcd(io.StringIO(), ["a"], [0]).change(0, "b", 1)


def test_a_name_with_blanks_stays_one_word():
    stream = io.StringIO()
    Vcd(stream, ["user led\n"], [0])
    assert list(read(stream.getvalue())) == ["user_led"]


@given(st.lists(st.integers(0, 100_000), unique=True))
def test_identifiers_are_apart_and_printable(numbers):
    found = {identifier(number) for number in numbers}
    assert len(found) == len(numbers) and all(33 <= ord(letter) <= 126 for each in found for letter in each)


@given(st.lists(st.tuples(st.integers(0, 10 * SECOND), st.integers(0, 3), st.integers(0, 1)), max_size=50))
def test_what_is_dumped_is_what_happened(changes):
    stream = io.StringIO()
    names = ["a", "b", "c", "d"]
    vcd = Vcd(stream, names, [0] * 4)
    expected, levels = {name: [(0, "0")] for name in names}, dict.fromkeys(names, 0)
    for time, number, level in sorted(changes, key=lambda change: change[0]):
        vcd.change(time, names[number], level)
        if levels[names[number]] != level:
            levels[names[number]] = level
            expected[names[number]].append((time * 1_000_000_000 // SECOND, str(level)))
    assert read(stream.getvalue()) == expected
