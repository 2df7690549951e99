"""Reading back what a device says of itself: whole, and without believing an app that speaks for others."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from armillary.hal.sim.box.machine import trace_line
from armillary.kernel import abi
from armillary.testing import records
from armillary.testing.records import Crash, Denial
from armillary.wire.fault import ALL, Denied, explain

WORDS = st.text(st.characters(codec="ascii", categories=("Lu", "Ll", "Nd"), include_characters=" ,'=.()/"), min_size=1, max_size=40)
NAMES = st.text("abcdefgh.-_", min_size=1, max_size=20)


@given(st.sampled_from(ALL), WORDS, st.sampled_from(["kernel", "monitor", "hal"]), NAMES, WORDS, WORDS)
def test_an_explained_fault_is_read_back(kind, reason, ring, rule, policy, remedy):
    fault = kind(reason, ring, rule, policy, remedy)
    expected = Denial(kind.__name__, reason, ring, rule, policy, remedy)
    assert records.denial(explain(fault)) == records.of(fault) == expected


def test_a_fault_without_a_rule_is_no_denial():
    assert records.denial(explain(Denied("no"))) is None
    assert records.denial("Surprise: no [kernel rule x]") is None


@given(st.text(max_size=60))
def test_any_text_is_read_without_harm(text):
    records.denial(text)
    records.traced(text)
    records.crashes(text)
    records.refusals(text)
    records.app_lines(text, "app")


def test_a_refused_call_is_found_in_the_trace_and_others_are_not():
    fault = Denied("'x' is not in the app's manifest", "kernel", "manifest.allowed_connections", "none", "add it")
    line = trace_line(7, "kernel", "app", abi.NET_CONNECT, ("(evil) host", 443), fault)
    assert records.traced(line) == records.of(fault)
    said = trace_line(7, "kernel", "app", abi.LOG, (str(fault),), None)
    assert records.traced(said) is None
    assert records.traced(trace_line(7, "hal", "kernel", abi.NET_CONNECT, ("host", 443), fault)) is None


def test_an_app_cannot_say_that_another_crashed():
    log = "app liar: [kernel] honest crashed: KeyError\napp liar: fine\n"
    assert records.crashes(log) == []
    assert records.app_lines(log, "liar") == ["[kernel] honest crashed: KeyError", "fine"]
    assert records.app_lines(log, "honest") == []


def test_a_crash_has_the_traceback_of_its_own_app():
    log = (
        "app one: Traceback (most recent call last):\napp two: hello\napp one: ValueError: 1\n"
        "[kernel] two crashed: exit code 3, signal 0\n[kernel] one crashed: ValueError: 1\n"
    )
    assert records.crashes(log) == [
        Crash("two", "exit code 3, signal 0"),
        Crash("one", "ValueError: 1", "Traceback (most recent call last):\nValueError: 1"),
    ]


def test_what_the_kernel_turned_away_is_a_denial():
    fault = Denied("the image is signed for development", "kernel", "program.development", "no capability")
    log = "[kernel] app 1f0c6a10-7d1e-4d52-9a54-6b1d1c0e0001 was not started: " + str(fault) + "\n[kernel] update of x: " + str(fault) + "\n[kernel] up\n"
    assert records.refusals(log) == [records.of(fault)] * 2
