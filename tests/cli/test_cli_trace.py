"""Crossings read back from their lines; figures printed as they come."""

from __future__ import annotations

import sys
import types

import pytest
from hypothesis import given
from hypothesis import strategies as st

from armillary.cli import trace
from armillary.hal.sim.box.machine import trace_line
from armillary.wire.call import Call
from armillary.wire.fault import ALL, Denied

SAY = Call(9, "say", "text:text<=2000", "")
TEXTS = st.text() | st.sampled_from([") ok", "x) ok", ") Denied: no", "(", ")", "1 hal app say() ok"])


@given(TEXTS, TEXTS, st.sampled_from(ALL))
def test_a_refused_crossing_never_looks_granted(text, reason, fault):
    assert not trace.parse(trace_line(7, "kernel", "app", SAY, (text,), fault(reason)))["ok"]


def test_a_granted_crossing_is_read_back_whole():
    found = trace.parse(trace_line(7, "kernel", "app", SAY, ("hello (you)",), None))
    assert found == {"time_us": 7, "ring": "kernel", "caller": "app", "call": "say", "arguments": "text=hello (you)", "ok": True, "verdict": "ok"}


def test_a_call_that_does_not_exist_is_shown_too():
    found = trace.parse(trace_line(7, "hal", "kernel", None, (), Denied("no such call")))
    assert found["call"] == "?" and not found["ok"] and "no such call" in found["verdict"]


def test_a_line_of_no_known_form_is_shown_and_not_granted():
    assert trace.parse("what?") == {"time_us": None, "ring": "?", "caller": "?", "call": "?", "arguments": "", "ok": False, "verdict": "what?"}


class Traced:
    """A board that tells of three crossings."""

    lines = (
        trace_line(1, "hal", "kernel", None, (), Denied("not yours \x1b[2J")),
        trace_line(2, "kernel", "app", SAY, ("hi",), None),
        trace_line(3, "kernel", "app", SAY, ("ho",), Denied("no")),
    )

    def __init__(self, folder):
        pass

    def __enter__(self):
        return self

    def __exit__(self, *problem):
        pass

    def trace(self):
        return iter(self.lines)


@pytest.fixture
def traced(armillary, monkeypatch):
    """The command with a device whose board is Traced."""
    (armillary.places.devices / "lamp").mkdir(parents=True)
    monkeypatch.setattr("armillary.boards.sim.client.Board", Traced)
    return armillary


def test_every_crossing_is_a_line_that_cannot_steer_the_terminal(traced):
    lines = traced.good("trace").strip().split("\n")
    assert len(lines) == 3 and "\x1b" not in lines[0] and "\\x1b[2J" in lines[0]


@pytest.mark.parametrize("words, times", [(("--denied",), [1, 3]), (("--ring", "kernel"), [2, 3]), (("--ring", "kernel", "--denied"), [3]),
                                          (("--ring", "hal", "--ring", "kernel"), [1, 2, 3]), (("--count", "2"), [1, 2])])  # fmt: skip
def test_crossings_are_chosen_by_ring_verdict_and_count(traced, words, times):
    import json

    lines = traced.good("trace", *words, "--output", "json").strip().split("\n")
    assert [json.loads(line)["time_us"] for line in lines] == times


def test_an_unknown_ring_is_a_usage_error(traced):
    assert traced("trace", "--ring", "moon").exit_code == 2


@pytest.fixture
def measured(armillary, monkeypatch):
    """The command with measurements that report two figures."""

    def boot(report):
        report({"name": "boot", "ms": 130})
        report({"name": "boot again", "ms": 131})

    module = types.ModuleType("armillary.cli.measure")
    module.boot = module.syscall = boot
    monkeypatch.setitem(sys.modules, "armillary.cli.measure", module)
    return armillary


@pytest.mark.parametrize("name", ["boot", "syscall"])
def test_a_benchmark_prints_each_figure(measured, name):
    assert measured.good("bench", name) == "name boot  ms 130\nname boot again  ms 131\n"
    assert [each["ms"] for each in measured.json("bench", name)["figures"]] == [130, 131]
