"""Every fault of the model in every step of every decision: none turns a refusal into acceptance.

The sweep is exhaustive: each instruction skipped, each bit of each register and each flag inverted before each
instruction. The plain decisions of `plain_decision.c`, swept in the same way, fall.
"""

import random

import pytest

from tests.native.emulator import m4
from tests.native.emulator.m4 import Machine
from tests.native.sweep import counts
from tests.native.sweep.faults import ACCEPT, Sweep

REJECT = 0xA5C3963A
SEALS = {"decide_equal": 0x0FF0C33C, "decide_at_least": 0x5AA53C0F, "decide_is": 0x3C96A569, "decide_both": 0x66995AA5}
WORD, LONG = 0xFFFFFFFF, (1 << 64) - 1
LAYOUTS = 4
FAULTS_A_STEP = 1 + 16 * 32 - 3 + 4  # a skip; the bits of sp and pc that exist are three fewer; four flags
SECRET = random.Random(1).randbytes(32)


def flipped(data, at, bit):
    return data[:at] + bytes([data[at] ^ 1 << bit]) + data[at + 1 :]


def halves(number):
    return number & WORD, number >> 32


def equal(a, b):
    """As the inline function of decision.h hands it on, for bytes that Machine.place() puts where it puts them."""
    at, then = 0x20000400, 0x20000400 + 64
    return a, b, len(a), ~(at + then + len(a)) & WORD


def at_least(value, floor):
    """Four numbers of 64 bits: two in registers, two on the stack."""
    return tuple(word for number in (value, floor, ~value & LONG, ~floor & LONG) for word in halves(number))


def equals(state, wanted):
    return state, wanted, ~state & WORD, ~wanted & WORD


def both(first, second):
    return ~first & WORD, ~second & WORD


REFUSED = {
    "equal: the first byte": ("decide_equal", equal(SECRET, flipped(SECRET, 0, 0))),
    "equal: the last bit": ("decide_equal", equal(SECRET, flipped(SECRET, 31, 7))),
    "equal: nothing alike": ("decide_equal", equal(SECRET, bytes(byte ^ 0xFF for byte in SECRET))),
    "at least: one below": ("decide_at_least", at_least(7, 8)),
    "at least: a high word below": ("decide_at_least", at_least(5, 1 << 32)),
    "at least: far below": ("decide_at_least", at_least(0, LONG)),
    "is: one bit": ("decide_is", equals(1, 3)),
    "is: every bit": ("decide_is", equals(0x5A5A5A5A, 0xA5A5A5A5)),
    "both: the first only": ("decide_both", both(ACCEPT, REJECT)),
    "both: the second only": ("decide_both", both(REJECT, ACCEPT)),
    "both: neither": ("decide_both", both(REJECT, REJECT)),
    "both: zero for one": ("decide_both", both(0, ACCEPT)),
}
PLAIN = {
    "equal": ("plain_equal", (SECRET, flipped(SECRET, 0, 0), 32)),
    "at least": ("plain_at_least", (7, 0, 8, 0)),
    "is": ("plain_is", (1, 3)),
    "both": ("plain_both", (REJECT, REJECT)),
}
GOOD = {
    "equal": ("decide_equal", equal(SECRET, bytes(SECRET))),
    "equal: nothing": ("decide_equal", equal(b"", b"")),
    "at least: equal": ("decide_at_least", at_least(1 << 40, 1 << 40)),
    "at least: above": ("decide_at_least", at_least(1 << 40, 9)),
    "is": ("decide_is", equals(3, 3)),
    "both": ("decide_both", both(ACCEPT, ACCEPT)),
}


SHORT = {
    **{case: refused for case, refused in REFUSED.items() if not case.startswith("equal")},
    "equal: two bytes": ("decide_equal", equal(SECRET[:2], flipped(SECRET[:2], 1, 3))),
}


@pytest.fixture
def sweep_all(shim, program, capsys):
    """Sweeps a call whole, prints the counts, gives the faults that were accepted."""

    def run(title, function, arguments, program=program):
        swept = Sweep(shim, program, function, *arguments, wanted=ACCEPT ^ SEALS.get(function, 0))
        assert swept.result != swept.wanted
        swept.count_in(swept.executed())
        swept.all_at(range(swept.steps))
        with capsys.disabled():
            print("\n" + counts.keep(title, swept.counts()))
        rows, accepted = swept.counts(), swept.accepted()
        swept.close()
        assert sum(row.injected for row in rows) == FAULTS_A_STEP * swept.steps
        return accepted

    return run


@pytest.mark.parametrize("case", GOOD)
def test_what_is_right_is_accepted(shim, program, case):
    function, arguments = GOOD[case]
    machine = Machine(shim, program)
    assert machine.call(function, *arguments).result & WORD == ACCEPT ^ SEALS[function]
    machine.close()


@pytest.mark.parametrize("case", REFUSED)
def test_no_single_fault_turns_a_refusal(sweep_all, case):
    assert sweep_all(case, *REFUSED[case]) == []


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(LAYOUTS))
def test_wherever_the_code_lies_no_single_fault_turns_a_refusal(sweep_all, objects, tmp_path, seed):
    """A jump goes where one bit of pc leads it: what lies there depends on the order of linking."""
    mixed = list(objects)
    random.Random(seed).shuffle(mixed)
    program = m4.link(tmp_path / "mixed.elf", mixed)
    for case, refused in SHORT.items():
        assert sweep_all(f"{case}, layout, {seed + 1} of {LAYOUTS}", *refused, program) == []


@pytest.mark.parametrize("case", PLAIN)
def test_a_plain_decision_falls(sweep_all, case):
    assert sweep_all(f"plain {case}", *PLAIN[case])
