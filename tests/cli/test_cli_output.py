"""Tables, records and text from outside."""

from __future__ import annotations

import click
import pytest
from hypothesis import given
from hypothesis import strategies as st

from armillary.cli import output


@given(st.text())
def test_clean_text_has_nothing_that_steers_a_terminal(text):
    shown = output.clean(text)
    assert all(letter.isprintable() or letter in "\n\t" for letter in shown)


@given(st.text(st.characters(categories=["L", "N", "P", "S"])))
def test_clean_leaves_printable_text_alone(text):
    assert output.clean(text) == text


@pytest.mark.parametrize("hostile", ["\x1b]0;title\x07", "\r", "\x9b31m", "\u202e", "\ud800"])
def test_clean_shows_what_it_takes_out(hostile):
    shown = output.clean("a" + hostile + "b")
    assert shown.startswith("a\\") and shown.endswith("b") and hostile not in shown


def printed(capsys, action):
    with click.Context(click.Command("x")):
        action()
    return capsys.readouterr()


def test_a_piped_table_is_plain_uncut_and_without_trailing_spaces(capsys):
    rows = [{"name": "x" * 300, "size": 1}, {"name": "y", "size": 20000}]
    lines = printed(capsys, lambda: output.show_rows(rows, [("name", "name"), ("size", "size")])).out.split("\n")
    assert lines[0].split() == ["NAME", "SIZE"]
    assert lines[1].split() == ["x" * 300, "1"] and lines[2].endswith("20000")
    assert all(line == line.rstrip() and "\x1b" not in line for line in lines)


def test_markup_in_a_value_is_text(capsys):
    rows = [{"name": "[bold red]x[/] :smile:"}]
    assert "[bold red]x[/] :smile:" in printed(capsys, lambda: output.show_rows(rows, [("name", "name")])).out


def test_an_empty_table_says_so_on_standard_error(capsys):
    said = printed(capsys, lambda: output.show_rows([], [("name", "name")], "no lamps"))
    assert said.out == "" and said.err == "no lamps\n"


def test_a_record_aligns_its_values_and_shows_what_is_missing(capsys):
    record = {"a": None, "b": True, "c": ["x", "y"], "d": "one\ntwo"}
    said = printed(capsys, lambda: output.show_record(record, [(key * 3, key) for key in record])).out
    assert said == "aaa: -\nbbb: yes\nccc: x, y\nddd: one\n     two\n"


@pytest.mark.parametrize("seconds, shown", [(0, "1970-01-01 00:00:00Z"), (None, "-"), ("", "-")])
def test_dates_are_utc(seconds, shown):
    assert output.date(seconds) == shown
